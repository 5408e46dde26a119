// Members that lose their sockets, wait to come back, and leave.
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

void Hub::leave_room(Link& link, TimePoint now) {
  stop_waiting(link);
  Peer* const peer = link.peer;
  if (peer == nullptr) return;
  peer->unlink();
  peer->has_sent || peer->kind.announced ? remove(*peer, now) : erase(*peer, now);
}

bool Hub::stop_waiting(Link& link) {
  Room* const room = std::exchange(link.waits_for, nullptr);
  if (room == nullptr) return false;
  room->pending.remove_if([&link](const PendingEntry& entry) { return entry.link == &link; });
  close_if_empty(*room);
  return true;
}

void Hub::send_off(Link& link, TimePoint now) {
  Peer* const peer = link.peer;
  if (peer == nullptr || !peer->kind.buffered_while_away) return;
  go_away(*peer, {true, peer->room.recent.numbers()}, now + options_.grace);
}

void Hub::disconnected(Link& link, Leaving leaving, TimePoint now) {
  if (stop_waiting(link)) return;
  Peer* const peer = link.peer;
  if (peer == nullptr) return;
  const bool was_connected = peer->is_connected();
  peer->unlink();
  if (peer->is<Moving>()) return let_go_if_ready(*peer, now);
  if (!was_connected) return;  // sent off before
  const bool stays = leaving == Leaving::perhaps || peer->on_air;
  if (!stays || !peer->kind.buffered_while_away) return remove(*peer, now);
  go_away(*peer, {}, now + options_.grace);
  if (leaving == Leaving::perhaps) return;
  router_.announce_gone(*peer);
  set_on_air(*peer, false);
  peer->state = SlotKept{};
  peer->mailbox.reset();
  deadlines_.hand_over.erase(peer);
}

/// The peer is expected back until then.
void Hub::go_away(Peer& peer, Away away, TimePoint until) {
  if (auto* const leaving = std::get_if<Moving>(&peer.state)) {
    leaving->was = std::move(away);
  } else {
    peer.state = std::move(away);
  }
  deadlines_.away.set(&peer, until);
  deadlines_.paced.erase(&peer);
}

/// The peer is gone for good, and those within its reach are told.
void Hub::remove(Peer& peer, TimePoint now) {
  if (!peer.is<SlotKept>()) router_.announce_gone(peer);
  erase(peer, now);
}

void Hub::erase(Peer& peer, TimePoint now) {
  Room& room = peer.room;
  deadlines_.erase(&peer);
  peer.unlink();
  const bool watched = peer.effective_role == EffectiveRole::viewer;
  bus_.detach(peer.id);
  room.erase(peer);
  bus_.share_changed(room.name);
  if (!room.peers.empty() && watched) audience_.changed(room, now);
  close_if_empty(room);
}

void Hub::close_if_empty(Room& room) {
  if (!room.peers.empty() || !room.pending.empty()) return;
  audience_.forget(room);
  bus_.leave(room.name);
  rooms_.erase(rooms_.find(room.name));
}

}  // namespace onair::rooms
