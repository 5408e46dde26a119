// Who is sent away, and by whom.
#include <algorithm>
#include <tuple>

#include "protocol/codec.hpp"
#include "rooms/hub.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;

namespace {

const Refusal& removed() {
  static const Refusal refusal{ErrorCode::removed, "You were sent out of this room."};
  return refusal;
}

}  // namespace

bool outranks(const TalkerInfo& a, const TalkerInfo& b) {
  if (a.seniority.has_value() != b.seniority.has_value()) return a.seniority.has_value();
  if (a.seniority != b.seniority) return *a.seniority < *b.seniority;
  return std::make_tuple(!a.on_air, a.id) < std::make_tuple(!b.on_air, b.id);
}

/// A talker's commands are rare, so they may be taken apart.
void Hub::on_command(Peer& from, std::string_view frame, TimePoint now) {
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(*from.link, *refusal);
  const auto& body = std::get<protocol::Message>(decoded).body;
  const std::string room = from.room.name;
  if (const auto* lock = std::get_if<protocol::LockRoom>(&body)) {
    if (std::exchange(from.locks, lock->locked) != lock->locked) bus_.share_changed(room);
  } else if (const auto* remove = std::get_if<protocol::RemovePeer>(&body)) {
    bus_.order({Order::Kind::remove_peer, room, remove->id});
    remove_watcher(room, remove->id, now);
  } else if (std::holds_alternative<protocol::EndRoom>(body)) {
    bus_.order({Order::Kind::end_room, room, from.id});
    end_room(from.room, from.id, now);
  }
}

void Hub::on_order(const Order& order, TimePoint now) {
  if (order.kind == Order::Kind::remove_peer) return remove_watcher(order.room, order.peer, now);
  if (order.kind == Order::Kind::release_slot) {
    Peer* const peer = find_peer(order.room, order.peer);
    if (peer != nullptr) release_slot(*peer, now);
    return;
  }
  const auto room = rooms_.find(order.room);
  if (room != rooms_.end()) end_room(room->second, order.peer, now);
}

/// Also one who is not here just now: it shall not come back.
void Hub::remove_watcher(const std::string& name, const protocol::PeerId& id, TimePoint now) {
  removed_.add(name, id);
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr || peer->effective_role == EffectiveRole::talker) return;
  dismiss(*peer, removed(), now);
}

bool Hub::remove_peer(std::string_view name, const protocol::PeerId& id, TimePoint now) {
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr) return false;
  bus_.order({Order::Kind::remove_peer, peer->room.name, id});
  removed_.add(peer->room.name, id);
  dismiss(*peer, removed(), now);
  return true;
}

void Hub::end_room(Room& room, const protocol::PeerId& except, TimePoint now) {
  std::vector<Peer*> all;
  for (const auto& [id, peer] : room.peers) {
    if (id != except) all.push_back(peer.get());
  }
  // The room goes with the last of them.
  for (Peer* peer : all) {
    dismiss(*peer, {ErrorCode::room_ended, "This room was ended for everyone."}, now);
  }
}

bool Hub::end_room(std::string_view name, TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return false;
  end_room(room->second, {}, now);
  return true;
}

/// Two hubs may each have let one in before they heard of the other's, and one who was on air
/// before the server began may have come back after somebody else had entered.
void Hub::enforce_talker_limit(const std::string& name, TimePoint now) {
  const auto room = rooms_.find(name);
  if (room == rooms_.end()) return;
  std::vector<TalkerInfo> talkers =
      room->second.all_talkers([this](HubId hub) { return bus_.is_of_this_process(hub); });
  if (talkers.size() <= options_.limits.talkers_per_room) return;
  std::sort(talkers.begin(), talkers.end(), outranks);
  std::vector<Peer*> too_many;
  for (std::size_t i = options_.limits.talkers_per_room; i < talkers.size(); ++i) {
    const auto own = room->second.peers.find(talkers[i].id);
    if (own != room->second.peers.end()) too_many.push_back(own->second.get());
  }
  for (Peer* peer : too_many) release_slot(*peer, now);
}

/// One without a role keeps its place in the room.
void Hub::release_slot(Peer& talker, TimePoint now) {
  if (talker.role == Role::none) return set_on_air(talker, false);
  if (talker.role != Role::talk) return;
  dismiss(talker, {ErrorCode::room_taken, "Somebody else talks in this room."}, now);
}

/// It is told why, and gone for good.
void Hub::dismiss(Peer& peer, const Refusal& why, TimePoint now) {
  if (Link* const link = peer.unlink()) refuse(*link, why);
  remove(peer, now);
}

}  // namespace onair::rooms
