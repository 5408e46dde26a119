// The gateway's part in a peer's move from one process to another: the one that serves it now
// claims it, the one that had it ends its socket there and sends what was kept for it.
#include <chrono>
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using rooms::Frame;
using rooms::HubId;

namespace {

constexpr std::size_t kMostKept = 65'536;  ///< for one peer; hubs have less
/// How long something that was sent to a peer's last process may be on its way.
constexpr Duration kLate = std::chrono::seconds(5);

}  // namespace

void Gateway::taken_over(const std::string& name, const protocol::PeerId& peer, HubId by,
                         TimePoint) {
  if (connected_) return claim(name, peer);
  unsaid_claims_[peer] = name;
  bus_.hand_over(by, {name, peer});
}

/// Whoever else has the peer is to hand it over.
void Gateway::claim(const std::string& name, const protocol::PeerId& peer) {
  publish(subjects_.peer(peer), encode(ToPeer{.kind = ToPeer::Kind::take_over, .room = name}),
          subjects_.claimed(peer));
}

/// A hub here has let go of one that is served by another process now.
void Gateway::handed_over(const rooms::HandOver& kept, TimePoint) {
  const auto moved = moved_away_.find(kept.peer);
  if (moved == moved_away_.end()) return;
  const std::string& subject = moved->second.claimed;
  for (const Frame& frame : kept.frames) {
    publish(subject, encode(ToPeer{.kind = ToPeer::Kind::kept,
                                   .room = kept.room,
                                   .frame = frame->text(),
                                   .number = frame->number()}));
  }
  publish(subject,
          encode(ToPeer{.kind = ToPeer::Kind::handed_over, .room = kept.room, .told = kept.told}));
}

/// To the hub that serves the peer now.
void Gateway::end_claim(const protocol::PeerId& peer, rooms::HandOver kept) {
  const auto hub = bus_.hub_of(peer);
  const auto room = rooms_of_peers_.find(peer);
  if (!hub || room == rooms_of_peers_.end()) return;
  kept.room = room->second;
  kept.peer = peer;
  bus_.hand_over(*hub, kept);
}

/// Another process serves it now, and waits on that subject for what was kept.
void Gateway::move_away(const protocol::PeerId& peer, const std::string& room, std::string claimed,
                        TimePoint now) {
  if (bus_.claim(room, peer)) moved_away_[peer] = {now + kLate, std::move(claimed)};
}

/// What comes from the process that had the peer.
bool Gateway::hear_kept(const protocol::PeerId& peer, std::string_view payload) {
  const auto message = decode_to_peer(payload);
  if (!message) return false;
  if (message->kind == ToPeer::Kind::kept) {
    const bool is_ours = rooms_of_peers_.contains(peer);
    if (is_ours && arriving_[peer].size() < kMostKept) {
      arriving_[peer].push_back(frame_of(*message));
    }
    return true;
  }
  if (message->kind != ToPeer::Kind::handed_over) return false;
  auto arrived = arriving_.extract(peer);
  rooms::HandOver kept;
  kept.told = message->told;
  if (arrived) kept.frames = std::move(arrived.mapped());
  end_claim(peer, std::move(kept));
  return true;
}

}  // namespace onair::cluster
