// What other hubs say of the rooms that this one serves too.
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

void Hub::on_room_ready(const std::string& name, TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  room.ready = true;
  while (!room.waiting.empty()) {
    const PendingEntry waiting = std::move(room.waiting.front());
    room.waiting.pop_front();
    waiting.link->waits_for = nullptr;
    const bool last = room.waiting.empty();
    enter(room, waiting, now);
    for (const std::string& frame : waiting.frames) receive(*waiting.link, frame, now);
    if (last) return;  // the room may be gone
  }
}

std::optional<RoomShare> Hub::share_of(const std::string& name) const {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return std::nullopt;
  return found->second.share();
}

void Hub::on_share(const std::string& name, HubId hub, std::optional<RoomShare> share,
                   TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  const std::uint32_t before = room.watching();
  if (share) {
    room.elsewhere[hub] = std::move(*share);
  } else {
    room.elsewhere.erase(hub);
  }
  if (room.watching() != before) audience_changed(room, now);
  enforce_talker_limit(name, now);
}

void Hub::on_broadcast(const std::string& name, Reach reach, const Frame& frame) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  // The sender may have come here after its words.
  const auto sender = room.peers.find(protocol::PeerId(frame->from()));
  counters_.deliveries +=
      room.broadcast(reach, frame, sender == room.peers.end() ? nullptr : sender->second.get());
}

bool Hub::on_directed(const DirectedFrame& directed, TimePoint) {
  const auto found = rooms_.find(directed.room);
  if (found == rooms_.end()) return false;
  Peer* const peer = found->second.find(directed.to, directed.reach);
  if (peer == nullptr) return false;
  counters_.deliveries += deliver(*peer, directed.frame) ? 1 : 0;
  return true;
}

void Hub::on_undelivered(const Undelivered& undelivered) {
  const Peer* const peer = find_peer(undelivered.room, undelivered.from);
  if (peer == nullptr || peer->link == nullptr) return;
  refuse(*peer->link, {protocol::ErrorCode::no_such_peer, "Nobody in this room has that id."});
}

}  // namespace onair::rooms
