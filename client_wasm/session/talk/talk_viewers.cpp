// The viewers' connections.
#include <algorithm>
#include <tuple>
#include <utility>

#include "session/names.hpp"
#include "session/opus.hpp"
#include "session/talk/start_bitrate.hpp"
#include "session/talk/talk_session.hpp"
#include "session/timeouts.hpp"

namespace onair::session {

using protocol::DeclineReason;

namespace {

/// True while an answer of the viewer's is still to come.
bool is_unanswered(const ViewerConnection& connection) {
  return std::holds_alternative<ViewerConnection::Offering>(connection.state) ||
         std::holds_alternative<ViewerConnection::AwaitingAnswer>(connection.state);
}

}  // namespace

void TalkSession::on(const LocalDescriptionMade& made) {
  const auto [viewer, offering] = in_state<ViewerConnection::Offering>(made.key);
  if (offering == nullptr) return;
  const std::vector<Candidate> found = std::move(offering->found);
  viewer->offered = stream_.sound();
  const bool music = viewer->offered == SoundMode::music;
  send(protocol::Offer{music ? announcing_stereo(made.sdp) : made.sdp, made.key.generation},
       made.key.peer);
  for (const Candidate& candidate : found) send(candidate, made.key.peer);
  advance(made.key, *viewer, ViewerConnection::AwaitingAnswer{}, "offer sent");
}

void TalkSession::on(const RemoteDescriptionApplied& applied) {
  const auto [viewer, applying] = in_state<ViewerConnection::ApplyingAnswer>(applied.key);
  if (applying == nullptr) return;
  for (Candidate& candidate : applying->early) {
    output_.emplace_back(AddCandidate{applied.key, std::move(candidate)});
  }
  viewer->due.cancel();
  if (viewer->transport != TransportState::connected) {
    viewer->due.set(now_ +
                    (viewer->restarts == 0 ? kConnectTimeout : restart_timeout(viewer->restarts)));
  }
  advance(applied.key, *viewer, ViewerConnection::Negotiated{}, "answer applied");
}

void TalkSession::on(const StepFailed& failed) {
  if (connections_.find(failed.key) == nullptr) return;
  trace(describe(failed));
  // These failures leave the connection usable.
  if (failed.step == Step::add_candidate || failed.step == Step::limit_sending) return;
  if (failed.step == Step::replace_tracks) {
    connections_.find(failed.key)->keeps_old_tracks = true;
    return;
  }
  close(failed.key, "a step failed");
  decline(failed.key.peer, DeclineReason::failed);
}

void TalkSession::on(const TracksReplaced& replaced) {
  ViewerConnection* viewer = connections_.find(replaced.key);
  if (viewer != nullptr) viewer->keeps_old_tracks = false;
}

void TalkSession::on(const SendingMeasured& measured) {
  ViewerConnection* viewer = connections_.find(measured.key);
  if (viewer == nullptr) return;
  planner_.encoder_reported(measured.report, viewer->encoder);
  viewer->encoder = measured.report;
  forwarding_.encoder_reported(measured.report.limited_by_cpu, now_);
  const TimePoint before = std::exchange(viewer->measured_at, now_);
  if (viewer->measured) {
    viewer->bits_per_second =
        bit_rate(viewer->measured->bytes, measured.sending.bytes, now_ - before);
  }
  viewer->measured = measured.sending;
}

void TalkSession::on(const CandidateFound& found) {
  ViewerConnection* viewer = connections_.find(found.key);
  if (viewer == nullptr) return;
  Candidate candidate = found.candidate;
  candidate.connection = found.key.generation;
  if (auto* offering = std::get_if<ViewerConnection::Offering>(&viewer->state)) {
    buffer(offering->found, std::move(candidate));
  } else {
    send(std::move(candidate), found.key.peer);
  }
}

void TalkSession::on(const TransportChanged& changed) {
  ViewerConnection* viewer = connections_.find(changed.key);
  if (viewer == nullptr) return;
  viewer->transport = changed.state;
  trace(describe(changed));
  if (changed.state == TransportState::connected) {
    // Only what was negotiated can be restarted. An event that comes before any answer is none of
    // ours.
    viewer->was_connected = viewer->was_connected || !is_unanswered(*viewer);
    viewer->restarts = 0;
    forwarding_.left(changed.key.peer);  // where it watched through the forwarder
    forwarding_.reached(changed.key.peer);
    unreached_.forget(changed.key.peer);
  }
  // A negotiation in progress has its own deadline.
  if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer->state)) return;
  if (changed.state == TransportState::connected) viewer->due.cancel();
  if (changed.state == TransportState::disconnected)
    viewer->due.set(now_ + kTalkerDisconnectTimeout);
  if (changed.state == TransportState::failed) recover(changed.key);
}

// Messages of the viewers.

void TalkSession::on_message(const protocol::TalkRequest& request, const PeerId& from) {
  if (!on_air()) return decline(from, DeclineReason::not_on_air);
  if (roster_.is_removed(from)) return;  // a server that was restarted may not know it yet
  forget_absent();
  if (request.name) chat_.set_name(from, *request.name);
  const auto key = request.connection ? addressed(from, request.connection) : std::nullopt;
  if (key) {
    ViewerConnection& viewer = *connections_.find(*key);
    if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer.state)) {
      return;  // already in progress
    }
    if (viewer.restarts < kMaxIceRestarts) return restart_ice(*key, viewer);
  }
  // A viewer that requests a new connection has lost the old one, if we have one. It keeps its
  // place only where the old one was connected or nobody waits: who asks again must keep nobody
  // out.
  const auto old = connections_.latest_with(from);
  const bool gave_up = old && late_at(*connections_.find(*old)).has_value();
  close_with(from, "new request");
  const bool was_invited = waiting_.remove(from);
  // The forwarder gets an offer whatever the load, since it takes viewers off this talker.
  if (!is_forwarder(from)) {
    const bool gives_way = gave_up || unreached_.pauses(from, now_);
    const bool is_full = is_full_for(from) || (gives_way && waiting_.size() > 0);
    if (forwarding_.takes(from, request, is_full, now_)) {
      return emit_all(chat_.announce_relay(from));
    }
    if (is_full) {
      if (was_invited) waiting_.add_first(from, unreached_.failures_of(from));
      return decline(from, DeclineReason::full);
    }
  }
  if (budget_.try_open(from, now_)) admit(from);
}

void TalkSession::on_message(const protocol::Answer& answer, const PeerId& from) {
  const std::optional<ConnectionKey> key = addressed(from, answer.connection);
  if (!key) return;
  const auto [viewer, awaiting] = in_state<ViewerConnection::AwaitingAnswer>(*key);
  if (awaiting == nullptr) return;
  const std::uint32_t start =
      std::min(kStartBitrate, planner_.share_of(connections_.size()).max_bitrate_bps);
  const bool music = viewer->offered == SoundMode::music;
  output_.emplace_back(ApplyRemoteDescription{
      *key, with_start_bitrate(music ? sending_music(answer.sdp) : answer.sdp, start)});
  advance(*key, *viewer, ViewerConnection::ApplyingAnswer{std::move(awaiting->early)},
          "answer came");
}

void TalkSession::on_message(const protocol::Candidate& candidate, const PeerId& from) {
  const std::optional<ConnectionKey> key = addressed(from, candidate.connection);
  if (!key) return;
  ViewerConnection& viewer = *connections_.find(*key);
  if (!viewer.candidates.take(candidate)) return;
  if (auto* awaiting = std::get_if<ViewerConnection::AwaitingAnswer>(&viewer.state)) {
    buffer(awaiting->early, candidate);
  } else if (auto* applying = std::get_if<ViewerConnection::ApplyingAnswer>(&viewer.state)) {
    buffer(applying->early, candidate);
  } else if (std::holds_alternative<ViewerConnection::Negotiated>(viewer.state)) {
    output_.emplace_back(AddCandidate{*key, candidate});
  }
}

void TalkSession::on_message(const protocol::Bye&, const PeerId& from) {
  close_with(from, "bye");
  budget_.withdraw(from);
  waiting_.remove(from);
  forwarding_.refused(from, now_);
}

void TalkSession::on_message(const protocol::WatchingVia& via, const PeerId& from) {
  if (!on_air() || roster_.is_removed(from)) return;
  forget_absent();
  if (via.name) chat_.set_name(from, *via.name);
  forwarding_.moved(from, via);
  close_with(from, "moved to the forwarder");
  waiting_.remove(from);
  unreached_.forget(from);
  if (!forwarding_.is_forwarded(from)) return;
  roster_.start_watching(from);
  emit_all(chat_.open_relay(from));
}

// Steps.

std::optional<ConnectionKey> TalkSession::addressed(
    const PeerId& viewer, std::optional<protocol::ConnectionId> id) const {
  if (!id) return connections_.latest_with(viewer);
  const ConnectionKey key{viewer, *id};
  return connections_.find(key) == nullptr ? std::nullopt : std::optional(key);
}

/// Viewers of the forwarder cost nothing beside its own connection.
std::uint64_t TalkSession::uplink_bps() const {
  const auto sending = static_cast<std::size_t>(std::count_if(
      connections_.begin(), connections_.end(),
      [](const auto& entry) { return entry.second.transport == TransportState::connected; }));
  return sending * std::uint64_t{planner_.share_of(sending).max_bitrate_bps};
}

std::size_t TalkSession::capacity() const {
  const bool has_forwarder =
      std::any_of(connections_.begin(), connections_.end(),
                  [&](auto& entry) { return is_forwarder(entry.first.peer); });
  const std::size_t reserved = forwarding_.is_possible() && !has_forwarder ? 1 : 0;
  static_assert(UplinkPlanner::kLeastCapacity > 1);
  return std::min(options_.max_viewers, planner_.capacity() - reserved);
}

Forwarding::Load TalkSession::load() const {
  std::size_t direct = 0;
  std::optional<PeerId> forwarder;
  for (const auto& [key, connection] : connections_) {
    direct += is_forwarder(key.peer) ? 0 : 1;
    const bool up = connection.transport == TransportState::connected;
    if (!up || !is_forwarder(key.peer)) continue;
    if (forwarder != forwarding_.forwarder()) forwarder = key.peer;
  }
  const SendLimits share = planner_.share_of(connections_.size());
  return {.on_air = on_air(),
          .forwarder = forwarder,
          .viewers = direct + forwarding_.forwarded() + waiting_.size(),
          .capacity = capacity(),
          .short_of_uplink = 2 * std::uint64_t{share.max_bitrate_bps} <
                             3 * std::uint64_t{options_.uplink.floor_bps},
          .any_waits = waiting_.size() > 0};
}

std::vector<PeerId> TalkSession::direct_viewers() const {
  std::vector<std::pair<unsigned, PeerId>> found;
  for (const auto& [key, connection] : connections_) {
    if (connection.transport != TransportState::connected || is_forwarder(key.peer)) continue;
    const auto viewer = roster_.viewers().find(key.peer);
    if (viewer != roster_.viewers().end()) found.emplace_back(viewer->second.number, key.peer);
  }
  std::sort(found.begin(), found.end());
  std::vector<PeerId> viewers;
  for (auto& [number, viewer] : found) viewers.push_back(std::move(viewer));
  return viewers;
}

void TalkSession::advance_forwarding() {
  if (!link_.joined()) return;
  const Forwarding::Steps steps = forwarding_.advance(load(), direct_viewers(), now_);
  if (steps.use_forwarder) send(protocol::UseForwarder{*steps.use_forwarder});
  if (!steps.invite.empty()) {
    send(protocol::InviteWatchers{steps.invite}, forwarding_.forwarder());
  }
  for (const PeerId& viewer : steps.call_back)
    send(protocol::TalkReady{{}, /*direct=*/true}, viewer);
  for (const PeerId& viewer : steps.ask) send(protocol::TalkReady{}, viewer);
  for (const PeerId& viewer : steps.gone) {
    if (!connections_.contains(viewer)) roster_.stop_watching(viewer);
    chat_.close_relay(viewer);
  }
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
}

void TalkSession::renegotiate_sound() {
  if (!link_.joined()) return;
  for (const ConnectionKey& key : connections_.keys()) {
    ViewerConnection& viewer = *connections_.find(key);
    if (!std::holds_alternative<ViewerConnection::Negotiated>(viewer.state)) continue;
    if (viewer.transport != TransportState::connected || viewer.offered == stream_.sound())
      continue;
    viewer.candidates = {};
    viewer.due.set(now_ + kNegotiationTimeout);
    output_.emplace_back(MakeLocalDescription{key});
    advance(key, viewer, ViewerConnection::Offering{}, "another kind of sound");
  }
}

/// The tracks that such a connection keeps have ended: its viewer would see the last frame for
/// ever.
void TalkSession::replace_stuck() {
  if (!link_.joined()) return;
  for (const ConnectionKey& key : connections_.keys()) {
    const ViewerConnection* viewer = connections_.find(key);
    if (viewer == nullptr || !viewer->keeps_old_tracks) continue;
    close_with(key.peer, "it could not take other tracks");
    if (budget_.try_open(key.peer, now_)) offer_to(key.peer);
  }
}

void TalkSession::serve_waiting() {
  while (link_.joined()) {
    const std::optional<PeerId> viewer = budget_.next(now_);
    if (!viewer) return;
    admit(*viewer);
  }
}

/// Until when a connection keeps its place though others wait; nothing once it was connected.
std::optional<TimePoint> TalkSession::late_at(const ViewerConnection& connection) {
  if (connection.was_connected || connection.transport == TransportState::connected) {
    return std::nullopt;
  }
  return connection.opened_at + (is_unanswered(connection) ? kLateAnswer : kLateConnection);
}

/// Connections that give way, the oldest first, but before them those of viewers that have failed
/// before: who asks and never answers keeps nobody out.
std::vector<ConnectionKey> TalkSession::late_connections() const {
  std::vector<std::tuple<bool, TimePoint, ConnectionKey>> found;
  for (const auto& [key, connection] : connections_) {
    const auto at = late_at(connection);
    if (!at || *at > now_ || is_forwarder(key.peer)) continue;
    found.emplace_back(unreached_.failures_of(key.peer) == 0, connection.opened_at, key);
  }
  std::sort(found.begin(), found.end());
  std::vector<ConnectionKey> keys;
  for (auto& [is_first, opened_at, key] : found) keys.push_back(std::move(key));
  return keys;
}

std::size_t TalkSession::free_places() const {
  const std::size_t taken = connections_.size() - late_connections().size();
  return capacity() - std::min(taken, capacity());
}

/// One that has failed to connect drives nobody out before its pause has ended.
std::size_t TalkSession::free_places_for(const PeerId& viewer) const {
  if (!unreached_.pauses(viewer, now_)) return free_places();
  return capacity() - std::min(connections_.size(), capacity());
}

/// Those who are invited have their places kept, unless the forwarder may take them.
bool TalkSession::is_full_for(const PeerId& viewer) const {
  const auto needs_place = [&](const PeerId& invited) {
    return invited != viewer && !forwarding_.may_take(invited);
  };
  return waiting_.invited(needs_place, now_) >= free_places_for(viewer);
}

/// Offers to a viewer whose turn has come, or declines where there is no place.
void TalkSession::admit(const PeerId& viewer) {
  if (is_forwarder(viewer)) return offer_to(viewer);
  if (is_full_for(viewer)) return decline(viewer, DeclineReason::full);
  for (const ConnectionKey& late : late_connections()) {
    if (connections_.size() < capacity()) break;
    give_up(late, "others wait, and its viewer does not answer");
    decline(late.peer, DeclineReason::full);
  }
  offer_to(viewer);
}

void TalkSession::invite_waiting() {
  own_deadline_.cancel();
  if (!link_.joined()) return;  // the next welcome, or the next viewer that leaves, makes up for it
  const std::size_t free = free_places();
  const auto room_for = [this, free](const PeerId& viewer) {
    if (forwarding_.may_take(viewer)) return std::max(free, Forwarding::kMostAtOnce);
    return unreached_.pauses(viewer, now_) ? std::size_t{0} : free;
  };
  for (const PeerId& viewer : waiting_.invite(room_for, now_)) {
    send(protocol::TalkReady{}, viewer);
  }
  if (const auto next = next_room()) own_deadline_.set(*next);
}

std::optional<TimePoint> TalkSession::next_room() const {
  std::optional<TimePoint> next = waiting_.next_deadline();
  if (waiting_.size() == 0) return next;
  for (const auto& [key, connection] : connections_) {
    const auto at = late_at(connection);
    if (at && *at > now_) next = earlier(next, at);
  }
  waiting_.for_each(
      [&](const PeerId& viewer) { next = earlier(next, unreached_.pauses_until(viewer, now_)); });
  return next;
}

/// A viewer is forgotten when it leaves the room, but we may have been away then. Looks at all of
/// them only when twice as many have come as were left the last time: a crowd says something often.
void TalkSession::forget_absent() {
  const auto known = [this] { return std::max(roster_.viewers().size(), chat_.viewers()); };
  if (known() < forgets_at_) return;
  const auto is_here = [this](const PeerId& viewer) {
    return connections_.contains(viewer) || budget_.waits(viewer) ||
           forwarding_.is_forwarded(viewer);
  };
  roster_.forget_all_but(is_here);
  chat_.forget_all_but(is_here);
  forgets_at_ = std::max(kMaxViewers, 2 * known());
}

void TalkSession::offer_to(const PeerId& viewer) {
  const ConnectionKey key = connections_.open(viewer);
  ViewerConnection& connection = *connections_.find(key);
  connection.opened_at = now_;
  connection.due.set(now_ + kNegotiationTimeout);
  roster_.start_watching(viewer);
  trace(describe(key) + ": talk_request");
  output_.emplace_back(CreateConnection{key, link_.ice()});
  output_.emplace_back(MakeLocalDescription{key});
}

void TalkSession::recover(const ConnectionKey& key) {
  ViewerConnection& viewer = *connections_.find(key);
  if (!link_.joined()) {
    viewer.due.set(now_ + kSignalingPause);
  } else if (viewer.was_connected && viewer.restarts < kMaxIceRestarts) {
    restart_ice(key, viewer);
  } else {
    give_up(key, "no connection in time");
  }
}

/// One that was negotiated is counted when it closes.
void TalkSession::give_up(const ConnectionKey& key, std::string_view reason) {
  const ViewerConnection& viewer = *connections_.find(key);
  const bool never_answered = is_unanswered(viewer) && !viewer.was_connected;
  if (never_answered && !is_forwarder(key.peer)) unreached_.failed(key.peer, now_);
  close(key, reason);
}

void TalkSession::restart_ice(const ConnectionKey& key, ViewerConnection& viewer) {
  ++viewer.restarts;
  viewer.candidates = {};
  viewer.due.set(now_ + restart_timeout(viewer.restarts));
  output_.emplace_back(RestartIce{key, link_.ice()});
  output_.emplace_back(MakeLocalDescription{key});
  advance(key, viewer, ViewerConnection::Offering{}, "restarts ICE");
}

void TalkSession::decline(const PeerId& viewer, DeclineReason reason) {
  if (reason == DeclineReason::full) waiting_.add(viewer, unreached_.failures_of(viewer));
  send(protocol::TalkDeclined{reason}, viewer);
}

}  // namespace onair::session
