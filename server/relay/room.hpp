// Who is in one room.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "relay/link.hpp"

namespace onair::relay {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct Room;

/// A member of a room. It outlives its link by the grace time.
struct Peer {
  protocol::PeerId id;
  protocol::Role role;
  Room& room;
  Link* link = nullptr;  ///< nothing while it is away
  bool on_air = false;
  std::optional<TimePoint> gone_at = {};  ///< when its grace time ends, while it is away
};

struct Room {
  explicit Room(std::string its_name) : name(std::move(its_name)) {}

  std::string name;
  std::map<protocol::PeerId, std::unique_ptr<Peer>, std::less<>> peers;
  std::vector<Peer*> talkers;

  // What the talkers were told of the audience.
  std::optional<std::uint32_t> told_audience;
  TimePoint told_at{};

  /// The earliest moment at which the talkers may be told of the audience again.
  TimePoint audience_due(Duration interval) const {
    return told_audience ? told_at + interval : TimePoint::min();
  }

  std::uint32_t watching() const {
    return static_cast<std::uint32_t>(peers.size() - talkers.size());
  }

  /// The peer that `from` may speak to by this id: watchers don't reach each other.
  Peer* find(const protocol::PeerId& id, const Peer& from) const;

  /// The ids of those on air, in the order in which they entered.
  std::vector<protocol::PeerId> on_air() const;

  /// Hands the frame to all whom `from` concerns: a talker's to everyone else, a watcher's to the
  /// talkers.
  void tell_others(const Peer& from, const Frame& frame) const;
};

}  // namespace onair::relay
