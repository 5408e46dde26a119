#include "session/watch_session.hpp"

#include <utility>

#include "session/pending.hpp"

namespace onair::session {

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
    case WatchView::Picture::ended:
      return "ended";
    case WatchView::Picture::full:
      return "full";
  }
  return "waiting";
}

WatchSession::WatchSession(WatchOptions options)
    : SessionBase(SignalingLink(options.room, protocol::Role::watch,
                                Backoff(options.backoff, options.backoff_seed)),
                  1),
      options_(std::move(options)) {}

std::vector<WatchOutput> WatchSession::handle(const WatchInput& input, TimePoint now) {
  output_.clear();
  std::visit([this, now](const auto& event) { on(event, now); }, input);
  if (const WatchView now_shown = view(); now_shown != shown_) {
    shown_ = now_shown;
    output_.emplace_back(ViewChanged{});
  }
  return std::exchange(output_, {});
}

WatchView WatchSession::view() const {
  return {link_.status(), picture(), notice_};
}

WatchView::Picture WatchSession::picture() const {
  using Picture = WatchView::Picture;
  bool offered = false;
  for (const auto& [peer, entry] : connections_) {
    if (entry.connection.transport == TransportState::connected) return Picture::live;
    offered |= !std::holds_alternative<TalkerConnection::AwaitingOffer>(entry.connection.state);
  }
  if (offered) return Picture::connecting;
  return connections_.empty() ? absence_ : Picture::requesting;
}

// The page and the socket.

void WatchSession::on(const LeaveRequested&, TimePoint) {
  for (const auto& [peer, entry] : connections_) say(protocol::Bye{}, peer);
  drop_all("leaving");
  pass_on(link_.leave());
}

void WatchSession::on(const MessageReceived& received, TimePoint) {
  const std::optional<PeerId> from = sender_of_current(received);
  if (!from) return;
  std::visit([this, &from](const auto& body) { said(body, *from); }, received.message.body);
}

void WatchSession::on(const RequestPressed&, TimePoint) {
  if (!link_.joined()) {
    notice_ = Notice::no_signaling;
    return;
  }
  notice_ = Notice::none;
  if (picture() == WatchView::Picture::live) return;
  drop_all("asked anew");
  say(protocol::TalkRequest{});
  unwanted_.clear();
  stay_without(WatchView::Picture::requesting, "request pressed");
}

// The talkers' connections.

void WatchSession::on(const RemoteDescriptionApplied& applied, TimePoint) {
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

void WatchSession::on(const LocalDescriptionMade& made, TimePoint) {
  TalkerConnection* talker = connections_.find(made.key);
  if (talker == nullptr) return;
  auto* answering = std::get_if<TalkerConnection::Answering>(&talker->state);
  if (answering == nullptr) return;
  const std::vector<Candidate> found = std::move(answering->found);
  say(protocol::Answer{made.sdp, talker->id}, made.key.peer);
  for (const Candidate& candidate : found) say(candidate, made.key.peer);
  advance(made.key, *talker, TalkerConnection::Negotiated{}, "answer sent");
}

void WatchSession::on(const StepFailed& failed, TimePoint) {
  if (connections_.find(failed.key) == nullptr) return;
  trace(describe(failed));
  if (failed.step == Step::add_candidate) return;  // others may lead there
  give_up(failed.key.peer, "a step failed");
}

void WatchSession::on(const CandidateFound& found, TimePoint) {
  TalkerConnection* talker = connections_.find(found.key);
  if (talker == nullptr) return;
  Candidate candidate = found.candidate;
  candidate.connection = talker->id;
  if (auto* answering = std::get_if<TalkerConnection::Answering>(&talker->state)) {
    hold(answering->found, std::move(candidate));
  } else if (std::holds_alternative<TalkerConnection::Negotiated>(talker->state)) {
    say(std::move(candidate), found.key.peer);
  }
}

void WatchSession::on(const TransportChanged& changed, TimePoint) {
  TalkerConnection* talker = connections_.find(changed.key);
  if (talker == nullptr) return;
  talker->transport = changed.state;
  trace(describe(changed));
  if (changed.state == TransportState::connected) notice_ = Notice::none;
  if (changed.state == TransportState::failed) give_up(changed.key.peer, "its transport failed");
}

void WatchSession::on(const PictureArrived& arrived, TimePoint) {
  if (connections_.find(arrived.key) == nullptr) return;
  shown_picture_ = arrived.key;
  output_.emplace_back(ShowPicture{arrived.key});
}

// What others say.

void WatchSession::said(const protocol::Welcome& welcome, const PeerId&) {
  const SignalingLink::Entry entry = link_.welcomed(welcome);
  if (entry == SignalingLink::Entry::none) return;
  if (entry == SignalingLink::Entry::fresh) {
    drop_all("we are a new peer");
  } else {
    drop_unconnected("what was said meanwhile is lost");
  }
  if (notice_ == Notice::no_signaling) notice_ = Notice::none;
  on_air_ = {welcome.talkers.begin(), welcome.talkers.end()};
  ask_those_on_air();
}

void WatchSession::said(const protocol::TalkReady&, const PeerId& from) {
  on_air_.insert(from);
  ask_those_on_air();
}

void WatchSession::said(const protocol::TalkDeclined& declined, const PeerId& from) {
  const bool full = declined.reason == protocol::DeclineReason::full;
  if (!full) on_air_.erase(from);
  const bool awaited = drop(from, "declined") || absence_ == WatchView::Picture::requesting;
  if (!awaited) return;
  stay_without(full ? WatchView::Picture::full : WatchView::Picture::waiting, "talk_declined");
}

void WatchSession::said(const protocol::Offer& offer, const PeerId& from) {
  std::optional<ConnectionKey> key = connections_.key_of(from);
  if (key &&
      !std::holds_alternative<TalkerConnection::AwaitingOffer>(connections_.find(*key)->state)) {
    drop(from, "a new offer");
    key.reset();
  }
  if (!key) {
    if (unwanted_.erase(from) > 0) return;
    if (!has_room()) return say(protocol::Bye{}, from);
    key = await_offer_of(from);
  }
  TalkerConnection& talker = *connections_.find(*key);
  auto early = std::move(std::get<TalkerConnection::AwaitingOffer>(talker.state).early);
  std::erase_if(early, [&offer](const Candidate& candidate) {
    return candidate.connection && offer.connection && candidate.connection != offer.connection;
  });
  talker.id = offer.connection;
  absence_ = WatchView::Picture::waiting;
  output_.emplace_back(ApplyRemoteDescription{*key, offer.sdp});
  advance(*key, talker, TalkerConnection::ApplyingOffer{std::move(early)}, "offer came");
}

void WatchSession::said(const protocol::Candidate& candidate, const PeerId& from) {
  std::optional<ConnectionKey> key = connections_.key_of(from);
  if (!key) {
    // It may have outrun the offer that a request to the room brings.
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

void WatchSession::said(const protocol::EndTalk&, const PeerId& from) {
  on_air_.erase(from);
  unwanted_.erase(from);
  if (!drop(from, "end_talk")) return;
  stay_without(WatchView::Picture::ended, "end_talk");
  ask_those_on_air();
}

void WatchSession::said(const protocol::UserDisconnected& gone, const PeerId&) {
  on_air_.erase(gone.id);
  unwanted_.erase(gone.id);
  if (!drop(gone.id, "user_disconnected")) return;
  stay_without(WatchView::Picture::waiting, "the talker is gone");
  ask_those_on_air();
}

// Steps.

void WatchSession::stay_without(WatchView::Picture why, std::string_view reason) {
  absence_ = why;
  trace("watch: " + std::string(name_of(why)) + " (" + std::string(reason) + ")");
}

void WatchSession::ask_those_on_air() {
  for (const PeerId& talker : on_air_) {
    if (!has_room()) return;
    if (connections_.contains(talker)) continue;
    say(protocol::TalkRequest{}, talker);
    await_offer_of(talker);
  }
}

ConnectionKey WatchSession::await_offer_of(const PeerId& talker) {
  unwanted_.erase(talker);
  ConnectionKey key = connections_.open(talker);
  output_.emplace_back(CreateConnection{key, link_.ice_servers()});
  trace(describe(key) + ": awaits an offer");
  return key;
}

void WatchSession::give_up(const PeerId& talker, std::string_view reason) {
  say(protocol::Bye{}, talker);
  const TalkerConnection* given_up = connections_.find(*connections_.key_of(talker));
  if (std::holds_alternative<TalkerConnection::AwaitingOffer>(given_up->state)) {
    unwanted_.insert(talker);
  }
  drop(talker, reason);
  notice_ = Notice::connection_failed;
  stay_without(WatchView::Picture::waiting, reason);
}

bool WatchSession::drop(const PeerId& talker, std::string_view reason) {
  if (shown_picture_ && shown_picture_->peer == talker) {
    shown_picture_.reset();
    output_.emplace_back(ClearPicture{});
  }
  return close(talker, reason);
}

void WatchSession::drop_unconnected(std::string_view reason) {
  std::vector<PeerId> unconnected;
  for (const auto& [peer, entry] : connections_) {
    if (entry.connection.transport != TransportState::connected) unconnected.push_back(peer);
  }
  for (const PeerId& peer : unconnected) drop(peer, reason);
}

void WatchSession::drop_all(std::string_view reason) {
  while (!connections_.empty()) drop(connections_.begin()->first, reason);
}

}  // namespace onair::session
