#include "rooms/thread_bus.hpp"

#include <utility>

namespace onair::rooms {

ThreadBus::ThreadBus(HubId self, HubId hubs, Post post, std::optional<HubId> gateway)
    : self_(self), gateway_(gateway), outbox_(hubs), post_(std::move(post)) {}

void ThreadBus::say(HubId to, Message message) {
  outbox_[to].push_back(std::move(message));
  has_news_ = true;
}

void ThreadBus::say_to_all(const Message& message) {
  for (HubId hub = 0; hub < outbox_.size(); ++hub) {
    if (hub != self_) say(hub, message);
  }
}

void ThreadBus::flush() {
  for (const std::string& room : std::exchange(changed_, {})) {
    const auto shared = rooms_.find(room);
    const auto part = member_->part_of(room);
    if (shared == rooms_.end() || !part) continue;
    for (const auto& [hub, hears] : shared->second.others) {
      outbox_[hub].push_back(PartChanged{room, *part});
    }
  }
  // When the others know that the peer is here, and what as.
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
  say_to_all(Join{room, shared.join});
  return shared.awaited == 0;
}

void ThreadBus::leave(const std::string& room) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  // Also to those whose answer is still on its way: they think that this hub has the room.
  say_to_all(Leave{room});
  rooms_.erase(shared);
}

void ThreadBus::part_changed(const std::string& room) {
  if (outbox_.size() == 1) return;
  changed_.insert(room);
  has_news_ = true;
}

void ThreadBus::broadcast(const std::string& room, Reach reach, const Frame& frame) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  for (const auto& [hub, hears] : shared->second.others) {
    const bool concerned =
        reach == Reach::everyone || hears.roleless || (reach == Reach::talkers && hears.talkers);
    if (concerned) say(hub, Broadcast{room, reach, frame});
  }
}

void ThreadBus::attach(const protocol::PeerId& peer, const std::string& room) {
  elsewhere_.erase(peer);
  say_to_all(Attach{peer, room});
}

/// Of one that has moved to another hub, that hub has told everyone.
void ThreadBus::detach(const protocol::PeerId& peer) {
  if (!elsewhere_.contains(peer)) say_to_all(Detach{peer});
}

std::optional<HubId> ThreadBus::hub_of(const protocol::PeerId& peer) const {
  const auto found = elsewhere_.find(peer);
  if (found == elsewhere_.end()) return std::nullopt;
  return found->second;
}

bool ThreadBus::send(const DirectedFrame& frame) {
  const auto at = hub_of(frame.to);
  if (!at && !has_gateway_elsewhere()) return false;
  say(at ? *at : *gateway_, frame);
  return true;
}

bool ThreadBus::take_over(const protocol::PeerId& peer, const std::string& room) {
  const auto had = hub_of(peer);
  attach(peer, room);
  if (!had && !has_gateway_elsewhere()) return false;
  take_overs_.emplace_back(had ? *had : *gateway_, TakeOver{room, peer});
  has_news_ = true;
  return true;
}

void ThreadBus::answer_joins(const std::string& room) {
  const auto found = unanswered_.find(room);
  if (found == unanswered_.end()) return;
  for (const auto& [hub, number] : found->second) {
    say(hub, Joined{room, number, member_->part_of(room)});
  }
  unanswered_.erase(found);
}

void ThreadBus::return_undelivered(const Undelivered& undelivered) {
  if (const auto at = hub_of(undelivered.from)) say(*at, undelivered);
}

bool ThreadBus::claim(const std::string& room, const protocol::PeerId& peer) {
  const auto at = hub_of(peer);
  if (at) say(*at, TakeOver{room, peer});
  return at.has_value();
}

void ThreadBus::hear(HubId from, Batch batch, TimePoint now) {
  for (Message& message : batch) {
    std::visit([&](auto& kind) { hear(from, kind, now); }, message);
  }
}

void ThreadBus::note_part(const std::string& room, HubId hub, const RoomPart& part, TimePoint now) {
  const auto shared = rooms_.find(room);
  if (shared == rooms_.end()) return;
  shared->second.others[hub] = {!part.talkers.empty(), part.roleless > 0};
  member_->hear_part(room, hub, part, now);
}

void ThreadBus::hear(HubId from, Join& join, TimePoint now) {
  if (member_->knows(join.room)) {
    say(from, Joined{join.room, join.number, member_->part_of(join.room)});
  } else {
    unanswered_[join.room].emplace_back(from, join.number);
    member_->learn(join.room, now);
  }
  note_part(join.room, from, {}, now);
}

void ThreadBus::hear(HubId from, Joined& joined, TimePoint now) {
  if (joined.part) note_part(joined.room, from, *joined.part, now);
  const auto shared = rooms_.find(joined.room);
  if (shared == rooms_.end() || shared->second.join != joined.number) return;
  if (--shared->second.awaited == 0) member_->room_ready(joined.room, now);
}

void ThreadBus::hear(HubId from, Leave& leave, TimePoint now) {
  const auto shared = rooms_.find(leave.room);
  if (shared == rooms_.end()) return;
  shared->second.others.erase(from);
  member_->hear_part(leave.room, from, std::nullopt, now);
}

void ThreadBus::hear(HubId from, PartChanged& changed, TimePoint now) {
  note_part(changed.room, from, changed.part, now);
}

void ThreadBus::hear(HubId, Broadcast& broadcast, TimePoint) {
  member_->hear(broadcast.room, broadcast.reach, broadcast.frame);
}

void ThreadBus::hear(HubId from, Attach& attach, TimePoint now) {
  elsewhere_[attach.peer] = from;
  member_->attached(attach.peer, attach.room, now);
}

void ThreadBus::hear(HubId from, Detach& detach, TimePoint) {
  const auto found = elsewhere_.find(detach.peer);
  // It may have moved to another hub already.
  if (found == elsewhere_.end() || found->second != from) return;
  elsewhere_.erase(found);
  member_->detached(detach.peer);
}

/// Whom this hub no longer has may have moved meanwhile.
void ThreadBus::hear(HubId from, DirectedFrame& frame, TimePoint now) {
  if (member_->hear(frame, now)) return;
  const auto at = hub_of(frame.to);
  if (at && *at != from) return say(*at, frame);
  if (!at && has_gateway_elsewhere() && from != *gateway_) return say(*gateway_, frame);
  say(from, Undelivered{frame.room, frame.from, frame.to});
}

/// The sender may have moved too.
void ThreadBus::hear(HubId from, Undelivered& undelivered, TimePoint) {
  const auto at = hub_of(undelivered.from);
  if (at && *at != from) return say(*at, undelivered);
  member_->undelivered(undelivered);
}

void ThreadBus::hear(HubId from, TakeOver& take_over, TimePoint now) {
  const std::uint32_t number = ++last_leaving_;
  for (HubId hub = 0; hub < outbox_.size(); ++hub) {
    if (hub != self_ && hub != from) say(hub, Moved{take_over.peer, from, number});
  }
  const std::size_t others = outbox_.size() - 2;
  if (others == 0) return member_->taken_over(take_over.room, take_over.peer, from, now);
  leaving_.emplace(number, Leaving{std::move(take_over), from, others});
}

void ThreadBus::hear(HubId from, Moved& moved, TimePoint) {
  if (self_ != gateway_) {
    if (moved.to == gateway_) {
      elsewhere_.erase(moved.peer);
    } else {
      elsewhere_[moved.peer] = moved.to;
    }
  }
  say(from, Confirmed{moved.number});
}

void ThreadBus::hear(HubId, Confirmed& confirmed, TimePoint now) {
  const auto found = leaving_.find(confirmed.number);
  if (found == leaving_.end() || --found->second.awaited > 0) return;
  const Leaving leaving = std::move(found->second);
  leaving_.erase(found);
  member_->taken_over(leaving.what.room, leaving.what.peer, leaving.to, now);
}

void ThreadBus::hear(HubId, HandOver& hand_over, TimePoint now) {
  member_->handed_over(hand_over, now);
}

void ThreadBus::hear(HubId, Order& order, TimePoint now) {
  member_->hear(order, now);
}

}  // namespace onair::rooms
