#include "session/watch/watch_chat.hpp"

#include <utility>

namespace onair::session {
namespace {

/// Shows a message of `host` on the page.
struct Display {
  PeerId host;
  ChatOutputs operator()(const protocol::ChatBegin&) const { return {ClearChat{host}}; }
  ChatOutputs operator()(const protocol::ChatMuted&) const { return {}; }
  ChatOutputs operator()(const ChatLine& line) const { return {ShowChatLine{line, {}, host}}; }
  ChatOutputs operator()(const protocol::ChatRemoved& removed) const {
    return {TakeChatLineAway{removed.id, host}};
  }
  ChatOutputs operator()(const ChatRefused& refused) const {
    return {ShowChatRefused{refused.reason}};
  }
  ChatOutputs operator()(const protocol::ChatMedia&) const { return {}; }  // the session's
  ChatOutputs operator()(const protocol::ChatSay&) const { return {}; }    // a watcher's message
};

}  // namespace

ChatOutputs WatchChat::handle(const ChatEntered& entered) const {
  const auto line = protocol::line_of(entered.name, entered.text);
  if (!line) return {ShowChatRefused{ChatRefused::Reason::too_long}};
  ChatOutputs outputs;
  const std::set<PeerId> talkers = port_.members();
  // A line goes to one talker only, since every viewer gets the lines of each of them.
  if (!talkers.empty()) {
    port_.send(*talkers.begin(), *line, outputs);
  }
  return outputs;
}

ChatOutputs WatchChat::handle(const ChatReceived& received, bool several_talkers) {
  const auto set_muted = [&](bool muted) {
    muted ? (void)muted_.insert(received.key) : (void)muted_.erase(received.key);
  };
  if (const auto* begin = std::get_if<protocol::ChatBegin>(&received.message)) {
    set_muted(begin->muted);
  } else if (const auto* muted = std::get_if<protocol::ChatMuted>(&received.message)) {
    set_muted(muted->muted);
  }
  return std::visit(Display{several_talkers ? received.key.peer : PeerId{}}, received.message);
}

void WatchChat::forget(const ConnectionKey& connection) {
  port_.close(connection);
  muted_.erase(connection);
}

}  // namespace onair::session
