// Page, clock, socket and chat. talk_media.cpp has the local stream, talk_viewers.cpp the viewers'
// connections.
#include "session/talk/talk_session.hpp"

#include <algorithm>
#include <utility>

namespace onair::session {
namespace {

/// Limit of removed viewers that are remembered.
constexpr std::size_t kMaxRemoved = 200;

}  // namespace

std::string_view name_of(TalkView::Stage stage) {
  switch (stage) {
    case TalkView::Stage::idle:
      return "idle";
    case TalkView::Stage::starting:
      return "starting";
    case TalkView::Stage::preview:
      return "preview";
    case TalkView::Stage::on_air:
      return "on_air";
  }
  return "idle";
}

TalkSession::TalkSession(TalkOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::talk,
                                Backoff(options.backoff, options.backoff_seed), options.resume,
                                options.token),
                  options.first_generation),
      options_(std::move(options)),
      planner_(options_.uplink) {}

void TalkSession::settle() {
  share_uplink();
  measure_if_due<MeasureSending>();
  show(shown_, view());
}

TalkView TalkSession::view() const {
  TalkView view;
  view.link = link_.status();
  view.refusal = link_.refusal();
  if (!std::holds_alternative<Idle>(state_)) view.stage = TalkView::Stage::starting;
  if (const auto* previewing = std::get_if<Previewing>(&state_)) {
    if (previewing->preview_only && previewing->ready) view.stage = TalkView::Stage::preview;
  }
  if (const auto* air = std::get_if<OnAir>(&state_)) {
    view.stage = TalkView::Stage::on_air;
    view.on_air_since = air->since;
  }
  view.audience = audience();
  for (const ViewerView& viewer : view.audience) {
    ++(viewer.state == ViewerView::State::live ? view.viewers : view.connecting);
  }
  view.watching = watching_;
  view.uplink_bps = view.viewers * std::uint64_t{planner_.share_of(view.viewers).max_bitrate_bps};
  view.capacity = capacity();
  view.shares_screen = source() == MediaSource::screen;
  view.microphone_on = microphone_on_;
  view.camera_on = camera_on_;
  view.locked = locked_;
  view.devices = devices_;
  view.choice = choice_;
  view.notice = notice_;
  return view;
}

void TalkSession::on(const Started& started) {
  SessionBase::on(started);
  output_.emplace_back(ListDevices{});
}

/// Sends no `end_talk`: the page may be reloading, and the server keeps the room for it.
void TalkSession::on(const LeaveRequested&) {
  pass_on(link_.leave());
  stop(Notice::none);
}

void TalkSession::on(const TimePassed& passed) {
  pass_on(link_.handle(passed, now_));
  for (const ConnectionKey& key : due_connections()) recover(key);
}

void TalkSession::on(const OnAirRequested&) {
  if (auto* previewing = std::get_if<Previewing>(&state_)) {
    previewing->preview_only = false;
    if (previewing->ready) return go_on_air(Take(previewing->take));
  }
  if (!on_air()) {
    notice_ = Notice::no_local_stream;
    return;
  }
  announce();
}

void TalkSession::on(const StopRequested&) {
  stop(Notice::none);
}

void TalkSession::on_message(const protocol::Welcome& welcome, const PeerId&) {
  const bool first = link_.id().empty();
  const SignalingLink::Entry entry = link_.on_welcome(welcome, now_);
  if (entry == SignalingLink::Entry::none) return;
  output_.emplace_back(RememberToken{welcome.resume});
  if (first) locked_ = welcome.locked;
  if (locked_ != welcome.locked) send(protocol::LockRoom{locked_});
  for (const PeerId& removed : removed_) send(protocol::RemovePeer{removed});
  if (entry == SignalingLink::Entry::fresh) {
    close_all("new peer id");
    numbers_.clear();
  }
  for (const ConnectionKey& key : connections_.keys()) {
    ViewerConnection& viewer = *connections_.find(key);
    if (viewer.was_connected && viewer.transport != TransportState::connected) viewer.due = now_;
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  if (on_air()) {
    announce();
  } else if (std::count(welcome.talkers.begin(), welcome.talkers.end(), welcome.id) > 0) {
    send(protocol::EndTalk{});  // stopped while the server was unreachable
  }
}

// Lock and removal. Resent after each welcome, since a restarted server has lost them.

void TalkSession::on(const LockSwitched& lock) {
  locked_ = lock.locked;
  send(protocol::LockRoom{locked_});
}

void TalkSession::on(const RemovalRequested& removal) {
  if (!numbers_.contains(removal.viewer)) return;
  if (removed_.size() < kMaxRemoved) removed_.push_back(removal.viewer);
  send(protocol::RemovePeer{removal.viewer});
  close(removal.viewer, "removed");
}

void TalkSession::on(const RoomEndRequested&) {
  stop(Notice::none);
  send(protocol::EndRoom{});
}

void TalkSession::on_message(const protocol::Audience& audience, const PeerId&) {
  watching_ = audience.watching;
}

// The chat.

void TalkSession::on(const ChatEntered& entered) {
  if (const auto line = chat_.post(entered.name, entered.text)) return broadcast(*line);
  output_.emplace_back(ShowChatRefused{ChatRefused::Reason::too_long});
}

void TalkSession::on(const ChatRemovalRequested& removal) {
  if (chat_.remove(removal.id)) broadcast(protocol::ChatRemoved{removal.id});
}

void TalkSession::on(const MutingRequested& muting) {
  if (!numbers_.contains(muting.viewer)) return;
  chat_.mute(muting.viewer, muting.muted);
  const std::optional<ConnectionKey> key = connections_.key_of(muting.viewer);
  if (key && connections_.find(*key)->chat_open) {
    output_.emplace_back(SendChat{*key, protocol::ChatMuted{muting.muted}});
  }
}

void TalkSession::on(const ChatOpened& opened) {
  ViewerConnection* viewer = connections_.find(opened.key);
  if (viewer == nullptr) return;
  viewer->chat_open = true;
  for (ChatMessage& message : chat_.begin(opened.key.peer)) {
    output_.emplace_back(SendChat{opened.key, std::move(message)});
  }
}

void TalkSession::on(const ChatClosed& closed) {
  if (ViewerConnection* viewer = connections_.find(closed.key)) viewer->chat_open = false;
}

void TalkSession::on(const ChatReceived& received) {
  const auto* say = std::get_if<protocol::ChatSay>(&received.message);
  if (say == nullptr || connections_.find(received.key) == nullptr) return;
  const auto result = chat_.receive(received.key.peer, *say, now_);
  if (const auto* line = std::get_if<ChatLine>(&result)) return broadcast(*line, received.key.peer);
  output_.emplace_back(SendChat{received.key, std::get<ChatRefused>(result)});
}

/// Sends to all viewers and shows on our own page.
void TalkSession::broadcast(const ChatMessage& message, const PeerId& author) {
  for (const auto& [peer, entry] : connections_) {
    if (!entry.connection.chat_open) continue;
    ChatMessage copy = message;
    if (auto* line = std::get_if<ChatLine>(&copy)) line->yours = peer == author;
    output_.emplace_back(SendChat{{peer, entry.generation}, std::move(copy)});
  }
  if (const auto* line = std::get_if<ChatLine>(&message)) {
    output_.emplace_back(ShowChatLine{*line, author});
  } else if (const auto* removed = std::get_if<protocol::ChatRemoved>(&message)) {
    output_.emplace_back(TakeChatLineAway{removed->id});
  }
}

// Steps.

void TalkSession::transition(State next, std::string_view reason) {
  state_ = next;
  trace("talk: " + std::string(name_of(view().stage)) + " (" + std::string(reason) + ")");
}

void TalkSession::announce() {
  if (link_.joined()) {
    notice_ = Notice::none;
    send(protocol::TalkReady{});
  } else {
    notice_ = Notice::no_signaling;
  }
}

void TalkSession::stop(Notice why) {
  notice_ = why;
  if (on_air()) send(protocol::EndTalk{});
  close_all("stopped");
  release_captures();
  if (!std::holds_alternative<Idle>(state_)) transition(Idle{}, "stopped");
}

}  // namespace onair::session
