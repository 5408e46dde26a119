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
  RoomPart part{static_cast<std::uint32_t>(peers.size() - talkers.size())};
  for (const Peer* talker : talkers) {
    part.talkers.push_back({talker->id, talker->on_air, talker->locks, talker->from_before});
  }
  return part;
}

std::optional<TalkerPart> Room::moved_from(HubId hub, const protocol::PeerId& id,
                                           protocol::Role role) {
  RoomPart& part = elsewhere[hub];
  if (role == protocol::Role::watch) {
    if (part.watching > 0) --part.watching;
    return std::nullopt;
  }
  const auto found = std::find_if(part.talkers.begin(), part.talkers.end(),
                                  [&id](const TalkerPart& talker) { return talker.id == id; });
  if (found == part.talkers.end()) return std::nullopt;
  TalkerPart was = std::move(*found);
  part.talkers.erase(found);
  return was;
}

std::uint32_t Room::watching() const {
  auto count = static_cast<std::uint32_t>(peers.size() - talkers.size());
  for (const auto& [hub, part] : elsewhere) count += part.watching;
  return count;
}

std::size_t Room::members() const {
  std::size_t count = peers.size();
  for (const auto& [hub, part] : elsewhere) count += part.watching + part.talkers.size();
  return count;
}

std::vector<TalkerPart> Room::all_talkers() const {
  std::vector<TalkerPart> all = part().talkers;
  for (const auto& [hub, part] : elsewhere) {
    for (const TalkerPart& talker : part.talkers) {
      // One that has just moved may still be known of two hubs.
      const auto known = [&talker](const TalkerPart& other) { return other.id == talker.id; };
      if (std::none_of(all.begin(), all.end(), known)) all.push_back(talker);
    }
  }
  return all;
}

std::vector<protocol::PeerId> Room::on_air() const {
  std::vector<protocol::PeerId> ids;
  for (const TalkerPart& talker : all_talkers()) {
    if (talker.on_air) ids.push_back(talker.id);
  }
  return ids;
}

bool Room::locked() const {
  const std::vector<TalkerPart> all = all_talkers();
  return std::any_of(all.begin(), all.end(), [](const TalkerPart& talker) { return talker.locks; });
}

Peer* Room::find(const protocol::PeerId& id, protocol::Role from) const {
  const auto found = peers.find(id);
  if (found == peers.end()) return nullptr;
  Peer* const peer = found->second.get();
  const bool both_watch = peer->role == protocol::Role::watch && from == protocol::Role::watch;
  return both_watch || peer->place_kept ? nullptr : peer;
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
