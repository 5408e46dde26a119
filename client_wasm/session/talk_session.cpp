#include "session/talk_session.hpp"

#include <algorithm>
#include <utility>

#include "session/names.hpp"
#include "session/pending.hpp"
#include "session/recovery.hpp"

namespace onair::session {

using protocol::DeclineReason;

namespace {

Duration restart_timeout(const ViewerConnection& viewer) {
  return kFirstRestartTimeout * (1 << (viewer.restarts - 1));
}

}  // namespace

std::string_view name_of(TalkView::Stage stage) {
  switch (stage) {
    case TalkView::Stage::idle:
      return "idle";
    case TalkView::Stage::starting:
      return "starting";
    case TalkView::Stage::on_air:
      return "on_air";
  }
  return "idle";
}

TalkSession::TalkSession(TalkOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::talk,
                                Backoff(options.backoff, options.backoff_seed), options.resume),
                  options.first_generation),
      options_(std::move(options)),
      planner_(options_.uplink) {}

std::vector<TalkOutput> TalkSession::handle(const TalkInput& input, TimePoint now) {
  now_ = now;
  output_.clear();
  std::visit([this](const auto& event) { on(event); }, input);
  share_uplink();
  if (const TalkView now_shown = view(); now_shown != shown_) {
    shown_ = now_shown;
    output_.emplace_back(ViewChanged{});
  }
  return std::exchange(output_, {});
}

TalkView TalkSession::view() const {
  TalkView view;
  view.link = link_.status();
  if (!std::holds_alternative<Idle>(state_)) view.stage = TalkView::Stage::starting;
  if (on_air()) view.stage = TalkView::Stage::on_air;
  for (const auto& [peer, entry] : connections_) {
    ++(entry.connection.transport == TransportState::connected ? view.viewers : view.connecting);
  }
  view.watching = watching_;
  view.uplink_bps = view.viewers * std::uint64_t{planner_.share_of(view.viewers).max_bitrate_bps};
  view.capacity = capacity();
  view.notice = notice_;
  return view;
}

std::vector<CaptureNumber> TalkSession::captures() const {
  if (const auto* acquiring = std::get_if<Acquiring>(&state_)) return {acquiring->capture};
  if (const auto* previewing = std::get_if<Previewing>(&state_)) return {previewing->capture};
  const auto* air = std::get_if<OnAir>(&state_);
  if (air == nullptr) return {};
  if (!air->next) return {air->capture};
  return {air->capture, *air->next};
}

// The page, the clock and the socket.

void TalkSession::on(const LeaveRequested&) {
  stop(Notice::none);
  pass_on(link_.leave());
}

void TalkSession::on(const TimePassed& passed) {
  pass_on(link_.handle(passed, now_));
  for (const ConnectionKey& key : due_connections()) recover(key);
  if (!own_deadline_ || now_ < *own_deadline_) return;
  own_deadline_.reset();  // share_uplink sets the next
  for (const auto& [peer, entry] : connections_) {
    if (entry.connection.transport != TransportState::connected) continue;
    output_.emplace_back(MeasureSending{{peer, entry.generation}});
  }
}

void TalkSession::on(const MessageReceived& received) {
  const std::optional<PeerId> from = sender_of_current(received);
  if (!from) return;
  std::visit([this, &from](const auto& body) { said(body, *from); }, received.message.body);
}

// The local stream.

void TalkSession::on(const StartRequested& start) {
  notice_ = Notice::none;
  const CaptureNumber capture = ++last_capture_;
  if (auto* air = std::get_if<OnAir>(&state_)) {
    if (air->next) output_.emplace_back(ReleaseMedia{*air->next});
    air->next = capture;
  } else {
    release_captures();
    transition(Acquiring{capture}, "start pressed");
  }
  output_.emplace_back(AcquireMedia{capture, start.source});
}

void TalkSession::on(const MediaReady& ready) {
  const auto* acquiring = std::get_if<Acquiring>(&state_);
  auto* air = std::get_if<OnAir>(&state_);
  if (acquiring != nullptr && acquiring->capture == ready.capture) {
    output_.emplace_back(UseMedia{ready.capture});
    transition(Previewing{ready.capture}, "stream is there");
  } else if (air != nullptr && air->next == ready.capture) {
    switch_to(*air, ready.capture);
  } else {
    output_.emplace_back(ReleaseMedia{ready.capture});  // nobody waits for it any more
  }
}

void TalkSession::on(const PreviewReady& ready) {
  const auto* previewing = std::get_if<Previewing>(&state_);
  if (previewing == nullptr || previewing->capture != ready.capture) return;
  transition(OnAir{ready.capture, std::nullopt}, "metadata is there");
  announce();
}

void TalkSession::on(const MediaFailed& failed) {
  const auto* acquiring = std::get_if<Acquiring>(&state_);
  auto* air = std::get_if<OnAir>(&state_);
  if (acquiring != nullptr && acquiring->capture == failed.capture) {
    notice_ = failed.reason;
    transition(Idle{}, name_of(failed.reason));
  } else if (air != nullptr && air->next == failed.capture) {
    notice_ = failed.reason;
    air->next.reset();
  }
}

void TalkSession::on(const MediaEnded& ended) {
  const std::vector<CaptureNumber> held = captures();
  if (!held.empty() && held.front() == ended.capture) stop(Notice::media_ended);
}

void TalkSession::on(const OnAirRequested&) {
  if (!on_air()) {
    notice_ = Notice::no_local_stream;
    return;
  }
  announce();
}

void TalkSession::on(const StopRequested&) {
  stop(Notice::none);
}

// The viewers' connections.

void TalkSession::on(const LocalDescriptionMade& made) {
  ViewerConnection* viewer = connections_.find(made.key);
  if (viewer == nullptr) return;
  auto* offering = std::get_if<ViewerConnection::Offering>(&viewer->state);
  if (offering == nullptr) return;
  const std::vector<Candidate> found = std::move(offering->found);
  say(protocol::Offer{made.sdp, made.key.generation}, made.key.peer);
  for (const Candidate& candidate : found) say(candidate, made.key.peer);
  advance(made.key, *viewer, ViewerConnection::AwaitingAnswer{}, "offer sent");
}

void TalkSession::on(const RemoteDescriptionApplied& applied) {
  ViewerConnection* viewer = connections_.find(applied.key);
  if (viewer == nullptr) return;
  auto* applying = std::get_if<ViewerConnection::ApplyingAnswer>(&viewer->state);
  if (applying == nullptr) return;
  for (Candidate& candidate : applying->early) {
    output_.emplace_back(AddCandidate{applied.key, std::move(candidate)});
  }
  viewer->due.reset();
  if (viewer->transport != TransportState::connected) {
    viewer->due = now_ + (viewer->restarts == 0 ? kConnectTimeout : restart_timeout(*viewer));
  }
  advance(applied.key, *viewer, ViewerConnection::Negotiated{}, "answer applied");
}

void TalkSession::on(const StepFailed& failed) {
  if (connections_.find(failed.key) == nullptr) return;
  trace(describe(failed));
  // No reason to lose a viewer.
  if (failed.step == Step::add_candidate || failed.step == Step::replace_tracks ||
      failed.step == Step::limit_sending) {
    return;
  }
  close(failed.key.peer, "a step failed");
  decline(failed.key.peer, DeclineReason::full);
}

void TalkSession::on(const SendingMeasured& measured) {
  if (connections_.find(measured.key) != nullptr) planner_.encoder_reported(measured.report);
}

void TalkSession::on(const CandidateFound& found) {
  ViewerConnection* viewer = connections_.find(found.key);
  if (viewer == nullptr) return;
  Candidate candidate = found.candidate;
  candidate.connection = found.key.generation;
  if (auto* offering = std::get_if<ViewerConnection::Offering>(&viewer->state)) {
    hold(offering->found, std::move(candidate));
  } else {
    say(std::move(candidate), found.key.peer);
  }
}

void TalkSession::on(const TransportChanged& changed) {
  ViewerConnection* viewer = connections_.find(changed.key);
  if (viewer == nullptr) return;
  viewer->transport = changed.state;
  trace(describe(changed));
  if (changed.state == TransportState::connected) {
    viewer->was_connected = true;
    viewer->restarts = 0;
  }
  // A negotiation that is under way has its own time.
  if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer->state)) return;
  if (changed.state == TransportState::connected) viewer->due.reset();
  if (changed.state == TransportState::disconnected) viewer->due = now_ + kTalkerPatience;
  if (changed.state == TransportState::failed) recover(changed.key);
}

// What others say.

void TalkSession::said(const protocol::Welcome& welcome, const PeerId&) {
  const SignalingLink::Entry entry = link_.welcomed(welcome, now_);
  if (entry == SignalingLink::Entry::none) return;
  output_.emplace_back(RememberToken{welcome.resume});
  if (entry == SignalingLink::Entry::fresh) close_all("we are a new peer");
  for (const ConnectionKey& key : connections_.keys()) {
    ViewerConnection& viewer = *connections_.find(key);
    if (viewer.was_connected && viewer.transport != TransportState::connected) viewer.due = now_;
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  if (on_air()) {
    announce();
  } else if (std::count(welcome.talkers.begin(), welcome.talkers.end(), welcome.id) > 0) {
    say(protocol::EndTalk{});  // stopped while the server could not hear it
  }
}

void TalkSession::said(const protocol::TalkRequest& request, const PeerId& from) {
  if (!on_air()) return decline(from, DeclineReason::not_on_air);
  const std::optional<ConnectionKey> key = connections_.key_of(from);
  if (key && request.connection == key->generation) {
    ViewerConnection& viewer = *connections_.find(*key);
    if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer.state))
      return;  // we are at it
    if (viewer.restarts < kMaxIceRestarts) return restart_ice(*key, viewer);
  }
  // Who asks for a new connection has none, whatever we believe.
  close(from, "it asks anew");
  if (connections_.size() >= capacity()) return decline(from, DeclineReason::full);
  offer_to(from);
}

void TalkSession::said(const protocol::Answer& answer, const PeerId& from) {
  const std::optional<ConnectionKey> key = connections_.key_of(from);
  if (!key || answer.connection.value_or(key->generation) != key->generation) return;
  ViewerConnection& viewer = *connections_.find(*key);
  auto* awaiting = std::get_if<ViewerConnection::AwaitingAnswer>(&viewer.state);
  if (awaiting == nullptr) return;
  output_.emplace_back(ApplyRemoteDescription{*key, answer.sdp});
  advance(*key, viewer, ViewerConnection::ApplyingAnswer{std::move(awaiting->early)},
          "answer came");
}

void TalkSession::said(const protocol::Candidate& candidate, const PeerId& from) {
  const std::optional<ConnectionKey> key = connections_.key_of(from);
  if (!key || candidate.connection.value_or(key->generation) != key->generation) return;
  ViewerConnection& viewer = *connections_.find(*key);
  if (auto* awaiting = std::get_if<ViewerConnection::AwaitingAnswer>(&viewer.state)) {
    hold(awaiting->early, candidate);
  } else if (auto* applying = std::get_if<ViewerConnection::ApplyingAnswer>(&viewer.state)) {
    hold(applying->early, candidate);
  } else if (std::holds_alternative<ViewerConnection::Negotiated>(viewer.state)) {
    output_.emplace_back(AddCandidate{*key, candidate});
  }
}

void TalkSession::said(const protocol::Bye&, const PeerId& from) {
  close(from, "bye");
}

void TalkSession::said(const protocol::UserDisconnected& gone, const PeerId&) {
  close(gone.id, "user_disconnected");
}

void TalkSession::said(const protocol::Audience& audience, const PeerId&) {
  watching_ = audience.watching;
}

// Steps.

void TalkSession::transition(State next, std::string_view reason) {
  state_ = next;
  trace("talk: " + std::string(name_of(view().stage)) + " (" + std::string(reason) + ")");
}

void TalkSession::announce() {
  if (link_.joined()) {
    notice_ = Notice::none;
    say(protocol::TalkReady{});
  } else {
    notice_ = Notice::no_signaling;
  }
}

std::size_t TalkSession::capacity() const {
  return std::min(options_.max_viewers, planner_.capacity());
}

void TalkSession::share_uplink() {
  const SendLimits share = planner_.share_of(connections_.size());
  for (const ConnectionKey& key : connections_.keys()) {
    ViewerConnection& viewer = *connections_.find(key);
    if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer.state)) continue;
    if (viewer.limits == share) continue;
    viewer.limits = share;
    output_.emplace_back(LimitSending{key, share});
  }
  if (connections_.empty()) {
    own_deadline_.reset();
  } else if (!own_deadline_) {
    own_deadline_ = now_ + kMeasureInterval;
  }
}

void TalkSession::stop(Notice why) {
  notice_ = why;
  if (on_air()) say(protocol::EndTalk{});
  close_all("stopped");
  release_captures();
  if (!std::holds_alternative<Idle>(state_)) transition(Idle{}, "stopped");
}

void TalkSession::release_captures() {
  for (const CaptureNumber capture : captures()) output_.emplace_back(ReleaseMedia{capture});
}

void TalkSession::switch_to(OnAir& air, CaptureNumber next) {
  const CaptureNumber before = std::exchange(air.capture, next);
  air.next.reset();
  output_.emplace_back(UseMedia{next});
  for (const auto& [peer, entry] : connections_) {
    output_.emplace_back(ReplaceTracks{{peer, entry.generation}});
  }
  output_.emplace_back(ReleaseMedia{before});
}

void TalkSession::offer_to(const PeerId& viewer) {
  const ConnectionKey key = connections_.open(viewer);
  connections_.find(key)->due = now_ + kNegotiationTimeout;
  trace(describe(key) + ": talk_request");
  output_.emplace_back(CreateConnection{key, link_.ice()});
  output_.emplace_back(MakeLocalDescription{key});
}

void TalkSession::recover(const ConnectionKey& key) {
  ViewerConnection& viewer = *connections_.find(key);
  if (!link_.joined()) {
    viewer.due = now_ + kSignalingPause;
  } else if (viewer.was_connected && viewer.restarts < kMaxIceRestarts) {
    restart_ice(key, viewer);
  } else {
    close(key.peer, "it does not connect");
  }
}

void TalkSession::restart_ice(const ConnectionKey& key, ViewerConnection& viewer) {
  ++viewer.restarts;
  viewer.due = now_ + restart_timeout(viewer);
  output_.emplace_back(RestartIce{key, link_.ice()});
  output_.emplace_back(MakeLocalDescription{key});
  advance(key, viewer, ViewerConnection::Offering{}, "restarts ICE");
}

void TalkSession::decline(const PeerId& viewer, DeclineReason reason) {
  say(protocol::TalkDeclined{reason}, viewer);
}

}  // namespace onair::session
