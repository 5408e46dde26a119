// Recovery: after the wire was away, after processes died or stood still, and of the messages that
// were lost meanwhile.
#include <algorithm>
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using rooms::Frame;
using rooms::Order;
using rooms::Reach;
using rooms::RoomShare;
using rooms::TalkerInfo;

namespace {

Frame frame_from(const protocol::PeerId& id, protocol::Body body) {
  return std::make_shared<const rooms::SharedFrame>(rooms::frame_of(std::move(body))->text(), id);
}

}  // namespace

void Gateway::connected(TimePoint now) {
  context_.connected = true;
  liveness_.connected(now);
  // Messages sent meanwhile are lost.
  for (auto& [name, room] : rooms_) room.synced.clear();
  for (const Order& order : queued_orders_.take_all()) forward_order(order);
  resynced_by_ = now + context_.options.dead_after;
  introduce(now);
}

void Gateway::disconnected() {
  context_.connected = false;
  liveness_.disconnected();
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

void Gateway::note_life(const ProcessId& process, TimePoint now) {
  if (liveness_.note(process, now)) introduce(now);
}

/// Time for which the slots of talkers are held whose process fell silent: at least until their
/// leases have expired, so that a talker who is admitted to such a slot also gets the lease. The
/// process may have renewed the leases up to a heartbeat after its last message, and the store may
/// be as late.
Duration Gateway::silent_grace() const {
  const GatewayOptions& options = context_.options;
  return std::max<Duration>(options.grace,
                            kLeaseLifetime + 2 * options.heartbeat - options.dead_after);
}

/// Forgets a process that has left or counts as dead. Its members have the grace time to come back
/// by another process, its talkers `talkers_grace`. Their pictures go on meanwhile: those pass from
/// browser to browser, or through onair-forwarder, which is a process of its own.
void Gateway::forget(const ProcessId& process, TimePoint now, Duration talkers_grace) {
  liveness_.forget(process);
  for (auto& [name, room] : rooms_) forget(name, room, process, now, talkers_grace);
}

void Gateway::forget(const std::string& name, SharedRoom& room, const ProcessId& process,
                     TimePoint now, Duration talkers_grace) {
  const auto share = room.remote.find(process);
  if (share == room.remote.end()) return;
  for (const TalkerInfo& talker : share->second.talkers) {
    hold_slot(name, room, talker, now + talkers_grace);
  }
  room.remote.erase(share);
  room.awaited.erase(process);
  room.synced.erase(process);
  if (room.elsewhere.lose(process, now + context_.options.grace)) schedule(name, room);
  release_returned(name, room);
  context_.bus.share_changed(name);
}

/// A process that has not sent its share for so long after the wire was back has none any more.
void Gateway::forget_silent(TimePoint now) {
  resynced_by_.reset();
  for (auto& [name, room] : rooms_) {
    std::vector<ProcessId> silent;
    for (const auto& [process, share] : room.remote) {
      if (!room.synced.contains(process)) silent.push_back(process);
    }
    for (const ProcessId& process : silent) forget(name, room, process, now, silent_grace());
  }
}

/// Tells the room of members who did not come back in time.
void Gateway::drop_overdue(const std::string& name, SharedRoom& room, TimePoint now) {
  for (const protocol::PeerId& id : room.elsewhere.take_overdue(now)) {
    // A talker is announced to everyone, further down.
    if (room.held_slots.contains(id)) continue;
    // Viewers' ids too, which nobody has any more.
    context_.bus.broadcast(name, Reach::talkers_and_socketio,
                           rooms::frame_of(protocol::UserDisconnected{id}));
  }
  for (const protocol::PeerId& id : room.held_slots.take_overdue(now)) {
    context_.bus.broadcast(name, Reach::everyone, rooms::frame_of(protocol::UserDisconnected{id}));
    context_.bus.share_changed(name);
  }
}

void Gateway::hold_slot(const std::string& name, SharedRoom& room, const TalkerInfo& talker,
                        TimePoint until) {
  if (room.held_slots.add(talker, until)) schedule(name, room);
}

/// Gives up the slots held for talkers who are back.
void Gateway::release_returned(const std::string& name, SharedRoom& room) {
  if (room.held_slots.all().empty()) return;
  if (room.held_slots.release(room.present_talkers())) context_.bus.share_changed(name);
}

/// Makes up for talk_ready and end_talk that were lost with a process's messages.
void Gateway::announce_missed(const std::string& name, SharedRoom& room, const RoomShare& before,
                              TimePoint now) {
  const RoomShare local = room.local_share();
  for (const TalkerInfo& talker : room.remote_share().talkers) {
    if (has(local.talkers, talker.id)) continue;
    const TalkerInfo* const was = find(before.talkers, talker.id);
    const bool was_on_air = was != nullptr && was->on_air;
    if (talker.on_air && !was_on_air) room.unannounced.insert(talker.id);
    if (!talker.on_air && was_on_air) {
      context_.bus.broadcast(name, Reach::everyone, frame_from(talker.id, protocol::EndTalk{}));
    }
  }
  moves_.repeat_claims(room.members, now);
}

/// Waits until it is decided who stays, where more talk than may.
void Gateway::announce(const std::string& name, SharedRoom& room) {
  if (room.unannounced.empty()) return;
  if (room.talkers().size() > context_.options.talkers_per_room) return;
  const RoomShare remote = room.remote_share();
  for (const protocol::PeerId& id : std::exchange(room.unannounced, {})) {
    const TalkerInfo* const talker = find(remote.talkers, id);
    if (talker == nullptr || !talker->on_air) continue;
    context_.bus.broadcast(name, Reach::everyone, frame_from(id, protocol::TalkReady{}));
  }
}

}  // namespace onair::cluster
