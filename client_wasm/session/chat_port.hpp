// The chat's port to the other members of a room. Above it the chat addresses members by id. A path
// to a member is a data channel of a direct connection, or else the server.
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "session/chat.hpp"

namespace onair::session {

using ChatOutput =
    std::variant<SendChat, RelayChat, ShowChatLine, TakeChatLineAway, ClearChat, ShowChatRefused>;
using ChatOutputs = std::vector<ChatOutput>;

class ChatPort {
 public:
  void open(const ConnectionKey& channel) { channels_.insert(channel); }
  void close(const ConnectionKey& channel) { channels_.erase(channel); }

  /// The server leads to this member, or no longer.
  void open_relay(const PeerId& member) { relayed_.insert(member); }
  void close_relay(const PeerId& member) { relayed_.erase(member); }
  void close_relays() { relayed_.clear(); }
  template <typename Keep>
  void close_relays_but(Keep keep) {
    std::erase_if(relayed_, [&keep](const auto& member) { return !keep(member); });
  }

  /// The members with a channel, in order of their ids.
  std::set<PeerId> direct_members() const {
    std::set<PeerId> members;
    for (const ConnectionKey& channel : channels_) members.insert(channel.peer);
    return members;
  }
  /// The members that a message can reach, in order of their ids.
  std::set<PeerId> members() const {
    std::set<PeerId> members = direct_members();
    members.insert(relayed_.begin(), relayed_.end());
    return members;
  }
  bool is_direct(const PeerId& member) const { return latest_with(member).has_value(); }
  /// True where only the server leads to this member, or to anybody.
  bool is_relayed(const PeerId& member) const {
    return relayed_.contains(member) && !is_direct(member);
  }
  bool relays() const { return !relayed_.empty(); }
  /// True where a message can reach this member.
  bool reaches(const PeerId& member) const {
    return relayed_.contains(member) || is_direct(member);
  }

  /// Adds the command that sends `message` over the member's latest channel, or else by the server,
  /// if either leads there.
  void send(const PeerId& member, ChatMessage message, ChatOutputs& outputs) const {
    if (const auto channel = latest_with(member)) {
      outputs.emplace_back(SendChat{*channel, std::move(message)});
    } else if (relayed_.contains(member)) {
      outputs.emplace_back(RelayChat{member, {std::move(message)}});
    }
  }

  /// Adds the commands that send `message` to all members: one for those by way of the server.
  void broadcast(const ChatMessage& message, ChatOutputs& outputs) const {
    for (const PeerId& member : direct_members()) send(member, message, outputs);
    if (relays()) outputs.emplace_back(RelayChat{{}, {message}});
  }

 private:
  std::optional<ConnectionKey> latest_with(const PeerId& member) const {
    std::optional<ConnectionKey> latest;
    for (const ConnectionKey& channel : channels_) {
      if (channel.peer == member && (!latest || is_later(channel, *latest))) latest = channel;
    }
    return latest;
  }

  std::set<ConnectionKey> channels_;
  std::set<PeerId> relayed_;
};

}  // namespace onair::session
