#include "rooms/room.hpp"

#include <algorithm>
#include <utility>

#include "rooms/prefetch.hpp"

namespace onair::rooms {
namespace {

EffectiveRole role_now(const Peer& peer) {
  if (peer.role == protocol::Role::talk || peer.on_air) return EffectiveRole::talker;
  const bool watches = peer.role == protocol::Role::watch || peer.requested_stream;
  return watches ? EffectiveRole::viewer : EffectiveRole::none;
}

bool has_room(Peer& peer, const SharedFrame& frame) {
  const SendQueue queue = peer.link->queue();
  if (queue.bytes == 0 && !peer.shares) return true;  // mostly, and without memory
  if (!peer.shares) peer.shares = std::make_unique<QueueShares>();
  return peer.shares->take(queue, frame.counts_for(), frame.cost());
}

/// Sends it to a peer that is present, and before it what was put off and has to come first.
void send_to(Peer& peer, const Frame& frame) {
  if (peer.shares) {
    for (const Frame& farewell : peer.shares->take_put_off(peer.link->queue(), frame->from())) {
      peer.link->send(farewell);
    }
  }
  peer.link->send(frame);
}

}  // namespace

void Peer::become(State state) {
  state_ = std::move(state);
  room.recount(*this);
}

const Away* Peer::away() const {
  if (const auto* leaving = as<Moving>()) return &leaving->was;
  return as<Away>();
}

Link* Peer::unlink() {
  if (is_connected()) become(Away{});
  Link* const was = std::exchange(link, nullptr);
  if (was != nullptr) was->peer = nullptr;
  shares.reset();  // of that link's queue; news that was put off would come after a later visit
  return was;
}

DeliveryResult deliver(Peer& peer, const Frame& frame, Reach reach) {
  const bool counts = (reach != Reach::everyone || peer.effective_role == EffectiveRole::talker) &&
                      !frame->counts_for().empty();
  // Nobody is told where a farewell finds no room: its causer has left.
  const auto refused = frame->is_farewell() ? DeliveryResult::buffered : DeliveryResult::refused;
  if (peer.is<Present>()) {
    if (!counts || has_room(peer, *frame)) return send_to(peer, frame), DeliveryResult::sent;
    if (frame->is_farewell()) peer.shares->put_off(frame, peer.link->queue().bound);
    return refused;
  }
  // A talker whose slot is kept comes back to a new page, which knows nothing of before.
  if (!peer.kind.buffered_while_away || peer.is<SlotKept>()) return DeliveryResult::buffered;
  if (!peer.mailbox) peer.mailbox = std::make_unique<Mailbox>(peer.room.budget);
  if (counts) return peer.mailbox->put_counted(frame) ? DeliveryResult::buffered : refused;
  peer.mailbox->put(frame);
  return DeliveryResult::buffered;
}

void RecentFrames::add(FrameNumber number) {
  constexpr std::size_t most = 32;
  if (numbers_.size() < most) return numbers_.push_back(number);
  numbers_[oldest_] = number;
  oldest_ = (oldest_ + 1) % most;
}

Peer& Room::add(const protocol::PeerId& id, protocol::Role role, const MemberKind& kind) {
  auto& added = peers[id] = std::make_unique<Peer>(id, kind, role, *this);
  added->index = everyone.size();
  everyone.push_back(added.get());
  if (kind.any_message) receive_all.push_back(added.get());
  if (kind.is_forwarder) forwarders.push_back(added.get());
  update_role(*added);
  return *added;
}

bool Room::update_role(Peer& peer) {
  const EffectiveRole now = role_now(peer);
  const EffectiveRole before = std::exchange(peer.effective_role, now);
  recount(peer);
  if (now == before) return false;
  if (before == EffectiveRole::talker) std::erase(talkers, &peer);
  if (now == EffectiveRole::talker) talkers.push_back(&peer);
  return true;
}

void Room::recount(Peer& peer) {
  const bool is_viewer = peer.effective_role == EffectiveRole::viewer && !peer.kind.is_forwarder;
  const bool is_client = peer.is_connected() && !peer.kind.is_forwarder;
  const Peer::Counted now{.connected = is_client ? 1U : 0U,
                          .watchers = peer.is_connected() && is_viewer ? 1U : 0U,
                          .away = peer.gives_way() ? 1U : 0U};
  const Peer::Counted before = std::exchange(peer.counted_, now);
  connected += now.connected - before.connected;
  watchers += now.watchers - before.watchers;
  away += now.away - before.away;
}

void Room::erase(const Peer& peer) {
  if (peer.effective_role == EffectiveRole::talker) std::erase(talkers, &peer);
  connected -= peer.counted_.connected;
  watchers -= peer.counted_.watchers;
  away -= peer.counted_.away;
  if (peer.kind.any_message) std::erase(receive_all, &peer);
  if (peer.kind.is_forwarder) std::erase(forwarders, &peer);
  reports.forget(peer.id);
  everyone[peer.index] = everyone.back();
  everyone[peer.index]->index = peer.index;
  everyone.pop_back();
  peers.erase(peers.find(peer.id));
}

bool Room::is_dead() const {
  if (connected > 0) return false;
  const auto is_deserted = [](const auto& entry) {
    const RoomShare& share = entry.second;
    return share.members <= share.away + share.forwarders;
  };
  return forwarders.empty() || std::all_of(elsewhere.begin(), elsewhere.end(), is_deserted);
}

bool Room::gives_way() const {
  if (!pending.empty() || !is_dead()) return false;
  const auto serving = std::count_if(forwarders.begin(), forwarders.end(),
                                     [](const Peer* peer) { return !peer->gives_way(); });
  return away + static_cast<std::size_t>(serving) == peers.size();
}

RoomShare Room::share() const {
  RoomShare share{.watching = watchers,
                  .socketio = static_cast<std::uint32_t>(receive_all.size()),
                  .members = static_cast<std::uint32_t>(peers.size()),
                  .away = away,
                  .forwarders = static_cast<std::uint32_t>(forwarders.size()),
                  .receptions = receptions};
  share.talkers = own_talkers();
  return share;
}

std::optional<TalkerInfo> Room::move_from(HubId hub, const protocol::PeerId& id,
                                          protocol::Role role) {
  RoomShare& share = elsewhere[hub];
  if (share.members > 0) --share.members;
  if (role == protocol::Role::watch) {
    // Mostly it is away there. That hub sends its share anew in a moment.
    std::uint32_t& count = share.away > 0 ? share.away : share.watching;
    if (count > 0) --count;
    return std::nullopt;
  }
  const auto found = std::find_if(share.talkers.begin(), share.talkers.end(),
                                  [&id](const TalkerInfo& talker) { return talker.id == id; });
  if (found == share.talkers.end()) return std::nullopt;
  TalkerInfo was = std::move(*found);
  share.talkers.erase(found);
  return was;
}

std::optional<HubId> Room::hub_of_talker(const protocol::PeerId& id) const {
  for (const auto& [hub, share] : elsewhere) {
    if (has(share.talkers, id)) return hub;
  }
  return std::nullopt;
}

std::uint32_t Room::watching() const {
  std::uint32_t count = watchers;
  for (const auto& [hub, share] : elsewhere) count += share.watching;
  return count;
}

std::size_t Room::members() const {
  std::size_t count = peers.size();
  for (const auto& [hub, share] : elsewhere) count += share.members;
  return count;
}

std::size_t Room::staying() const {
  std::size_t count = peers.size() - away;
  for (const auto& [hub, share] : elsewhere)
    count += share.members - std::min(share.away, share.members);
  return count;
}

std::size_t Room::receivers(Reach reach) const {
  if (reach == Reach::everyone) return members();
  std::size_t socketio = receive_all.size();
  std::size_t talking = talkers.size() + forwarders.size();
  for (const auto& [hub, share] : elsewhere) {
    socketio += share.socketio;
    talking += share.talkers.size() + share.forwarders;
  }
  return (includes_socketio(reach) ? socketio : 0) + (includes_talkers(reach) ? talking : 0);
}

protocol::AudienceReception Room::reception_of(const protocol::PeerId& talker) const {
  std::vector<TalkerReception> all = receptions;
  for (const auto& [hub, share] : elsewhere) add_receptions(all, share.receptions);
  const auto found = std::find_if(all.begin(), all.end(), [&talker](const TalkerReception& each) {
    return each.talker == talker;
  });
  return found == all.end() ? protocol::AudienceReception{} : found->sums;
}

std::vector<TalkerInfo> Room::own_talkers() const {
  std::vector<TalkerInfo> own;
  own.reserve(talkers.size());
  for (const Peer* talker : talkers) {
    own.push_back({talker->id, talker->on_air, talker->locks, talker->seniority});
  }
  return own;
}

std::vector<TalkerInfo> Room::all_talkers(const std::function<bool(HubId)>& of_hub) const {
  std::vector<TalkerInfo> all = own_talkers();
  for (const auto& [hub, share] : elsewhere) {
    if (of_hub(hub)) merge(all, share.talkers);
  }
  return all;
}

std::vector<protocol::PeerId> Room::on_air() const {
  std::vector<protocol::PeerId> ids;
  for (const TalkerInfo& talker : all_talkers()) {
    if (talker.on_air) ids.push_back(talker.id);
  }
  return ids;
}

bool Room::locked() const {
  const std::vector<TalkerInfo> all = all_talkers();
  return std::any_of(all.begin(), all.end(), [](const TalkerInfo& talker) { return talker.locks; });
}

Peer* Room::find(const protocol::PeerId& id, Reach reach) const {
  const auto found = peers.find(id);
  if (found == peers.end() || found->second->is<SlotKept>()) return nullptr;
  Peer* const peer = found->second.get();
  const bool gets_viewers =
      peer->effective_role == EffectiveRole::talker || peer->kind.is_forwarder;
  const bool within = reach == Reach::everyone ||
                      (includes_socketio(reach) && peer->kind.any_message) ||
                      (includes_talkers(reach) && gets_viewers);
  return within ? peer : nullptr;
}

template <typename Function>
void Room::for_each_within(Reach reach, Function function) const {
  if (reach != Reach::everyone) {
    const bool with_socketio = includes_socketio(reach);
    if (with_socketio) {
      for (Peer* peer : receive_all) function(*peer);
    }
    if (!includes_talkers(reach)) return;
    for (Peer* talker : talkers) {
      if (!with_socketio || !talker->kind.any_message) function(*talker);
    }
    for (Peer* forwarder : forwarders) function(*forwarder);
    return;
  }
  // A peer comes from memory first, and its link after it.
  for (std::size_t i = 0; i < everyone.size(); ++i) {
    if (i + 2 * kAhead < everyone.size()) prefetch(everyone[i + 2 * kAhead]);
    if (i + kAhead < everyone.size()) prefetch(everyone[i + kAhead]->link);
    function(*everyone[i]);
  }
}

Room::Broadcast Room::broadcast(Reach reach, const Frame& frame, const Peer* except) {
  if (frame->number() != kNoNumber) recent.add(frame->number());
  Broadcast result;
  for_each_within(reach, [&](Peer& peer) {
    if (&peer == except) return;
    const DeliveryResult delivery = deliver(peer, frame, reach);
    result.deliveries += delivery == DeliveryResult::sent ? 1 : 0;
    result.refused = result.refused || delivery == DeliveryResult::refused;
  });
  return result;
}

std::size_t Room::send_to_talkers(const Frame& frame) const {
  std::size_t count = 0;
  for (Peer* talker : talkers) {
    if (!talker->is<Present>()) continue;
    count += deliver(*talker, frame, Reach::talkers) == DeliveryResult::sent ? 1 : 0;
  }
  return count;
}

}  // namespace onair::rooms
