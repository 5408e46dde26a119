// A viewer's chat: sends its lines to a talker and shows those of all talkers.
//
// No line is lost with a path, as when the viewer moves from its data channel to the server or
// back: it keeps what the talker has not answered, and sends it again when the talker has shown by
// its last lines, over the next path, that it has no such line. The talker drops what it has twice.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "session/chat_port.hpp"
#include "session/time.hpp"

namespace onair::session {

class WatchChat {
 public:
  /// Limit of lines whose answer is awaited; of more the oldest is not sent again.
  static constexpr std::size_t kMaxUnanswered = 16;
  /// A line that is older is not sent again, since nobody expects it any more.
  static constexpr Duration kAnswerTimeout{60'000};

  /// Numbers of lines count up from `first`. Successive pages with the same peer id should start at
  /// different numbers.
  explicit WatchChat(protocol::SayId first) : next_say_(first) {}

  ChatOutputs handle(const ChatEntered& entered, TimePoint now);
  /// `several_talkers` keeps the lines of each talker apart; otherwise those of successive talkers
  /// form one list.
  ChatOutputs receive(const PeerId& talker, const ChatMessage& message, bool several_talkers,
                      TimePoint now);
  /// Messages that came by way of the server. Those for everybody are not for us where the talker
  /// has a channel to us.
  ChatOutputs receive_relayed(const PeerId& talker, const std::vector<ChatMessage>& messages,
                              bool several_talkers, TimePoint now);

  /// The server leads to this talker from now on, or no longer.
  void open_relay(const PeerId& talker) { port_.open_relay(talker); }
  void close_relay(const PeerId& talker);
  void handle(const ChatOpened& opened) { port_.open(opened.key); }
  void handle(const ChatClosed& closed) { port_.close(closed.key); }

  /// Forgets a connection that has closed.
  void forget(const ConnectionKey& connection);
  /// Nobody knows us by the id that we had: what was said under it is not sent again.
  void forget_unanswered() { unanswered_.clear(); }

  bool is_open() const { return !port_.members().empty(); }
  bool is_muted() const { return !muted_.empty(); }

 private:
  struct Unanswered {
    PeerId talker;
    protocol::ChatSay say;
    TimePoint at;
  };

  void note(const PeerId& talker, const ChatMessage& message);
  void note_answer(const PeerId& talker, std::optional<protocol::SayId> said);
  void send_again(const PeerId& talker, ChatOutputs& outputs, TimePoint now);
  void forget_unless_reached(const PeerId& talker);

  ChatPort port_;
  protocol::SayId next_say_;
  std::vector<Unanswered> unanswered_;  ///< the oldest first
  std::set<PeerId> beginning_;          ///< talkers whose last lines are coming
  std::set<PeerId> muted_;              ///< talkers who drop our lines
  /// The last line of each talker: of a relayed one, the author gets two copies.
  std::map<PeerId, ChatLineId> last_lines_;
};

}  // namespace onair::session
