// Moves of peers between processes: the one that serves the peer now claims it, the one that had it
// closes its socket there and sends the frames buffered for it.
#include <chrono>
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using rooms::Frame;
using rooms::HubId;

namespace {

constexpr std::size_t kMaxBuffered = 65'536;  ///< for one peer; hubs have less
/// The longest time that a message for a peer's last process may be on its way.
constexpr Duration kLate = std::chrono::seconds(5);

}  // namespace

void Gateway::on_taken_over(const std::string& name, const protocol::PeerId& peer, HubId by,
                            TimePoint) {
  if (connected_) return claim(name, peer);
  queued_claims_[peer] = name;
  bus_.hand_over(by, {name, peer});
}

/// Asks the process that has the peer to hand it over.
void Gateway::claim(const std::string& name, const protocol::PeerId& peer) {
  publish(subjects_.peer(peer), encode(ToPeer{.kind = ToPeer::Kind::take_over, .room = name}),
          subjects_.claimed(peer));
}

/// A hub here has let go of a peer that another process serves now.
void Gateway::on_handed_over(const rooms::HandOver& handover, TimePoint) {
  const auto moved = moved_away_.find(handover.peer);
  if (moved == moved_away_.end()) return;
  const std::string& subject = moved->second.claimed;
  for (const Frame& frame : handover.frames) {
    publish(subject, encode(ToPeer{.kind = ToPeer::Kind::buffered,
                                   .room = handover.room,
                                   .frame = frame->text(),
                                   .number = frame->number()}));
  }
  publish(subject, encode(ToPeer{.kind = ToPeer::Kind::handed_over,
                                 .room = handover.room,
                                 .delivered = handover.delivered}));
}

/// Gives the frames to the hub that serves the peer now.
void Gateway::end_claim(const protocol::PeerId& peer, rooms::HandOver handover) {
  const auto hub = bus_.hub_of(peer);
  const auto room = rooms_of_peers_.find(peer);
  if (!hub || room == rooms_of_peers_.end()) return;
  handover.room = room->second;
  handover.peer = peer;
  bus_.hand_over(*hub, handover);
}

/// Another process serves it now, and waits on that subject for the buffered frames.
void Gateway::move_away(const protocol::PeerId& peer, const std::string& room, std::string claimed,
                        TimePoint now) {
  if (bus_.claim(room, peer)) moved_away_[peer] = {now + kLate, std::move(claimed)};
}

/// A message from the process that had the peer.
bool Gateway::on_buffered(const protocol::PeerId& peer, std::string_view payload) {
  const auto message = decode_to_peer(payload);
  if (!message) return false;
  if (message->kind == ToPeer::Kind::buffered) {
    const bool is_ours = rooms_of_peers_.contains(peer);
    if (is_ours && arriving_[peer].size() < kMaxBuffered) {
      arriving_[peer].push_back(frame_of(*message));
    }
    return true;
  }
  if (message->kind != ToPeer::Kind::handed_over) return false;
  auto arrived = arriving_.extract(peer);
  rooms::HandOver handover;
  handover.delivered = message->delivered;
  if (arrived) handover.frames = std::move(arrived.mapped());
  end_claim(peer, std::move(handover));
  return true;
}

}  // namespace onair::cluster
