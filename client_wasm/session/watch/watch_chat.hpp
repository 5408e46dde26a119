// A viewer's chat: sends its lines to a talker and shows those of all talkers.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "session/chat_port.hpp"

namespace onair::session {

class WatchChat {
 public:
  ChatOutputs handle(const ChatEntered& entered) const;
  /// `several_talkers` keeps the lines of each talker apart; otherwise those of successive talkers
  /// form one list.
  ChatOutputs receive(const PeerId& talker, const ChatMessage& message, bool several_talkers);
  /// Messages that came by way of the server. Those for everybody are not for us where the talker
  /// has a channel to us.
  ChatOutputs receive_relayed(const PeerId& talker, const std::vector<ChatMessage>& messages,
                              bool several_talkers);

  /// The server leads to this talker from now on, or no longer.
  void open_relay(const PeerId& talker) { port_.open_relay(talker); }
  void close_relay(const PeerId& talker);
  void handle(const ChatOpened& opened) { port_.open(opened.key); }
  void handle(const ChatClosed& closed) { port_.close(closed.key); }

  /// Forgets a connection that has closed.
  void forget(const ConnectionKey& connection);

  bool is_open() const { return !port_.members().empty(); }
  bool is_muted() const { return !muted_.empty(); }

 private:
  void forget_unless_reached(const PeerId& talker);

  ChatPort port_;
  std::set<PeerId> muted_;  ///< talkers who drop our lines
  /// The last line of each talker: of a relayed one, the author gets two copies.
  std::map<PeerId, ChatLineId> last_lines_;
};

}  // namespace onair::session
