// Where the server listens.
#include "net/listen/listener.hpp"

#include <chrono>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "net/auth/signed_resume_tokens.hpp"

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

TEST(Listener, AnAddressOfAnotherMachineIsNoPortThatIsTaken) {
  asio::io_context context;
  try {
    listen(context, "192.0.2.1", 0, "--port");  // RFC 5737: nobody's
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    const std::string sentence = error.what();
    EXPECT_NE(sentence.find("--address"), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find("stop the program"), std::string::npos) << sentence;
  }
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

/// Runs everything that is ready now, and nothing that becomes ready by it.
void run_one_pass(asio::io_context& context) {
  bool is_over = false;
  asio::post(context, [&is_over] { is_over = true; });
  while (!is_over) context.poll_one();
}

TEST(Listener, AStormOfConnectionsTakesOnePassOfTheLoopForEach) {
  constexpr std::size_t connections = 50;
  ServerContext server(StaticFiles(), StaticFiles(), Limits(), Origins(std::vector<std::string>{}),
                       TrustedProxies(), {});
  SignedResumeTokens tokens("secret", std::chrono::hours(1));
  Workers workers;
  workers.push_back(std::make_unique<Worker>(
      0, 1, std::nullopt, [](rooms::HubId, const rooms::ThreadBus::Batch&) {},
      rooms::HubOptions{
          .make_id = [] { return "id"; },
          .resume_tokens = tokens,
          .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; }},
      server.limits));
  asio::io_context& loop = workers.front()->context();
  Listener listener(listen(loop, "127.0.0.1", 0, ""), workers, server);
  asio::io_context clients;
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < connections; ++i) {
    sockets.emplace_back(clients).connect({asio::ip::address_v4::loopback(), listener.port()});
  }
  listener.start();
  std::size_t accepted = 0;
  for (int pass = 0; accepted < connections && pass < 10'000; ++pass) {
    run_one_pass(loop);
    const std::size_t now = server.admission.connections();
    EXPECT_LE(now - accepted, 1u) << "others had no chance between two of them";
    accepted = now;
  }
  EXPECT_EQ(accepted, connections);
  listener.stop();
  loop.poll();
}

}  // namespace
}  // namespace onair::net
