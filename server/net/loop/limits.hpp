// Every bound that the socket layer keeps, so that no client can hurt another.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "protocol/limits.hpp"

namespace onair::net {

/// A connection that holds at most 1/kInputThatStays of frame_bytes in unfinished input is never
/// closed to free memory.
inline constexpr std::size_t kInputThatStays = 4;

struct Limits {
  /// The longest WebSocket message of a client: one that is longer ends with close code 1009.
  std::size_t frame_bytes = protocol::kMaxFrameBytes;

  /// Bytes that may wait to be written to a client. One that reads so slowly is cut off with close
  /// code 1013; it may come back.
  std::size_t send_queue_bytes = 1'048'576;

  /// Bytes that may wait to be written to all clients, of which each thread has an equal share.
  /// Beyond it those are cut off for which more than a fair share of it waits.
  std::size_t queue_bytes = 33'554'432;

  /// Bytes from all clients that are not whole yet, of which each thread has an equal share:
  /// messages and bodies of requests. Beyond it those give way that hold more than a quarter of a
  /// message's bound, the one first that has held it for longest.
  std::size_t input_bytes = 8'388'608;

  /// Connections in all. One more gets 503; with TLS it is closed. Those for which no file
  /// descriptor is left wait in the system's queue.
  std::size_t connections = 50'000;

  /// Connections from one address (of IPv6 a /64). One more gets 503; with TLS it is closed. Those
  /// from trusted proxies are not counted so.
  std::size_t connections_per_address = 2'000;

  /// Clients from one address: one more is answered with 429. Those of trusted proxies, as on this
  /// machine itself, are counted by what the proxy says of them.
  std::size_t peers_per_address = 1'000;

  /// TLS handshakes that are open at a time, of which each thread has an equal share and one at
  /// least. More wait.
  std::size_t handshakes = 256;

  /// Connections with TLS that wait for a request at a time, each with some 100 KB, of which each
  /// thread has an equal share and one at least. Of more, the one that has waited longest is
  /// closed.
  std::size_t waiting_tls_connections = 256;

  /// Encoders (WHIP) from one address: of more than these, one from which nothing comes gives way;
  /// where there is none, the new one is answered with 429.
  std::size_t encoders_per_address = 100;

  /// From the connection to the end of the first request, and from the upgrade to `enter`: who
  /// takes longer is cut off (1008).
  std::chrono::milliseconds handshake_time{10'000};

  /// Request line and headers: more is answered with 431.
  std::uint32_t header_bytes = 8'192;

  /// Silence after which a connection is dead. A WebSocket is pinged after half of it.
  std::chrono::milliseconds idle_time{30'000};

  /// The longest pause before the next try when a connection can't be accepted.
  std::chrono::milliseconds accept_pause{1'000};
};

}  // namespace onair::net
