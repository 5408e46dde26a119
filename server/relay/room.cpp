#include "relay/room.hpp"

#include <algorithm>

#include "relay/prefetch.hpp"

namespace onair::relay {
namespace {

bool deliver(const Peer& peer, const Frame& frame) {
  if (peer.link != nullptr) peer.link->send(frame);
  return peer.link != nullptr;
}

}  // namespace

Peer& Room::add(const protocol::PeerId& id, protocol::Role role) {
  auto& added = peers[id] = std::make_unique<Peer>(Peer{id, role, *this});
  added->place = everyone.size();
  everyone.push_back(added.get());
  if (role == protocol::Role::talk) talkers.push_back(added.get());
  return *added;
}

void Room::erase(const Peer& peer) {
  std::erase(talkers, &peer);
  everyone[peer.place] = everyone.back();
  everyone[peer.place]->place = peer.place;
  everyone.pop_back();
  peers.erase(peers.find(peer.id));
}

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
  // A peer comes from memory first, and its link after it.
  for (std::size_t i = 0; i < everyone.size(); ++i) {
    if (i + 2 * kAhead < everyone.size()) prefetch(everyone[i + 2 * kAhead]);
    if (i + kAhead < everyone.size()) prefetch(everyone[i + kAhead]->link);
    told += everyone[i] != except && deliver(*everyone[i], frame) ? 1 : 0;
  }
  return told;
}

}  // namespace onair::relay
