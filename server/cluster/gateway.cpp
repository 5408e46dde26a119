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

constexpr std::size_t kMostIdsInMessage = 5'000;
constexpr std::size_t kMostUnsaid = 1'000;

}  // namespace

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

void Gateway::ask_for(const std::string& name, SharedRoom& room, TimePoint now) {
  room.known_by = now + options_.patience;
  due_.emplace(*room.known_by, name);
  publish(subjects_.ask(name), own_part(room, now), subjects_.part_of(name));
}

void Gateway::become_known(const std::string& name, SharedRoom& room, TimePoint now) {
  room.known_by.reset();
  if (std::exchange(room.known, true)) return;
  subscribe_as_needed(name, room);
  tell_part(name, room, now);
  bus_.part_changed(name);
  bus_.answer_joins(name);
}

void Gateway::subscribe_as_needed(const std::string& name, SharedRoom& room) {
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
    room.elsewhere = {};
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
void Gateway::keep_to_talkers_per_room(const std::string& name, const SharedRoom& room) {
  if (leases_.is_available()) return;
  const RoomPart own = room.local_part();
  std::vector<TalkerPart> talkers = room.talkers();
  std::sort(talkers.begin(), talkers.end(), relay::outranks);
  for (std::size_t i = options_.talkers_per_room; i < talkers.size(); ++i) {
    if (!has(own.talkers, talkers[i].id)) continue;
    bus_.order({Order::Kind::stand_back, name, talkers[i].id});
  }
}

void Gateway::close(Rooms::iterator room) {
  publish(subjects_.parts(room->first), encode(Part{options_.process, std::nullopt}));
  leases_.set_talkers(room->first, {});
  for (const std::string& subject : room->second.subjects) wire_.unsubscribe(subject);
  bus_.leave(room->first);
  rooms_.erase(room);
}

void Gateway::local_changed(const std::string& name, SharedRoom& room, TimePoint now) {
  subscribe_as_needed(name, room);
  free_places(name, room);
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

void Gateway::tell_part(const std::string& name, SharedRoom& room, TimePoint now, bool was_away) {
  room.tell_at.reset();
  room.told = room.local_part();
  room.told_at = now;
  publish(subjects_.parts(name), own_part(room, now, was_away));
}

std::string Gateway::own_part(const SharedRoom& room, TimePoint now, bool was_away) const {
  Part part{.process = options_.process, .part = room.local_part(), .was_away = was_away};
  for (const auto& [process, its_part] : room.remote) part.others.push_back(process);
  for (const KeptPlaces::Place& place : room.kept.all()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(place.until - now);
    if (left.count() > 0) part.orphans.push_back({place.talker, left});
  }
  return encode(part);
}

// From the hubs to other processes.

void Gateway::attached(const protocol::PeerId& peer, const std::string& name, TimePoint now) {
  moved_away_.erase(peer);
  deliveries_.hurry(peer, now);
  // It may only have moved from one hub to another.
  if (!rooms_of_peers_.insert_or_assign(peer, name).second) return;
  wire_.subscribe(subjects_.peer(peer));
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  room->second.members.insert(peer);
  room->second.elsewhere.take(peer);
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
    room->second.elsewhere.come(members.process, id);
    deliveries_.hurry(id, now);
  }
  for (const protocol::PeerId& id : members.gone) room->second.elsewhere.go(members.process, id);
}

void Gateway::note_list(const std::string& name, const Members& piece, TimePoint now) {
  note_members(name, piece, now);
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  const TimePoint until = now + options_.grace;
  if (room->second.elsewhere.list(piece, until)) due_.emplace(until, name);
}

void Gateway::hear(const std::string& name, Reach reach, const Frame& frame) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  // A process that has just joined may not be known here yet, as on a slow connection. It learns by
  // such a frame that somebody is on air, or never.
  if (room->second.remote.empty() && !tells_who_is_on_air(frame->text())) return;
  publish(subjects_.frames(name, reach), frame->text(), subjects_.reply_of(frame->number()));
}

bool Gateway::hear(const DirectedFrame& directed, TimePoint now) {
  // It may be one of this process, of which the sender's hub did not know yet.
  if (!moved_away_.contains(directed.to) && bus_.send(directed)) return true;
  const bool must_wait = !connected_ || deliveries_.any_waits_for(directed.to);
  const DeliveryNumber number = deliveries_.add(directed, now + options_.grace);
  if (must_wait) {
    deliveries_.wait(number, now + options_.long_pause);
  } else {
    send(number, directed);
  }
  return true;
}

void Gateway::send(DeliveryNumber number, const DirectedFrame& directed) {
  deliveries_.note_sent(number);
  publish(subjects_.peer(directed.to),
          encode(ToPeer{ToPeer::Kind::frame, directed.room, directed.from, directed.reach,
                        directed.frame->text(), directed.frame->number()}),
          subjects_.undelivered(number));
}

void Gateway::send_again(DeliveryNumber number, TimePoint now) {
  const Delivery* const delivery = deliveries_.find(number);
  if (delivery == nullptr) return;
  const bool has_come_here = bus_.send(delivery->directed);
  if (has_come_here || (!connected_ && delivery->until <= now)) {
    deliveries_.erase(number);
  } else if (connected_) {
    send(number, delivery->directed);
  } else {
    deliveries_.wait(number, now + options_.long_pause);
  }
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
    case Kind::gone: {
      const auto process = decode_process(payload);
      if (!process) return false;
      if (topic.kind == Kind::alive) {
        note_life(*process, now);
      } else {
        forget(*process, now, options_.grace);
      }
      return true;
    }
    case Kind::undelivered:
      break;
  }
  return false;
}

bool Gateway::hear_frame(const Topic& topic, std::string_view payload, std::string_view reply) {
  if (!is_frame(payload)) return false;
  ++counters_.frames_heard;
  const auto room = rooms_.find(topic.room);
  if (room != rooms_.end() && room->second.note_on_air(payload)) bus_.part_changed(topic.room);
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
      move_away(peer, message->room, std::string(reply), now);
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
  SharedRoom& room = found->second;
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
    keep(name, room, orphan.talker, now + std::min<Duration>(orphan.left, silent_grace()));
  }
  free_places(name, room);
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

void Gateway::nobody_heard(std::string_view reply, TimePoint now) {
  const auto topic = subjects_.topic_of(reply);
  if (!topic) return;
  if (topic->kind == Kind::undelivered) {
    not_delivered(topic->number, now);
  } else if (topic->kind == Kind::claimed) {
    end_claim(topic->peer, {});
  } else if (topic->kind == Kind::part_of) {
    const auto room = rooms_.find(topic->room);
    if (room != rooms_.end()) become_known(room->first, room->second, now);
  }
}

void Gateway::not_delivered(DeliveryNumber number, TimePoint now) {
  const Delivery* const delivery = deliveries_.find(number);
  if (delivery == nullptr) return;
  const DirectedFrame& directed = delivery->directed;
  if (delivery->tries < options_.tries) return deliveries_.wait(number, now + options_.pause);
  const auto room = rooms_.find(directed.room);
  if (now < delivery->until && room != rooms_.end() && room->second.expects(directed.to)) {
    return deliveries_.wait(number, now + options_.long_pause);
  }
  bus_.return_undelivered({directed.room, directed.from, directed.to});
  deliveries_.erase(number);
}

void Gateway::advance(TimePoint now) {
  if (beat_at_ && *beat_at_ <= now) {
    beat_at_ = now + options_.heartbeat;
    deliveries_.forget_heard();
    publish(subjects_.alive(), options_.process);
    std::vector<ProcessId> dead;
    for (const auto& [process, heard] : last_heard_) {
      if (heard + options_.dead_after <= now) dead.push_back(process);
    }
    for (const ProcessId& process : dead) take_for_dead(process, now);
    std::erase_if(taken_for_dead_, [now](const auto& entry) { return entry.second <= now; });
    std::erase_if(moved_away_, [now](const auto& entry) { return entry.second.until <= now; });
    if (resynced_by_ && *resynced_by_ <= now) forget_silent(now);
    if (claims_end_ && *claims_end_ <= now) {
      unsaid_claims_.clear();
      claims_end_.reset();
    }
  }
  leases_.advance(now);
  while (const auto number = deliveries_.take_due(now)) send_again(*number, now);
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string name = due_.begin()->second;
    due_.erase(due_.begin());
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    SharedRoom& room = found->second;
    if (room.known_by && *room.known_by <= now) become_known(name, room, now);
    if (room.tell_at && *room.tell_at <= now) tell_part(name, room, now);
    drop_overdue(name, room, now);
  }
}

std::optional<TimePoint> Gateway::next_deadline() const {
  std::optional<TimePoint> next = beat_at_;
  if (!due_.empty() && (!next || due_.begin()->first < *next)) next = due_.begin()->first;
  for (const auto& due : {deliveries_.next_due(), leases_.next_deadline()}) {
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

}  // namespace onair::cluster
