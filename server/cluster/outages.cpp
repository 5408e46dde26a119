// Recovery: after the wire was away, after processes died or stood still, and of the messages that
// were lost meanwhile.
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using rooms::Frame;
using rooms::Order;
using rooms::Reach;
using rooms::RoomShare;
using rooms::TalkerInfo;

namespace {

/// The time for which a process is remembered as dead. One that stood still for longer has lost its
/// connection, and introduces itself.
constexpr Duration kRemembered = std::chrono::minutes(10);

Frame frame_from(const protocol::PeerId& id, protocol::Body body) {
  return std::make_shared<const rooms::SharedFrame>(rooms::frame_of(std::move(body))->text(), id);
}

}  // namespace

void Gateway::connected(TimePoint now) {
  connected_ = true;
  beat_at_ = now;
  // Messages sent meanwhile are lost, and a process may have fallen silent at any time.
  for (auto& [process, heard] : last_seen_) heard = now;
  for (auto& [name, room] : rooms_) room.synced.clear();
  for (const Order& order : std::exchange(queued_orders_, {})) on_order(order, now);
  for (const auto& [peer, name] : queued_claims_) claim(name, peer);
  claims_end_ = now + options_.grace;
  resynced_by_ = now + options_.dead_after;
  introduce(now);
}

/// Sends this process's share of every room, and asks for theirs.
void Gateway::introduce(TimePoint now) {
  for (auto& [name, room] : rooms_) {
    if (!room.local_known) continue;
    if (room.known) publish_share(name, room, now, /*was_away=*/true);
    ask_for(name, room, now);
    if (room.receives_members()) ask_for_members(name);
  }
}

/// A process that was taken for dead may only have stood still, and knows as little of us.
void Gateway::note_life(const ProcessId& process, TimePoint now) {
  last_seen_[process] = now;
  if (taken_for_dead_.erase(process) > 0) introduce(now);
}

void Gateway::disconnected() {
  connected_ = false;
  beat_at_.reset();
}

void Gateway::take_for_dead(const ProcessId& process, TimePoint now) {
  taken_for_dead_[process] = now + kRemembered;
  forget(process, now);
}

/// Its members have the grace time to come back elsewhere: media does not pass through servers.
void Gateway::forget(const ProcessId& process, TimePoint now) {
  last_seen_.erase(process);
  for (auto& [name, room] : rooms_) forget(name, room, process, now);
}

void Gateway::forget(const std::string& name, SharedRoom& room, const ProcessId& process,
                     TimePoint now) {
  const auto share = room.remote.find(process);
  if (share == room.remote.end()) return;
  const TimePoint until = now + options_.grace;
  for (const TalkerInfo& talker : share->second.talkers) hold_slot(name, room, talker, until);
  room.remote.erase(share);
  room.awaited.erase(process);
  room.synced.erase(process);
  if (room.elsewhere.lose(process, until)) due_.emplace(until, name);
  release_returned(name, room);
  bus_.share_changed(name);
}

/// A process that has not sent its share for so long after the wire was back has none any more.
void Gateway::forget_silent(TimePoint now) {
  resynced_by_.reset();
  for (auto& [name, room] : rooms_) {
    std::vector<ProcessId> silent;
    for (const auto& [process, share] : room.remote) {
      if (!room.synced.contains(process)) silent.push_back(process);
    }
    for (const ProcessId& process : silent) forget(name, room, process, now);
  }
}

/// Tells the room of members who did not come back in time.
void Gateway::drop_overdue(const std::string& name, SharedRoom& room, TimePoint now) {
  for (const protocol::PeerId& id : room.elsewhere.take_overdue(now)) {
    // A talker is announced to everyone, further down.
    if (room.held_slots.contains(id)) continue;
    bus_.broadcast(name, Reach::talkers, rooms::frame_of(protocol::UserDisconnected{id}));
  }
  for (const protocol::PeerId& id : room.held_slots.take_overdue(now)) {
    bus_.broadcast(name, Reach::everyone, rooms::frame_of(protocol::UserDisconnected{id}));
    bus_.share_changed(name);
  }
}

void Gateway::hold_slot(const std::string& name, SharedRoom& room, const TalkerInfo& talker,
                        TimePoint until) {
  if (room.held_slots.hold(talker, until)) due_.emplace(until, name);
}

/// Gives up the slots held for talkers who are back.
void Gateway::release_returned(const std::string& name, SharedRoom& room) {
  if (room.held_slots.all().empty()) return;
  if (room.held_slots.release(room.present_talkers())) bus_.share_changed(name);
}

/// Makes up for talk_ready and end_talk that were lost with a process's messages.
void Gateway::announce_missed(const std::string& name, SharedRoom& room, const RoomShare& before) {
  const RoomShare local = room.local_share();
  for (const TalkerInfo& talker : room.remote_share().talkers) {
    if (has(local.talkers, talker.id)) continue;
    const TalkerInfo* const was = find(before.talkers, talker.id);
    const bool was_on_air = was != nullptr && was->on_air;
    if (talker.on_air && !was_on_air) room.unannounced.insert(talker.id);
    if (!talker.on_air && was_on_air) {
      bus_.broadcast(name, Reach::everyone, frame_from(talker.id, protocol::EndTalk{}));
    }
  }
  for (const auto& [peer, its_room] : queued_claims_) {
    if (its_room == name) claim(name, peer);
  }
}

/// Waits until it is decided who stays, where more talk than may.
void Gateway::announce(const std::string& name, SharedRoom& room) {
  if (room.unannounced.empty()) return;
  if (room.talkers().size() > options_.talkers_per_room) return;
  const RoomShare remote = room.remote_share();
  for (const protocol::PeerId& id : std::exchange(room.unannounced, {})) {
    const TalkerInfo* const talker = find(remote.talkers, id);
    if (talker == nullptr || !talker->on_air) continue;
    bus_.broadcast(name, Reach::everyone, frame_from(id, protocol::TalkReady{}));
  }
}

}  // namespace onair::cluster
