// The limits of a hub, and its ways out.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/allowance.hpp"
#include "rooms/frame.hpp"
#include "rooms/pass.hpp"
#include "rooms/resume_tokens.hpp"
#include "rooms/timeouts.hpp"

namespace onair::rooms {

struct HubLimits {
  Rates rates = {};
  /// Members of one room on all hubs together; one more gets `room_full`. Hubs learn of each
  /// other's members within moments, so that a rush may exceed it by a few.
  std::size_t peers_per_room = 10'000;
  /// Rooms that one hub serves; who would open one more gets `too_many_rooms`.
  std::size_t rooms = 10'000;
  /// Talk slots of one room on all hubs together; one more talker gets `room_taken`.
  std::size_t talkers_per_room = 1;
  /// Frames buffered for one member that is away, and bytes for all of a hub together. On overflow
  /// of either, all frames of that member are dropped.
  std::size_t kept_frames = 1'024;
  std::size_t kept_bytes = 33'554'432;
};

struct HubOptions {
  /// Makes an id that nobody can guess, in the form of is_peer_id, which needs no escape in
  /// JSON.
  std::function<protocol::PeerId()> make_id;
  /// Outlives the hub.
  ResumeTokens& resume_tokens;
  /// The STUN and TURN servers in a peer's `welcome` and `pong`.
  std::function<std::vector<protocol::IceServer>(const protocol::PeerId&)> ice_servers;
  /// Clients are to use TURN alone.
  bool turn_only = false;
  Doorkeeper doorkeeper = let_everyone_in;
  /// Time that a peer without a socket stays a member.
  Duration grace = kGrace;
  /// When this server began, if others may have served before it. For `settling_time` from then on,
  /// those who resume count as having been here all along.
  std::optional<TimePoint> began = {};
  Duration settling_time = std::chrono::seconds(60);
  /// The least time between two `audience` to the same room.
  Duration audience_interval = std::chrono::seconds(1);
  /// The time between two `audience_reception` to the same room.
  Duration reception_interval = std::chrono::seconds(2);
  HubLimits limits = {};
  /// When talkers are to use the forwarder, for their `welcome`, as the operator set it; nothing:
  /// there is none.
  std::optional<std::string> forward = {};
  /// A talker needs the forwarder in its room, or needs it no more. `address` is the talker's, see
  /// Link::address; empty where the talker is at another process. May not call the hub.
  std::function<void(const std::string& room, const protocol::PeerId& talker, bool on,
                     const std::string& address)>
      use_forwarder = [](const auto&, const auto&, bool, const auto&) {};
  /// Returns the first frame number of each hub made from these options. Hubs must use disjoint
  /// ranges: duplicates are dropped by number.
  std::function<FrameNumber()> first_frame = [] { return FrameNumber{1}; };
};

}  // namespace onair::rooms
