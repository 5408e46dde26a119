#include "cluster/peer_moves.hpp"

#include <utility>

namespace onair::cluster {
namespace {

constexpr std::size_t kMaxBuffered = 65'536;  ///< for one peer; hubs have less

}  // namespace

bool PeerMoves::attach(const protocol::PeerId& peer, const std::string& room) {
  moved_away_.erase(peer);
  return served_.insert_or_assign(peer, room).second;
}

std::optional<std::string> PeerMoves::detach(const protocol::PeerId& peer) {
  arriving_.erase(peer);
  queued_claims_.erase(peer);
  auto served = served_.extract(peer);
  if (!served) return std::nullopt;
  return std::move(served.mapped());
}

void PeerMoves::taken_over(const std::string& room, const protocol::PeerId& peer, rooms::HubId by) {
  if (context_.connected) return claim(room, peer);
  queued_claims_[peer] = room;
  context_.bus.hand_over(by, {room, peer});
}

/// Asks the process that has the peer to hand it over.
void PeerMoves::claim(const std::string& room, const protocol::PeerId& peer) {
  context_.publish(context_.subjects.peer(peer),
                   encode(ToPeer{.kind = ToPeer::Kind::take_over, .room = room}),
                   context_.subjects.claimed(peer));
}

void PeerMoves::handed_over(const rooms::HandOver& handover) {
  const auto moved = moved_away_.find(handover.peer);
  if (moved == moved_away_.end()) return;
  const std::string& subject = moved->second.claimed;
  for (const rooms::Frame& frame : handover.frames) {
    context_.publish(subject, encode(ToPeer{.kind = ToPeer::Kind::buffered,
                                            .room = handover.room,
                                            .frame = frame->text(),
                                            .number = frame->number()}));
  }
  context_.publish(subject, encode(ToPeer{.kind = ToPeer::Kind::handed_over,
                                          .room = handover.room,
                                          .delivered = handover.delivered}));
}

/// Gives the frames to the hub that serves the peer now.
void PeerMoves::end_claim(const protocol::PeerId& peer, rooms::HandOver handover) {
  const auto hub = context_.bus.hub_of(peer);
  const auto room = served_.find(peer);
  if (!hub || room == served_.end()) return;
  handover.room = room->second;
  handover.peer = peer;
  context_.bus.hand_over(*hub, handover);
}

void PeerMoves::move_away(const protocol::PeerId& peer, const std::string& room, std::string reply,
                          TimePoint now) {
  if (context_.bus.claim(room, peer)) moved_away_[peer] = {now + rooms::kLate, std::move(reply)};
}

bool PeerMoves::on_buffered(const protocol::PeerId& peer, std::string_view payload) {
  const auto message = decode_to_peer(payload);
  if (!message) return false;
  if (message->kind == ToPeer::Kind::buffered) {
    if (served_.contains(peer) && arriving_[peer].size() < kMaxBuffered) {
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

void PeerMoves::connected(TimePoint now) {
  for (const auto& [peer, room] : queued_claims_) claim(room, peer);
  claims_end_ = now + context_.options.grace;
}

void PeerMoves::repeat_claims(const std::string& room) {
  for (const auto& [peer, its_room] : queued_claims_) {
    if (its_room == room) claim(room, peer);
  }
}

void PeerMoves::advance(TimePoint now) {
  std::erase_if(moved_away_, [now](const auto& entry) { return entry.second.until <= now; });
  if (!claims_end_ || *claims_end_ > now) return;
  queued_claims_.clear();
  claims_end_.reset();
}

}  // namespace onair::cluster
