// Page, clock, server and chat. watch_talkers.cpp has the connections with the talkers.
#include "session/watch/watch_session.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "protocol/error_code.hpp"

namespace onair::session {

template class SessionBase<WatchSession, TalkerConnection, WatchInput, WatchOutput>;

namespace {

protocol::ReceptionFigures figures_of(const Reception& reception) {
  protocol::ReceptionFigures figures{reception.quality};
  figures.loss = static_cast<std::uint16_t>(std::lround(1'000 * std::min(reception.loss, 1.0)));
  if (reception.latency_ms) {
    figures.latency_ms = static_cast<std::uint32_t>(std::clamp(*reception.latency_ms, 0.0, 6e5));
  }
  return figures;
}

}  // namespace

std::string_view name_of(WatchView::Picture picture) {
  switch (picture) {
    case WatchView::Picture::waiting: return "waiting";
    case WatchView::Picture::requesting: return "requesting";
    case WatchView::Picture::connecting: return "connecting";
    case WatchView::Picture::live: return "live";
    case WatchView::Picture::reconnecting: return "reconnecting";
    case WatchView::Picture::ended: return "ended";
    case WatchView::Picture::full: return "full";
    case WatchView::Picture::failed: return "failed";
  }
  return "waiting";
}

WatchSession::WatchSession(WatchOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::watch,
                                Backoff(options.backoff, options.backoff_seed), options.resume,
                                options.token),
                  /*first_generation=*/1, kNewTalkers),
      options_(std::move(options)),
      retry_(kReconnectDelays, options_.backoff_seed),
      full_retry_(kFullDelays, options_.backoff_seed),
      chat_(options_.backoff_seed) {}

void WatchSession::on_session_ended() {
  close_all("session ended");
  chat_.forget_unanswered();
  on_air_.clear();
  by_turn_.clear();
  budget_.withdraw_all();
  own_deadline_.cancel();
  stay_without(WatchView::Picture::ended, "session ended");
}

void WatchSession::on_closing(const ConnectionKey& key) {
  const PeerId& talker = talker_of(key);
  const auto other = connection_of(talker, key);
  if (other && connections_.find(*other)->has_stream) switch_stream(key, *other);
  if (attached_.erase(key) > 0) output_.emplace_back(DetachStream{key});
  chat_.forget(key);
  // Or what is said goes to it, where another talker is watched by then.
  if (!other) chat_.close_relay(talker);
}

void WatchSession::settle() {
  serve_waiting();
  measure_if_due<MeasureReceiving>();
  measure_moves();
  report_reception();
  show(shown_, view());
}

WatchView WatchSession::view() const {
  WatchView view;
  view.link = link_.status();
  view.refusal = link_.refusal();
  view.name = link_.name();
  view.picture = picture();
  view.notice = notice_;
  view.chat_open = chat_.is_open();
  view.chat_muted = chat_.is_muted();
  for (const auto& [key, talker] : connections_) {
    if (talker.transport != TransportState::connected || talker.is_replaced) continue;
    view.forwarded = view.forwarded || (talker.of && !talker.moves_until);
    if (view.sends == protocol::ChatMedia{}) view.sends = talker.sends;
    if (!talker.reception) continue;
    // With several talkers the view has the worst quality.
    if (!view.reception || view.reception->quality < talker.reception->quality) {
      view.reception = talker.reception;
    }
  }
  return view;
}

/// Reports nothing that we get from a talker itself, who measures it too.
void WatchSession::report_reception() {
  const bool due = report_at_.is_due(now_);
  bool any = false;
  for (const auto& [key, talker] : connections_) {
    if (!talker.of || talker.moves_until || talker.is_replaced) continue;
    any = true;
    if (!due) continue;
    if (is_broken(talker.transport)) {
      send(protocol::Reception{*talker.of, {protocol::Quality::poor, /*loss=*/1'000}});
    } else if (talker.reception) {
      send(protocol::Reception{*talker.of, figures_of(*talker.reception)});
    }
  }
  if (!any) report_at_.cancel();
  if (any && (due || !report_at_.at())) report_at_.set(now_ + kReportInterval);
}

WatchView::Picture WatchSession::picture() const {
  using Picture = WatchView::Picture;
  bool offered = false;
  for (const auto& [key, talker] : connections_) {
    if (talker.transport == TransportState::connected) return Picture::live;
    if (is_broken(talker.transport)) return Picture::reconnecting;
    offered |= !std::holds_alternative<TalkerConnection::AwaitingOffer>(talker.state);
  }
  if (offered) return Picture::connecting;
  return connections_.empty() ? absence_ : Picture::requesting;
}

// The page, the clock and the socket.

void WatchSession::on(const LeaveRequested&) {
  for (const ConnectionKey& key : connections_.keys()) send(protocol::Bye{}, key.peer);
  close_all("leaving");
  budget_.withdraw_all();
  own_deadline_.cancel();
  emit_all(link_.leave());
}

void WatchSession::on(const TimePassed& passed) {
  emit_all(link_.handle(passed, now_));
  for (const ConnectionKey& key : due_connections()) recover(key);
  if (own_deadline_.is_due(now_)) request_talkers_on_air();
}

void WatchSession::on(const RequestPressed&) {
  if (!link_.joined()) {
    notice_ = Notice::no_signaling;
    return;
  }
  notice_ = Notice::none;
  if (picture() == WatchView::Picture::live) return;
  if (!presses_.take(kPresses, now_)) return;  // the requests of the last presses are under way
  for (const auto& [key, connection] : connections_) {
    if (connection.of) send(protocol::Bye{}, key.peer);  // a forwarder, whom nobody else tells
  }
  close_all("new request");
  send(protocol::TalkRequest{});
  unwanted_.clear();
  own_deadline_.cancel();
  stay_without(WatchView::Picture::requesting, "request pressed");
}

// The chat.

void WatchSession::on(const ChatOpened& opened) {
  if (connections_.find(opened.key) != nullptr) chat_.handle(opened);
}

void WatchSession::on(const ChatReceived& received) {
  if (connections_.find(received.key) == nullptr) return;
  if (const auto* media = std::get_if<protocol::ChatMedia>(&received.message)) {
    take_media(received.key.peer, *media);
  }
  emit_all(chat_.receive(received.key.peer, received.message,
                         /*several_talkers=*/max_talkers_ > 1, now_));
}

void WatchSession::on_message(const protocol::ChatMessages& chat, const PeerId& from) {
  if (!is_watched(from)) return;
  for (const protocol::ChatMessage& message : chat.messages) {
    if (const auto* media = std::get_if<protocol::ChatMedia>(&message)) take_media(from, *media);
  }
  emit_all(chat_.receive_relayed(from, chat.messages, /*several_talkers=*/max_talkers_ > 1, now_));
}

void WatchSession::take_media(const PeerId& of, const protocol::ChatMedia& media) {
  for (const ConnectionKey& key : connections_.keys()) {
    if (talker_of(key) != of) continue;
    TalkerConnection& talker = *connections_.find(key);
    const protocol::ChatMedia before = std::exchange(talker.sends, media);
    const bool shown = before.picture != protocol::Sent::none;
    if (attached_.contains(key) && shown != (media.picture != protocol::Sent::none)) {
      attach(key, talker);
    }
  }
}

// Messages of the server and the talkers.

void WatchSession::on_message(const protocol::Welcome& welcome, const PeerId&) {
  const SignalingLink::Entry entry = link_.on_welcome(welcome, now_);
  if (entry == SignalingLink::Entry::none) return;
  output_.emplace_back(RememberToken{welcome.resume});
  max_talkers_ = std::clamp<std::size_t>(welcome.talkers_per_room, 1, options_.max_talkers);
  if (entry == SignalingLink::Entry::fresh) {
    close_all("new peer id");
    chat_.forget_unanswered();
  }
  for (const ConnectionKey& key : connections_.keys()) {
    TalkerConnection& talker = *connections_.find(key);
    if (talker.transport == TransportState::connected) continue;
    if (std::holds_alternative<TalkerConnection::Negotiated>(talker.state)) {
      talker.due.set(now_);
    } else {
      if (talker.of) send(protocol::Bye{}, key.peer);  // or it takes us for served
      close(key, "messages sent meanwhile are lost");
    }
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  on_air_.clear();
  for (const PeerId& talker : welcome.talkers) note_on_air(talker);
  std::erase_if(unwanted_, [this](const PeerId& talker) { return !is_on_air(talker); });
  for (const PeerId& talker : welcome.talkers) {
    const auto by = connection_of(talker);
    if (by && connections_.find(*by)->transport == TransportState::connected)
      confirm_forwarded(talker);
  }
  if (has_alternative()) make_room();
  request_talkers_on_air();
}

void WatchSession::on_message(const protocol::TalkReady& ready, const PeerId& from) {
  if (ready.of) return move_to(from, *ready.of);
  note_on_air(from);
  if (ready.direct) return come_back(from);
  confirm_forwarded(from);
  if (!is_watched(from)) make_room();
  request_talkers_on_air();
}

/// For another talker closes connections by which nothing comes: broken ones, and those with a
/// forwarder whose talker has gone.
void WatchSession::make_room() {
  for (const ConnectionKey& key : connections_.keys()) {
    if (has_room()) return;
    const TalkerConnection& connection = *connections_.find(key);
    const bool is_orphan = connection.of && !is_on_air(*connection.of);
    if (!is_orphan && !is_broken(connection.transport)) continue;
    if (connection.of) send(protocol::Bye{}, key.peer);
    close(key, "another talker is on air");
  }
}

void WatchSession::on_message(const protocol::TalkDeclined& declined, const PeerId& from) {
  using Reason = protocol::DeclineReason;
  if (leave_forwarder(from, "talk_declined")) return;
  if (declined.reason == Reason::not_on_air) std::erase(on_air_, from);
  budget_.withdraw(from);
  const bool awaited = close_with(from, "declined") || absence_ == WatchView::Picture::requesting;
  if (!awaited) return;
  if (declined.reason == Reason::not_on_air) {
    return stay_without(WatchView::Picture::waiting, "talk_declined: not on air");
  }
  if (!is_on_air(from)) note_on_air(from);
  if (declined.reason == Reason::full) {
    retry_after(full_retry_.next(), WatchView::Picture::full, "talk_declined: full");
  } else {
    retry_after(retry_.next(), WatchView::Picture::failed, "talk_declined: failed");
  }
}

void WatchSession::on_message(const protocol::EndTalk&, const PeerId& from) {
  if (leave_forwarder(from, "end_talk")) return;
  forget(from);
  if (!close_all_of(from, "end_talk") && !retries_in_vain()) return;
  stay_without(WatchView::Picture::ended, "end_talk");
  request_talkers_on_air();
}

void WatchSession::on_message(const protocol::UserDisconnected& gone, const PeerId&) {
  by_turn_.erase(gone.id);
  if (leave_forwarder(gone.id, "user_disconnected")) return;
  forget(gone.id);
  if (await_talker(gone.id)) return;
  if (!close_all_of(gone.id, "user_disconnected") && !retries_in_vain()) return;
  stay_without(WatchView::Picture::waiting, "the talker has left");
  request_talkers_on_air();
}

/// The server does not say whom it misses. A forwarder that was just asked to restart ICE is
/// likely: it has ended together with its server.
void WatchSession::on_message(const protocol::Error& error, const PeerId& from) {
  SessionBase::on_message(error, from);
  if (error.code != name_of(protocol::ErrorCode::no_such_peer)) return;
  for (const ConnectionKey& key : connections_.keys()) {
    const TalkerConnection* const connection = connections_.find(key);
    if (connection == nullptr || !connection->of || !is_broken(connection->transport)) continue;
    if (connection->restarts > 0) leave_forwarder(PeerId(key.peer), "the forwarder is gone");
  }
}

// Steps.

void WatchSession::retry_after(Duration delay, WatchView::Picture why, std::string_view reason) {
  own_deadline_.set(now_ + delay);
  stay_without(why, reason);
}

bool WatchSession::retries_in_vain() const {
  const bool retries =
      absence_ == WatchView::Picture::full || absence_ == WatchView::Picture::failed;
  return retries && connections_.empty() && on_air_.empty();
}

void WatchSession::stay_without(WatchView::Picture why, std::string_view reason) {
  absence_ = why;
  trace("watch: " + std::string(name_of(why)) + " (" + std::string(reason) + ")");
}

void WatchSession::request_talkers_on_air() {
  own_deadline_.cancel();
  for (auto talker = on_air_.rbegin(); talker != on_air_.rend() && has_room(); ++talker) {
    if (is_watched(*talker)) continue;
    if (budget_.try_open(*talker, now_)) request(*talker);
  }
}

void WatchSession::serve_waiting() {
  while (link_.joined()) {
    const std::optional<PeerId> talker = budget_.next(now_);
    if (!talker) return;
    if (has_room() && is_on_air(*talker) && !is_watched(*talker)) request(*talker);
  }
}

void WatchSession::request(const PeerId& talker) {
  send(protocol::TalkRequest{}, talker);
  await_offer_of(talker);
}

/// A talker that says it again becomes the latest.
void WatchSession::note_on_air(const PeerId& talker) {
  std::erase(on_air_, talker);
  if (on_air_.size() >= kMaxOnAir) on_air_.erase(on_air_.begin());
  on_air_.push_back(talker);
  leave_forwarder(talker, "a talker forwards nobody");
}

bool WatchSession::is_on_air(const PeerId& talker) const {
  return std::find(on_air_.begin(), on_air_.end(), talker) != on_air_.end();
}

}  // namespace onair::session
