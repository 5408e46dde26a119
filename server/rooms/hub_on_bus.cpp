// What other hubs say of the rooms that this one serves too.
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

void Hub::room_ready(const std::string& name, TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  room.ready = true;
  while (!room.waiting.empty()) {
    const Waiting waiting = std::move(room.waiting.front());
    room.waiting.pop_front();
    waiting.link->waits_for = nullptr;
    const bool last = room.waiting.empty();
    enter(room, waiting, now);
    for (const std::string& frame : waiting.frames) receive(*waiting.link, frame, now);
    if (last) return;  // the room may be gone
  }
}

std::optional<RoomPart> Hub::part_of(const std::string& name) const {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return std::nullopt;
  return found->second.part();
}

void Hub::hear_part(const std::string& name, HubId hub, std::optional<RoomPart> part,
                    TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  const std::uint32_t before = room.watching();
  if (part) {
    room.elsewhere[hub] = std::move(*part);
  } else {
    room.elsewhere.erase(hub);
  }
  if (room.watching() != before) audience_changed(room, now);
  keep_to_talkers_per_room(name, now);
}

void Hub::hear(const std::string& name, Reach reach, const Frame& frame) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  // The sender may have come here after its words.
  const auto sender = room.peers.find(protocol::PeerId(frame->from()));
  counters_.deliveries +=
      room.tell(reach, frame, sender == room.peers.end() ? nullptr : sender->second.get());
}

bool Hub::hear(const DirectedFrame& directed, TimePoint) {
  const auto found = rooms_.find(directed.room);
  if (found == rooms_.end()) return false;
  Peer* const peer = found->second.find(directed.to, directed.reach);
  if (peer == nullptr) return false;
  counters_.deliveries += deliver(*peer, directed.frame) ? 1 : 0;
  return true;
}

void Hub::undelivered(const Undelivered& undelivered) {
  const Peer* const peer = find_peer(undelivered.room, undelivered.from);
  if (peer == nullptr || peer->link == nullptr) return;
  refuse(*peer->link, {protocol::ErrorCode::no_such_peer, "Nobody in this room has that id."});
}

}  // namespace onair::rooms
