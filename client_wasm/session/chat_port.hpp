// The chat's port to the other members of a room. Above it the chat addresses members by id, so a
// further path to a member, besides a data channel of a direct connection, is added here only.
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "session/chat.hpp"

namespace onair::session {

using ChatOutput =
    std::variant<SendChat, ShowChatLine, TakeChatLineAway, ClearChat, ShowChatRefused>;
using ChatOutputs = std::vector<ChatOutput>;

class ChatPort {
 public:
  void open(const ConnectionKey& channel) { channels_.insert(channel); }
  void close(const ConnectionKey& channel) { channels_.erase(channel); }

  /// The members that a message can reach, in order of their ids.
  std::set<PeerId> members() const {
    std::set<PeerId> members;
    for (const ConnectionKey& channel : channels_) members.insert(channel.peer);
    return members;
  }

  /// Adds the command that sends `message` over the member's latest channel, if it has one.
  void send(const PeerId& member, ChatMessage message, ChatOutputs& outputs) const {
    std::optional<ConnectionKey> latest;
    for (const ConnectionKey& channel : channels_) {
      if (channel.peer == member && (!latest || is_later(channel, *latest))) latest = channel;
    }
    if (latest) outputs.emplace_back(SendChat{*latest, std::move(message)});
  }

 private:
  std::set<ConnectionKey> channels_;
};

}  // namespace onair::session
