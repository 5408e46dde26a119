// Page, clock, server and chat. talk_viewers.cpp has the viewers' connections.
#include "session/talk/talk_session.hpp"

#include <algorithm>
#include <utility>

namespace onair::session {

template class SessionBase<TalkSession, ViewerConnection, TalkInput, TalkOutput>;

TalkSession::TalkSession(TalkOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::talk,
                                Backoff(options.backoff, options.backoff_seed), options.resume,
                                options.token),
                  options.first_generation, kNewViewers),
      options_(std::move(options)),
      planner_(options_.uplink) {}

void TalkSession::settle() {
  serve_waiting();
  replace_stuck();
  if (stream_.picture() != planned_) planner_.set_picture(planned_ = stream_.picture());
  emit_all(chat_.announce_media(stream_.sent()));
  advance_forwarding();
  invite_waiting();
  if (const auto next = earlier(own_deadline_.at(), stream_.next_deadline()))
    own_deadline_.set(*next);
  if (measure_at_.is_due(now_)) planner_.end_round();
  share_uplink();
  renegotiate_sound();
  measure_if_due<MeasureSending>();
  show(shown_, view());
}

void TalkSession::on_closing(const ConnectionKey& key) {
  chat_.close(key);
  const ViewerConnection& viewer = *connections_.find(key);
  const bool was_negotiated = std::holds_alternative<ViewerConnection::Negotiated>(viewer.state);
  if (was_negotiated && !viewer.was_connected && !is_forwarder(key.peer)) {
    forwarding_.unreached(key.peer);
    unreached_.failed(key.peer, now_);
  }
  if (connections_.keys_with(key.peer).size() > 1) return;
  roster_.stop_watching(key.peer);
  forwarding_.forwarder_lost(key.peer);
}

TalkView TalkSession::view() const {
  TalkView view;
  view.link = link_.status();
  view.refusal = link_.refusal();
  view.stage = stream_.stage();
  view.on_air_since = stream_.on_air_since();
  describe_audience(view);
  view.watching = watching_;
  view.uplink_bps = uplink_bps();
  view.capacity = capacity();
  view.forwarding = forwarding_.stage();
  view.forwarded = forwarding_.forwarded();
  view.can_forward = forwarding_.is_possible();
  view.keeps_direct = forwarding_.keeps_direct();
  view.shares_screen = stream_.source() == MediaSource::screen;
  view.picture = stream_.picture_state();
  view.microphone = stream_.microphone_state();
  view.microphone_on = stream_.microphone_on();
  view.camera_on = stream_.camera_on();
  view.locked = roster_.is_locked();
  view.devices = stream_.devices();
  view.choice = stream_.choice();
  view.notice = notice_;
  return view;
}

void TalkSession::on(const Started& started) {
  SessionBase::on(started);
  output_.emplace_back(ListDevices{});
}

/// Sends no `end_talk`: the page may be reloading, and the server keeps the room for it.
void TalkSession::on(const LeaveRequested&) {
  emit_all(link_.leave());
  stop(Notice::none);
}

void TalkSession::on(const TimePassed& passed) {
  emit_all(link_.handle(passed, now_));
  emit_all(stream_.advance(now_));
  for (const ConnectionKey& key : due_connections()) recover(key);
}

void TalkSession::carry_out(const TracksChanged&) {
  for (const ConnectionKey& key : connections_.keys()) output_.emplace_back(ReplaceTracks{key});
}

void TalkSession::on_message(const protocol::Welcome& welcome, const PeerId&) {
  const bool first = link_.id().empty();
  const SignalingLink::Entry entry = link_.on_welcome(welcome, now_);
  if (entry == SignalingLink::Entry::none) return;
  output_.emplace_back(RememberToken{welcome.resume});
  forwarding_.set_policy(ForwardPolicy::of(welcome.forward));
  for (protocol::Body& message : roster_.restore(welcome.locked, first)) send(std::move(message));
  if (entry == SignalingLink::Entry::fresh) {
    close_all("new peer id");
    budget_.withdraw_all();
    waiting_.clear();
    unreached_.clear();
    forwarding_.reset();
    reported_ = {};
    roster_.clear();
    chat_.close_relays();
  }
  for (const ConnectionKey& key : connections_.keys()) {
    ViewerConnection& viewer = *connections_.find(key);
    if (viewer.was_connected && viewer.transport != TransportState::connected) viewer.due.set(now_);
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  if (on_air()) {
    announce();
    // A server that was restarted, or another one, does not know it.
    if (forwarding_.has_asked()) {
      const bool is_direct = forwarding_.stage() == Forwarding::Stage::direct;
      send(protocol::UseForwarder{!is_direct || forwarding_.forwarded() > 0});
    }
    forwarding_.await_confirmations(now_);
  } else if (std::count(welcome.talkers.begin(), welcome.talkers.end(), welcome.id) > 0) {
    send(protocol::EndTalk{});  // stopped while the server was unreachable
  }
}

void TalkSession::on_message(const protocol::UserDisconnected& gone, const PeerId&) {
  close_with(gone.id, "user_disconnected");
  chat_.forget(gone.id);
  roster_.forget(gone.id);
  waiting_.remove(gone.id);
  unreached_.forget(gone.id);
  forwarding_.forget(gone.id);
}

void TalkSession::on_message(const protocol::ChatMessages& chat, const PeerId& from) {
  // Also of one whose direct connection is up: its channel may open later.
  if (!on_air() || !chat_.reaches(from)) return;
  emit_all(chat_.receive(from, chat.messages.front(), now_));
}

void TalkSession::on(const RemovalRequested& removal) {
  if (!roster_.contains(removal.viewer)) return;
  send(roster_.remove(removal.viewer));
  close_with(removal.viewer, "removed");
  chat_.close_relay(removal.viewer);
  budget_.withdraw(removal.viewer);
  waiting_.remove(removal.viewer);
  unreached_.forget(removal.viewer);
  forwarding_.forget(removal.viewer);
}

void TalkSession::on(const RoomEndRequested&) {
  stop(Notice::none);
  send(protocol::EndRoom{});
}

void TalkSession::on(const MutingRequested& muting) {
  if (roster_.contains(muting.viewer)) emit_all(chat_.handle(muting));
}

void TalkSession::on(const ChatOpened& opened) {
  if (connections_.find(opened.key) != nullptr) emit_all(chat_.handle(opened));
}

void TalkSession::on(const ChatReceived& received) {
  if (connections_.find(received.key) == nullptr) return;
  emit_all(chat_.receive(received.key.peer, received.message, now_));
}

void TalkSession::announce() {
  notice_ = link_.joined() ? Notice::none : Notice::no_signaling;
  send(protocol::TalkReady{});
}

void TalkSession::stop(Notice why) {
  notice_ = why;
  if (on_air()) send(protocol::EndTalk{});
  close_all("stopped");
  budget_.withdraw_all();
  waiting_.clear();
  unreached_.clear();
  forwarding_.reset();
  chat_.close_relays();
  reported_ = {};
  emit_all(stream_.stop());
}

}  // namespace onair::session
