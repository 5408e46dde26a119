// Messages from the hubs, and this process's shares of the rooms.
#include "cluster/gateway.hpp"

#include <algorithm>
#include <utility>

namespace onair::cluster {

using rooms::DirectedFrame;
using rooms::Frame;
using rooms::HubId;
using rooms::Order;
using rooms::Reach;
using rooms::RoomShare;
using rooms::TalkerInfo;

namespace {

constexpr std::size_t kMaxIdsPerMessage = 5'000;

}  // namespace

Gateway::Gateway(GatewayOptions options, rooms::ThreadBus& bus, Wire& wire, LeaseStore& leases)
    : context_(std::move(options), bus, wire),
      liveness_(context_.options),
      moves_(context_),
      directed_(context_,
                [this](const std::string& name, const protocol::PeerId& peer) {
                  const SharedRoom* const room = find_room(name);
                  return room != nullptr && room->expects(peer);
                }),
      leases_({.process = context_.options.process, .slots = context_.options.talkers_per_room},
              leases, [this](const Claimant& claimant) {
                context_.bus.order({Order::Kind::release_slot, claimant.room, claimant.talker});
              }) {
  for (const std::string& subject : {context_.subjects.orders(), context_.subjects.alive(),
                                     context_.subjects.gone(), context_.subjects.replies()}) {
    context_.wire.subscribe(subject);
  }
}

GatewayCounters Gateway::counters() const {
  GatewayCounters counters = counters_;
  counters.published = context_.published;
  return counters;
}

SharedRoom* Gateway::find_room(const std::string& name) {
  const auto room = rooms_.find(name);
  return room == rooms_.end() ? nullptr : &room->second;
}

void Gateway::schedule(const std::string& name, const SharedRoom& room) {
  if (const auto due = room.next_due()) due_.set(name, *due);
}

bool Gateway::knows(const std::string& name) const {
  const auto room = rooms_.find(name);
  return room != rooms_.end() && room->second.known;
}

void Gateway::learn(const std::string& name, TimePoint now) {
  const auto [room, is_new] = rooms_.try_emplace(name);
  if (!is_new) return;
  // Subscribed before it asks, so that nothing sent after the answer is missed.
  subscribe_as_needed(name, room->second);
  if (context_.bus.join(name)) on_room_ready(name, now);
}

/// The hubs here have sent their shares.
void Gateway::on_room_ready(const std::string& name, TimePoint now) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end()) return;
  SharedRoom& room = found->second;
  room.local_known = true;
  // Whoever wanted in has gone before the hubs here answered.
  if (room.local.empty()) return close(found);
  if (is_connected()) return ask_for(name, room, now);
  become_known(name, room, now);
}

void Gateway::ask_for(const std::string& name, SharedRoom& room, TimePoint now) {
  room.known_by = now + context_.options.share_timeout;
  schedule(name, room);
  context_.publish(context_.subjects.ask(name), own_share(room, now),
                   context_.subjects.share_for(name));
}

void Gateway::become_known(const std::string& name, SharedRoom& room, TimePoint now) {
  room.known_by.reset();
  if (std::exchange(room.known, true)) return;
  subscribe_as_needed(name, room);
  publish_share(name, room, now);
  context_.bus.share_changed(name);
  context_.bus.answer_joins(name);
}

void Gateway::subscribe_as_needed(const std::string& name, SharedRoom& room) {
  std::set<std::string> needed = {context_.subjects.frames(name, Reach::everyone),
                                  context_.subjects.shares(name), context_.subjects.list(name)};
  // A process that asks waits for the answers of all who are subscribed.
  if (room.known) needed.insert(context_.subjects.ask(name));
  const RoomShare local = room.local_share();
  if (local.socketio > 0) needed.insert(context_.subjects.frames(name, Reach::socketio));
  if (local.receives_viewers()) needed.insert(context_.subjects.frames(name, Reach::talkers));
  const std::string members = context_.subjects.members(name);
  if (room.receives_members()) {
    needed.insert(context_.subjects.frames(name, Reach::talkers_and_socketio));
    needed.insert(members);
  } else {
    room.elsewhere = {};
  }
  const bool receives_now = needed.contains(members) && !room.subjects.contains(members);
  for (const std::string& subject : needed) {
    if (!room.subjects.contains(subject)) context_.wire.subscribe(subject);
  }
  for (const std::string& subject : room.subjects) {
    if (!needed.contains(subject)) context_.wire.unsubscribe(subject);
  }
  room.subjects = std::move(needed);
  if (receives_now) ask_for_members(name);
}

std::optional<RoomShare> Gateway::share_of(const std::string& name) const {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return std::nullopt;
  return room->second.remote_share();
}

void Gateway::on_share(const std::string& name, HubId hub, std::optional<RoomShare> share,
                       TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  if (share) {
    room->second.local[hub] = *std::move(share);
  } else {
    room->second.local.erase(hub);
  }
  if (room->second.local.empty() && room->second.local_known) return close(room);
  local_changed(name, room->second, now);
}

/// Without leases, every process comes to the same result from the shares of all.
void Gateway::enforce_talker_limit(const std::string& name, const SharedRoom& room) {
  if (leases_.is_available()) return;
  const RoomShare own = room.local_share();
  for (const TalkerInfo& talker : surplus(room.talkers(), context_.options.talkers_per_room)) {
    if (has(own.talkers, talker.id))
      context_.bus.order({Order::Kind::release_slot, name, talker.id});
  }
}

void Gateway::close(Rooms::iterator room) {
  context_.publish(context_.subjects.shares(room->first),
                   encode(Share{context_.options.process, std::nullopt}));
  leases_.set_talkers(room->first, {});
  for (const std::string& subject : room->second.subjects) context_.wire.unsubscribe(subject);
  due_.erase(room->first);
  context_.bus.leave(room->first);
  rooms_.erase(room);
}

void Gateway::local_changed(const std::string& name, SharedRoom& room, TimePoint now) {
  subscribe_as_needed(name, room);
  release_returned(name, room);
  const RoomShare share = room.local_share();
  leases_.set_talkers(name, share.talkers);
  if (!room.known) return;
  announce(name, room);
  enforce_talker_limit(name, room);
  if (room.published == share) return;
  // Numbers may come late; changes of those whom viewers reach may not.
  const bool is_urgent = !room.published || room.published->talkers != share.talkers ||
                         (room.published->socketio > 0) != (share.socketio > 0) ||
                         room.published->forwarders != share.forwarders;
  if (is_urgent || room.published_at + context_.options.share_interval <= now) {
    return publish_share(name, room, now);
  }
  room.publish_due = room.published_at + context_.options.share_interval;
  schedule(name, room);
}

void Gateway::publish_share(const std::string& name, SharedRoom& room, TimePoint now,
                            bool was_away) {
  room.publish_due.reset();
  room.published = room.local_share();
  room.published_at = now;
  context_.publish(context_.subjects.shares(name), own_share(room, now, was_away));
}

std::string Gateway::own_share(const SharedRoom& room, TimePoint now, bool was_away) const {
  Share share{
      .process = context_.options.process, .share = room.local_share(), .was_away = was_away};
  for (const auto& [process, its_share] : room.remote) share.others.push_back(process);
  for (const HeldSlots::Slot& slot : room.held_slots.all()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(slot.until - now);
    if (left.count() > 0) share.orphans.push_back({slot.talker, left});
  }
  return encode(share);
}

void Gateway::on_attached(const protocol::PeerId& peer, const std::string& name, TimePoint now) {
  directed_.retry_now(peer, now);
  if (!moves_.attach(peer, name, now)) return;
  context_.wire.subscribe(context_.subjects.peer(peer));
  SharedRoom* const room = find_room(name);
  if (room == nullptr) return;
  room->members.insert(peer);
  room->elsewhere.take(peer);
  announce_member(name, *room, peer);
}

void Gateway::announce_member(const std::string& name, const SharedRoom& room,
                              const protocol::PeerId& peer) {
  if (!room.sends_members()) return;
  context_.publish(context_.subjects.members(name),
                   encode(Members{context_.options.process, {peer}}));
}

void Gateway::on_came_back(const protocol::PeerId& peer, TimePoint now) {
  moves_.came_back(peer, now);
}

void Gateway::on_detached(const protocol::PeerId& peer) {
  context_.wire.unsubscribe(context_.subjects.peer(peer));
  const auto name = moves_.detach(peer);
  if (!name) return;
  SharedRoom* const room = find_room(*name);
  if (room == nullptr) return;
  room->members.erase(peer);
  if (!room->sends_members()) return;
  context_.publish(context_.subjects.members(*name),
                   encode(Members{context_.options.process, {}, {peer}}));
}

void Gateway::ask_for_members(const std::string& name) {
  context_.publish(context_.subjects.list(name), {}, context_.subjects.members_of(name));
}

/// Sends the list in pieces, since a message has a bound.
void Gateway::list_members(const std::string& name, const std::string& reply) {
  const SharedRoom* const room = find_room(name);
  if (room == nullptr) return;
  Members members{context_.options.process};
  for (const protocol::PeerId& id : room->members) {
    members.come.push_back(id);
    if (members.come.size() < kMaxIdsPerMessage) continue;
    context_.publish(reply, encode(members));
    members.come.clear();
  }
  members.ends_list = true;
  context_.publish(reply, encode(members));
}

void Gateway::on_broadcast(const std::string& name, Reach reach, const Frame& frame) {
  const SharedRoom* const room = find_room(name);
  if (room == nullptr) return;
  // A process that has just joined may not be known here yet, since its subscriptions travel
  // slower. It learns from such a frame that somebody is on air, or never.
  if (room->remote.empty() && !changes_who_is_on_air(frame->text())) return;
  context_.publish(context_.subjects.frames(name, reach), frame->text(),
                   context_.subjects.reply_of(frame->number()));
}

bool Gateway::on_directed(const DirectedFrame& directed, TimePoint now) {
  // The peer may be of this process, and new to the sender's hub.
  if (!moves_.has_moved_away(directed.to) && context_.bus.send(directed)) return true;
  directed_.send(directed, now);
  return true;
}

/// The hubs here know only their own members; of those elsewhere, and of those whose process died,
/// this has the list.
void Gateway::on_order(const Order& order, TimePoint) {
  Order seen = order;
  if (order.kind == Order::Kind::remove_peer && !order.was_member &&
      has_seen(order.room, order.peer)) {
    seen.was_member = true;
    context_.bus.order(seen);
  }
  forward_order(seen);
}

bool Gateway::has_seen(const std::string& name, const protocol::PeerId& peer) {
  const SharedRoom* const room = find_room(name);
  return room != nullptr && room->elsewhere.contains(peer);
}

void Gateway::forward_order(const Order& order) {
  const auto text = encode(order);
  if (!text) return;
  if (is_connected()) return context_.publish(context_.subjects.orders(), *text);
  queued_orders_.push(order);
}

void Gateway::on_undelivered(const rooms::Undelivered& undelivered) {
  if (context_.bus.hub_of(undelivered.from)) return context_.bus.return_to_sender(undelivered);
  const auto kind = undelivered.why == rooms::Undelivered::Why::nobody ? ToPeer::Kind::undelivered
                                                                       : ToPeer::Kind::too_much;
  context_.publish(context_.subjects.peer(undelivered.from),
                   encode(ToPeer{.kind = kind, .room = undelivered.room}));
}

void Gateway::on_taken_over(const std::string& name, const protocol::PeerId& peer, HubId by,
                            TimePoint now) {
  moves_.taken_over(name, peer, by, now);
}

void Gateway::on_handed_over(const rooms::HandOver& handover, TimePoint) {
  moves_.handed_over(handover);
}

void Gateway::advance(TimePoint now) {
  if (liveness_.take_beat(now)) {
    directed_.assume_delivered();
    context_.publish(context_.subjects.alive(), context_.options.process);
    for (const ProcessId& process : liveness_.take_dead(now)) {
      forget(process, now, silent_grace());
    }
    moves_.advance(now);
    if (resynced_by_ && *resynced_by_ <= now) forget_silent(now);
  }
  leases_.advance(now);
  directed_.advance(now);
  while (const auto name = due_.take_due(now)) {
    SharedRoom* const room = find_room(*name);
    if (room == nullptr) continue;
    if (room->known_by && *room->known_by <= now) become_known(*name, *room, now);
    if (room->publish_due && *room->publish_due <= now) publish_share(*name, *room, now);
    drop_overdue(*name, *room, now);
    schedule(*name, *room);
  }
}

bool Gateway::is_consistent() const {
  const auto is_scheduled = [this](const auto& entry) {
    const auto next = entry.second.next_due();
    const auto due = due_.all().find(entry.first);
    return !next || (due != due_.all().end() && due->second <= *next);
  };
  const auto is_open = [this](const auto& due) { return rooms_.contains(due.first); };
  return queued_orders_.size() <= QueuedOrders::kMost && directed_.is_consistent() &&
         leases_.is_consistent() && std::all_of(rooms_.begin(), rooms_.end(), is_scheduled) &&
         std::all_of(due_.all().begin(), due_.all().end(), is_open);
}

std::optional<TimePoint> Gateway::next_deadline() const {
  return rooms::earliest(
      {liveness_.next_beat(), due_.next(), directed_.next_deadline(), leases_.next_deadline()});
}

}  // namespace onair::cluster
