#include "rooms/room.hpp"

#include <algorithm>
#include <utility>

#include "rooms/prefetch.hpp"

namespace onair::rooms {

const TalkerPart* find(const std::vector<TalkerPart>& talkers, const protocol::PeerId& id) {
  const auto found = std::find_if(talkers.begin(), talkers.end(),
                                  [&id](const TalkerPart& talker) { return talker.id == id; });
  return found == talkers.end() ? nullptr : &*found;
}

void merge(std::vector<TalkerPart>& talkers, const std::vector<TalkerPart>& more) {
  for (const TalkerPart& talker : more) {
    if (!has(talkers, talker.id)) talkers.push_back(talker);
  }
}

Link* Peer::unlink() {
  is_told = false;
  Link* const was = std::exchange(link, nullptr);
  if (was != nullptr) was->peer = nullptr;
  return was;
}

bool deliver(Peer& peer, const Frame& frame) {
  if (peer.is_told) {
    peer.link->send(frame);
    return true;
  }
  // One whose place is kept comes without what it was before.
  if (peer.role == protocol::Role::none || peer.place_kept) return false;
  if (!peer.mailbox) peer.mailbox = std::make_unique<Mailbox>(peer.room.keeping);
  peer.mailbox->put(frame);
  return false;
}

Peer& Room::add(const protocol::PeerId& id, protocol::Role role) {
  auto& added = peers[id] = std::make_unique<Peer>(Peer{id, role, *this});
  added->place = everyone.size();
  everyone.push_back(added.get());
  if (role == protocol::Role::none) roleless.push_back(added.get());
  recount(*added);
  return *added;
}

bool Room::recount(Peer& peer) {
  Standing now = Standing::neither;
  if (peer.role == protocol::Role::watch || peer.asks) now = Standing::watches;
  if (peer.role == protocol::Role::talk || peer.on_air) now = Standing::talks;
  const Standing before = std::exchange(peer.counts_as, now);
  if (now == before) return false;
  if (before == Standing::talks) std::erase(talkers, &peer);
  if (now == Standing::talks) talkers.push_back(&peer);
  if (before == Standing::watches) --watchers;
  if (now == Standing::watches) ++watchers;
  return true;
}

void Room::erase(const Peer& peer) {
  if (peer.counts_as == Standing::talks) std::erase(talkers, &peer);
  if (peer.counts_as == Standing::watches) --watchers;
  if (peer.role == protocol::Role::none) std::erase(roleless, &peer);
  everyone[peer.place] = everyone.back();
  everyone[peer.place]->place = peer.place;
  everyone.pop_back();
  peers.erase(peers.find(peer.id));
}

RoomPart Room::part() const {
  RoomPart part{.watching = watchers,
                .roleless = static_cast<std::uint32_t>(roleless.size()),
                .members = static_cast<std::uint32_t>(peers.size())};
  for (const Peer* talker : talkers) {
    part.talkers.push_back({talker->id, talker->on_air, talker->locks, talker->from_before});
  }
  return part;
}

std::optional<TalkerPart> Room::moved_from(HubId hub, const protocol::PeerId& id,
                                           protocol::Role role) {
  RoomPart& part = elsewhere[hub];
  if (part.members > 0) --part.members;
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

std::optional<HubId> Room::hub_of_talker(const protocol::PeerId& id) const {
  for (const auto& [hub, part] : elsewhere) {
    if (has(part.talkers, id)) return hub;
  }
  return std::nullopt;
}

std::uint32_t Room::watching() const {
  std::uint32_t count = watchers;
  for (const auto& [hub, part] : elsewhere) count += part.watching;
  return count;
}

std::size_t Room::members() const {
  std::size_t count = peers.size();
  for (const auto& [hub, part] : elsewhere) count += part.members;
  return count;
}

std::vector<TalkerPart> Room::all_talkers(const std::function<bool(HubId)>& of_hub) const {
  std::vector<TalkerPart> all = part().talkers;
  for (const auto& [hub, part] : elsewhere) {
    if (of_hub(hub)) merge(all, part.talkers);
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

Peer* Room::find(const protocol::PeerId& id, Reach reach) const {
  const auto found = peers.find(id);
  if (found == peers.end() || found->second->place_kept) return nullptr;
  Peer* const peer = found->second.get();
  const bool within = reach == Reach::everyone || peer->role == protocol::Role::none ||
                      (reach == Reach::talkers && peer->role == protocol::Role::talk);
  return within ? peer : nullptr;
}

template <typename TellOne>
void Room::for_each_within(Reach reach, TellOne tell_one) const {
  if (reach != Reach::everyone) {
    for (Peer* peer : roleless) tell_one(*peer);
    if (reach == Reach::roleless) return;
    for (Peer* talker : talkers) {
      if (talker->role == protocol::Role::talk) tell_one(*talker);
    }
    return;
  }
  // A peer comes from memory first, and its link after it.
  for (std::size_t i = 0; i < everyone.size(); ++i) {
    if (i + 2 * kAhead < everyone.size()) prefetch(everyone[i + 2 * kAhead]);
    if (i + kAhead < everyone.size()) prefetch(everyone[i + kAhead]->link);
    tell_one(*everyone[i]);
  }
}

void Room::note_told(FrameNumber number) {
  constexpr std::size_t kMost = 32;
  if (told.size() < kMost) return told.push_back(number);
  told[oldest_told_] = number;
  oldest_told_ = (oldest_told_ + 1) % kMost;
}

std::size_t Room::tell(Reach reach, const Frame& frame, const Peer* except) {
  if (frame->number() != kNoNumber) note_told(frame->number());
  std::size_t count = 0;
  for_each_within(reach,
                  [&](Peer& peer) { count += &peer != except && deliver(peer, frame) ? 1 : 0; });
  return count;
}

std::size_t Room::tell_those_present(Reach reach, const Frame& frame) const {
  std::size_t count = 0;
  for_each_within(reach,
                  [&](Peer& peer) { count += peer.is_told && deliver(peer, frame) ? 1 : 0; });
  return count;
}

}  // namespace onair::rooms
