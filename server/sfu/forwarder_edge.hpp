// Interfaces between the forwarder and its edge: packets, requests and time go in, packets and
// events come out.
//
// Contract. One thread. `now` never goes back. After each call the edge asks `next_deadline` again
// and calls `advance` at the latest then. Every call may call `PacketSink` and `EventSink`; neither
// of them calls back.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/base/farewell.hpp"
#include "sfu/base/time.hpp"
#include "sfu/control/control.hpp"

namespace onair::sfu {

/// An address of ours that peers learn (RFC 8445, section 5.1.1).
struct LocalCandidate {
  enum class Transport : std::uint8_t { udp, tcp_passive };
  Address address;
  Transport transport = Transport::udp;
  friend bool operator==(const LocalCandidate&, const LocalCandidate&) = default;
};

struct ForwarderOptions {
  std::vector<LocalCandidate> candidates;  ///< the preferred ones first
  std::string instance;                    ///< see control::Greeting
  std::size_t max_peers = 20'000;          ///< of all rooms together
  std::size_t max_rooms = 1'000;           ///< their packets are kept: some 2 MB each
  /// After which a flight of DTLS that isn't answered is sent again. OpenSSL measures it by the
  /// system's clock, so tests make it long.
  Duration dtls_timeout = std::chrono::milliseconds(100);
};

class PacketSink {
 public:
  virtual ~PacketSink() = default;
  /// Sends one datagram, or several of `segment_size` bytes each, the last of which may be shorter.
  /// Drops a datagram that can't be sent now. Over TCP each datagram becomes a frame (RFC 4571).
  virtual void send(const Path& to, Bytes bytes, std::uint16_t segment_size) = 0;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void event(const control::Event& event) = 0;
};

/// The functions that the edge needs of `Forwarder`. Tests of the edge have a core of their own.
template <typename Core>
concept ForwarderCore = std::constructible_from<Core, ForwarderOptions, PacketSink&, EventSink&> &&
                        requires(Core& core, const Core& constant, const control::Request& request,
                                 const std::vector<LocalCandidate>& candidates, MutableBytes packet,
                                 const Path& path, TimePoint now) {
                          { core.handle(request, now) } -> std::same_as<control::Reply>;
                          core.set_candidates(candidates);
                          core.receive(packet, path, now);
                          core.connection_closed(std::uint32_t{}, now);
                          core.advance(now);
                          core.close_all(now);
                          { constant.next_deadline() } -> std::same_as<std::optional<TimePoint>>;
                          { constant.peers() } -> std::convertible_to<std::size_t>;
                          { constant.farewells() } -> std::same_as<std::vector<Farewell>>;
                          { constant.farewell_changes() } -> std::same_as<std::uint64_t>;
                        };

}  // namespace onair::sfu
