// Entering a room: identify the client, decide (entry.cpp), and only then change anything.
#include <algorithm>
#include <utility>

#include "rooms/hub.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;

void Hub::enter(Link& link, const EntryRequest& request, TimePoint now) {
  if (charge_entry(link, now)) enter_room(link, request, now);
}

bool Hub::charge_entry(Link& link, TimePoint now) {
  if (link.entries++ < kCheapEntries) return true;
  return charge(link, price_of_entry(options_.limits.rates), 0, now);
}

void Hub::enter_room(Link& link, const EntryRequest& request, TimePoint now) {
  const std::string& name = request.enter.room;
  if (link.peer != nullptr && link.peer->room.name == name) return;
  leave_room(link, now);
  const auto answer = request.pass ? std::variant<Pass, Refusal>(*request.pass)
                                   : options_.doorkeeper(request.enter);
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return refuse(link, *refusal);
  Room* const room = open_room(name, now);
  if (room == nullptr) {
    return refuse(link, {ErrorCode::too_many_rooms, "This server can't open more rooms."});
  }
  PendingEntry entry{&link, request, std::get<Pass>(answer)};
  if (room->ready) return let_in(*room, entry, now);
  link.waits_for = room;
  room->pending.push_back(std::move(entry));
}

Room* Hub::open_room(const std::string& name, TimePoint now) {
  if (Room* const room = find_room(name)) return room;
  if (rooms_.size() >= options_.limits.rooms && !close_dead_room(now)) return nullptr;
  Room& room = rooms_.try_emplace(name, name, budget_).first->second;
  room.ready = bus_.join(name);
  return &room;
}

void Hub::let_in(Room& room, const PendingEntry& entry, TimePoint now) {
  Link& link = *entry.link;
  const Applicant applicant = identify(room, entry.request, now);
  if (const auto refusal = refusal_of(applicant, room, removed_, options_.limits)) {
    refuse(link, *refusal);
    return close_if_empty(room);
  }
  Peer& peer = admit(room, entry, applicant, now);
  keep_away_bound(std::string(room.name), now);
  welcome(peer);
  if (peer.role == Role::talk) {
    router_.send(link, frame_of(protocol::Audience{room.watching()}));
    reception_reporter_.changed(room, now);
  }
  if (!deadlines_.hand_over.contains(&peer)) deliver_buffered(peer, {}, now);
  if (peer.role == Role::watch) return audience_.changed(room, now);
  if (peer.seniority) enforce_talker_limit(std::string(room.name), now);
}

Applicant Hub::identify(const Room& room, const EntryRequest& request, TimePoint now) const {
  const protocol::Enter& enter = request.enter;
  Applicant applicant{enter.role};
  applicant.returns = request.kind.is_forwarder;  // comes on behalf of members
  if (request.resumption) {
    applicant.resumed = request.resumption;
  } else if (enter.resume) {
    applicant.resumed = options_.resume_tokens.redeem(*enter.resume, enter.room, enter.role);
  }
  if (!applicant.resumed) return applicant;
  const protocol::PeerId& id = applicant.resumed->id;
  const auto known = room.peers.find(id);
  if (known != room.peers.end()) {
    applicant.member = known->second.get();
    return applicant;
  }
  applicant.served_by = bus_.hub_of(id);
  if (!applicant.served_by) applicant.served_by = room.hub_of_talker(id);
  applicant.returns = applicant.returns || applicant.served_by ||
                      (enter.role == Role::watch && bus_.reaches_further());
  applicant.seniority = seniority_of(*applicant.resumed, now);
  return applicant;
}

/// The seniority by a token that was issued before this server began, while it settles.
Seniority Hub::seniority_of(const Resumption& resumed, TimePoint now) const {
  if (!settles(now) || !options_.began) return std::nullopt;
  const Duration before = *options_.began - (now - resumed.age);
  if (before <= Duration::zero()) return std::nullopt;
  return before;
}

Peer& Hub::admit(Room& room, const PendingEntry& entry, const Applicant& applicant, TimePoint now) {
  const bool resumed = applicant.resumed.has_value();
  const bool fresh = entry.request.enter.fresh;
  Peer& peer = applicant.member ? *applicant.member : add_member(room, entry, applicant);
  bool buffered_elsewhere = false;
  if (!applicant.member && resumed) buffered_elsewhere = bus_.take_over(peer.id, room.name);
  ++router_.counters.entered;
  if (resumed) ++router_.counters.resumed;
  if (resumed && fresh) start_anew(peer);
  const auto* const leaving = peer.as<Moving>();
  const auto other = leaving ? std::optional(leaving->to) : std::nullopt;
  attach(*entry.link, peer);
  note_if_dead(room, now);  // it is not, or only the forwarder is here
  if (other) {
    // It was at the other hub for a moment, and is back.
    bus_.hand_over(*other, take_buffered(peer));
    buffered_elsewhere = bus_.take_over(peer.id, room.name);
  } else if (applicant.member) {
    bus_.came_back(peer.id);
  }
  // Frames for a page's connections mean nothing to one that has been loaded since.
  if (buffered_elsewhere && !fresh) deadlines_.hand_over.set(&peer, now + kHandOverTimeout);
  grant(peer, entry.pass, now);
  const auto& caps = entry.request.enter.caps;
  peer.can_move = std::find(caps.begin(), caps.end(), protocol::kForwardedCap) != caps.end();
  return peer;
}

Peer& Hub::add_member(Room& room, const PendingEntry& entry, const Applicant& applicant) {
  const EntryRequest& request = entry.request;
  protocol::PeerId id;
  std::optional<TalkerInfo> was;
  if (applicant.resumed) {
    id = applicant.resumed->id;
    if (applicant.served_by) was = room.move_from(*applicant.served_by, id, applicant.role);
  } else {
    id = request.id ? *request.id : options_.make_id();
  }
  Peer& peer = room.add(id, applicant.role, request.kind);
  if (!applicant.resumed) bus_.attach(peer.id, room.name);
  bus_.share_changed(room.name);
  peer.may_talk = entry.pass.may_talk;
  if (applicant.role == Role::talk) peer.seniority = applicant.seniority;
  if (was) {
    peer.on_air = was->on_air;
    peer.locks = was->locks;
    peer.seniority = was->seniority;
  }
  return peer;
}

/// The peer's page has been loaded anew: its connections are gone.
void Hub::start_anew(Peer& peer) {
  set_on_air(peer, false);
  if (!peer.is<SlotKept>()) router_.announce_gone(peer);
  peer.mailbox.reset();
}

/// Applies the pass with which the peer came last.
void Hub::grant(Peer& peer, const Pass& pass, TimePoint now) {
  peer.name = pass.name;
  peer.may_relay = peer.may_relay || pass.may_relay;
  deadlines_.pass.erase(&peer);
  if (pass.holds_for) deadlines_.pass.set(&peer, now + *pass.holds_for);
}

/// Gives the peer its new socket. Frames are held back until it is present.
void Hub::attach(Link& link, Peer& peer) {
  close_replaced_link(peer);
  peer.link = &link;
  link.peer = &peer;
  peer.admission_slot = link.admission_slot;
  peer.become(Arriving{});
  bus_.share_changed(peer.room.name);
  deadlines_.away.erase(&peer);
  deadlines_.paced.erase(&peer);
}

/// A stranger whom the operator lets watch without a token gets TURN credentials only where
/// somebody with the right to talk does.
std::vector<protocol::IceServer> Hub::ice_servers_for(Peer& peer) const {
  peer.may_relay = peer.may_relay || !peer.room.all_talkers().empty();
  auto servers = options_.ice_servers(peer.id);
  if (!peer.may_relay) {
    std::erase_if(servers,
                  [](const protocol::IceServer& server) { return server.credential.has_value(); });
  }
  return servers;
}

void Hub::welcome(Peer& peer) {
  protocol::Welcome welcome;
  welcome.id = peer.id;
  welcome.room = peer.room.name;
  if (peer.kind.buffered_while_away) {
    welcome.resume = options_.resume_tokens.issue({peer.id, peer.room.name, peer.role});
  }
  welcome.ice_servers = ice_servers_for(peer);
  welcome.talkers = peer.room.on_air();
  welcome.turn_only = options_.turn_only;
  welcome.name = peer.name;
  welcome.talkers_per_room = static_cast<std::uint32_t>(options_.limits.talkers_per_room);
  welcome.locked = peer.locks;
  if (peer.role == Role::talk) welcome.forward = options_.forward;
  router_.send(*peer.link, frame_of(std::move(welcome)));
}

}  // namespace onair::rooms
