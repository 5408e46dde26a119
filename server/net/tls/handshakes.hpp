// The TLS handshakes of a thread: few are open at a time, and they hold nobody up.
#pragma once

#include <cstddef>
#include <list>
#include <string>

#include "net/loop/aliases.hpp"
#include "net/loop/paced_queue.hpp"

namespace onair::net {

/// A handshake holds about 135 KB until it is done, so a client that begins many and ends none
/// takes memory from others: beyond the bound, the oldest of the address with the most gives way.
/// Each step takes up to a millisecond of processor, so there is one in each pass of the event
/// loop. Lives as long as its io_context and is used on its thread alone.
class Handshakes {
 public:
  Handshakes(asio::io_context& context, std::size_t most) : most_(most), steps_(context) {}

  /// Waits for a step in which to make the stream and to begin its handshake.
  Task<void> turn();

  struct Result {
    error_code error;
    std::size_t used = 0;  ///< bytes of what had been read before
  };

  /// Takes the server's part with a client of this address, of which `read` has been read before.
  /// Ends by the connection's time-out at the latest.
  Task<Result> accept(SslStream& stream, asio::const_buffer read, const std::string& address);

  /// Forgets what is under way. Only when the io_context runs no more.
  void clear() { steps_.clear(); }

 private:
  struct Open {
    TcpStream& stream;
    std::string address;
  };
  class Place;

  void make_room();

  const std::size_t most_;
  PacedQueue steps_;
  std::list<Open> open_;  ///< the oldest first
};

}  // namespace onair::net
