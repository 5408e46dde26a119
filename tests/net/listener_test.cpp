// Where the server listens.
#include "net/listen/listener.hpp"

#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

namespace onair::net {
namespace {

bool has_ipv6() {
  asio::io_context context;
  error_code error;
  tcp::acceptor acceptor(context);
  acceptor.open(tcp::v6(), error);
  if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
  return !error;
}

/// True where somebody can connect to this address.
bool answers(const std::string& address, std::uint16_t port) {
  asio::io_context context;
  error_code error;
  tcp::socket socket(context);
  socket.connect({asio::ip::make_address(address), port}, error);
  return !error;
}

/// For this thread, the system has no IPv6 from now on.
void forbid_ipv6() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(Listener, AllAddressesAreThoseOfIpv6AndIpv4) {
  if (!has_ipv6()) GTEST_SKIP() << "this system has no IPv6";
  asio::io_context context;
  const Acceptor acceptor = listen(context, "::", 0, "--port");
  const std::uint16_t port = acceptor.local_endpoint().port();
  EXPECT_TRUE(answers("127.0.0.1", port));
  EXPECT_TRUE(answers("::1", port));
}

TEST(Listener, AllAddressesAreThoseOfIpv4WhereThereIsNoOther) {
  std::thread([] {
    forbid_ipv6();
    ASSERT_FALSE(has_ipv6());
    asio::io_context context;
    const Acceptor acceptor = listen(context, "::", 0, "--port");
    EXPECT_TRUE(answers("127.0.0.1", acceptor.local_endpoint().port()));
    EXPECT_THROW(listen(context, "::1", 0, "--port"), std::runtime_error)
        << "this one was asked for";
  }).join();
}

TEST(Listener, OneAddressIsThatAlone) {
  asio::io_context context;
  const Acceptor acceptor = listen(context, "127.0.0.1", 0, "--port");
  EXPECT_FALSE(answers("::1", acceptor.local_endpoint().port()));
}

TEST(Listener, SaysWhichPortIsTakenAndWhatToDo) {
  asio::io_context context;
  const Acceptor first = listen(context, "127.0.0.1", 0, "--port");
  const std::uint16_t port = first.local_endpoint().port();
  for (const char* address : {"127.0.0.1", "0.0.0.0", "::"}) {
    try {
      listen(context, address, port, "--port");
      ADD_FAILURE() << address;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(port)), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("--port"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace onair::net
