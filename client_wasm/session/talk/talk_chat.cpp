#include "session/talk/talk_chat.hpp"

#include <utility>

namespace onair::session {

ChatOutputs TalkChat::handle(const ChatEntered& entered) {
  if (const auto line = host_.post(entered.name, entered.text)) return broadcast(*line);
  return {ShowChatRefused{ChatRefused::Reason::too_long}};
}

ChatOutputs TalkChat::handle(const ChatRemovalRequested& removal) {
  ChatOutputs outputs;
  if (!host_.remove(removal.id)) return outputs;
  for (const PeerId& member : port_.members()) {
    port_.send(member, protocol::ChatRemoved{removal.id}, outputs);
  }
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
  port_.open(opened.key);
  for (ChatMessage& message : host_.begin(opened.key.peer)) {
    outputs.emplace_back(SendChat{opened.key, std::move(message)});
  }
  if (media_ != protocol::ChatMedia{}) outputs.emplace_back(SendChat{opened.key, media_});
  return outputs;
}

ChatOutputs TalkChat::announce_media(const protocol::ChatMedia& media) {
  ChatOutputs outputs;
  if (std::exchange(media_, media) == media) return outputs;
  for (const PeerId& member : port_.members()) port_.send(member, media, outputs);
  return outputs;
}

ChatOutputs TalkChat::handle(const ChatReceived& received, TimePoint now) {
  const auto* say = std::get_if<protocol::ChatSay>(&received.message);
  if (say == nullptr) return {};
  const auto result = host_.receive(received.key.peer, *say, now);
  if (const auto* line = std::get_if<ChatLine>(&result)) return broadcast(*line, received.key.peer);
  return {SendChat{received.key, std::get<ChatRefused>(result)}};
}

/// Sends the line to all members and shows it on our own page.
ChatOutputs TalkChat::broadcast(const ChatLine& line, const PeerId& author) const {
  ChatOutputs outputs;
  for (const PeerId& member : port_.members()) {
    ChatLine copy = line;
    copy.yours = member == author;
    port_.send(member, std::move(copy), outputs);
  }
  outputs.emplace_back(ShowChatLine{line, author});
  return outputs;
}

}  // namespace onair::session
