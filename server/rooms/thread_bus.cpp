#include "rooms/thread_bus.hpp"

#include <utility>

namespace onair::rooms {

ThreadBus::ThreadBus(HubId self, HubId hubs, Post post, std::optional<HubId> gateway)
    : self_(self), gateway_(gateway), outbox_(hubs), post_(std::move(post)) {}

void ThreadBus::enqueue(HubId to, Message message) {
  outbox_[to].push_back(std::move(message));
  has_news_ = true;
}

void ThreadBus::enqueue_for_all(const Message& message) {
  for (HubId hub = 0; hub < outbox_.size(); ++hub) {
    if (hub != self_) enqueue(hub, message);
  }
}

void ThreadBus::flush() {
  for (const std::string& room : std::exchange(changed_, {})) {
    const auto shared = rooms_.find(room);
    const auto share = member_->share_of(room);
    if (shared == rooms_.end() || !share) continue;
    for (const auto& [hub, receivers] : shared->second.others) {
      outbox_[hub].push_back(ShareChanged{room, *share});
    }
  }
  // Last, so that the others know already that the peer is here, and in which role.
  for (auto& [hub, take_over] : std::exchange(take_overs_, {})) {
    outbox_[hub].push_back(std::move(take_over));
  }
  for (HubId hub = 0; hub < outbox_.size(); ++hub) {
    if (!outbox_[hub].empty()) post_(hub, std::exchange(outbox_[hub], {}));
  }
  has_news_ = false;
}

bool ThreadBus::join(const std::string& room) {
  Shared& shared = rooms_[room];
  shared.join = ++joins_;
  shared.awaited = outbox_.size() - 1;
  enqueue_for_all(Join{room, shared.join});
  return shared.awaited == 0;
}

void ThreadBus::leave(const std::string& room) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  // Sent also to those whose answer is still on its way: they think that this hub has the room.
  enqueue_for_all(Leave{room});
  rooms_.erase(shared);
}

void ThreadBus::share_changed(const std::string& room) {
  if (outbox_.size() == 1) return;
  changed_.insert(room);
  has_news_ = true;
}

void ThreadBus::broadcast(const std::string& room, Reach reach, const Frame& frame) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  for (const auto& [hub, receivers] : shared->second.others) {
    const bool concerned = reach == Reach::everyone ||
                           (includes_socketio(reach) && receivers.socketio) ||
                           (includes_talkers(reach) && receivers.talkers);
    if (concerned) enqueue(hub, Broadcast{room, reach, frame});
  }
}

void ThreadBus::attach(const protocol::PeerId& peer, const std::string& room) {
  elsewhere_.erase(peer);
  enqueue_for_all(Attach{peer, room});
}

/// Silent for a peer that has moved to another hub, whose `Attach` everyone has.
void ThreadBus::detach(const protocol::PeerId& peer) {
  if (!elsewhere_.contains(peer)) enqueue_for_all(Detach{peer});
}

void ThreadBus::came_back(const protocol::PeerId& peer) {
  if (const auto gateway = gateway_elsewhere()) enqueue(*gateway, CameBack{peer});
}

std::optional<HubId> ThreadBus::hub_of(const protocol::PeerId& peer) const {
  const auto found = elsewhere_.find(peer);
  if (found == elsewhere_.end()) return std::nullopt;
  return found->second;
}

std::optional<HubId> ThreadBus::gateway_elsewhere() const {
  return gateway_ == self_ ? std::nullopt : gateway_;
}

/// Nothing where nobody could know the peer.
std::optional<HubId> ThreadBus::next_hop(const protocol::PeerId& peer) const {
  const auto at = hub_of(peer);
  return at ? at : gateway_elsewhere();
}

bool ThreadBus::send(const DirectedFrame& frame) {
  const auto at = next_hop(frame.to);
  if (at) enqueue(*at, frame);
  return at.has_value();
}

bool ThreadBus::take_over(const protocol::PeerId& peer, const std::string& room) {
  const auto had = next_hop(peer);
  attach(peer, room);
  if (!had) return false;
  take_overs_.emplace_back(*had, TakeOver{room, peer});
  has_news_ = true;
  return true;
}

void ThreadBus::answer_joins(const std::string& room) {
  const auto found = unanswered_.find(room);
  if (found == unanswered_.end()) return;
  for (const auto& [hub, number] : found->second) {
    enqueue(hub, Joined{room, number, member_->share_of(room)});
  }
  unanswered_.erase(found);
}

void ThreadBus::return_to_sender(const Undelivered& undelivered) {
  if (const auto at = next_hop(undelivered.from)) enqueue(*at, undelivered);
}

bool ThreadBus::claim(const std::string& room, const protocol::PeerId& peer) {
  const auto at = hub_of(peer);
  if (at) enqueue(*at, TakeOver{room, peer});
  return at.has_value();
}

void ThreadBus::deliver(HubId from, Batch batch, TimePoint now) {
  for (Message& message : batch) {
    std::visit([&](auto& kind) { dispatch(from, kind, now); }, message);
  }
}

void ThreadBus::note_share(const std::string& room, HubId hub, const RoomShare& share,
                           TimePoint now) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  shared->second.others[hub] = {share.receives_viewers(), share.socketio > 0};
  member_->on_share(room, hub, share, now);
}

void ThreadBus::dispatch(HubId from, Join& join, TimePoint now) {
  if (member_->knows(join.room)) {
    enqueue(from, Joined{join.room, join.number, member_->share_of(join.room)});
  } else {
    unanswered_[join.room].emplace_back(from, join.number);
    member_->learn(join.room, now);
  }
  note_share(join.room, from, {}, now);
}

void ThreadBus::dispatch(HubId from, Joined& joined, TimePoint now) {
  if (joined.share) note_share(joined.room, from, *joined.share, now);
  const auto shared = rooms_.find(joined.room);
  if (shared == rooms_.end() || shared->second.join != joined.number) return;
  if (--shared->second.awaited == 0) member_->on_room_ready(joined.room, now);
}

void ThreadBus::dispatch(HubId from, Leave& leave, TimePoint now) {
  if (const auto waiting = unanswered_.find(leave.room); waiting != unanswered_.end()) {
    std::erase_if(waiting->second, [from](const auto& join) { return join.first == from; });
    if (waiting->second.empty()) unanswered_.erase(waiting);
  }
  const auto shared = rooms_.find(leave.room);
  if (shared == rooms_.end()) return;
  shared->second.others.erase(from);
  member_->on_share(leave.room, from, std::nullopt, now);
}

void ThreadBus::dispatch(HubId from, ShareChanged& changed, TimePoint now) {
  note_share(changed.room, from, changed.share, now);
}

void ThreadBus::dispatch(HubId, Broadcast& broadcast, TimePoint) {
  member_->on_broadcast(broadcast.room, broadcast.reach, broadcast.frame);
}

void ThreadBus::dispatch(HubId from, Attach& attach, TimePoint now) {
  elsewhere_[attach.peer] = from;
  member_->on_attached(attach.peer, attach.room, now);
}

void ThreadBus::dispatch(HubId from, Detach& detach, TimePoint) {
  const auto found = elsewhere_.find(detach.peer);
  // It may have moved to another hub already.
  if (found == elsewhere_.end() || found->second != from) return;
  elsewhere_.erase(found);
  member_->on_detached(detach.peer);
}

void ThreadBus::dispatch(HubId, CameBack& came_back, TimePoint now) {
  member_->on_came_back(came_back.peer, now);
}

/// A peer that this hub no longer has may have moved meanwhile.
void ThreadBus::dispatch(HubId from, DirectedFrame& frame, TimePoint now) {
  if (member_->on_directed(frame, now)) return;
  const auto at = next_hop(frame.to);
  if (at && *at != from) return enqueue(*at, frame);
  enqueue(from, Undelivered{frame.room, frame.from, frame.to, Undelivered::Why::nobody});
}

/// The sender may have moved too.
void ThreadBus::dispatch(HubId from, Undelivered& undelivered, TimePoint) {
  const auto at = hub_of(undelivered.from);
  if (at && *at != from) return enqueue(*at, undelivered);
  member_->on_undelivered(undelivered);
}

void ThreadBus::dispatch(HubId from, TakeOver& take_over, TimePoint now) {
  const std::uint32_t number = ++last_take_over_;
  for (HubId hub = 0; hub < outbox_.size(); ++hub) {
    if (hub != self_ && hub != from) enqueue(hub, Moved{take_over.peer, from, number});
  }
  const std::size_t others = outbox_.size() - 2;
  if (others == 0) return member_->on_taken_over(take_over.room, take_over.peer, from, now);
  pending_take_overs_.emplace(number, PendingTakeOver{std::move(take_over), from, others});
}

void ThreadBus::dispatch(HubId from, Moved& moved, TimePoint) {
  // If the table does not name `from` any more, later news came first: the new hub's `Attach`, and
  // maybe that the peer has left that hub too. This must not overwrite it.
  const auto found = elsewhere_.find(moved.peer);
  if (self_ != gateway_ && found != elsewhere_.end() && found->second == from) {
    if (moved.to == gateway_) {
      elsewhere_.erase(found);
    } else {
      found->second = moved.to;
    }
  }
  enqueue(from, Confirmed{moved.number});
}

void ThreadBus::dispatch(HubId, Confirmed& confirmed, TimePoint now) {
  const auto found = pending_take_overs_.find(confirmed.number);
  if (found == pending_take_overs_.end() || --found->second.awaited > 0) return;
  const PendingTakeOver take_over = std::move(found->second);
  pending_take_overs_.erase(found);
  member_->on_taken_over(take_over.what.room, take_over.what.peer, take_over.to, now);
}

void ThreadBus::dispatch(HubId, HandOver& hand_over, TimePoint now) {
  member_->on_handed_over(hand_over, now);
}

void ThreadBus::dispatch(HubId, Order& order, TimePoint now) {
  member_->on_order(order, now);
}

}  // namespace onair::rooms
