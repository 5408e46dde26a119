#include "cluster/peer_moves.hpp"

#include <utility>

namespace onair::cluster {
namespace {

constexpr std::size_t kMaxBuffered = 65'536;  ///< for one peer; hubs have less

}  // namespace

bool PeerMoves::attach(const protocol::PeerId& peer, const std::string& room, TimePoint now) {
  moved_away_.erase(peer);
  const auto [served, is_new] = served_.try_emplace(peer);
  served->second.room = room;
  served->second.since = now;
  return is_new;
}

void PeerMoves::came_back(const protocol::PeerId& peer, TimePoint now) {
  const auto served = served_.find(peer);
  if (served != served_.end()) served->second.since = now;
}

std::optional<std::string> PeerMoves::detach(const protocol::PeerId& peer) {
  arriving_.erase(peer);
  unanswered_.erase(peer);
  auto served = served_.extract(peer);
  if (!served) return std::nullopt;
  return std::move(served.mapped().room);
}

void PeerMoves::taken_over(const std::string& room, const protocol::PeerId& peer, rooms::HubId by,
                           TimePoint now) {
  const auto served = served_.find(peer);
  if (served != served_.end()) served->second.claimed = true;
  moved_away_.erase(peer);  // it is back before the hub here had let go of it
  if (context_.connected) return claim(context_.subjects.peer(peer), room, peer, now);
  context_.bus.hand_over(by, {room, peer});
}

/// Asks the process that has the peer, by a subject of it, to hand it over.
void PeerMoves::claim(const std::string& subject, const std::string& room,
                      const protocol::PeerId& peer, TimePoint now) {
  const auto served = served_.find(peer);
  if (served != served_.end()) served->second.answer_by = now + rooms::kMaxDelay;
  context_.publish(subject, encode(ToPeer{.kind = ToPeer::Kind::take_over, .room = room}),
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
  const auto served = served_.find(peer);
  if (!hub || served == served_.end()) return;
  served->second.answer_by.reset();
  handover.room = served->second.room;
  handover.peer = peer;
  context_.bus.hand_over(*hub, handover);
}

void PeerMoves::move_away(const protocol::PeerId& peer, const std::string& room, std::string reply,
                          TimePoint now) {
  if (has_moved_away(peer)) return;
  if (context_.bus.claim(room, peer))
    moved_away_[peer] = {now + rooms::kMaxDelay, std::move(reply)};
}

void PeerMoves::on_buffered(const protocol::PeerId& peer, const ToPeer& message) {
  if (!served_.contains(peer) || arriving_[peer].size() >= kMaxBuffered) return;
  arriving_[peer].push_back(frame_of(message));
}

void PeerMoves::on_handed_over(const protocol::PeerId& peer, const ToPeer& message) {
  auto arrived = arriving_.extract(peer);
  rooms::HandOver handover;
  handover.delivered = message.delivered;
  if (arrived) handover.frames = std::move(arrived.mapped());
  end_claim(peer, std::move(handover));
}

/// Another process may have the peer all the same: its subscription may have reached NATS after the
/// claim. So the claim is repeated once. By then the subscription is there, or that process was
/// silent for so long that it introduces itself anew.
void PeerMoves::on_unclaimed(const protocol::PeerId& peer, TimePoint now) {
  end_claim(peer, {});
  if (!served_.contains(peer)) return;
  unanswered_.set(peer, now + context_.options.dead_after + context_.options.heartbeat);
}

std::string PeerMoves::served_too(const Served& served, TimePoint now) const {
  return encode(
      ToPeer{.kind = ToPeer::Kind::served_too,
             .room = served.room,
             .process = context_.options.process,
             .age = std::chrono::duration_cast<std::chrono::milliseconds>(now - served.since)});
}

/// On a tie, the process that claimed the peer counts as later.
void PeerMoves::on_served_too(const protocol::PeerId& peer, const ToPeer& message, TimePoint now) {
  const auto found = served_.find(peer);
  const ProcessId& self = context_.options.process;
  if (found == served_.end() || has_moved_away(peer) || message.process == self) return;
  const Served& served = found->second;
  if (served.answer_by && now < *served.answer_by) return;
  const std::string there = context_.subjects.claimed_at(message.process, peer);
  if (self < message.process) return context_.publish(there, served_too(served, now));
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - served.since);
  const bool came_earlier = age > message.age || (age == message.age && !served.claimed);
  if (came_earlier) return move_away(peer, served.room, there, now);
  claim(there, served.room, peer, now);
}

void PeerMoves::repeat_claims(const std::set<protocol::PeerId>& peers, TimePoint now) {
  for (const protocol::PeerId& peer : peers) {
    const auto served = served_.find(peer);
    if (served == served_.end() || !served->second.claimed) continue;
    context_.publish(context_.subjects.peer(peer), served_too(served->second, now));
  }
}

void PeerMoves::advance(TimePoint now) {
  std::erase_if(moved_away_, [now](const auto& entry) { return entry.second.until <= now; });
  while (const auto peer = unanswered_.take_due(now)) repeat_claims({*peer}, now);
}

}  // namespace onair::cluster
