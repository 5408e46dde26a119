#include "cluster/gateway.hpp"

#include <algorithm>
#include <utility>

namespace onair::cluster {

using relay::DirectedFrame;
using relay::Frame;
using relay::HubId;
using relay::Order;
using relay::Reach;
using relay::RoomPart;
using relay::TalkerPart;
using Kind = Subjects::Topic::Kind;

namespace {

constexpr std::size_t kMostProcessIdBytes = 64;
constexpr std::size_t kMostIdsInMessage = 5'000;
/// What waits for peers that are expected, or for the wire.
constexpr std::size_t kMostWaiting = 4'096;
constexpr std::size_t kMostKept = 65'536;  ///< for one peer; hubs have less
constexpr std::size_t kMostUnsaid = 1'000;
/// How long something that was sent to a peer's last process may be on its way.
constexpr Duration kLate = std::chrono::seconds(5);

const TalkerPart* find(const std::vector<TalkerPart>& talkers, const protocol::PeerId& id) {
  const auto found = std::find_if(talkers.begin(), talkers.end(),
                                  [&id](const TalkerPart& talker) { return talker.id == id; });
  return found == talkers.end() ? nullptr : &*found;
}

bool has(const std::vector<TalkerPart>& talkers, const protocol::PeerId& id) {
  return find(talkers, id) != nullptr;
}

Frame frame_of(const ToPeer& message) {
  return std::make_shared<const relay::SharedFrame>(message.frame, message.number);
}

Frame said_by(const protocol::PeerId& id, protocol::Body body) {
  return std::make_shared<const relay::SharedFrame>(relay::frame_of(std::move(body))->text(), id);
}

/// Whether one of these parts has members who hear what watchers say, and that they are gone.
template <typename Parts>
bool any_hears_watchers(const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& entry) {
    return entry.second.roleless > 0 || !entry.second.talkers.empty();
  });
}

void add(RoomPart& sum, const RoomPart& part) {
  sum.watching += part.watching;
  sum.roleless += part.roleless;
  sum.members += part.members;
  for (const TalkerPart& talker : part.talkers) {
    if (!has(sum.talkers, talker.id)) sum.talkers.push_back(talker);
  }
}

}  // namespace

bool Gateway::Room::hears_of_members() const {
  return any_hears_watchers(local);
}

bool Gateway::Room::tells_of_members() const {
  return any_hears_watchers(remote);
}

RoomPart Gateway::Room::local_part() const {
  RoomPart sum;
  for (const auto& [hub, part] : local) add(sum, part);
  return sum;
}

RoomPart Gateway::Room::remote_part() const {
  RoomPart sum;
  for (const auto& [process, part] : remote) add(sum, part);
  for (const Kept& orphan : orphans) {
    if (!has(sum.talkers, orphan.talker.id)) sum.talkers.push_back(orphan.talker);
  }
  return sum;
}

bool Gateway::Room::expects(const protocol::PeerId& peer) const {
  return members_elsewhere.contains(peer) || lost.contains(peer) ||
         has(remote_part().talkers, peer);
}

Gateway::Gateway(GatewayOptions options, relay::ThreadBus& bus, Wire& wire, LeaseStore& leases)
    : options_(std::move(options)),
      subjects_(options_.prefix, options_.process),
      bus_(bus),
      wire_(wire),
      leases_({.process = options_.process, .places = options_.talkers_per_room}, leases,
              [this](const Claimant& claimant) {
                bus_.order({Order::Kind::stand_back, claimant.room, claimant.talker});
              }) {
  for (const std::string& subject :
       {subjects_.orders(), subjects_.alive(), subjects_.gone(), subjects_.replies()}) {
    wire_.subscribe(subject);
  }
}

void Gateway::publish(const std::string& subject, std::string_view payload,
                      const std::string& reply) {
  if (!connected_) return;
  ++counters_.published;
  wire_.publish(subject, payload, reply);
}

// Rooms.

bool Gateway::knows(const std::string& name) const {
  const auto room = rooms_.find(name);
  return room != rooms_.end() && room->second.known;
}

void Gateway::learn(const std::string& name, TimePoint now) {
  const auto [room, is_new] = rooms_.try_emplace(name);
  if (!is_new) return;
  // What others say from now on is not missed, whatever they answer.
  subscribe_as_needed(name, room->second);
  if (bus_.join(name)) room_ready(name, now);
}

/// The hubs here have told what they have.
void Gateway::room_ready(const std::string& name, TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  room->second.local_known = true;
  if (connected_) return ask_for(name, room->second, now);
  become_known(name, room->second, now);
}

void Gateway::ask_for(const std::string& name, Room& room, TimePoint now) {
  room.known_by = now + options_.patience;
  due_.emplace(*room.known_by, name);
  publish(subjects_.ask(name), own_part(room, now), subjects_.part_of(name));
}

void Gateway::become_known(const std::string& name, Room& room, TimePoint now) {
  room.known_by.reset();
  if (std::exchange(room.known, true)) return;
  subscribe_as_needed(name, room);
  tell_part(name, room, now);
  bus_.part_changed(name);
  bus_.answer_joins(name);
}

void Gateway::subscribe_as_needed(const std::string& name, Room& room) {
  const RoomPart part = room.local_part();
  std::set<std::string> needed = {subjects_.frames(name, Reach::everyone), subjects_.parts(name),
                                  subjects_.list(name)};
  // Whoever asks waits for the answers of all who are subscribed.
  if (room.known) needed.insert(subjects_.ask(name));
  if (part.roleless > 0) needed.insert(subjects_.frames(name, Reach::roleless));
  if (room.hears_of_members()) {
    needed.insert(subjects_.frames(name, Reach::talkers));
    needed.insert(subjects_.members(name));
  } else {
    room.members_elsewhere.clear();
    room.listed.clear();
    room.lost.clear();
  }
  const bool hears_now =
      needed.contains(subjects_.members(name)) && !room.subjects.contains(subjects_.members(name));
  for (const std::string& subject : needed) {
    if (!room.subjects.contains(subject)) wire_.subscribe(subject);
  }
  for (const std::string& subject : room.subjects) {
    if (!needed.contains(subject)) wire_.unsubscribe(subject);
  }
  room.subjects = std::move(needed);
  if (hears_now) ask_for_members(name);
}

std::optional<RoomPart> Gateway::part_of(const std::string& name) const {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return std::nullopt;
  return room->second.remote_part();
}

void Gateway::hear_part(const std::string& name, HubId hub, std::optional<RoomPart> part,
                        TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  if (part) {
    room->second.local[hub] = *std::move(part);
  } else {
    room->second.local.erase(hub);
  }
  if (room->second.local.empty() && room->second.local_known) return close(room);
  local_changed(name, room->second, now);
}

/// Without leases, every process comes to the same result from what all say.
void Gateway::keep_to_talkers_per_room(const std::string& name, const Room& room) {
  if (leases_.is_available()) return;
  RoomPart all = room.local_part();
  const std::vector<TalkerPart> own = all.talkers;
  add(all, room.remote_part());
  std::sort(all.talkers.begin(), all.talkers.end(), relay::outranks);
  for (std::size_t i = options_.talkers_per_room; i < all.talkers.size(); ++i) {
    if (!has(own, all.talkers[i].id)) continue;
    bus_.order({Order::Kind::stand_back, name, all.talkers[i].id});
  }
}

void Gateway::close(Rooms::iterator room) {
  publish(subjects_.parts(room->first), encode(Part{options_.process, std::nullopt}));
  leases_.set_talkers(room->first, {});
  for (const std::string& subject : room->second.subjects) wire_.unsubscribe(subject);
  bus_.leave(room->first);
  rooms_.erase(room);
}

void Gateway::local_changed(const std::string& name, Room& room, TimePoint now) {
  subscribe_as_needed(name, room);
  drop_orphans(name, room, now);
  const RoomPart part = room.local_part();
  leases_.set_talkers(name, part.talkers);
  if (!room.known) return;
  announce(name, room);
  keep_to_talkers_per_room(name, room);
  if (room.told == part) return;
  // Numbers may come late; who talks may not.
  const bool is_urgent = !room.told || room.told->talkers != part.talkers ||
                         (room.told->roleless > 0) != (part.roleless > 0);
  if (is_urgent || room.told_at + options_.part_interval <= now) {
    return tell_part(name, room, now);
  }
  room.tell_at = room.told_at + options_.part_interval;
  due_.emplace(*room.tell_at, name);
}

void Gateway::tell_part(const std::string& name, Room& room, TimePoint now, bool was_away) {
  room.tell_at.reset();
  room.told = room.local_part();
  room.told_at = now;
  publish(subjects_.parts(name), own_part(room, now, was_away));
}

std::string Gateway::own_part(const Room& room, TimePoint now, bool was_away) const {
  Part part{.process = options_.process, .part = room.local_part(), .was_away = was_away};
  for (const auto& [process, its_part] : room.remote) part.others.push_back(process);
  for (const Kept& orphan : room.orphans) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(orphan.until - now);
    if (left.count() > 0) part.orphans.push_back({orphan.talker, left});
  }
  return encode(part);
}

// From the hubs to other processes.

void Gateway::attached(const protocol::PeerId& peer, const std::string& name, TimePoint now) {
  moved_away_.erase(peer);
  hurry(peer, now);
  // It may only have moved from one hub to another.
  if (!rooms_of_peers_.insert_or_assign(peer, name).second) return;
  wire_.subscribe(subjects_.peer(peer));
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  room->second.members.insert(peer);
  room->second.lost.erase(peer);
  room->second.members_elsewhere.erase(peer);
  if (room->second.tells_of_members()) {
    publish(subjects_.members(name), encode(Members{options_.process, {peer}}));
  }
}

void Gateway::detached(const protocol::PeerId& peer) {
  wire_.unsubscribe(subjects_.peer(peer));
  arriving_.erase(peer);
  unsaid_claims_.erase(peer);
  const auto name = rooms_of_peers_.find(peer);
  if (name == rooms_of_peers_.end()) return;
  const auto room = rooms_.find(name->second);
  if (room != rooms_.end()) {
    room->second.members.erase(peer);
    if (room->second.tells_of_members()) {
      publish(subjects_.members(room->first), encode(Members{options_.process, {}, {peer}}));
    }
  }
  rooms_of_peers_.erase(name);
}

void Gateway::ask_for_members(const std::string& name) {
  publish(subjects_.list(name), {}, subjects_.members_of(name));
}

/// In pieces, since a message has a bound.
void Gateway::list_members(const std::string& name, const std::string& reply) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  Members members{options_.process};
  for (const protocol::PeerId& id : room->second.members) {
    members.come.push_back(id);
    if (members.come.size() < kMostIdsInMessage) continue;
    publish(reply, encode(members));
    members.come.clear();
  }
  members.ends_list = true;
  publish(reply, encode(members));
}

void Gateway::note_members(const std::string& name, const Members& members, TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end() || members.process == options_.process) return;
  for (const protocol::PeerId& id : members.come) {
    room->second.members_elsewhere[id] = members.process;
    room->second.lost.erase(id);
    hurry(id, now);
  }
  for (const protocol::PeerId& id : members.gone) {
    const auto found = room->second.members_elsewhere.find(id);
    const bool is_there =
        found != room->second.members_elsewhere.end() && found->second == members.process;
    if (is_there) room->second.members_elsewhere.erase(found);
  }
}

/// What a process answers to the question whom it has. Who is there no more left while that could
/// not be heard.
void Gateway::note_list(const std::string& name, const Members& members, TimePoint now) {
  note_members(name, members, now);
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  std::set<protocol::PeerId>& listed = room->second.listed[members.process];
  listed.insert(members.come.begin(), members.come.end());
  if (!members.ends_list) return;
  lose_members(name, room->second, members.process, listed, now);
  room->second.listed.erase(members.process);
}

/// The members that a process had have the grace time to come back, but for those who are there.
void Gateway::lose_members(const std::string& name, Room& room, const ProcessId& process,
                           const std::set<protocol::PeerId>& there, TimePoint now) {
  std::erase_if(room.members_elsewhere, [&](const auto& entry) {
    if (entry.second != process || there.contains(entry.first)) return false;
    room.lost.emplace(entry.first, now + options_.grace);
    return true;
  });
  if (!room.lost.empty()) due_.emplace(now + options_.grace, name);
}

void Gateway::hear(const std::string& name, Reach reach, const Frame& frame) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end() || room->second.remote.empty()) return;
  publish(subjects_.frames(name, reach), frame->text(), subjects_.reply_of(frame->number()));
}

bool Gateway::hear(const DirectedFrame& directed, TimePoint now) {
  // It may be one of this process, of which the sender's hub did not know yet.
  if (!moved_away_.contains(directed.to) && bus_.send(directed)) return true;
  const std::uint64_t number = ++last_sent_;
  Sent& sent = sent_.emplace(number, Sent{directed, now + options_.grace}).first->second;
  if (!connected_ || waits_for(directed.to)) {
    wait(number, now + options_.long_pause);
  } else {
    send(number, sent);
  }
  return true;
}

void Gateway::send(std::uint64_t number, Sent& sent) {
  ++sent.tries;
  sent.beat = beats_;
  const DirectedFrame& directed = sent.directed;
  publish(subjects_.peer(directed.to),
          encode(ToPeer{ToPeer::Kind::frame, directed.room, directed.from, directed.reach,
                        directed.frame->text(), directed.frame->number()}),
          subjects_.undelivered(number));
}

/// It is sent again at that time. Where too much waits already, it is lost, as on a bad network:
/// clients ask anew.
void Gateway::wait(std::uint64_t number, TimePoint until) {
  if (again_at_.size() >= kMostWaiting) {
    sent_.erase(number);
    return;
  }
  again_at_.emplace(until, number);
  const auto sent = sent_.find(number);
  if (sent != sent_.end()) sent->second.beat = beats_;
}

void Gateway::send_again(std::uint64_t number, TimePoint now) {
  const auto sent = sent_.find(number);
  if (sent == sent_.end()) return;
  const DirectedFrame& directed = sent->second.directed;
  const bool has_come_here = bus_.send(directed);
  if (has_come_here || (!connected_ && sent->second.until <= now)) {
    sent_.erase(sent);
  } else if (connected_) {
    send(number, sent->second);
  } else {
    wait(number, now + options_.long_pause);
  }
}

bool Gateway::waits_for(const protocol::PeerId& peer) const {
  return std::any_of(again_at_.begin(), again_at_.end(), [&](const auto& entry) {
    const auto sent = sent_.find(entry.second);
    return sent != sent_.end() && sent->second.directed.to == peer;
  });
}

/// The peer is somewhere again.
void Gateway::hurry(const protocol::PeerId& peer, TimePoint now) {
  std::vector<std::uint64_t> numbers;
  std::erase_if(again_at_, [&](const auto& entry) {
    const auto sent = sent_.find(entry.second);
    if (sent == sent_.end() || sent->second.directed.to != peer) return false;
    numbers.push_back(entry.second);
    return true;
  });
  for (const std::uint64_t number : numbers) again_at_.emplace(now, number);
}

void Gateway::hear(const Order& order, TimePoint) {
  if (connected_) return publish(subjects_.orders(), encode(order));
  if (unsaid_orders_.size() < kMostUnsaid) unsaid_orders_.push_back(order);
}

void Gateway::undelivered(const relay::Undelivered& undelivered) {
  if (bus_.hub_of(undelivered.from)) return bus_.return_undelivered(undelivered);
  publish(subjects_.peer(undelivered.from),
          encode(ToPeer{.kind = ToPeer::Kind::undelivered, .room = undelivered.room}));
}

void Gateway::taken_over(const std::string& name, const protocol::PeerId& peer, HubId by,
                         TimePoint) {
  if (connected_) return claim(name, peer);
  unsaid_claims_[peer] = name;
  bus_.hand_over(by, {name, peer});
}

/// Whoever else has the peer is to hand it over.
void Gateway::claim(const std::string& name, const protocol::PeerId& peer) {
  publish(subjects_.peer(peer), encode(ToPeer{.kind = ToPeer::Kind::take_over, .room = name}),
          subjects_.claimed(peer));
}

/// A hub here has let go of one that is served by another process now.
void Gateway::handed_over(const relay::HandOver& kept, TimePoint) {
  const auto moved = moved_away_.find(kept.peer);
  if (moved == moved_away_.end()) return;
  const std::string& subject = moved->second.claimed;
  for (const Frame& frame : kept.frames) {
    publish(subject, encode(ToPeer{.kind = ToPeer::Kind::kept,
                                   .room = kept.room,
                                   .frame = frame->text(),
                                   .number = frame->number()}));
  }
  publish(subject,
          encode(ToPeer{.kind = ToPeer::Kind::handed_over, .room = kept.room, .told = kept.told}));
}

/// To the hub that serves the peer now.
void Gateway::end_claim(const protocol::PeerId& peer, relay::HandOver kept) {
  const auto hub = bus_.hub_of(peer);
  const auto room = rooms_of_peers_.find(peer);
  if (!hub || room == rooms_of_peers_.end()) return;
  kept.room = room->second;
  kept.peer = peer;
  bus_.hand_over(*hub, kept);
}

void Gateway::leave() {
  publish(subjects_.gone(), options_.process);
}

// From other processes to the hubs.

void Gateway::hear(std::string_view subject, std::string_view payload, std::string_view reply,
                   TimePoint now) {
  ++counters_.heard;
  const auto topic = subjects_.topic_of(subject);
  if (!topic || !take(*topic, payload, reply, now)) ++counters_.foreign;
}

bool Gateway::take(const Topic& topic, std::string_view payload, std::string_view reply,
                   TimePoint now) {
  switch (topic.kind) {
    case Kind::frames:
      return hear_frame(topic, payload, reply);
    case Kind::peer:
      return hear_for_peer(topic.peer, payload, reply, now);
    case Kind::claimed:
      return hear_kept(topic.peer, payload);
    case Kind::parts:
    case Kind::part_of:
      return hear_part(topic.room, payload, now);
    case Kind::ask: {
      if (!hear_part(topic.room, payload, now)) return false;
      const auto room = rooms_.find(topic.room);
      if (room != rooms_.end()) publish(std::string(reply), own_part(room->second, now));
      return true;
    }
    case Kind::members:
    case Kind::members_of: {
      const auto members = decode_members(payload);
      if (!members) return false;
      if (topic.kind == Kind::members) {
        note_members(topic.room, *members, now);
      } else {
        note_list(topic.room, *members, now);
      }
      return true;
    }
    case Kind::list:
      list_members(topic.room, std::string(reply));
      return true;
    case Kind::orders: {
      const auto order = decode_order(payload);
      if (order) bus_.order(*order);
      return order.has_value();
    }
    case Kind::alive:
      if (payload.empty() || payload.size() > kMostProcessIdBytes) return false;
      note_life(ProcessId(payload), now);
      return true;
    case Kind::gone:
      forget(ProcessId(payload), now);
      forgotten_.erase(ProcessId(payload));
      return true;
    case Kind::undelivered:
      break;
  }
  return false;
}

bool Gateway::hear_frame(const Topic& topic, std::string_view payload, std::string_view reply) {
  if (!is_frame(payload)) return false;
  ++counters_.frames_heard;
  bus_.broadcast(topic.room, topic.reach,
                 std::make_shared<const relay::SharedFrame>(payload, subjects_.number_of(reply)));
  return true;
}

bool Gateway::hear_for_peer(const protocol::PeerId& peer, std::string_view payload,
                            std::string_view reply, TimePoint now) {
  const auto message = decode_to_peer(payload);
  // Whoever asked for the peer last hears the same.
  if (!message || moved_away_.contains(peer)) return message.has_value();
  switch (message->kind) {
    case ToPeer::Kind::frame:
      ++counters_.frames_heard;
      if (!bus_.send({message->room, peer, message->from, message->reach, frame_of(*message)})) {
        undelivered({message->room, message->from, peer});
      }
      return true;
    case ToPeer::Kind::take_over:
      if (bus_.claim(message->room, peer)) moved_away_[peer] = {now + kLate, std::string(reply)};
      return true;
    case ToPeer::Kind::undelivered:
      bus_.return_undelivered({message->room, peer, {}});
      return true;
    case ToPeer::Kind::kept:
    case ToPeer::Kind::handed_over:
      break;
  }
  return false;
}

/// What comes from the process that had the peer.
bool Gateway::hear_kept(const protocol::PeerId& peer, std::string_view payload) {
  const auto message = decode_to_peer(payload);
  if (!message) return false;
  if (message->kind == ToPeer::Kind::kept) {
    const bool is_ours = rooms_of_peers_.contains(peer);
    if (is_ours && arriving_[peer].size() < kMostKept) {
      arriving_[peer].push_back(frame_of(*message));
    }
    return true;
  }
  if (message->kind != ToPeer::Kind::handed_over) return false;
  auto arrived = arriving_.extract(peer);
  relay::HandOver kept;
  kept.told = message->told;
  if (arrived) kept.frames = std::move(arrived.mapped());
  end_claim(peer, std::move(kept));
  return true;
}

bool Gateway::hear_part(const std::string& name, std::string_view payload, TimePoint now) {
  const auto decoded = decode_part(payload);
  if (!decoded) return false;
  if (decoded->process != options_.process) note_part(name, *decoded, now);
  return true;
}

void Gateway::note_part(const std::string& name, const Part& part, TimePoint now) {
  note_life(part.process, now);
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  Room& room = found->second;
  const bool missed_news = room.synced.insert(part.process).second || part.was_away;
  const RoomPart before = missed_news ? room.remote_part() : RoomPart{};
  const auto known = room.remote.find(part.process);
  if (missed_news && known != room.remote.end()) {
    for (const TalkerPart& talker : known->second.talkers) {
      const bool is_gone = !part.part || !has(part.part->talkers, talker.id);
      if (is_gone) keep(name, room, talker, now + options_.grace);
    }
  }
  // Whoever asks has members soon, and must not miss what is said until then.
  if (part.part) {
    room.remote[part.process] = *part.part;
  } else {
    room.remote.erase(part.process);
  }
  for (const Orphan& orphan : part.orphans) {
    keep(name, room, orphan.talker, now + std::min<Duration>(orphan.left, options_.grace));
  }
  drop_orphans(name, room, now);
  if (missed_news && room.known) {
    say_what_was_missed(name, room, before);
    if (room.hears_of_members()) ask_for_members(name);
  }
  announce(name, room);
  room.awaited.erase(part.process);
  for (const ProcessId& other : part.others) {
    if (!room.known && other != options_.process && !room.remote.contains(other)) {
      room.awaited.insert(other);
    }
  }
  bus_.part_changed(name);
  keep_to_talkers_per_room(name, room);
  if (!room.known && room.known_by && room.awaited.empty()) become_known(name, room, now);
}

/// Who went on and off air while the process that has it could not be heard.
void Gateway::say_what_was_missed(const std::string& name, Room& room, const RoomPart& before) {
  const RoomPart local = room.local_part();
  for (const TalkerPart& talker : room.remote_part().talkers) {
    if (has(local.talkers, talker.id)) continue;
    const TalkerPart* const was = find(before.talkers, talker.id);
    const bool was_on_air = was != nullptr && was->on_air;
    if (talker.on_air && !was_on_air) room.unannounced.insert(talker.id);
    if (!talker.on_air && was_on_air) {
      bus_.broadcast(name, Reach::everyone, said_by(talker.id, protocol::EndTalk{}));
    }
  }
  for (const auto& [peer, its_room] : unsaid_claims_) {
    if (its_room == name) claim(name, peer);
  }
}

/// Once it is decided who stays, where more talk than may.
void Gateway::announce(const std::string& name, Room& room) {
  if (room.unannounced.empty()) return;
  const RoomPart remote = room.remote_part();
  RoomPart all = room.local_part();
  add(all, remote);
  if (all.talkers.size() > options_.talkers_per_room) return;
  for (const protocol::PeerId& id : std::exchange(room.unannounced, {})) {
    const TalkerPart* const talker = find(remote.talkers, id);
    if (talker == nullptr || !talker->on_air) continue;
    bus_.broadcast(name, Reach::everyone, said_by(id, protocol::TalkReady{}));
  }
}

void Gateway::nobody_heard(std::string_view reply, TimePoint now) {
  const auto topic = subjects_.topic_of(reply);
  if (!topic) return;
  if (topic->kind == Kind::undelivered) {
    const auto sent = sent_.find(topic->number);
    if (sent == sent_.end()) return;
    const DirectedFrame& directed = sent->second.directed;
    if (sent->second.tries < options_.tries) return wait(topic->number, now + options_.pause);
    const auto room = rooms_.find(directed.room);
    if (now < sent->second.until && room != rooms_.end() && room->second.expects(directed.to)) {
      return wait(topic->number, now + options_.long_pause);
    }
    bus_.return_undelivered({directed.room, directed.from, directed.to});
    sent_.erase(sent);
  }
  if (topic->kind == Kind::claimed) end_claim(topic->peer, {});
  if (topic->kind != Kind::part_of) return;
  const auto room = rooms_.find(topic->room);
  if (room != rooms_.end()) become_known(room->first, room->second, now);
}

// The wire's and the others' lives.

void Gateway::connected(TimePoint now) {
  connected_ = true;
  beat_at_ = now;
  // What was said meanwhile is lost, and who is silent now may have been so before.
  for (auto& [process, heard] : last_heard_) heard = now;
  for (auto& [name, room] : rooms_) room.synced.clear();
  for (const Order& order : std::exchange(unsaid_orders_, {})) hear(order, now);
  for (const auto& [peer, name] : unsaid_claims_) claim(name, peer);
  claims_end_ = now + options_.grace;
  resynced_by_ = now + options_.dead_after;
  introduce(now);
}

/// Tells the others of every room, and asks what they have.
void Gateway::introduce(TimePoint now) {
  for (auto& [name, room] : rooms_) {
    if (!room.local_known) continue;
    if (room.known) tell_part(name, room, now, /*was_away=*/true);
    ask_for(name, room, now);
    if (room.hears_of_members()) ask_for_members(name);
  }
}

/// One that was silent for so long that it was taken for dead may have stood still, and knows as
/// little of us.
void Gateway::note_life(const ProcessId& process, TimePoint now) {
  last_heard_[process] = now;
  if (forgotten_.erase(process) > 0) introduce(now);
}

void Gateway::disconnected() {
  connected_ = false;
  beat_at_.reset();
}

/// Its members have the grace time to come back at another: nobody's picture goes over it.
void Gateway::forget(const ProcessId& process, TimePoint now) {
  last_heard_.erase(process);
  forgotten_.insert(process);
  for (auto& [name, room] : rooms_) forget(name, room, process, now);
}

void Gateway::forget(const std::string& name, Room& room, const ProcessId& process, TimePoint now) {
  const auto part = room.remote.find(process);
  if (part == room.remote.end()) return;
  for (const TalkerPart& talker : part->second.talkers) {
    keep(name, room, talker, now + options_.grace);
  }
  room.remote.erase(part);
  room.awaited.erase(process);
  room.synced.erase(process);
  room.listed.erase(process);
  lose_members(name, room, process, {}, now);
  drop_orphans(name, room, now);
  bus_.part_changed(name);
}

/// Those who have not said their part for so long after the wire was away have none any more.
void Gateway::forget_silent(TimePoint now) {
  resynced_by_.reset();
  for (auto& [name, room] : rooms_) {
    std::vector<ProcessId> silent;
    for (const auto& [process, part] : room.remote) {
      if (!room.synced.contains(process)) silent.push_back(process);
    }
    for (const ProcessId& process : silent) forget(name, room, process, now);
  }
}

/// Watchers who did not come back in time.
void Gateway::drop_lost(const std::string& name, Room& room, TimePoint now) {
  for (auto it = room.lost.begin(); it != room.lost.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    const auto is_it = [&](const Kept& orphan) { return orphan.talker.id == it->first; };
    if (std::none_of(room.orphans.begin(), room.orphans.end(), is_it)) {
      bus_.broadcast(name, Reach::talkers, relay::frame_of(protocol::UserDisconnected{it->first}));
    }
    it = room.lost.erase(it);
  }
}

void Gateway::keep(const std::string& name, Room& room, const TalkerPart& talker, TimePoint until) {
  const auto is_it = [&talker](const Kept& orphan) { return orphan.talker.id == talker.id; };
  if (std::any_of(room.orphans.begin(), room.orphans.end(), is_it)) return;
  room.orphans.push_back({talker, until});
  due_.emplace(until, name);
}

/// Those who are back, and those who did not come.
void Gateway::drop_orphans(const std::string& name, Room& room, TimePoint now) {
  const RoomPart local = room.local_part();
  const auto is_back = [&](const Kept& orphan) {
    const auto has_it = [&](const auto& entry) {
      return has(entry.second.talkers, orphan.talker.id);
    };
    return has(local.talkers, orphan.talker.id) ||
           std::any_of(room.remote.begin(), room.remote.end(), has_it);
  };
  if (std::erase_if(room.orphans, is_back) > 0) bus_.part_changed(name);
  std::vector<protocol::PeerId> lost;
  std::erase_if(room.orphans, [&](const Kept& orphan) {
    if (orphan.until > now) return false;
    lost.push_back(orphan.talker.id);
    return true;
  });
  for (const protocol::PeerId& id : lost) {
    bus_.broadcast(name, Reach::everyone, relay::frame_of(protocol::UserDisconnected{id}));
    bus_.part_changed(name);
  }
}

void Gateway::advance(TimePoint now) {
  if (beat_at_ && *beat_at_ <= now) {
    beat_at_ = now + options_.heartbeat;
    ++beats_;
    // What has not come back by now was heard.
    while (!sent_.empty() && sent_.begin()->second.beat + 1 < beats_) sent_.erase(sent_.begin());
    publish(subjects_.alive(), options_.process);
    std::vector<ProcessId> dead;
    for (const auto& [process, heard] : last_heard_) {
      if (heard + options_.dead_after <= now) dead.push_back(process);
    }
    for (const ProcessId& process : dead) forget(process, now);
    std::erase_if(moved_away_, [now](const auto& entry) { return entry.second.until <= now; });
    if (resynced_by_ && *resynced_by_ <= now) forget_silent(now);
    if (claims_end_ && *claims_end_ <= now) {
      unsaid_claims_.clear();
      claims_end_.reset();
    }
  }
  leases_.advance(now);
  while (!again_at_.empty() && again_at_.begin()->first <= now) {
    const std::uint64_t number = again_at_.begin()->second;
    again_at_.erase(again_at_.begin());
    send_again(number, now);
  }
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string name = due_.begin()->second;
    due_.erase(due_.begin());
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    Room& room = found->second;
    if (room.known_by && *room.known_by <= now) become_known(name, room, now);
    if (room.tell_at && *room.tell_at <= now) tell_part(name, room, now);
    drop_lost(name, room, now);
    drop_orphans(name, room, now);
  }
}

std::optional<TimePoint> Gateway::next_deadline() const {
  std::optional<TimePoint> next = beat_at_;
  if (!due_.empty() && (!next || due_.begin()->first < *next)) next = due_.begin()->first;
  if (!again_at_.empty() && (!next || again_at_.begin()->first < *next)) {
    next = again_at_.begin()->first;
  }
  if (const auto due = leases_.next_deadline(); due && (!next || *due < *next)) next = due;
  return next;
}

}  // namespace onair::cluster
