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

ChatOutputs WatchChat::handle(const ChatEntered& entered, TimePoint now) {
  auto line = protocol::line_of(entered.name, entered.text);
  if (!line) return {ShowChatRefused{ChatRefused::Reason::too_long}};
  ChatOutputs outputs;
  const std::set<PeerId> talkers = port_.members();
  if (talkers.empty()) return outputs;
  // A line goes to one talker only, since every viewer gets the lines of each of them.
  const PeerId& talker = *talkers.begin();
  line->id = next_say_++;
  port_.send(talker, *line, outputs);
  if (unanswered_.size() == kMaxUnanswered) unanswered_.erase(unanswered_.begin());
  unanswered_.push_back({talker, *std::move(line), now});
  return outputs;
}

ChatOutputs WatchChat::receive(const PeerId& talker, const ChatMessage& message,
                               bool several_talkers, TimePoint now) {
  note(talker, message);
  ChatOutputs outputs = std::visit(Display{several_talkers ? talker : PeerId{}}, message);
  // It ends the last lines: those of ours that are not among them did not arrive.
  const bool ends = std::holds_alternative<protocol::ChatMedia>(message);
  if (ends && beginning_.erase(talker) > 0) send_again(talker, outputs, now);
  return outputs;
}

void WatchChat::note(const PeerId& talker, const ChatMessage& message) {
  const auto set_muted = [&](bool muted) {
    muted ? (void)muted_.insert(talker) : (void)muted_.erase(talker);
  };
  if (const auto* begin = std::get_if<protocol::ChatBegin>(&message)) {
    set_muted(begin->muted);
    last_lines_.erase(talker);
    beginning_.insert(talker);
  } else if (const auto* muted = std::get_if<protocol::ChatMuted>(&message)) {
    set_muted(muted->muted);
  } else if (const auto* line = std::get_if<ChatLine>(&message)) {
    last_lines_[talker] = line->id;
    if (line->yours) note_answer(talker, line->said);
  } else if (const auto* refused = std::get_if<ChatRefused>(&message)) {
    note_answer(talker, refused->said);
  }
}

/// A talker that does not say to what this is the answer would not know a line that comes again:
/// then none does.
void WatchChat::note_answer(const PeerId& talker, std::optional<protocol::SayId> said) {
  std::erase_if(unanswered_, [&](const Unanswered& line) {
    return line.talker == talker && (!said || line.say.id == said);
  });
}

void WatchChat::send_again(const PeerId& talker, ChatOutputs& outputs, TimePoint now) {
  std::erase_if(unanswered_,
                [now](const Unanswered& line) { return now - line.at > kAnswerTimeout; });
  for (const Unanswered& line : unanswered_) {
    if (line.talker == talker) port_.send(talker, line.say, outputs);
  }
}

ChatOutputs WatchChat::receive_relayed(const PeerId& talker,
                                       const std::vector<ChatMessage>& messages,
                                       bool several_talkers, TimePoint now) {
  ChatOutputs outputs;
  if (!port_.is_relayed(talker)) return outputs;
  for (const ChatMessage& message : messages) {
    const auto* line = std::get_if<ChatLine>(&message);
    const auto last = last_lines_.find(talker);
    if (line != nullptr && last != last_lines_.end() && line->id <= last->second) continue;
    for (ChatOutput& output : receive(talker, message, several_talkers, now)) {
      outputs.push_back(std::move(output));
    }
  }
  return outputs;
}

void WatchChat::forget(const ConnectionKey& connection) {
  port_.close(connection);
  forget_unless_reached(connection.peer);
}

void WatchChat::close_relay(const PeerId& talker) {
  port_.close_relay(talker);
  forget_unless_reached(talker);
}

void WatchChat::forget_unless_reached(const PeerId& talker) {
  if (port_.is_direct(talker) || port_.is_relayed(talker)) return;
  muted_.erase(talker);
  last_lines_.erase(talker);
  beginning_.erase(talker);
}

}  // namespace onair::session
