// Who enters the hub's rooms, comes back, stays away and leaves.
#include <algorithm>
#include <utility>

#include "relay/hub.hpp"

namespace onair::relay {

using protocol::ErrorCode;
using protocol::Refusal;
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

void Hub::request_entry(Link& link, const protocol::Enter& enter,
                        const std::optional<protocol::PeerId>& id, TimePoint now) {
  const auto answer = options_.doorkeeper(enter);
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return refuse(link, *refusal);
  auto found = rooms_.find(enter.room);
  if (found == rooms_.end()) {
    if (rooms_.size() >= options_.limits.rooms) {
      return refuse(link, {ErrorCode::too_many_rooms, "This server has no room for more rooms."});
    }
    found = rooms_.try_emplace(enter.room, enter.room).first;
    found->second.ready = bus_.join(enter.room);
  }
  Room& room = found->second;
  Waiting newcomer{&link, enter, std::get<Pass>(answer), id};
  if (room.ready) return this->enter(room, newcomer, now);
  link.waits_for = &room;
  room.waiting.push_back(std::move(newcomer));
}

void Hub::enter(Room& room, const Waiting& newcomer, TimePoint now) {
  Link& link = *newcomer.link;
  const auto admitted = admit(room, newcomer, now);
  if (const auto* refusal = std::get_if<Refusal>(&admitted)) {
    refuse(link, *refusal);
    return close_if_empty(room);
  }
  Peer& peer = *std::get<Peer*>(admitted);
  ++counters_.entered;
  grant(peer, newcomer.pass, now);
  welcome(peer);
  if (peer.role == Role::watch) return audience_changed(room, now);
  if (peer.role == Role::none) return;
  send(link, frame_of(protocol::Audience{room.watching()}));
  if (peer.from_before) keep_to_talkers_per_room(std::string(room.name), now);
}

std::variant<Peer*, Refusal> Hub::admit(Room& room, const Waiting& newcomer, TimePoint now) {
  const protocol::Enter& enter = newcomer.enter;
  std::optional<Resumption> resumed;
  if (enter.resume) {
    resumed = options_.resume_tokens.redeem(*enter.resume, enter.room, enter.role);
  }
  if (resumed && voided_.contains(room.name, resumed->id)) {
    return Refusal{ErrorCode::removed, "You were sent out of this room."};
  }
  const auto known = resumed ? room.peers.find(resumed->id) : room.peers.end();
  Peer* peer = known == room.peers.end() ? nullptr : known->second.get();
  if (peer == nullptr) {
    // Another hub may have it; a server that was restarted knows nobody whose token holds.
    auto had = resumed ? bus_.take_over(room.name, resumed->id) : std::nullopt;
    if (resumed && !had) had = room.hub_of_talker(resumed->id);
    const auto was = had ? room.moved_from(*had, resumed->id, enter.role) : std::nullopt;
    const auto from_before = this->from_before(resumed, now);
    // Of a watcher it can't be told whether it was in the room on another machine: it has a token.
    const bool was_perhaps_here =
        had || (resumed && enter.role == Role::watch && bus_.reaches_further());
    if (!was_perhaps_here) {
      if (auto refusal = refusal_of_newcomer(room, enter.role, from_before)) return *refusal;
    }
    if (room.members() >= options_.limits.peers_per_room) {
      return Refusal{ErrorCode::room_full, "This room is full."};
    }
    const auto new_id = [&] { return newcomer.id ? *newcomer.id : options_.make_id(); };
    peer = &add(room, resumed ? resumed->id : new_id(), enter.role);
    peer->may_talk = newcomer.pass.may_talk;
    if (enter.role == Role::talk) peer->from_before = from_before;
    if (was) {
      peer->on_air = was->on_air;
      peer->locks = was->locks;
      peer->from_before = was->from_before;
    }
  }
  if (resumed) ++counters_.resumed;
  if (resumed && enter.fresh) {
    set_on_air(*peer, false);
    if (!peer->place_kept) tell_room(*peer, frame_of(protocol::UserDisconnected{peer->id}));
  }
  attach(*newcomer.link, *peer);
  return peer;
}

/// How long before this server began the token of one who was there already was issued; nothing for
/// all others.
std::optional<Duration> Hub::from_before(const std::optional<Resumption>& resumed,
                                         TimePoint now) const {
  if (!resumed || !options_.began || now >= *options_.began + options_.settling_time) {
    return std::nullopt;
  }
  const Duration before = *options_.began - (now - resumed->age);
  if (before <= Duration::zero()) return std::nullopt;
  return before;
}

std::optional<Refusal> Hub::refusal_of_newcomer(const Room& room, Role role,
                                                const std::optional<Duration>& from_before) const {
  if (role != Role::talk) {
    if (from_before || !room.locked()) return std::nullopt;
    return Refusal{ErrorCode::room_locked, "This room is locked."};
  }
  const std::vector<TalkerPart> talkers = room.all_talkers();
  const auto stay = std::count_if(talkers.begin(), talkers.end(), [&](const TalkerPart& talker) {
    return !from_before || (talker.from_before && *talker.from_before <= *from_before);
  });
  if (static_cast<std::size_t>(stay) < options_.limits.talkers_per_room) return std::nullopt;
  return Refusal{ErrorCode::room_taken, "Somebody else talks in this room."};
}

/// What the pass allows and says, of whoever came with it last.
void Hub::grant(Peer& peer, const Pass& pass, TimePoint now) {
  if (peer.pass_ends) on_a_pass_.erase({*peer.pass_ends, &peer});
  peer.pass_ends.reset();
  peer.name = pass.name;
  if (!pass.holds_for) return;
  peer.pass_ends = now + *pass.holds_for;
  on_a_pass_.emplace(*peer.pass_ends, &peer);
}

Peer& Hub::add(Room& room, const protocol::PeerId& id, Role role) {
  Peer& added = room.add(id, role);
  bus_.attach(id, room.name);
  bus_.part_changed(room.name);
  return added;
}

void Hub::attach(Link& link, Peer& peer) {
  close_replaced_link(peer);
  peer.link = &link;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  peer.gone_at.reset();
  peer.place_kept = false;
  link.peer = &peer;
}

Peer* Hub::find_peer(std::string_view name, const protocol::PeerId& id) const {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return nullptr;
  const auto peer = room->second.peers.find(id);
  return peer == room->second.peers.end() ? nullptr : peer->second.get();
}

/// The others know it as the same peer, so nobody is told.
void Hub::taken_over(const std::string& name, const protocol::PeerId& id, TimePoint now) {
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr) return;
  close_replaced_link(*peer);
  erase(*peer, now);
}

void Hub::welcome(const Peer& peer) {
  protocol::Welcome welcome;
  welcome.id = peer.id;
  welcome.room = peer.room.name;
  if (peer.role != Role::none) {
    welcome.resume = options_.resume_tokens.issue({peer.id, peer.room.name, peer.role});
  }
  welcome.ice_servers = options_.ice_servers(peer.id);
  welcome.talkers = peer.room.on_air();
  welcome.relay_only = options_.relay_only;
  welcome.name = peer.name;
  welcome.talkers_per_room = static_cast<std::uint32_t>(options_.limits.talkers_per_room);
  welcome.locked = peer.locks;
  send(*peer.link, frame_of(std::move(welcome)));
}

bool Hub::stop_waiting(Link& link) {
  Room* const room = std::exchange(link.waits_for, nullptr);
  if (room == nullptr) return false;
  room->waiting.remove_if([&link](const Waiting& waiting) { return waiting.link == &link; });
  close_if_empty(*room);
  return true;
}

void Hub::disconnected(Link& link, Leaving leaving, TimePoint now) {
  if (stop_waiting(link)) return;
  Peer* const peer = std::exchange(link.peer, nullptr);
  if (peer == nullptr) return;
  peer->link = nullptr;
  // One without a role has no token to come back with.
  if (peer->role == Role::none) return remove(*peer, now);
  if (leaving == Leaving::for_good) {
    if (!peer->on_air) return remove(*peer, now);
    tell_room(*peer, frame_of(protocol::UserDisconnected{peer->id}));
    set_on_air(*peer, false);
    peer->place_kept = true;
  }
  peer->gone_at = now + options_.grace;
  away_.emplace(*peer->gone_at, peer);
}

/// It is gone for good, and those whom it concerns are told.
void Hub::remove(Peer& peer, TimePoint now) {
  if (!peer.place_kept) tell_room(peer, frame_of(protocol::UserDisconnected{peer.id}));
  erase(peer, now);
}

void Hub::erase(Peer& peer, TimePoint now) {
  Room& room = peer.room;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  if (peer.pass_ends) on_a_pass_.erase({*peer.pass_ends, &peer});
  const bool watched = peer.counts_as == Standing::watches;
  bus_.detach(peer.id);
  room.erase(peer);
  bus_.part_changed(room.name);
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
  while (!on_a_pass_.empty() && on_a_pass_.begin()->first <= now) {
    dismiss(*on_a_pass_.begin()->second, {ErrorCode::token_expired, "Your token has expired."},
            now);
  }
  while (!audience_due_.empty() && audience_due_.begin()->first <= now) {
    tell_audience(*audience_due_.begin()->second, now);
  }
}

std::optional<TimePoint> Hub::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](const auto& deadlines) {
    if (deadlines.empty()) return;
    const TimePoint due = deadlines.begin()->first;
    if (!next || due < *next) next = due;
  };
  consider(away_);
  consider(on_a_pass_);
  consider(audience_due_);
  return next;
}

Census Hub::census() const {
  Census census{0, away_.size(), rooms_.size(), 0};
  for (const auto& [name, room] : rooms_) {
    census.peers += room.peers.size();
    const auto is_on_air = [](const Peer* talker) { return talker->on_air; };
    census.rooms_on_air += std::any_of(room.talkers.begin(), room.talkers.end(), is_on_air) ? 1 : 0;
  }
  return census;
}

std::vector<RoomReport> Hub::rooms() const {
  std::vector<RoomReport> reports;
  for (const auto& [name, room] : rooms_) {
    RoomReport report{name, room.locked(), {}};
    for (const auto& [id, peer] : room.peers) {
      report.peers.push_back({id, peer->role, peer->on_air, peer->link == nullptr, peer->name});
    }
    reports.push_back(std::move(report));
  }
  return reports;
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
