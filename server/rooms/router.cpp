#include "rooms/router.hpp"

#include <memory>
#include <string>

#include "rooms/peer_id.hpp"

namespace onair::rooms {

Frame Router::stamp(const Peer& from, std::string_view object) {
  return std::make_shared<const SharedFrame>(object, from.id, ++last_frame_);
}

void Router::send(Link& link, const Frame& frame) {
  ++counters.deliveries;
  link.send(frame);
}

void Router::refuse(Link& link, const protocol::Refusal& refusal) {
  count_refused(refusal.code);
  send(link, frame_of(protocol::Error{std::string(name_of(refusal.code)), refusal.message}));
  if (const auto code = close_code_of(refusal.code)) link.close(*code);
}

void Router::send_to_peer(const Peer& from, const protocol::PeerId& to, Reach reach,
                          const Frame& frame) {
  using Why = Undelivered::Why;
  if (!is_peer_id(to)) return refuse_undelivered(*from.link, Why::nobody);
  if (Peer* const peer = from.room.find(to, reach)) {
    const DeliveryResult delivery = deliver(*peer, frame, reach);
    counters.deliveries += delivery == DeliveryResult::sent ? 1 : 0;
    if (delivery == DeliveryResult::refused) refuse_undelivered(*from.link, Why::too_much);
  } else if (!bus_.send({from.room.name, to, from.id, reach, frame})) {
    refuse_undelivered(*from.link, Why::nobody);
  }
}

void Router::refuse_undelivered(Link& link, Undelivered::Why why) {
  using protocol::ErrorCode;
  switch (why) {
    case Undelivered::Why::nobody:
      return refuse(link, {ErrorCode::no_such_peer, "Nobody in this room has that id."});
    case Undelivered::Why::too_much:
      return refuse(link, {ErrorCode::rate_limited,
                           "Too much waits for the addressee. It did not get this; slow down."});
  }
}

void Router::broadcast(const Peer& from, Reach reach, const Frame& frame) {
  const Room::Broadcast result = from.room.broadcast(reach, frame, &from);
  counters.deliveries += result.deliveries;
  bus_.broadcast(from.room.name, reach, frame);
  if (result.refused && from.link) refuse_undelivered(*from.link, Undelivered::Why::too_much);
}

void Router::announce_gone(const Peer& peer) {
  broadcast(peer, reach_of(peer), frame_of(protocol::UserDisconnected{peer.id}, ++last_frame_));
}

}  // namespace onair::rooms
