#include "session/peer_limits.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace onair::session {
namespace {

struct Row {
  std::string_view name;
  Rate rate;
};

/// In the order of PeerMessage.
constexpr std::array<Row, kPeerMessages> kRows = {{
    {"talk_ready", {20, Duration(1'000)}},
    {"talk_request", {10, Duration(2'000)}},
    {"talk_declined", {20, Duration(1'000)}},
    {"offer", {10, Duration(2'000)}},
    {"answer", {20, Duration(1'000)}},
    {"candidate", {500, Duration(20)}},
    {"bye", {20, Duration(1'000)}},
    {"end_talk", {20, Duration(1'000)}},
    {"players", {20, Duration(1'000)}},
    {"invite_watchers", {20, Duration(200)}},
    {"watching_via", {20, Duration(1'000)}},
    {"say", {20, Duration(1'000)}},
    {"media", {20, Duration(1'000)}},
    {"chat message", {500, Duration(20)}},
    {"text", {200, Duration(10)}},
}};

const Row& row_of(PeerMessage kind) {
  return kRows.at(static_cast<std::size_t>(kind));
}

PeerMessage kind_of(const protocol::ChatMessage& message) {
  if (std::holds_alternative<protocol::ChatSay>(message)) return PeerMessage::chat_say;
  if (std::holds_alternative<protocol::ChatMedia>(message)) return PeerMessage::chat_media;
  return PeerMessage::chat_line;
}

/// An overload for each kind, so that a new kind without one does not compile.
struct KindOf {
  using Kind = std::optional<PeerMessage>;
  Kind operator()(const protocol::TalkReady&) const { return PeerMessage::talk_ready; }
  Kind operator()(const protocol::TalkRequest&) const { return PeerMessage::talk_request; }
  Kind operator()(const protocol::TalkDeclined&) const { return PeerMessage::talk_declined; }
  Kind operator()(const protocol::Offer&) const { return PeerMessage::offer; }
  Kind operator()(const protocol::Answer&) const { return PeerMessage::answer; }
  Kind operator()(const protocol::Candidate&) const { return PeerMessage::candidate; }
  Kind operator()(const protocol::Bye&) const { return PeerMessage::bye; }
  Kind operator()(const protocol::EndTalk&) const { return PeerMessage::end_talk; }
  Kind operator()(const protocol::Players&) const { return PeerMessage::players; }
  Kind operator()(const protocol::InviteWatchers&) const { return PeerMessage::invite_watchers; }
  Kind operator()(const protocol::WatchingVia&) const { return PeerMessage::watching_via; }
  Kind operator()(const protocol::ChatMessages& chat) const {
    return kind_of(chat.messages.front());
  }
  // Messages of the server, and those that no session handles.
  Kind operator()(const protocol::UseForwarder&) const { return std::nullopt; }
  Kind operator()(const protocol::Enter&) const { return std::nullopt; }
  Kind operator()(const protocol::Welcome&) const { return std::nullopt; }
  Kind operator()(const protocol::LockRoom&) const { return std::nullopt; }
  Kind operator()(const protocol::RemovePeer&) const { return std::nullopt; }
  Kind operator()(const protocol::EndRoom&) const { return std::nullopt; }
  Kind operator()(const protocol::Ping&) const { return std::nullopt; }
  Kind operator()(const protocol::Pong&) const { return std::nullopt; }
  Kind operator()(const protocol::UserDisconnected&) const { return std::nullopt; }
  Kind operator()(const protocol::Audience&) const { return std::nullopt; }
  Kind operator()(const protocol::Reception&) const { return std::nullopt; }
  Kind operator()(const protocol::AudienceReception&) const { return std::nullopt; }
  Kind operator()(const protocol::Error&) const { return std::nullopt; }
  Kind operator()(const protocol::Unknown&) const { return std::nullopt; }
};

}  // namespace

std::string_view name_of(PeerMessage kind) {
  return row_of(kind).name;
}

Rate rate_of(PeerMessage kind) {
  return row_of(kind).rate;
}

std::optional<Arrival> arrival_of(const MessageReceived& received) {
  const protocol::Message& message = received.message;
  const std::optional<PeerMessage> kind = std::visit(KindOf{}, message.body);
  if (!kind || !message.from) return std::nullopt;
  return Arrival{*message.from, *kind};
}

std::optional<Arrival> arrival_of(const ChatReceived& received) {
  return Arrival{received.key.peer, kind_of(received.message)};
}

std::optional<Arrival> arrival_of(const TextReceived& received) {
  return Arrival{received.key.peer, PeerMessage::text};
}

PeerLimits::Verdict PeerLimits::judge(const Arrival& arrival, TimePoint now) {
  if (peers_.size() >= kMaxPeers && !peers_.contains(arrival.peer)) make_room(now);
  Peer& peer = peers_[arrival.peer];
  TokenBucket& bucket = peer.buckets.at(static_cast<std::size_t>(arrival.kind));
  if (!bucket.take(rate_of(arrival.kind), now)) {
    return std::exchange(peer.dropped, true) ? Verdict::drop : Verdict::drop_first;
  }
  if (peer.full_at <= now) peer.dropped = false;
  peer.full_at = std::max(peer.full_at, bucket.full_at());
  return Verdict::admit;
}

/// A peer whose buckets are full is forgotten without a loss. If there is none, the one that comes
/// closest goes.
void PeerLimits::make_room(TimePoint now) {
  std::erase_if(peers_, [now](const auto& entry) { return entry.second.full_at <= now; });
  if (peers_.size() < kMaxPeers) return;
  peers_.erase(std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
    return a.second.full_at < b.second.full_at;
  }));
}

}  // namespace onair::session
