// How the gateway gets over what fails: the wire that was away, processes that died or stood still,
// and what could not be heard meanwhile.
#include <algorithm>
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using relay::Frame;
using relay::Order;
using relay::Reach;
using relay::RoomPart;
using relay::TalkerPart;

namespace {

/// How long those are remembered who were taken for dead. One that stood still for longer has lost
/// its connection, and introduces itself.
constexpr Duration kRemembered = std::chrono::minutes(10);

Frame said_by(const protocol::PeerId& id, protocol::Body body) {
  return std::make_shared<const relay::SharedFrame>(relay::frame_of(std::move(body))->text(), id);
}

}  // namespace

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
  if (taken_for_dead_.erase(process) > 0) introduce(now);
}

void Gateway::disconnected() {
  connected_ = false;
  beat_at_.reset();
}

void Gateway::take_for_dead(const ProcessId& process, TimePoint now) {
  taken_for_dead_[process] = now + kRemembered;
  forget(process, now, silent_grace());
}

/// How long the places of talkers are kept whose process fell silent: at least until their leases
/// have expired, so that whoever is welcome in such a place also gets the lease. The process may
/// have renewed them up to a heartbeat after it was heard last, and the engine may be as late.
Duration Gateway::silent_grace() const {
  return std::max<Duration>(options_.grace,
                            kLeaseLifetime + 2 * options_.heartbeat - options_.dead_after);
}

/// Its members have the grace time to come back at another: nobody's picture goes over it.
void Gateway::forget(const ProcessId& process, TimePoint now, Duration talkers_grace) {
  last_heard_.erase(process);
  for (auto& [name, room] : rooms_) forget(name, room, process, now, talkers_grace);
}

void Gateway::forget(const std::string& name, SharedRoom& room, const ProcessId& process,
                     TimePoint now, Duration talkers_grace) {
  const auto part = room.remote.find(process);
  if (part == room.remote.end()) return;
  for (const TalkerPart& talker : part->second.talkers) {
    keep(name, room, talker, now + talkers_grace);
  }
  room.remote.erase(part);
  room.awaited.erase(process);
  room.synced.erase(process);
  const TimePoint until = now + options_.grace;
  if (room.elsewhere.lose(process, until)) due_.emplace(until, name);
  free_places(name, room);
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
    for (const ProcessId& process : silent) forget(name, room, process, now, silent_grace());
  }
}

/// Those who did not come back in time.
void Gateway::drop_overdue(const std::string& name, SharedRoom& room, TimePoint now) {
  for (const protocol::PeerId& id : room.elsewhere.take_overdue(now)) {
    // A talker is missed by all, further down.
    if (room.kept.contains(id)) continue;
    bus_.broadcast(name, Reach::talkers, relay::frame_of(protocol::UserDisconnected{id}));
  }
  for (const protocol::PeerId& id : room.kept.take_overdue(now)) {
    bus_.broadcast(name, Reach::everyone, relay::frame_of(protocol::UserDisconnected{id}));
    bus_.part_changed(name);
  }
}

void Gateway::keep(const std::string& name, SharedRoom& room, const TalkerPart& talker,
                   TimePoint until) {
  if (room.kept.keep(talker, until)) due_.emplace(until, name);
}

/// Of talkers who are back.
void Gateway::free_places(const std::string& name, SharedRoom& room) {
  if (room.kept.all().empty()) return;
  if (room.kept.release(room.present_talkers())) bus_.part_changed(name);
}

/// Who went on and off air while the process that has it could not be heard.
void Gateway::say_what_was_missed(const std::string& name, SharedRoom& room,
                                  const RoomPart& before) {
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
void Gateway::announce(const std::string& name, SharedRoom& room) {
  if (room.unannounced.empty()) return;
  if (room.talkers().size() > options_.talkers_per_room) return;
  const RoomPart remote = room.remote_part();
  for (const protocol::PeerId& id : std::exchange(room.unannounced, {})) {
    const TalkerPart* const talker = find(remote.talkers, id);
    if (talker == nullptr || !talker->on_air) continue;
    bus_.broadcast(name, Reach::everyone, said_by(id, protocol::TalkReady{}));
  }
}

}  // namespace onair::cluster
