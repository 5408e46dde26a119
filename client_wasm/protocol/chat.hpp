// What the two ends of a broadcast say over the data channel `chat`. The server never sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace onair::protocol {

/// Names a line among those of one talker's page.
using ChatLineId = std::uint32_t;

/// Watcher to talker: a line for everyone.
struct ChatSaid {
  std::string name;  ///< empty for somebody who gave none
  std::string text;
  bool operator==(const ChatSaid&) const = default;
};

/// Talker to watcher, first on each channel: the last lines follow, and take the place of whatever
/// the watcher has.
struct ChatBegins {
  bool muted = false;  ///< nothing that this watcher says is passed on
  bool operator==(const ChatBegins&) const = default;
};

/// Talker to watchers.
struct ChatLine {
  ChatLineId id;
  std::string name;
  std::string text;
  bool host = false;   ///< the talker said it
  bool yours = false;  ///< this watcher said it
  bool operator==(const ChatLine&) const = default;
};

/// Talker to watchers: the line is to be seen no more.
struct ChatRemoved {
  ChatLineId id;
  bool operator==(const ChatRemoved&) const = default;
};

/// Talker to watcher.
struct ChatMuted {
  bool muted;
  bool operator==(const ChatMuted&) const = default;
};

/// Talker to watcher: what it said was not passed on.
struct ChatRefused {
  enum class Reason { too_fast, too_long, muted };
  Reason reason;
  bool operator==(const ChatRefused&) const = default;
};

using ChatMessage =
    std::variant<ChatSaid, ChatBegins, ChatLine, ChatRemoved, ChatMuted, ChatRefused>;

std::string_view name_of(ChatRefused::Reason reason);

/// Whether a line may have this name and text: not too long, not blank, no control characters but
/// line breaks in the text.
bool is_sayable(std::string_view name, std::string_view text);

std::string encode_chat(const ChatMessage& message);

/// Nothing for whatever is not a chat message.
std::optional<ChatMessage> decode_chat(std::string_view frame);

}  // namespace onair::protocol
