// The talker's end of the chat. Keeps the last lines and decides which lines are accepted.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "session/chat.hpp"
#include "session/time.hpp"
#include "session/token_bucket.hpp"

namespace onair::session {

class ChatHost {
 public:
  /// Lines kept for viewers who join late.
  static constexpr std::size_t kKeptLines = 50;
  /// Rate limit for the lines of one viewer.
  static constexpr Rate kLines{5, Duration(2'000)};
  /// Numbers remembered of what one viewer has said; more than it sends again at once.
  static constexpr std::size_t kMaxSaid = 32;

  /// Messages for a viewer whose channel has just opened: `begin`, then the last lines.
  std::vector<ChatMessage> begin(const PeerId& viewer) const;

  /// True for a line that the viewer sends again, since it could not know that we have it.
  bool has_taken(const PeerId& viewer, const protocol::ChatSay& say) const;

  /// Takes a line of a viewer. Returns the line to send to everyone, or the reason to refuse it.
  std::variant<ChatLine, ChatRefused> receive(const PeerId& viewer, const protocol::ChatSay& say,
                                              TimePoint now);

  /// Adds a line of the talker's own. Empty if it is too long or blank.
  std::optional<ChatLine> post(std::string_view name, std::string_view text);

  /// False if no such line is kept.
  bool remove(ChatLineId id);

  void mute(const PeerId& viewer, bool muted) { viewers_[viewer].muted = muted; }
  bool is_muted(const PeerId& viewer) const;

  /// The viewer has this name by its entry token. Its lines get no other, and no other viewer's
  /// lines get this one.
  void set_name(const PeerId& viewer, std::string_view name);

  /// The name by the viewer's token, or else the one that it gave with its last line; empty without
  /// one.
  std::string name_of(const PeerId& viewer) const;

  /// Forgets a viewer who has left the room.
  void forget(const PeerId& viewer) { viewers_.erase(viewer); }

  template <typename Keep>
  void forget_all_but(Keep keep) {
    std::erase_if(viewers_, [&keep](const auto& entry) { return !keep(entry.first); });
  }
  std::size_t viewers() const { return viewers_.size(); }

 private:
  struct Kept {
    PeerId author;
    ChatLine line;
    std::optional<protocol::SayId> said;
  };
  struct Viewer {
    std::string name = {};
    bool has_token_name = false;
    bool muted = false;
    TokenBucket lines = {};
    std::vector<protocol::SayId> said = {};  ///< the last kMaxSaid of the lines that were taken
  };

  /// The name of a line in which this viewer calls itself `claimed`.
  std::string name_for(const PeerId& viewer, std::string claimed) const;
  ChatLine keep(PeerId author, ChatLine line, std::optional<protocol::SayId> said = {});

  ChatLineId last_id_ = 0;
  std::deque<Kept> kept_;
  std::map<PeerId, Viewer> viewers_;
};

}  // namespace onair::session
