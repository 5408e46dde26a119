// Blocking sockets of a test's peer, and a loop that runs until something has happened.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "sfu/net/descriptor.hpp"
#include "sfu/net/event_loop.hpp"
#include "sfu/net/socket_address.hpp"

namespace onair::sfu::tests {

inline Address address_of(const std::string& ip, std::uint16_t port) {
  Address address = parse_ip(ip).value();
  address.port = port;
  return address;
}

/// A client's socket. While it waits, the loop runs.
class Peer {
 public:
  Peer(EventLoop& loop, int type, const std::string& ip, std::uint16_t port)
      : loop_(loop), family_(parse_ip(ip)->is_v4() ? AF_INET : AF_INET6) {
    socket_ = Descriptor(socket(family_, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // Small, so that a slow reader shows after some packets.
    const int bytes = 8'192;
    if (type == SOCK_STREAM) setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    const SocketAddress to = to_socket_address(address_of(ip, port), family_);
    const int begun = connect(socket_.get(), to.get(), to.size);
    EXPECT_TRUE(begun == 0 || errno == EINPROGRESS) << errno;
    if (type == SOCK_STREAM) wait(POLLOUT);
  }

  int descriptor() const { return socket_.get(); }

  void send(const std::string& bytes) {
    ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// Receives a datagram, or the bytes of a stream that have come; "closed" when it is closed,
  /// "nothing" after 5 s.
  std::string receive() {
    if (!wait(POLLIN)) return "nothing";
    std::string bytes(65'536, 0);
    const ssize_t count = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return "closed";
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }
  /// Exactly so many bytes of a stream.
  std::string receive(std::size_t size) {
    while (ahead_.size() < size) {
      const std::string more = receive();
      if (more == "closed" || more == "nothing") return more;
      ahead_ += more;
    }
    const std::string bytes = ahead_.substr(0, size);
    ahead_.erase(0, size);
    return bytes;
  }
  bool is_closed() { return receive() == "closed"; }

 private:
  bool wait(short event) {
    const TimePoint end = Clock::now() + std::chrono::seconds(5);
    while (Clock::now() < end) {
      pollfd one{socket_.get(), event, 0};
      if (poll(&one, 1, 0) > 0) return true;
      loop_.tick(Clock::now() + std::chrono::milliseconds(5));
    }
    return false;
  }

  EventLoop& loop_;
  int family_;
  Descriptor socket_;
  std::string ahead_;  ///< has been read of a stream and not been given out
};

/// False when it has not happened within 5 s.
inline bool tick_until(EventLoop& loop, const std::function<bool()>& has_happened) {
  const TimePoint end = Clock::now() + std::chrono::seconds(5);
  while (!has_happened()) {
    if (Clock::now() > end) return false;
    loop.tick(Clock::now() + std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace onair::sfu::tests
