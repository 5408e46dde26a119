#include "session/watch/watch_session.hpp"

#include <algorithm>
#include <utility>

#include "session/pending.hpp"
#include "session/recovery.hpp"

namespace onair::session {
namespace {

bool is_broken(TransportState state) {
  return state == TransportState::disconnected || state == TransportState::failed;
}

/// True if the offer is for this connection, false if it is for a new one.
bool continues(const protocol::Offer& offer, const TalkerConnection& talker) {
  if (std::holds_alternative<TalkerConnection::AwaitingOffer>(talker.state)) return true;
  return talker.id && offer.connection == talker.id;
}

}  // namespace

std::string_view name_of(WatchView::Picture picture) {
  switch (picture) {
    case WatchView::Picture::waiting:
      return "waiting";
    case WatchView::Picture::requesting:
      return "requesting";
    case WatchView::Picture::connecting:
      return "connecting";
    case WatchView::Picture::live:
      return "live";
    case WatchView::Picture::reconnecting:
      return "reconnecting";
    case WatchView::Picture::ended:
      return "ended";
    case WatchView::Picture::full:
      return "full";
  }
  return "waiting";
}

WatchSession::WatchSession(WatchOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::watch,
                                Backoff(options.backoff, options.backoff_seed), options.resume,
                                options.token),
                  1),
      options_(std::move(options)),
      retry_({Duration(1'000), Duration(30'000)}, options_.backoff_seed) {}

void WatchSession::on_session_ended() {
  drop_all("session ended");
  on_air_.clear();
  own_deadline_.reset();
  stay_without(WatchView::Picture::ended, "session ended");
}

void WatchSession::settle() {
  measure_if_due<MeasureReceiving>();
  show(shown_, view());
}

WatchView WatchSession::view() const {
  WatchView view;
  view.link = link_.status();
  view.refusal = link_.refusal();
  view.name = link_.name();
  view.picture = picture();
  view.notice = notice_;
  for (const auto& [peer, entry] : connections_) {
    const TalkerConnection& talker = entry.connection;
    view.chat_open |= talker.chat_open;
    view.chat_muted |= talker.chat_muted;
    if (talker.transport != TransportState::connected || !talker.reception) continue;
    // With several talkers the view has the worst quality.
    if (!view.reception || view.reception->quality < talker.reception->quality) {
      view.reception = talker.reception;
    }
  }
  return view;
}

WatchView::Picture WatchSession::picture() const {
  using Picture = WatchView::Picture;
  bool offered = false;
  for (const auto& [peer, entry] : connections_) {
    if (entry.connection.transport == TransportState::connected) return Picture::live;
    if (is_broken(entry.connection.transport)) return Picture::reconnecting;
    offered |= !std::holds_alternative<TalkerConnection::AwaitingOffer>(entry.connection.state);
  }
  if (offered) return Picture::connecting;
  return connections_.empty() ? absence_ : Picture::requesting;
}

// The page, the clock and the socket.

void WatchSession::on(const LeaveRequested&) {
  for (const auto& [peer, entry] : connections_) send(protocol::Bye{}, peer);
  drop_all("leaving");
  own_deadline_.reset();
  pass_on(link_.leave());
}

void WatchSession::on(const TimePassed& passed) {
  pass_on(link_.handle(passed, now_));
  for (const ConnectionKey& key : due_connections()) recover(key);
  if (own_deadline_ && *own_deadline_ <= now_) request_talkers_on_air();
}

void WatchSession::on(const RequestPressed&) {
  if (!link_.joined()) {
    notice_ = Notice::no_signaling;
    return;
  }
  notice_ = Notice::none;
  if (picture() == WatchView::Picture::live) return;
  drop_all("new request");
  send(protocol::TalkRequest{});
  unwanted_.clear();
  own_deadline_.reset();
  stay_without(WatchView::Picture::requesting, "request pressed");
}

// The talkers' connections.

void WatchSession::on(const RemoteDescriptionApplied& applied) {
  TalkerConnection* talker = connections_.find(applied.key);
  if (talker == nullptr) return;
  auto* applying = std::get_if<TalkerConnection::ApplyingOffer>(&talker->state);
  if (applying == nullptr) return;
  output_.emplace_back(MakeLocalDescription{applied.key});
  for (Candidate& candidate : applying->early) {
    output_.emplace_back(AddCandidate{applied.key, std::move(candidate)});
  }
  advance(applied.key, *talker, TalkerConnection::Answering{}, "offer applied");
}

void WatchSession::on(const LocalDescriptionMade& made) {
  TalkerConnection* talker = connections_.find(made.key);
  if (talker == nullptr) return;
  auto* answering = std::get_if<TalkerConnection::Answering>(&talker->state);
  if (answering == nullptr) return;
  const std::vector<Candidate> found = std::move(answering->found);
  send(protocol::Answer{made.sdp, talker->id}, made.key.peer);
  for (const Candidate& candidate : found) send(candidate, made.key.peer);
  talker->due.reset();
  if (talker->transport != TransportState::connected) talker->due = now_ + kConnectTimeout;
  advance(made.key, *talker, TalkerConnection::Negotiated{}, "answer sent");
}

void WatchSession::on(const StepFailed& failed) {
  if (connections_.find(failed.key) == nullptr) return;
  trace(describe(failed));
  if (failed.step == Step::add_candidate) return;  // others may work
  give_up(failed.key.peer, "a step failed");
}

void WatchSession::on(const CandidateFound& found) {
  TalkerConnection* talker = connections_.find(found.key);
  if (talker == nullptr) return;
  Candidate candidate = found.candidate;
  candidate.connection = talker->id;
  if (auto* answering = std::get_if<TalkerConnection::Answering>(&talker->state)) {
    hold(answering->found, std::move(candidate));
  } else if (std::holds_alternative<TalkerConnection::Negotiated>(talker->state)) {
    send(std::move(candidate), found.key.peer);
  }
}

void WatchSession::on(const TransportChanged& changed) {
  TalkerConnection* talker = connections_.find(changed.key);
  if (talker == nullptr) return;
  talker->transport = changed.state;
  trace(describe(changed));
  if (changed.state == TransportState::connected) {
    talker->due.reset();
    talker->was_connected = true;
    talker->restarts = 0;
    failures_ = 0;
    retry_.reset();
    notice_ = Notice::none;
    return;
  }
  if (!is_broken(changed.state)) return;
  if (has_alternative()) {
    drop(changed.key.peer, "another talker is on air");
    return request_talkers_on_air();
  }
  // A negotiation in progress has its own deadline.
  if (!std::holds_alternative<TalkerConnection::Negotiated>(talker->state)) return;
  if (changed.state == TransportState::disconnected) talker->due = now_ + kWatcherPatience;
  if (changed.state == TransportState::failed) recover(changed.key);
}

void WatchSession::on(const TrackArrived& arrived) {
  if (connections_.find(arrived.key) == nullptr) return;
  attached_.insert(arrived.key);
  output_.emplace_back(AttachStream{arrived.key});
}

void WatchSession::on(const ReceivingMeasured& measured) {
  TalkerConnection* talker = connections_.find(measured.key);
  if (talker != nullptr) talker->reception = talker->meter.update(measured.report, now_);
}

// The chat.

void WatchSession::on(const ChatEntered& entered) {
  if (!protocol::is_valid_line(entered.name, entered.text)) {
    return output_.emplace_back(ShowChatRefused{ChatRefused::Reason::too_long}), void();
  }
  // A line goes to one talker only, since every viewer gets the lines of each of them.
  for (const auto& [peer, entry] : connections_) {
    if (!entry.connection.chat_open) continue;
    return output_.emplace_back(
               SendChat{{peer, entry.generation}, protocol::ChatSay{entered.name, entered.text}}),
           void();
  }
}

void WatchSession::on(const ChatReceived& received) {
  TalkerConnection* talker = connections_.find(received.key);
  if (talker == nullptr) return;
  // The lines of successive talkers form one list; those of several at once are kept apart.
  const PeerId host = max_talkers_ > 1 ? received.key.peer : PeerId{};
  std::visit([&](const auto& message) { on_chat(*talker, host, message); }, received.message);
}

void WatchSession::on_chat(TalkerConnection& talker, const PeerId& host,
                           const protocol::ChatBegin& begins) {
  talker.chat_muted = begins.muted;
  output_.emplace_back(ClearChat{host});
}

void WatchSession::on_chat(TalkerConnection& talker, const PeerId&,
                           const protocol::ChatMuted& muted) {
  talker.chat_muted = muted.muted;
}

void WatchSession::on_chat(TalkerConnection&, const PeerId& host, const ChatLine& line) {
  output_.emplace_back(ShowChatLine{line, {}, host});
}

void WatchSession::on_chat(TalkerConnection&, const PeerId& host,
                           const protocol::ChatRemoved& removed) {
  output_.emplace_back(TakeChatLineAway{removed.id, host});
}

void WatchSession::on_chat(TalkerConnection&, const PeerId&, const ChatRefused& refused) {
  output_.emplace_back(ShowChatRefused{refused.reason});
}

void WatchSession::set_chat_open(const ConnectionKey& key, bool open) {
  if (TalkerConnection* talker = connections_.find(key)) talker->chat_open = open;
}

// Messages of the server and the talkers.

void WatchSession::on_message(const protocol::Welcome& welcome, const PeerId&) {
  const SignalingLink::Entry entry = link_.on_welcome(welcome, now_);
  if (entry == SignalingLink::Entry::none) return;
  output_.emplace_back(RememberToken{welcome.resume});
  max_talkers_ = std::clamp<std::size_t>(welcome.talkers_per_room, 1, options_.max_talkers);
  if (entry == SignalingLink::Entry::fresh) drop_all("new peer id");
  for (const ConnectionKey& key : connections_.keys()) {
    TalkerConnection& talker = *connections_.find(key);
    if (talker.transport == TransportState::connected) continue;
    if (std::holds_alternative<TalkerConnection::Negotiated>(talker.state)) {
      talker.due = now_;
    } else {
      drop(key.peer, "messages sent meanwhile are lost");
    }
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  on_air_ = welcome.talkers;
  request_talkers_on_air();
}

void WatchSession::on_message(const protocol::TalkReady&, const PeerId& from) {
  std::erase(on_air_, from);
  on_air_.push_back(from);
  for (const ConnectionKey& key : connections_.keys()) {
    if (has_room()) break;
    if (key.peer == from || !is_broken(connections_.find(key)->transport)) continue;
    drop(key.peer, "another talker is on air");
  }
  request_talkers_on_air();
}

void WatchSession::on_message(const protocol::TalkDeclined& declined, const PeerId& from) {
  const bool full = declined.reason == protocol::DeclineReason::full;
  if (!full) std::erase(on_air_, from);
  const bool awaited = drop(from, "declined") || absence_ == WatchView::Picture::requesting;
  if (!awaited) return;
  stay_without(full ? WatchView::Picture::full : WatchView::Picture::waiting, "talk_declined");
}

void WatchSession::on_message(const protocol::Offer& offer, const PeerId& from) {
  std::optional<ConnectionKey> key = connections_.key_of(from);
  if (key && !continues(offer, *connections_.find(*key))) {
    drop(from, "a new offer");
    key.reset();
  }
  if (!key) {
    if (unwanted_.erase(from) > 0) return;
    if (!has_room()) return send(protocol::Bye{}, from);
    key = await_offer_of(from);
  }
  TalkerConnection& talker = *connections_.find(*key);
  std::vector<Candidate> early;
  if (auto* awaiting = std::get_if<TalkerConnection::AwaitingOffer>(&talker.state)) {
    early = std::move(awaiting->early);
  }
  std::erase_if(early, [&offer](const Candidate& candidate) {
    return candidate.connection && offer.connection && candidate.connection != offer.connection;
  });
  talker.id = offer.connection;
  talker.due = now_ + kNegotiationTimeout;
  absence_ = WatchView::Picture::waiting;
  output_.emplace_back(ApplyRemoteDescription{*key, offer.sdp});
  advance(*key, talker, TalkerConnection::ApplyingOffer{std::move(early)}, "offer came");
}

void WatchSession::on_message(const protocol::Candidate& candidate, const PeerId& from) {
  std::optional<ConnectionKey> key = connections_.key_of(from);
  if (!key) {
    // It may have overtaken the offer that answers a request to the room.
    if (absence_ != WatchView::Picture::requesting || !has_room()) return;
    key = await_offer_of(from);
  }
  TalkerConnection& talker = *connections_.find(*key);
  if (auto* awaiting = std::get_if<TalkerConnection::AwaitingOffer>(&talker.state)) {
    return hold(awaiting->early, candidate);
  }
  if (candidate.connection && talker.id && candidate.connection != talker.id) return;
  if (auto* applying = std::get_if<TalkerConnection::ApplyingOffer>(&talker.state)) {
    hold(applying->early, candidate);
  } else {
    output_.emplace_back(AddCandidate{*key, candidate});
  }
}

void WatchSession::on_message(const protocol::EndTalk&, const PeerId& from) {
  forget(from);
  if (!drop(from, "end_talk")) return;
  stay_without(WatchView::Picture::ended, "end_talk");
  request_talkers_on_air();
}

void WatchSession::on_message(const protocol::UserDisconnected& gone, const PeerId&) {
  forget(gone.id);
  if (!drop(gone.id, "user_disconnected")) return;
  stay_without(WatchView::Picture::waiting, "the talker has left");
  request_talkers_on_air();
}

// Steps.

void WatchSession::stay_without(WatchView::Picture why, std::string_view reason) {
  absence_ = why;
  trace("watch: " + std::string(name_of(why)) + " (" + std::string(reason) + ")");
}

void WatchSession::request_talkers_on_air() {
  own_deadline_.reset();
  for (auto talker = on_air_.rbegin(); talker != on_air_.rend() && has_room(); ++talker) {
    if (connections_.contains(*talker)) continue;
    send(protocol::TalkRequest{}, *talker);
    await_offer_of(*talker);
  }
}

ConnectionKey WatchSession::await_offer_of(const PeerId& talker) {
  unwanted_.erase(talker);
  ConnectionKey key = connections_.open(talker);
  connections_.find(key)->due = now_ + kNegotiationTimeout;
  output_.emplace_back(CreateConnection{key, link_.ice()});
  trace(describe(key) + ": waits for an offer");
  return key;
}

void WatchSession::recover(const ConnectionKey& key) {
  TalkerConnection& talker = *connections_.find(key);
  const bool can_restart = talker.was_connected && talker.id &&
                           std::holds_alternative<TalkerConnection::Negotiated>(talker.state);
  if (!link_.joined()) {
    talker.due = now_ + kSignalingPause;
  } else if (can_restart && talker.restarts < kMaxRestartRequests) {
    ++talker.restarts;
    talker.due = now_ + kNegotiationTimeout;
    trace(describe(key) + ": requests an ICE restart");
    send(protocol::TalkRequest{talker.id}, key.peer);
  } else {
    give_up(key.peer, "no connection in time");
  }
}

void WatchSession::give_up(const PeerId& talker, std::string_view reason) {
  send(protocol::Bye{}, talker);
  const TalkerConnection* given_up = connections_.find(*connections_.key_of(talker));
  if (std::holds_alternative<TalkerConnection::AwaitingOffer>(given_up->state)) {
    unwanted_.insert(talker);
  }
  drop(talker, reason);
  if (++failures_ >= kFailuresBeforeNotice) notice_ = Notice::connection_failed;
  own_deadline_ = now_ + retry_.next();
  stay_without(WatchView::Picture::waiting, reason);
}

bool WatchSession::has_alternative() const {
  return std::any_of(on_air_.begin(), on_air_.end(),
                     [this](const PeerId& talker) { return !connections_.contains(talker); });
}

void WatchSession::forget(const PeerId& talker) {
  std::erase(on_air_, talker);
  unwanted_.erase(talker);
}

bool WatchSession::drop(const PeerId& talker, std::string_view reason) {
  const std::optional<ConnectionKey> key = connections_.key_of(talker);
  if (key && attached_.erase(*key) > 0) output_.emplace_back(DetachStream{*key});
  return close(talker, reason);
}

void WatchSession::drop_all(std::string_view reason) {
  while (!connections_.empty()) drop(connections_.begin()->first, reason);
}

}  // namespace onair::session
