// The connections with the talkers.
#include <algorithm>
#include <utility>

#include "session/names.hpp"
#include "session/opus.hpp"
#include "session/timeouts.hpp"
#include "session/watch/watch_session.hpp"

namespace onair::session {
namespace {

/// True if the offer is for this connection, false if it is for a new one.
bool continues(const protocol::Offer& offer, const TalkerConnection& talker) {
  if (std::holds_alternative<TalkerConnection::AwaitingOffer>(talker.state)) return true;
  return talker.id && offer.connection == talker.id;
}

}  // namespace

void WatchSession::on(const RemoteDescriptionApplied& applied) {
  const auto [talker, applying] = in_state<TalkerConnection::ApplyingOffer>(applied.key);
  if (applying == nullptr) return;
  output_.emplace_back(MakeLocalDescription{applied.key, talker->stereo});
  for (Candidate& candidate : applying->early) {
    output_.emplace_back(AddCandidate{applied.key, std::move(candidate)});
  }
  advance(applied.key, *talker, TalkerConnection::Answering{}, "offer applied");
}

void WatchSession::on(const LocalDescriptionMade& made) {
  const auto [talker, answering] = in_state<TalkerConnection::Answering>(made.key);
  if (answering == nullptr) return;
  const std::vector<Candidate> found = std::move(answering->found);
  send(protocol::Answer{made.sdp, talker->id}, made.key.peer);
  for (const Candidate& candidate : found) send(candidate, made.key.peer);
  advance(made.key, *talker, TalkerConnection::Negotiated{}, "answer sent");
  if (talker->is_replaced) return;  // it closes when it is due
  talker->due.cancel();
  if (talker->transport != TransportState::connected) talker->due.set(now_ + kConnectTimeout);
}

void WatchSession::on(const StepFailed& failed) {
  if (connections_.find(failed.key) == nullptr) return;
  trace(describe(failed));
  if (failed.step == Step::add_candidate) return;  // others may work
  give_up(failed.key, "a step failed");
}

void WatchSession::on(const CandidateFound& found) {
  TalkerConnection* talker = connections_.find(found.key);
  if (talker == nullptr) return;
  Candidate candidate = found.candidate;
  candidate.connection = talker->id;
  if (auto* answering = std::get_if<TalkerConnection::Answering>(&talker->state)) {
    buffer(answering->found, std::move(candidate));
  } else if (std::holds_alternative<TalkerConnection::Negotiated>(talker->state)) {
    send(std::move(candidate), found.key.peer);
  }
}

void WatchSession::on(const TransportChanged& changed) {
  TalkerConnection* talker = connections_.find(changed.key);
  if (talker == nullptr) return;
  talker->transport = changed.state;
  trace(describe(changed));
  if (talker->is_replaced) return;
  if (changed.state == TransportState::connected) {
    talker->due.cancel();
    talker->was_connected = true;
    talker->restarts = 0;
    // The talker may have forgotten us while we were away.
    if (talker->of && !talker->moves_until) {
      chat_.open_relay(*talker->of);
      send(protocol::WatchingVia{changed.key.peer}, *talker->of);
    }
    failures_ = 0;
    retry_.reset();
    full_retry_.reset();
    notice_ = Notice::none;
    return;
  }
  if (!is_broken(changed.state)) return;
  if (talker->moves_until && changed.state == TransportState::failed) {
    return fail_move(changed.key, "no path");
  }
  if (!talker->of && has_alternative()) {
    close(changed.key, "another talker is on air");
    return request_talkers_on_air();
  }
  // A negotiation in progress has its own deadline.
  if (!std::holds_alternative<TalkerConnection::Negotiated>(talker->state)) return;
  if (changed.state == TransportState::disconnected)
    talker->due.set(now_ + kWatcherDisconnectTimeout);
  if (changed.state == TransportState::failed) recover(changed.key);
}

void WatchSession::on(const TrackArrived& arrived) {
  TalkerConnection* talker = connections_.find(arrived.key);
  if (talker == nullptr) return;
  talker->has_stream = true;
  if (talker->is_replaced) return;
  const bool is_shown = std::any_of(attached_.begin(), attached_.end(), [&](const auto& key) {
    return key != arrived.key && talker_of(key) == talker_of(arrived.key);
  });
  if (talker->moves_until && is_shown) return;  // see finish_move
  attach(arrived.key, *talker);
}

void WatchSession::attach(const ConnectionKey& key, const TalkerConnection& talker) {
  attached_.insert(key);
  output_.emplace_back(AttachStream{key, talker.sends.picture != protocol::Sent::none});
}

void WatchSession::on(const ReceivingMeasured& measured) {
  TalkerConnection* talker = connections_.find(measured.key);
  if (talker == nullptr) return;
  talker->sound_came = measured.report.sound_packets > 0;
  if (talker->moves_until) return finish_if_there(measured.key, measured.report);
  talker->reception = talker->meter.update(measured.report, now_);
}

void WatchSession::on_message(const protocol::Offer& offer, const PeerId& from) {
  std::optional<ConnectionKey> key = addressed(from, offer.connection);
  // Its sender learns in a moment that we have the picture by another way, and have closed this
  // one.
  if (key && connections_.find(*key)->is_replaced) return;
  std::optional<PeerId> of;
  protocol::ChatMedia sends;
  if (key && !continues(offer, *connections_.find(*key))) {
    of = connections_.find(*key)->of;
    sends = connections_.find(*key)->sends;  // a forwarder does not say it again
    close_with(from, "a new offer");
    key.reset();
  }
  if (key && connections_.find(*key)->is_replaced) return;  // it closes in a moment
  if (!key) {
    if (unwanted_.erase(from) > 0) return;
    if (!has_room()) return send(protocol::Bye{}, from);
    if (!budget_.try_open(from, now_)) return;  // requested when its turn comes
    key = await_offer_of(from);
    connections_.find(*key)->of = of;
    connections_.find(*key)->sends = sends;
  }
  TalkerConnection& talker = *connections_.find(*key);
  std::vector<Candidate> early;
  // Credentials for TURN expire, and this offer may restart ICE. A viewer that has no token gets
  // them only once there is a talker, when its first connection has been created.
  bool is_stale = true;
  if (auto* awaiting = std::get_if<TalkerConnection::AwaitingOffer>(&talker.state)) {
    early = std::move(awaiting->early);
    is_stale = awaiting->ice != ice_with(from);
  } else {
    talker.candidates = {};
  }
  if (is_stale) output_.emplace_back(RefreshIce{*key, ice_with(from)});
  std::erase_if(early, [&offer](const Candidate& candidate) {
    return candidate.connection && offer.connection && candidate.connection != offer.connection;
  });
  talker.id = offer.connection;
  talker.stereo = announces_stereo(offer.sdp);
  talker.due.set(now_ + kNegotiationTimeout);
  absence_ = WatchView::Picture::waiting;
  output_.emplace_back(ApplyRemoteDescription{*key, offer.sdp});
  advance(*key, talker, TalkerConnection::ApplyingOffer{std::move(early)}, "offer came");
}

void WatchSession::on_message(const protocol::Candidate& candidate, const PeerId& from) {
  std::optional<ConnectionKey> key = addressed(from, candidate.connection);
  if (!key) {
    // It may have overtaken the offer that answers a request to the room.
    if (absence_ != WatchView::Picture::requesting || !has_room()) return;
    if (!budget_.try_open(from, now_)) return;
    key = await_offer_of(from);
  }
  TalkerConnection& talker = *connections_.find(*key);
  if (!talker.candidates.take(candidate)) return;
  if (auto* awaiting = std::get_if<TalkerConnection::AwaitingOffer>(&talker.state)) {
    return buffer(awaiting->early, candidate);
  }
  if (candidate.connection && talker.id && candidate.connection != talker.id) return;
  if (auto* applying = std::get_if<TalkerConnection::ApplyingOffer>(&talker.state)) {
    buffer(applying->early, candidate);
  } else {
    output_.emplace_back(AddCandidate{*key, candidate});
  }
}

// Steps.

std::optional<ConnectionKey> WatchSession::addressed(
    const PeerId& talker, std::optional<protocol::ConnectionId> id) const {
  for (const auto& [key, connection] : connections_) {
    if (key.peer == talker && id && connection.id == id) return key;
  }
  return connections_.latest_with(talker);
}

ConnectionKey WatchSession::await_offer_of(const PeerId& peer) {
  // The caller's may belong to a connection that is closed here.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const PeerId with = peer;
  close_with(with, "a new request");
  unwanted_.erase(with);
  ConnectionKey key = connections_.open(with);
  connections_.find(key)->due.set(now_ + kNegotiationTimeout);
  connections_.find(key)->state = TalkerConnection::AwaitingOffer{ice_with(with), {}};
  output_.emplace_back(CreateConnection{key, ice_with(with)});
  trace(describe(key) + ": waits for an offer");
  return key;
}

void WatchSession::recover(const ConnectionKey& key) {
  TalkerConnection* const found = connections_.find(key);
  if (found == nullptr) return;  // the end of another one that was due has closed it
  TalkerConnection& talker = *found;
  if (talker.is_replaced) return close_replaced(key);
  if (talker.of && !is_on_air(*talker.of)) {
    close_all_of(PeerId(*talker.of), "the talker stays away");
    stay_without(WatchView::Picture::waiting, "the talker has left");
    return request_talkers_on_air();
  }
  const bool can_restart = talker.was_connected && talker.id &&
                           std::holds_alternative<TalkerConnection::Negotiated>(talker.state);
  if (!link_.joined()) {
    talker.due.set(now_ + kSignalingPause);
  } else if (can_restart && talker.restarts < kMaxRestartRequests) {
    ++talker.restarts;
    talker.due.set(now_ + kNegotiationTimeout);
    trace(describe(key) + ": requests an ICE restart");
    send(protocol::TalkRequest{talker.id}, key.peer);
  } else {
    give_up(key, "no connection in time");
  }
}

void WatchSession::give_up(const ConnectionKey& key, std::string_view reason) {
  if (connections_.find(key)->of || connections_.find(key)->moves_until) {
    return fail_move(key, reason);
  }
  send(protocol::Bye{}, key.peer);
  const TalkerConnection& talker = *connections_.find(key);
  if (std::holds_alternative<TalkerConnection::AwaitingOffer>(talker.state)) {
    unwanted_.insert(key.peer);
  }
  const PeerId with = key.peer;
  const bool has_another = take_back_replaced(key);
  close(key, reason);
  if (has_another) return confirm_forwarded(with);
  if (++failures_ >= kFailuresBeforeNotice) notice_ = Notice::connection_failed;
  retry_after(retry_.next(), WatchView::Picture::failed, reason);
}

bool WatchSession::has_alternative() const {
  return std::any_of(on_air_.begin(), on_air_.end(),
                     [this](const PeerId& talker) { return !is_watched(talker); });
}

void WatchSession::forget(const PeerId& talker) {
  std::erase(on_air_, talker);
  unwanted_.erase(talker);
  budget_.withdraw(talker);
}

}  // namespace onair::session
