// Who enters the hub's rooms, comes back, stays away and leaves.
#include <algorithm>
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;

namespace {

/// How long a peer that came from another hub is told nothing, since what was said to it before
/// comes first.
constexpr Duration kHandOverPatience = std::chrono::seconds(1);

/// How long another hub that has asked for a peer waits for what is yet to come here: its last
/// words, and what was kept at a third.
constexpr Duration kLastWords = std::chrono::milliseconds(500);

/// The peer has another socket now. The client mostly knows that this one is gone, where the server
/// did not.
void close_replaced_link(Peer& peer) {
  if (Link* const link = peer.unlink()) link->close(protocol::CloseCode::replaced);
}

/// What was kept in two places, each frame once. The order is that of both, which have what each
/// sender said in the same.
std::vector<Frame> merged(const std::vector<Frame>& first, const std::vector<Frame>& second) {
  std::map<FrameNumber, std::size_t> places;
  for (std::size_t i = 0; i < second.size(); ++i) {
    if (second[i]->number() != kNoNumber) places.emplace(second[i]->number(), i);
  }
  std::vector<Frame> all;
  std::size_t next = 0;
  const auto add_second_up_to = [&](std::size_t end) {
    for (; next < end; ++next) all.push_back(second[next]);
  };
  for (const Frame& frame : first) {
    const auto place = places.find(frame->number());
    if (place == places.end()) {
      all.push_back(frame);
    } else {
      add_second_up_to(place->second + 1);
    }
  }
  add_second_up_to(second.size());
  return all;
}

}  // namespace

void Hub::request_entry(Link& link, const protocol::Enter& enter,
                        const std::optional<protocol::PeerId>& id, TimePoint now) {
  const auto answer = options_.doorkeeper(enter);
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return refuse(link, *refusal);
  auto found = rooms_.find(enter.room);
  if (found == rooms_.end()) {
    if (rooms_.size() >= options_.limits.rooms) {
      return refuse(link, {ErrorCode::too_many_rooms, "This server can't open more rooms."});
    }
    found = rooms_.try_emplace(enter.room, enter.room, budget_).first;
    found->second.ready = bus_.join(enter.room);
  }
  Room& room = found->second;
  PendingEntry newcomer{&link, enter, std::get<Pass>(answer), id};
  if (room.ready) return this->enter(room, newcomer, now);
  link.waits_for = &room;
  room.waiting.push_back(std::move(newcomer));
}

void Hub::enter(Room& room, const PendingEntry& newcomer, TimePoint now) {
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
  if (peer.role == Role::talk) send(link, frame_of(protocol::Audience{room.watching()}));
  if (!peer.hand_over_due) deliver_buffered(peer, {});
  if (peer.role == Role::watch) return audience_changed(room, now);
  if (peer.seniority) enforce_talker_limit(std::string(room.name), now);
}

/// From now on it is told what is said; before that, what another hub had kept, and what was said
/// since.
void Hub::deliver_buffered(Peer& peer, const HandOver& elsewhere) {
  std::vector<Frame> here;
  if (const auto mailbox = std::exchange(peer.mailbox, nullptr)) here = mailbox->take();
  std::erase_if(here, [&elsewhere](const Frame& frame) {
    return std::find(elsewhere.delivered.begin(), elsewhere.delivered.end(), frame->number()) !=
           elsewhere.delivered.end();
  });
  peer.is_present = peer.link != nullptr && !peer.away_until && !peer.leaving_to;
  for (const Frame& frame : merged(elsewhere.frames, here)) {
    counters_.deliveries += deliver(peer, frame) ? 1 : 0;
  }
}

std::variant<Peer*, Refusal> Hub::admit(Room& room, const PendingEntry& newcomer, TimePoint now) {
  const protocol::Enter& enter = newcomer.enter;
  std::optional<Resumption> resumed;
  if (enter.resume) {
    resumed = options_.resume_tokens.redeem(*enter.resume, enter.room, enter.role);
  }
  if (resumed && removed_.contains(room.name, resumed->id)) {
    return Refusal{ErrorCode::removed, "You were sent out of this room."};
  }
  const auto known = resumed ? room.peers.find(resumed->id) : room.peers.end();
  Peer* peer = known == room.peers.end() ? nullptr : known->second.get();
  bool comes_from_elsewhere = false;
  if (peer == nullptr) {
    // Another hub may have it; a server that was restarted knows nobody whose token holds.
    auto had = resumed ? bus_.hub_of(resumed->id) : std::nullopt;
    if (resumed && !had) had = room.hub_of_talker(resumed->id);
    const auto was = had ? room.moved_from(*had, resumed->id, enter.role) : std::nullopt;
    const auto seniority = this->seniority(resumed, now);
    // Of a watcher it can't be told whether it was in the room on another machine: it has a token.
    const bool was_perhaps_here =
        had || (resumed && enter.role == Role::watch && bus_.reaches_further());
    if (!was_perhaps_here) {
      if (auto refusal = refusal_of_newcomer(room, enter.role, seniority)) return *refusal;
    }
    // Who comes back may still be counted where it was.
    const std::size_t bound = options_.limits.peers_per_room * (was_perhaps_here ? 2 : 1);
    if (room.members() >= bound) {
      return Refusal{ErrorCode::room_full, "This room is full."};
    }
    const auto new_id = [&] { return newcomer.id ? *newcomer.id : options_.make_id(); };
    peer = &room.add(resumed ? resumed->id : new_id(), enter.role);
    if (resumed) {
      comes_from_elsewhere = bus_.take_over(peer->id, room.name);
    } else {
      bus_.attach(peer->id, room.name);
    }
    bus_.share_changed(room.name);
    peer->may_talk = newcomer.pass.may_talk;
    if (enter.role == Role::talk) peer->seniority = seniority;
    if (was) {
      peer->on_air = was->on_air;
      peer->locks = was->locks;
      peer->seniority = was->seniority;
    }
  }
  if (resumed) ++counters_.resumed;
  if (resumed && enter.fresh) {
    set_on_air(*peer, false);
    if (!peer->slot_kept) announce_gone(*peer);
    peer->mailbox.reset();
  }
  attach(*newcomer.link, *peer);
  if (const auto other = std::exchange(peer->leaving_to, std::nullopt)) {
    // It was there for a moment, and is back.
    bus_.hand_over(*other, take_buffered(*peer));
    comes_from_elsewhere = bus_.take_over(peer->id, room.name);
  }
  // What was said to a page's connections is nothing to one that has been loaded since.
  if (comes_from_elsewhere && !enter.fresh) {
    peer->hand_over_due = now + kHandOverPatience;
    arriving_.emplace(*peer->hand_over_due, peer);
  }
  return peer;
}

/// How long before this server began the token of one who was there already was issued; nothing for
/// all others.
std::optional<Duration> Hub::seniority(const std::optional<Resumption>& resumed,
                                       TimePoint now) const {
  if (!resumed || !options_.began || now >= *options_.began + options_.settling_time) {
    return std::nullopt;
  }
  const Duration before = *options_.began - (now - resumed->age);
  if (before <= Duration::zero()) return std::nullopt;
  return before;
}

std::optional<Refusal> Hub::refusal_of_newcomer(const Room& room, Role role,
                                                const std::optional<Duration>& seniority) const {
  if (role != Role::talk) {
    if (seniority || !room.locked()) return std::nullopt;
    return Refusal{ErrorCode::room_locked, "This room is locked."};
  }
  const std::vector<TalkerInfo> talkers = room.all_talkers();
  const auto stay = std::count_if(talkers.begin(), talkers.end(), [&](const TalkerInfo& talker) {
    return !seniority || (talker.seniority && *talker.seniority <= *seniority);
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

void Hub::attach(Link& link, Peer& peer) {
  close_replaced_link(peer);
  peer.link = &link;
  if (peer.away_until) away_.erase({*peer.away_until, &peer});
  peer.away_until.reset();
  peer.sent_off = false;
  peer.delivered.clear();
  peer.slot_kept = false;
  link.peer = &peer;
}

Peer* Hub::find_peer(std::string_view name, const protocol::PeerId& id) const {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return nullptr;
  const auto peer = room->second.peers.find(id);
  return peer == room->second.peers.end() ? nullptr : peer->second.get();
}

void Hub::on_taken_over(const std::string& name, const protocol::PeerId& id, HubId by,
                        TimePoint now) {
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr) return bus_.hand_over(by, {name, id});
  peer->leaving_to = by;
  let_go_if_ready(*peer, now);
}

/// Its last words may be on their way yet, and what yet another hub kept.
void Hub::let_go_if_ready(Peer& peer, TimePoint now) {
  const bool may_speak = peer.link != nullptr && peer.sent_off;
  if (!may_speak && !peer.hand_over_due) return let_go(peer, now);
  go_away(peer, now + kLastWords);
}

/// The others know it as the same peer, so nobody is told.
void Hub::let_go(Peer& peer, TimePoint now) {
  bus_.hand_over(*peer.leaving_to, take_buffered(peer));
  close_replaced_link(peer);
  erase(peer, now);
}

HandOver Hub::take_buffered(Peer& peer) {
  HandOver handover{peer.room.name, peer.id, {}, std::move(peer.delivered)};
  if (const auto mailbox = std::exchange(peer.mailbox, nullptr)) handover.frames = mailbox->take();
  return handover;
}

void Hub::on_handed_over(const HandOver& handover, TimePoint now) {
  Peer* const peer = find_peer(handover.room, handover.peer);
  if (peer == nullptr || !peer->hand_over_due) return;
  arriving_.erase({*peer->hand_over_due, peer});
  peer->hand_over_due.reset();
  deliver_buffered(*peer, handover);
  if (peer->leaving_to) let_go_if_ready(*peer, now);
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
  welcome.turn_only = options_.relay_only;
  welcome.name = peer.name;
  welcome.talkers_per_room = static_cast<std::uint32_t>(options_.limits.talkers_per_room);
  welcome.locked = peer.locks;
  send(*peer.link, frame_of(std::move(welcome)));
}

bool Hub::stop_waiting(Link& link) {
  Room* const room = std::exchange(link.waits_for, nullptr);
  if (room == nullptr) return false;
  room->waiting.remove_if([&link](const PendingEntry& waiting) { return waiting.link == &link; });
  close_if_empty(*room);
  return true;
}

void Hub::send_off(Link& link, TimePoint now) {
  Peer* const peer = link.peer;
  // One without a role has no token to come back with.
  if (peer == nullptr || peer->role == Role::none) return;
  peer->sent_off = true;
  peer->delivered = peer->room.recent_frames;
  go_away(*peer, now + options_.grace);
}

void Hub::disconnected(Link& link, Leaving leaving, TimePoint now) {
  if (stop_waiting(link)) return;
  Peer* const peer = link.peer;
  if (peer == nullptr) return;
  peer->unlink();
  if (peer->leaving_to) return let_go_if_ready(*peer, now);
  if (peer->away_until) return;  // sent off before
  if (peer->role == Role::none) return remove(*peer, now);
  if (leaving == Leaving::for_good) {
    if (!peer->on_air) return remove(*peer, now);
    announce_gone(*peer);
    set_on_air(*peer, false);
    peer->slot_kept = true;
  }
  go_away(*peer, now + options_.grace);
}

/// It is expected back until then.
void Hub::go_away(Peer& peer, TimePoint until) {
  if (peer.away_until) away_.erase({*peer.away_until, &peer});
  peer.is_present = false;
  peer.away_until = until;
  away_.emplace(until, &peer);
}

/// It is gone for good, and those whom it concerns are told.
void Hub::remove(Peer& peer, TimePoint now) {
  if (!peer.slot_kept) announce_gone(peer);
  erase(peer, now);
}

void Hub::erase(Peer& peer, TimePoint now) {
  Room& room = peer.room;
  if (peer.away_until) away_.erase({*peer.away_until, &peer});
  if (peer.pass_ends) on_a_pass_.erase({*peer.pass_ends, &peer});
  if (peer.hand_over_due) arriving_.erase({*peer.hand_over_due, &peer});
  peer.unlink();
  const bool watched = peer.effective_role == EffectiveRole::viewer;
  bus_.detach(peer.id);
  room.erase(peer);
  bus_.share_changed(room.name);
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
  while (!away_.empty() && away_.begin()->first <= now) {
    Peer& peer = *away_.begin()->second;
    peer.leaving_to ? let_go(peer, now) : remove(peer, now);
  }
  while (!arriving_.empty() && arriving_.begin()->first <= now) {
    const Peer& peer = *arriving_.begin()->second;
    on_handed_over({peer.room.name, peer.id}, now);
  }
  while (!on_a_pass_.empty() && on_a_pass_.begin()->first <= now) {
    dismiss(*on_a_pass_.begin()->second, {ErrorCode::token_expired, "Your token has expired."},
            now);
  }
  while (!audience_due_.empty() && audience_due_.begin()->first <= now) {
    send_audience(*audience_due_.begin()->second, now);
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
  consider(arriving_);
  consider(on_a_pass_);
  consider(audience_due_);
  return next;
}

Census Hub::census() const {
  Census census{.away = away_.size(), .rooms = rooms_.size(), .kept_bytes = budget_.bytes};
  for (const auto& [until, peer] : away_) census.sent_off += peer->sent_off ? 1 : 0;
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
      report.peers.push_back(
          {id, peer->role, peer->on_air, peer->away_until.has_value(), peer->name});
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

void Hub::audience_changed(Room& room, TimePoint now) {
  const TimePoint due = room.audience_due(options_.audience_interval);
  if (due <= now) {
    send_audience(room, now);
  } else {
    audience_due_.emplace(due, &room);
  }
}

void Hub::send_audience(Room& room, TimePoint now) {
  audience_due_.erase({room.audience_due(options_.audience_interval), &room});
  const std::uint32_t watching = room.watching();
  if (room.audience_sent == watching) return;
  room.audience_sent = watching;
  room.audience_sent_at = now;
  if (room.talkers.empty()) return;
  counters_.deliveries +=
      room.broadcast_to_present(Reach::talkers, frame_of(protocol::Audience{watching}));
}

}  // namespace onair::rooms
