// When a forwarder that nobody controls ends (--exit-when-idle).
#pragma once

#include <algorithm>
#include <optional>

#include "sfu/base/time.hpp"

namespace onair::sfu {

/// A forwarder that a server started outlives the server, so that a picture does. Where no server
/// comes back, nobody could end a room or start the forwarder anew: so it ends by itself.
class IdleEnd {
 public:
  static constexpr Duration kWithoutPeers = std::chrono::seconds(60);
  static constexpr Duration kWithPeers = std::chrono::minutes(10);

  /// True when it is time to end.
  bool advance(std::size_t servers, std::size_t peers, TimePoint now) {
    if (servers > 0) {
      alone_since_.reset();
      idle_since_.reset();
      return false;
    }
    alone_since_ = alone_since_.value_or(now);
    idle_since_ = peers > 0 ? std::nullopt : std::optional(idle_since_.value_or(now));
    const auto due = next_deadline();
    return due && now >= *due;
  }
  /// Nothing while a server is connected.
  std::optional<TimePoint> next_deadline() const {
    if (!alone_since_) return std::nullopt;
    const TimePoint end = *alone_since_ + kWithPeers;
    return idle_since_ ? std::min(end, *idle_since_ + kWithoutPeers) : end;
  }

 private:
  std::optional<TimePoint> alone_since_;  ///< without a server
  std::optional<TimePoint> idle_since_;   ///< and without a peer
};

}  // namespace onair::sfu
