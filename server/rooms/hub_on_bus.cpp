// Messages from other hubs about the rooms that this one serves too.
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

void Hub::on_room_ready(const std::string& name, TimePoint now) {
  Room* const room = find_room(name);
  if (room == nullptr) return;
  room->ready = true;
  while (!room->pending.empty()) {
    const PendingEntry entry = std::move(room->pending.front());
    room->pending.pop_front();
    entry.link->waits_for = nullptr;
    const bool last = room->pending.empty();
    let_in(*room, entry, now);
    for (const std::string& frame : entry.frames.all()) receive(*entry.link, frame, now);
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
  Room* const room = find_room(name);
  if (room == nullptr) return;
  const std::uint32_t before = room->watching();
  if (share) {
    room->elsewhere[hub] = std::move(*share);
  } else {
    room->elsewhere.erase(hub);
  }
  if (!room->forwarders.empty()) note_if_dead(*room, now);
  if (room->watching() != before) audience_.changed(*room, now);
  reception_reporter_.changed(*room, now);
  keep_away_bound(name, now);
  enforce_talker_limit(name, now);
}

void Hub::on_broadcast(const std::string& name, Reach reach, const Frame& frame) {
  Room* const room = find_room(name);
  if (room == nullptr) return;
  // The sender may have come here after it sent this.
  const auto sender = room->peers.find(protocol::PeerId(frame->from()));
  const Room::Broadcast result =
      room->broadcast(reach, frame, sender == room->peers.end() ? nullptr : sender->second.get());
  router_.counters.deliveries += result.deliveries;
  if (!result.refused) return;
  bus_.return_to_sender({name, protocol::PeerId(frame->from()), {}, Undelivered::Why::too_much});
}

bool Hub::on_directed(const DirectedFrame& directed, TimePoint) {
  Room* const room = find_room(directed.room);
  Peer* const peer = room ? room->find(directed.to, directed.reach) : nullptr;
  if (peer == nullptr) return false;
  const DeliveryResult delivery = deliver(*peer, directed.frame, directed.reach);
  router_.counters.deliveries += delivery == DeliveryResult::sent ? 1 : 0;
  if (delivery == DeliveryResult::refused) {
    bus_.return_to_sender({directed.room, directed.from, directed.to, Undelivered::Why::too_much});
  }
  return true;
}

void Hub::on_undelivered(const Undelivered& undelivered) {
  const Peer* const peer = find_peer(undelivered.room, undelivered.from);
  if (peer == nullptr || peer->link == nullptr) return;
  router_.refuse_undelivered(*peer->link, undelivered.why);
}

}  // namespace onair::rooms
