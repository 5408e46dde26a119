#include "session/talk/talk_chat.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "protocol/limits.hpp"

namespace onair::session {
namespace {

/// Messages of one RelayChat, which is one frame.
constexpr std::size_t kRelayedAtOnce = 16;
constexpr std::size_t kMaxLineBytes =
    2 * (protocol::kMaxChatTextBytes + protocol::kMaxChatNameBytes) + 128;  // escaped, as JSON
static_assert(kRelayedAtOnce * kMaxLineBytes < protocol::kMaxFrameBytes - 256);
static_assert(kRelayedAtOnce <= protocol::kMaxChatMessages);

}  // namespace

ChatOutputs TalkChat::handle(const ChatEntered& entered) {
  if (const auto line = host_.post(entered.name, entered.text)) return broadcast(*line);
  return {ShowChatRefused{ChatRefused::Reason::too_long}};
}

ChatOutputs TalkChat::handle(const ChatRemovalRequested& removal) {
  ChatOutputs outputs;
  if (!host_.remove(removal.id)) return outputs;
  port_.broadcast(protocol::ChatRemoved{removal.id}, outputs);
  outputs.emplace_back(TakeChatLineAway{removal.id});
  return outputs;
}

ChatOutputs TalkChat::handle(const MutingRequested& muting) {
  ChatOutputs outputs;
  host_.mute(muting.viewer, muting.muted);
  port_.send(muting.viewer, protocol::ChatMuted{muting.muted}, outputs);
  return outputs;
}

ChatOutputs TalkChat::handle(const ChatOpened& opened) {
  ChatOutputs outputs;
  port_.close_relay(opened.key.peer);
  port_.open(opened.key);
  for (ChatMessage& message : host_.begin(opened.key.peer)) {
    outputs.emplace_back(SendChat{opened.key, std::move(message)});
  }
  outputs.emplace_back(SendChat{opened.key, media_});
  return outputs;
}

ChatOutputs TalkChat::announce_media(const protocol::ChatMedia& media) {
  ChatOutputs outputs;
  if (std::exchange(media_, media) == media) return outputs;
  port_.broadcast(media, outputs);
  return outputs;
}

ChatOutputs TalkChat::receive(const PeerId& from, const ChatMessage& message, TimePoint now) {
  const auto* say = std::get_if<protocol::ChatSay>(&message);
  if (say == nullptr || host_.has_taken(from, *say)) return {};
  const auto result = host_.receive(from, *say, now);
  if (const auto* line = std::get_if<ChatLine>(&result)) return broadcast(*line, from, say->id);
  ChatRefused refused = std::get<ChatRefused>(result);
  refused.said = say->id;
  ChatOutputs outputs;
  port_.send(from, refused, outputs);
  return outputs;
}

ChatOutputs TalkChat::announce_relay(const PeerId& viewer) {
  port_.open_relay(viewer);  // a change of the media is for it too
  if (media_ == protocol::ChatMedia{}) return {};
  return {RelayChat{viewer, {media_}}};
}

ChatOutputs TalkChat::open_relay(const PeerId& viewer) {
  port_.open_relay(viewer);
  std::vector<ChatMessage> messages = host_.begin(viewer);
  messages.emplace_back(media_);
  ChatOutputs outputs;
  for (std::size_t begin = 0; begin < messages.size(); begin += kRelayedAtOnce) {
    const std::size_t end = std::min(messages.size(), begin + kRelayedAtOnce);
    outputs.emplace_back(RelayChat{viewer,
                                   {messages.begin() + static_cast<std::ptrdiff_t>(begin),
                                    messages.begin() + static_cast<std::ptrdiff_t>(end)}});
  }
  return outputs;
}

/// Sends the line to all members, to its author first, and shows it on our own page.
ChatOutputs TalkChat::broadcast(const ChatLine& line, const PeerId& author,
                                std::optional<protocol::SayId> said) const {
  ChatOutputs outputs;
  ChatLine authors = line;
  authors.yours = true;
  authors.said = said;
  if (!author.empty()) port_.send(author, std::move(authors), outputs);
  for (const PeerId& member : port_.direct_members()) {
    if (member != author) port_.send(member, line, outputs);
  }
  if (port_.relays()) outputs.emplace_back(RelayChat{{}, {line}});
  outputs.emplace_back(ShowChatLine{line, author});
  return outputs;
}

}  // namespace onair::session
