// The talker's end of the chat: keeps the last lines, and decides who may say what.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "session/chat.hpp"
#include "session/time.hpp"

namespace onair::session {

class ChatHost {
 public:
  /// A viewer who comes late gets so many lines.
  static constexpr std::size_t kKeptLines = 50;
  /// A viewer may say so many lines at once, and another after each pause.
  static constexpr double kBurst = 5;
  static constexpr Duration kPause{2'000};

  /// What a viewer whose channel has just opened is told: the last lines.
  std::vector<ChatMessage> begin(const PeerId& viewer) const;

  /// The line for everyone, or why there is none. To its author it is `yours`.
  std::variant<ChatLine, ChatRefused> hear(const PeerId& viewer, const protocol::ChatSaid& said,
                                           TimePoint now);

  /// A line of the talker's own; nothing where it is too long or blank.
  std::optional<ChatLine> say(std::string name, std::string text);

  /// False where there is no such line any more.
  bool remove(ChatLineId id);

  void mute(const PeerId& viewer, bool muted) { viewers_[viewer].muted = muted; }
  bool is_muted(const PeerId& viewer) const;

  /// As it called itself last; empty where it did not.
  std::string name_of(const PeerId& viewer) const;

  /// The viewer is gone for good.
  void forget(const PeerId& viewer) { viewers_.erase(viewer); }

 private:
  struct Kept {
    PeerId author;
    ChatLine line;
  };
  struct Viewer {
    std::string name = {};
    bool muted = false;
    double allowance = kBurst;  ///< lines that it may say now
    std::optional<TimePoint> at = {};
  };

  ChatLine keep(PeerId author, ChatLine line);

  ChatLineId last_id_ = 0;
  std::deque<Kept> kept_;
  std::map<PeerId, Viewer> viewers_;
};

}  // namespace onair::session
