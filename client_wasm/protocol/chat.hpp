// Messages of the chat between talker and watcher. They go by the data channel `chat`, which no
// server sees; or by the server, in `chat_messages`, where the watcher has no connection with the
// talker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace onair::protocol {

/// Identifies a line within one talker's page.
using ChatLineId = std::uint32_t;

/// A watcher's own number for what it says.
using SayId = std::uint32_t;

/// Watcher to talker: a line for everyone.
struct ChatSay {
  std::string name;  ///< empty if the author gave none
  std::string text;
  /// The talker drops a line with the number of one that it has taken: so the watcher may send
  /// again what may be lost.
  std::optional<SayId> id = {};
  bool operator==(const ChatSay&) const = default;
};

/// Talker to watcher, first on each channel: the last lines follow and replace those of the
/// watcher.
struct ChatBegin {
  bool muted = false;  ///< the talker drops this watcher's lines
  bool operator==(const ChatBegin&) const = default;
};

/// Talker to watchers.
struct ChatLine {
  ChatLineId id;
  std::string name;
  std::string text;
  bool by_talker = false;          ///< written by the talker: `host` on the wire
  bool yours = false;              ///< written by this watcher
  std::optional<SayId> said = {};  ///< to its author alone: the `id` of what it said
  bool operator==(const ChatLine&) const = default;
};

/// Talker to watchers: hide the line.
struct ChatRemoved {
  ChatLineId id;
  bool operator==(const ChatRemoved&) const = default;
};

/// Talker to watcher.
struct ChatMuted {
  bool muted;
  bool operator==(const ChatMuted&) const = default;
};

/// Talker to watcher: its line was not sent to the others.
struct ChatRefused {
  enum class Reason { too_fast, too_long, muted };
  Reason reason;
  std::optional<SayId> said = {};  ///< the `id` of what it said
  bool operator==(const ChatRefused&) const = default;
};

/// State of a picture or a sound that is sent. `interrupted`: the talker's system has muted it for
/// now.
enum class Sent { live, none, interrupted };

/// Talker to watchers: what the talker sends from now on. Both are live until the first of these.
struct ChatMedia {
  Sent picture = Sent::live;
  Sent sound = Sent::live;
  bool operator==(const ChatMedia&) const = default;
};

using ChatMessage =
    std::variant<ChatSay, ChatBegin, ChatLine, ChatRemoved, ChatMuted, ChatRefused, ChatMedia>;

std::string_view name_of(Sent sent);

std::string_view name_of(ChatRefused::Reason reason);

/// The name and text of a line as people may see them: without Bidi_Control. Empty if they are too
/// long or blank, or have a control character other than a line break in the text.
std::optional<ChatSay> line_of(std::string_view name, std::string_view text);

std::string encode_chat(const ChatMessage& message);

/// Empty if the frame is not a chat message.
std::optional<ChatMessage> decode_chat(std::string_view frame);

}  // namespace onair::protocol
