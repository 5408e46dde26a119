// Commands of talkers and operators, and the talkers that must release their slots.
#include <algorithm>
#include <utility>

#include "protocol/codec.hpp"
#include "rooms/hub.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;

namespace {

const Refusal& removed() {
  static const Refusal refusal{ErrorCode::removed, "You were removed from this room."};
  return refusal;
}

std::string address_of(const Link& link) {
  return link.address ? link.address->text : "";
}

}  // namespace

/// Decodes whole frames, since commands are rare.
void Hub::on_command(Peer& from, std::string_view frame, TimePoint now) {
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(*from.link, *refusal);
  const auto& body = std::get<protocol::Message>(decoded).body;
  const std::string room = from.room.name;
  if (const auto* lock = std::get_if<protocol::LockRoom>(&body)) {
    if (std::exchange(from.locks, lock->locked) != lock->locked) bus_.share_changed(room);
  } else if (const auto* remove = std::get_if<protocol::RemovePeer>(&body)) {
    on_remove_command(from, remove->id, now);
  } else if (const auto* use = std::get_if<protocol::UseForwarder>(&body)) {
    if (charge_forwarder(from, use->on, now)) use_forwarder(from, use->on);
  } else if (std::holds_alternative<protocol::EndRoom>(body)) {
    bus_.order({Order::Kind::end_room, room, from.id});
    end_room(from.room, from.id, now);
  }
}

/// The forwarder enters and leaves the room by it, which everyone there learns: it costs as much as
/// if the talker itself did. One that only says again what it has said costs a frame.
bool Hub::charge_forwarder(Peer& from, bool on, TimePoint now) {
  if (std::exchange(from.uses_forwarder, on) == on) return true;
  return charge(*from.link, price_of_entry(options_.limits.rates), 0, now) &&
         charge_deliveries(*from.link, from.room.receivers(Reach::everyone), 0, now);
}

/// A talker may have come from another process, whose forwarder it used.
void Hub::use_forwarder(const Peer& from, bool on) {
  const Room& room = from.room;
  options_.use_forwarder(room.name, from.id, on, address_of(*from.link));
  const bool may_have_another =
      std::any_of(room.elsewhere.begin(), room.elsewhere.end(), [this](const auto& entry) {
        return !bus_.is_of_this_process(entry.first) && entry.second.forwarders > 0;
      });
  if (!on && may_have_another) {
    bus_.order({Order::Kind::release_forwarder, room.name, from.id});
  }
}

/// True while there may be members that this hub does not know, since they were here before it.
bool Hub::settles(TimePoint now) const {
  return options_.began && now < *options_.began + options_.settling_time;
}

void Hub::on_remove_command(Peer& from, const protocol::PeerId& id, TimePoint now) {
  // Before anything is removed: the talker stays, and so does its token.
  if (has(from.room.all_talkers(), id)) {
    return refuse(*from.link, {ErrorCode::wrong_role, "Only the operator can remove a talker."});
  }
  // It may be the forwarder, and whoever has it come again pays anew.
  for (Peer* talker : from.room.talkers) talker->uses_forwarder = false;
  const bool was_member = from.room.peers.contains(id) || bus_.hub_of(id);
  const Order order{Order::Kind::remove_peer, from.room.name, id, was_member,
                    address_of(*from.link)};
  bus_.order(order);
  remove_viewer(order, now);
}

void Hub::on_order(const Order& order, TimePoint now) {
  switch (order.kind) {
    case Order::Kind::remove_peer: return remove_viewer(order, now);
    case Order::Kind::release_slot:
      if (Peer* const peer = find_peer(order.room, order.peer)) release_slot(*peer, now);
      return;
    case Order::Kind::end_room:
      if (Room* const room = find_room(order.room)) end_room(*room, order.peer, now);
      return;
    case Order::Kind::release_forwarder: {
      const Room* const room = find_room(order.room);
      if (room == nullptr || room->forwarders.empty()) return;
      return options_.use_forwarder(order.room, order.peer, /*on=*/false, {});
    }
  }
}

/// Invalidates the viewer's resume token even if it is not here just now: it shall not come back.
/// An id that nobody has seen is remembered nowhere, or a talker could invent any number of them.
void Hub::remove_viewer(const Order& order, TimePoint now) {
  Peer* const peer = find_peer(order.room, order.peer);
  if (peer != nullptr && peer->effective_role == EffectiveRole::talker) return;
  if (peer != nullptr && !order.was_member) {
    bus_.order({Order::Kind::remove_peer, order.room, order.peer, true, order.by});
  }
  if (peer != nullptr || order.was_member || settles(now) || awaits_forwarder_)
    removed_.add(order.room, order.peer, now, order.by);
  if (peer != nullptr) return remove(*peer, removed(), now);
  tell_media(order.room, order.peer);
}

/// A viewer may watch by the forwarder since before this server began, though it has not come back:
/// the members that have its connection there learn that it is gone. Those that come later ask
/// is_removed().
void Hub::tell_media(std::string_view room_name, const protocol::PeerId& gone) {
  const Room* const room = find_room(room_name);
  if (room == nullptr || has(room->all_talkers(), gone)) return;
  const Frame frame = frame_of(protocol::UserDisconnected{gone});
  for (const auto* members : {&room->talkers, &room->forwarders}) {
    for (const Peer* member : *members) {
      const bool is_media = member->kind.returns_here && member->link != nullptr;
      if (is_media) router_.send(*member->link, frame);
    }
  }
}

bool Hub::remove_peer(std::string_view name, const protocol::PeerId& id, TimePoint now) {
  Peer* const peer = find_peer(name, id);
  if (peer == nullptr) {
    tell_media(name, id);
    return false;
  }
  bus_.order({Order::Kind::remove_peer, peer->room.name, id, true});
  removed_.add(peer->room.name, id, now);
  remove(*peer, removed(), now);
  return true;
}

void Hub::end_room(Room& room, const protocol::PeerId& except, TimePoint now) {
  std::vector<Peer*> all;
  for (const auto& [id, peer] : room.peers) {
    if (id != except) all.push_back(peer.get());
  }
  // The room goes with the last of them.
  for (Peer* peer : all) {
    remove(*peer, {ErrorCode::room_ended, "This room was ended for everyone."}, now);
  }
}

bool Hub::end_room(std::string_view name, TimePoint now) {
  Room* const room = find_room(name);
  if (room == nullptr) return false;
  bus_.order({Order::Kind::end_room, room->name, {}});
  end_room(*room, {}, now);
  return true;
}

/// Two hubs may each have let one in before they knew the other's, and a talker that was here
/// before the server began may have come back after another had entered.
void Hub::enforce_talker_limit(const std::string& name, TimePoint now) {
  Room* const room = find_room(name);
  if (room == nullptr) return;
  const auto talkers =
      room->all_talkers([this](HubId hub) { return bus_.is_of_this_process(hub); });
  for (const TalkerInfo& talker : surplus(talkers, options_.limits.talkers_per_room)) {
    if (Peer* const own = find_peer(name, talker.id)) release_slot(*own, now);
  }
}

/// An inferred talker stays in the room; a declared one has nothing left to do there.
void Hub::release_slot(Peer& talker, TimePoint now) {
  if (talker.kind.infers_role) return set_on_air(talker, false);
  if (talker.role != Role::talk) return;
  remove(talker, {ErrorCode::room_taken, "Somebody else talks in this room."}, now);
}

/// Sends the peer the reason, and removes it for good.
void Hub::remove(Peer& peer, const Refusal& why, TimePoint now) {
  if (Link* const link = peer.unlink()) refuse(*link, why);
  remove(peer, now);
}

}  // namespace onair::rooms
