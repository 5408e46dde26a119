#include "relay/room.hpp"

#include <algorithm>

namespace onair::relay {
namespace {

bool deliver(const Peer& peer, const Frame& frame) {
  if (peer.link != nullptr) peer.link->send(frame);
  return peer.link != nullptr;
}

}  // namespace

RoomPart Room::part() const {
  RoomPart part{static_cast<std::uint32_t>(peers.size() - talkers.size()),
                static_cast<std::uint32_t>(talkers.size())};
  for (const Peer* talker : talkers) {
    if (talker->on_air) part.on_air.push_back(talker->id);
  }
  return part;
}

bool Room::moved_from(HubId hub, const protocol::PeerId& id, protocol::Role role) {
  RoomPart& part = elsewhere[hub];
  std::uint32_t& count = role == protocol::Role::talk ? part.talkers : part.watching;
  if (count > 0) --count;
  return std::erase(part.on_air, id) > 0;
}

std::uint32_t Room::watching() const {
  auto count = static_cast<std::uint32_t>(peers.size() - talkers.size());
  for (const auto& [hub, part] : elsewhere) count += part.watching;
  return count;
}

std::size_t Room::members() const {
  std::size_t count = peers.size();
  for (const auto& [hub, part] : elsewhere) count += part.watching + part.talkers;
  return count;
}

std::vector<protocol::PeerId> Room::on_air() const {
  std::vector<protocol::PeerId> ids = part().on_air;
  for (const auto& [hub, part] : elsewhere) {
    for (const protocol::PeerId& id : part.on_air) {
      // One that has just moved may still be known of two hubs.
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
  }
  return ids;
}

Peer* Room::find(const protocol::PeerId& id, protocol::Role from) const {
  const auto found = peers.find(id);
  if (found == peers.end()) return nullptr;
  Peer* const peer = found->second.get();
  const bool both_watch = peer->role == protocol::Role::watch && from == protocol::Role::watch;
  return both_watch ? nullptr : peer;
}

std::size_t Room::tell(Reach reach, const Frame& frame, const Peer* except) const {
  std::size_t told = 0;
  if (reach == Reach::talkers) {
    for (const Peer* talker : talkers) told += talker != except && deliver(*talker, frame) ? 1 : 0;
    return told;
  }
  for (const auto& [id, peer] : peers) {
    told += peer.get() != except && deliver(*peer, frame) ? 1 : 0;
  }
  return told;
}

}  // namespace onair::relay
