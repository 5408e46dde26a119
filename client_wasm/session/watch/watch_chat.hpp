// A viewer's chat: sends its lines to a talker and shows those of all talkers.
#pragma once

#include <set>

#include "session/chat_port.hpp"

namespace onair::session {

class WatchChat {
 public:
  ChatOutputs handle(const ChatEntered& entered) const;
  /// `several_talkers` keeps the lines of each talker apart; otherwise those of successive talkers
  /// form one list.
  ChatOutputs handle(const ChatReceived& received, bool several_talkers);
  void handle(const ChatOpened& opened) { port_.open(opened.key); }
  void handle(const ChatClosed& closed) { port_.close(closed.key); }

  /// Forgets a connection that has closed.
  void forget(const ConnectionKey& connection);

  bool is_open() const { return !port_.members().empty(); }
  bool is_muted() const { return !muted_.empty(); }

 private:
  ChatPort port_;
  std::set<ConnectionKey> muted_;  ///< connections whose talker drops our lines
};

}  // namespace onair::session
