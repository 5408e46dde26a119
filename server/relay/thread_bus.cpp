#include "relay/thread_bus.hpp"

#include <utility>

namespace onair::relay {

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

void ThreadBus::detach(const protocol::PeerId& peer) {
  say_to_all(Detach{peer});
}

bool ThreadBus::send(const DirectedFrame& frame) {
  const auto found = elsewhere_.find(frame.to);
  if (found != elsewhere_.end()) {
    say(found->second, frame);
    return true;
  }
  if (!gateway_ || gateway_ == self_) return false;
  say(*gateway_, frame);
  return true;
}

std::optional<HubId> ThreadBus::take_over(const std::string& room, const protocol::PeerId& peer) {
  const auto found = elsewhere_.find(peer);
  if (found != elsewhere_.end()) {
    say(found->second, TakeOver{room, peer});
    return found->second;
  }
  if (gateway_ && gateway_ != self_) say(*gateway_, TakeOver{room, peer});
  return std::nullopt;
}

void ThreadBus::answer_joins(const std::string& room) {
  const auto found = unanswered_.find(room);
  if (found == unanswered_.end()) return;
  for (const auto& [hub, number] : found->second) {
    say(hub, Joined{room, number, member_->part_of(room)});
  }
  unanswered_.erase(found);
}

void ThreadBus::return_undelivered(const std::string& room, const protocol::PeerId& from) {
  const auto found = elsewhere_.find(from);
  if (found != elsewhere_.end()) say(found->second, Undelivered{room, from});
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

void ThreadBus::hear(HubId from, Attach& attach, TimePoint) {
  elsewhere_[attach.peer] = from;
  member_->attached(attach.peer, attach.room);
}

void ThreadBus::hear(HubId from, Detach& detach, TimePoint) {
  const auto found = elsewhere_.find(detach.peer);
  // It may have moved to another hub already.
  if (found == elsewhere_.end() || found->second != from) return;
  elsewhere_.erase(found);
  member_->detached(detach.peer);
}

void ThreadBus::hear(HubId from, DirectedFrame& frame, TimePoint) {
  if (!member_->hear(frame)) say(from, Undelivered{frame.room, frame.from});
}

void ThreadBus::hear(HubId, Undelivered& undelivered, TimePoint) {
  member_->undelivered(undelivered.room, undelivered.from);
}

void ThreadBus::hear(HubId, TakeOver& take_over, TimePoint now) {
  member_->taken_over(take_over.room, take_over.peer, now);
}

void ThreadBus::hear(HubId, Order& order, TimePoint now) {
  member_->hear(order, now);
}

}  // namespace onair::relay
