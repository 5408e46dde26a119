// Who enters the hub's rooms, comes back, stays away and leaves.
#include <utility>

#include "relay/hub.hpp"

namespace onair::relay {

using protocol::ErrorCode;
using protocol::Role;

namespace {

/// The peer has another socket now. The client mostly knows that this one is gone, where the server
/// did not.
void close_replaced_link(Peer& peer) {
  if (peer.link == nullptr) return;
  peer.link->peer = nullptr;
  peer.link->close(protocol::CloseCode::replaced);
}

}  // namespace

void Hub::request_entry(Link& link, const protocol::Enter& enter, TimePoint now) {
  auto found = rooms_.find(enter.room);
  if (found == rooms_.end()) {
    if (rooms_.size() >= options_.limits.rooms) {
      return refuse(link, {ErrorCode::too_many_rooms, "This server has no room for more rooms."});
    }
    found = rooms_.try_emplace(enter.room, enter.room).first;
    found->second.ready = bus_.join(enter.room);
  }
  Room& room = found->second;
  if (room.ready) return this->enter(room, link, enter, now);
  link.waits_for = &room;
  room.waiting.push_back({&link, enter});
}

void Hub::enter(Room& room, Link& link, const protocol::Enter& enter, TimePoint now) {
  Peer* const peer = admit(room, link, enter);
  if (peer == nullptr) {
    refuse(link, {ErrorCode::room_full, "This room is full."});
    return close_if_empty(room);
  }
  ++counters_.entered;
  welcome(*peer);
  if (peer->role == Role::watch) {
    audience_changed(room, now);
  } else {
    send(link, frame_of(protocol::Audience{room.watching()}));
  }
}

/// Nothing where the room is full.
Peer* Hub::admit(Room& room, Link& link, const protocol::Enter& enter) {
  std::optional<protocol::PeerId> resumed;
  if (enter.resume) {
    resumed = options_.resume_tokens.redeem(*enter.resume, enter.room, enter.role);
  }
  const auto known = resumed ? room.peers.find(*resumed) : room.peers.end();
  Peer* peer = known == room.peers.end() ? nullptr : known->second.get();
  if (peer == nullptr) {
    // Another hub may have it; a server that was restarted knows nobody whose token holds.
    const auto had = resumed ? bus_.take_over(room.name, *resumed) : std::nullopt;
    const bool was_on_air = had && room.moved_from(*had, *resumed, enter.role);
    if (room.members() >= options_.limits.peers_per_room) return nullptr;
    peer = &add(room, resumed ? *resumed : options_.make_id(), enter.role);
    peer->on_air = was_on_air;
  }
  if (resumed) ++counters_.resumed;
  if (resumed && enter.fresh) {
    set_on_air(*peer, false);
    tell_room(*peer, frame_of(protocol::UserDisconnected{peer->id}));
  }
  attach(link, *peer);
  return peer;
}

Peer& Hub::add(Room& room, const protocol::PeerId& id, Role role) {
  Peer& added = *room.peers.emplace(id, std::make_unique<Peer>(Peer{id, role, room})).first->second;
  if (role == Role::talk) room.talkers.push_back(&added);
  bus_.attach(id);
  bus_.part_changed(room.name);
  return added;
}

void Hub::attach(Link& link, Peer& peer) {
  close_replaced_link(peer);
  peer.link = &link;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  peer.gone_at.reset();
  link.peer = &peer;
}

/// The others know it as the same peer, so nobody is told.
void Hub::taken_over(const std::string& name, const protocol::PeerId& id, TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  const auto known = found->second.peers.find(id);
  if (known == found->second.peers.end()) return;
  Peer& peer = *known->second;
  close_replaced_link(peer);
  erase(peer, now);
}

void Hub::welcome(const Peer& peer) {
  protocol::Welcome welcome;
  welcome.id = peer.id;
  welcome.room = peer.room.name;
  welcome.resume = options_.resume_tokens.issue({peer.id, peer.room.name, peer.role});
  welcome.ice_servers = options_.ice_servers(peer.id);
  welcome.talkers = peer.room.on_air();
  welcome.relay_only = options_.relay_only;
  send(*peer.link, frame_of(std::move(welcome)));
}

void Hub::disconnected(Link& link, Leaving leaving, TimePoint now) {
  if (Room* const room = std::exchange(link.waits_for, nullptr)) {
    room->waiting.remove_if([&link](const Waiting& waiting) { return waiting.link == &link; });
    return close_if_empty(*room);
  }
  Peer* const peer = std::exchange(link.peer, nullptr);
  if (peer == nullptr) return;
  peer->link = nullptr;
  if (leaving == Leaving::for_good) return remove(*peer, now);
  peer->gone_at = now + options_.grace;
  away_.emplace(*peer->gone_at, peer);
}

/// It is gone for good, and those whom it concerns are told.
void Hub::remove(Peer& peer, TimePoint now) {
  tell_room(peer, frame_of(protocol::UserDisconnected{peer.id}));
  erase(peer, now);
}

void Hub::erase(Peer& peer, TimePoint now) {
  Room& room = peer.room;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  std::erase(room.talkers, &peer);
  const bool watched = peer.role == Role::watch;
  bus_.detach(peer.id);
  bus_.part_changed(room.name);
  room.peers.erase(room.peers.find(peer.id));
  if (!room.peers.empty() && watched) audience_changed(room, now);
  close_if_empty(room);
}

void Hub::close_if_empty(Room& room) {
  if (!room.peers.empty() || !room.waiting.empty()) return;
  audience_due_.erase({room.audience_due(options_.audience_interval), &room});
  bus_.leave(room.name);
  rooms_.erase(rooms_.find(room.name));
}

void Hub::advance(TimePoint now) {
  while (!away_.empty() && away_.begin()->first <= now) remove(*away_.begin()->second, now);
  while (!audience_due_.empty() && audience_due_.begin()->first <= now) {
    tell_audience(*audience_due_.begin()->second, now);
  }
}

std::optional<TimePoint> Hub::next_deadline() const {
  std::optional<TimePoint> next;
  if (!away_.empty()) next = away_.begin()->first;
  if (!audience_due_.empty()) {
    const TimePoint due = audience_due_.begin()->first;
    if (!next || due < *next) next = due;
  }
  return next;
}

Census Hub::census() const {
  Census census{0, away_.size(), rooms_.size(), 0};
  for (const auto& [name, room] : rooms_) {
    census.peers += room.peers.size();
    census.rooms_on_air += room.part().on_air.empty() ? 0 : 1;
  }
  return census;
}

void Hub::audience_changed(Room& room, TimePoint now) {
  const TimePoint due = room.audience_due(options_.audience_interval);
  if (due <= now) {
    tell_audience(room, now);
  } else {
    audience_due_.emplace(due, &room);
  }
}

void Hub::tell_audience(Room& room, TimePoint now) {
  audience_due_.erase({room.audience_due(options_.audience_interval), &room});
  const std::uint32_t watching = room.watching();
  if (room.told_audience == watching) return;
  room.told_audience = watching;
  room.told_at = now;
  if (room.talkers.empty()) return;
  counters_.deliveries += room.tell(Reach::talkers, frame_of(protocol::Audience{watching}));
}

}  // namespace onair::relay
