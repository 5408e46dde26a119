// Members that lose their sockets, wait to come back, and leave.
#include <algorithm>
#include <utility>
#include <vector>

#include "rooms/hub.hpp"

namespace onair::rooms {

void Hub::leave_room(Link& link, TimePoint now) {
  stop_waiting(link);
  Peer* const peer = link.peer;
  if (peer == nullptr) return;
  peer->unlink();
  if (!peer->has_sent && !peer->kind.announced) return erase(*peer, now);
  // It goes to another room, and may do so again and again.
  charge_deliveries(link, peer->room.receivers(reach_of(*peer)), 0, now);
  remove(*peer, now);
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
  go_away(*peer, {true, peer->room.recent.numbers()}, now);
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
  go_away(*peer, {}, now);
  if (leaving == Leaving::perhaps) return keep_away_bound(std::string(peer->room.name), now);
  router_.announce_gone(*peer);
  set_on_air(*peer, false);
  peer->become(SlotKept{});
  peer->mailbox.reset();
  deadlines_.hand_over.erase(peer);
}

/// The peer is expected back within the grace time.
void Hub::go_away(Peer& peer, Away away, TimePoint now) {
  if (const auto* const leaving = peer.as<Moving>()) {
    peer.become(Moving{leaving->to, std::move(away)});
  } else {
    peer.become(std::move(away));
  }
  deadlines_.away.set(&peer, now + options_.grace);
  deadlines_.paced.erase(&peer);
  bus_.share_changed(peer.room.name);
  audience_.changed(peer.room, now);
  note_if_dead(peer.room, now);
}

/// Removes the peer for good, and announces it to those within its reach.
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
  note_if_dead(room, now);
  close_if_empty(room);
}

void Hub::close_if_empty(Room& room) {
  if (!room.peers.empty() || !room.pending.empty()) return;
  audience_.forget(room);
  reception_reporter_.forget(room);
  dead_rooms_.erase(&room);
  bus_.leave(room.name);
  rooms_.erase(rooms_.find(room.name));
}

void Hub::note_if_dead(Room& room, TimePoint now) {
  if (!room.is_dead()) {
    dead_rooms_.erase(&room);
  } else if (!dead_rooms_.contains(&room)) {
    dead_rooms_.set(&room, now);
  }
}

/// Closes the room that has been without anybody for longest. False where there is none.
bool Hub::close_dead_room(TimePoint now) {
  constexpr int most_looks = 256;  // so that what is in vain stays cheap
  int looks = 0;
  for (const auto& [since, room] : dead_rooms_.in_order()) {
    if (++looks > most_looks) return false;
    if (!room->gives_way()) continue;
    // The room goes with the last of them.
    const std::vector<Peer*> all = room->everyone;
    for (Peer* peer : all) {
      remove(*peer, {protocol::ErrorCode::room_ended, "Nobody else is in this room."}, now);
    }
    return true;
  }
  return false;
}

/// Away members keep nobody out, so they need a bound beside that of the room: there may be as many
/// again, some of whom are counted at two hubs while they move.
void Hub::keep_away_bound(const std::string& name, TimePoint now) {
  const std::size_t most = 2 * options_.limits.peers_per_room;
  Room* room = find_room(name);
  while (room != nullptr && room->away > 0 && room->members() > most) {
    const auto& away = deadlines_.away.in_order();
    const auto oldest = std::find_if(away.begin(), away.end(), [room](const auto& entry) {
      return &entry.second->room == room && entry.second->gives_way();
    });
    if (oldest == away.end()) return;
    remove(*oldest->second, now);
    room = find_room(name);
  }
}

}  // namespace onair::rooms
