// Delivers frames: to a client, to a peer here or at another hub, to a room on all hubs.
#pragma once

#include <string_view>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/bus.hpp"
#include "rooms/counters.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

/// Numbers the frames of one hub and counts what it does.
class Router {
 public:
  /// `bus` outlives this.
  Router(Bus& bus, FrameNumber first_frame) : bus_(bus), last_frame_(first_frame) {}

  /// The object with its sender's id put in.
  Frame stamp(const Peer& from, std::string_view object);

  /// Sends a frame of the server's own to one client.
  void send(Link& link, const Frame& frame);
  /// Sends `error`, and closes the connection where the code says so.
  void refuse(Link& link, const protocol::Refusal& refusal);
  void count_refused(protocol::ErrorCode code) {
    ++counters.refused.at(static_cast<std::size_t>(code));
  }
  /// Delivers to one peer; a sender without such an addressee gets `no_such_peer`.
  void send_to_peer(const Peer& from, const protocol::PeerId& to, Reach reach, const Frame& frame);
  /// Tells a sender that its frame did not reach everybody.
  void refuse_undelivered(Link& link, Undelivered::Why why);
  void broadcast(const Peer& from, Reach reach, const Frame& frame);
  /// Tells all within its reach that a peer is gone.
  void announce_gone(const Peer& peer);

  Counters counters;

 private:
  Bus& bus_;
  FrameNumber last_frame_;
};

}  // namespace onair::rooms
