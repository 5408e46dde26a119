// Moves of a viewer from the talker to the forwarder and back: the new connection's picture is
// decoded before the old connection closes.
#include <algorithm>
#include <set>
#include <utility>

#include "session/timeouts.hpp"
#include "session/watch/watch_session.hpp"

namespace onair::session {
namespace {

bool knows_turn(const IceConfiguration& ice) {
  const auto is_turn = [](const std::string& url) {
    return url.starts_with("turn:") || url.starts_with("turns:");
  };
  return std::any_of(ice.servers.begin(), ice.servers.end(), [&](const auto& server) {
    return std::any_of(server.urls.begin(), server.urls.end(), is_turn);
  });
}

}  // namespace

const PeerId& WatchSession::talker_of(const ConnectionKey& key) const {
  const TalkerConnection* connection = connections_.find(key);
  return connection != nullptr && connection->of ? *connection->of : key.peer;
}

std::optional<ConnectionKey> WatchSession::connection_of(
    const PeerId& talker, const std::optional<ConnectionKey>& except) const {
  for (const auto& [key, connection] : connections_) {
    if (connection.is_replaced || key == except) continue;
    if (connection.of.value_or(key.peer) == talker) return key;
  }
  return std::nullopt;
}

std::size_t WatchSession::watched_talkers() const {
  std::set<PeerId> talkers;
  for (const auto& [key, connection] : connections_) {
    if (!connection.is_replaced) talkers.insert(connection.of.value_or(key.peer));
  }
  return talkers.size();
}

/// The forwarder invites us. A talker can't: it is on air itself.
void WatchSession::move_to(const PeerId& forwarder, const PeerId& talker) {
  if (!is_on_air(talker) || is_on_air(forwarder)) return;
  if (!is_watched(talker) && !has_room()) return;
  if (const auto known = connections_.latest_with(forwarder)) {
    if (!is_broken(connections_.find(*known)->transport)) return;  // it is under way, or done
    close(*known, "a new invitation");
  }
  if (!budget_.try_open(forwarder, now_)) return budget_.withdraw(forwarder);
  const auto before = connection_of(talker);
  send(protocol::TalkRequest{}, forwarder);
  connections_.find(begin_move(forwarder, talker))->of = talker;
  // The talker answered our request by sending the forwarder instead of an offer.
  if (before && in_state<TalkerConnection::AwaitingOffer>(*before).second) {
    close(*before, "the forwarder has its picture");
    unwanted_.insert(talker);
  }
}

void WatchSession::come_back(const PeerId& talker) {
  if (!is_on_air(talker)) return;
  // A request that waits for an answer may have been passed on to a forwarder that is gone.
  const auto known = connections_.latest_with(talker);
  if (known && !in_state<TalkerConnection::AwaitingOffer>(*known).second) return;
  if (!is_watched(talker) && !has_room()) return;
  if (!budget_.try_open(talker, now_)) return budget_.withdraw(talker);
  send(protocol::TalkRequest{{}, {}, {}, /*direct=*/true}, talker);
  begin_move(talker, talker);
}

ConnectionKey WatchSession::begin_move(const PeerId& peer, const PeerId& talker) {
  const auto now_by = connection_of(talker);
  // The talker has told us what it sends. One that waits for an offer of this peer ends.
  const auto sends = now_by ? connections_.find(*now_by)->sends : protocol::ChatMedia{};
  ConnectionKey key = await_offer_of(peer);
  TalkerConnection& connection = *connections_.find(key);
  connection.moves_until = now_ + kMoveTimeout;
  connection.sends = sends;
  return key;
}

/// Measures connections whose picture is awaited often, so that it is shown at once.
void WatchSession::measure_moves() {
  const bool due = moves_at_.is_due(now_);
  bool any = false;
  for (const ConnectionKey& key : connections_.keys()) {
    const TalkerConnection* found = connections_.find(key);
    if (found == nullptr || !found->moves_until) continue;  // a move that failed may close others
    const TalkerConnection& connection = *found;
    if (now_ >= *connection.moves_until) {
      fail_move(key, "no picture in time");
      continue;
    }
    any = true;
    if (due && connection.transport == TransportState::connected) {
      output_.emplace_back(MeasureReceiving{key});
    }
  }
  if (!any) moves_at_.cancel();
  if (any && (due || !moves_at_.at())) moves_at_.set(now_ + kMoveMeasureInterval);
}

/// A move ends when all has come that the talker sends. What is interrupted may not come for long:
/// a newcomer does not wait for it, and one that still shows it from elsewhere does.
void WatchSession::finish_if_there(const ConnectionKey& key, const ReceivingReport& report) {
  const TalkerConnection& connection = *connections_.find(key);
  const auto before = connection_of(talker_of(key), key);
  const auto comes = [&before](protocol::Sent sent) {
    return sent == protocol::Sent::live || (before && sent == protocol::Sent::interrupted);
  };
  const bool has_picture = comes(connection.sends.picture);
  const bool had_sound = before && connections_.find(*before)->sound_came;
  const bool needs_sound = comes(connection.sends.sound) && (had_sound || !has_picture);
  if (has_picture && report.frames_decoded == 0) return;
  if (needs_sound && report.sound_packets == 0) return;
  finish_move(key);
}

void WatchSession::finish_move(const ConnectionKey& key) {
  TalkerConnection& connection = *connections_.find(key);
  const PeerId talker = talker_of(key);
  connection.moves_until.reset();
  if (connection.of) chat_.open_relay(talker);
  if (!connection_of(talker, key)) {
    if (connection.of) send(protocol::WatchingVia{key.peer}, talker);
    return;
  }
  // Mostly one. There are two where an invitation and a call back have crossed: the first picture
  // that comes ends the other move.
  while (const auto other = connection_of(talker, key)) {
    TalkerConnection& replaced = *connections_.find(*other);
    switch_stream(*other, key);
    replaced.is_replaced = true;
    replaced.moves_until.reset();
    replaced.due.set(now_ + kOverlap);
  }
}

void WatchSession::switch_stream(const ConnectionKey& from, const ConnectionKey& to) {
  if (attached_.erase(from) == 0) return;
  attached_.insert(to);
  output_.emplace_back(SwitchStream{from, to});
}

void WatchSession::close_replaced(const ConnectionKey& key) {
  const PeerId talker = talker_of(key);
  const PeerId peer = key.peer;
  close(key, "replaced");
  if (peer != talker) send(protocol::Bye{}, peer);
  const auto by = connection_of(talker);
  if (by && by->peer != talker) return confirm_forwarded(talker);
  if (peer != talker) chat_.close_relay(talker);
}

void WatchSession::confirm_forwarded(const PeerId& talker) {
  const auto by = connection_of(talker);
  if (!by || by->peer == talker) return;
  TalkerConnection& connection = *connections_.find(*by);
  if (connection.moves_until) return;  // not yet
  if (connection.transport == TransportState::connected)
    connection.due.cancel();  // see await_talker
  chat_.open_relay(talker);
  send(protocol::WatchingVia{by->peer}, talker);
}

void WatchSession::fail_move(const ConnectionKey& key, std::string_view reason) {
  const TalkerConnection& connection = *connections_.find(key);
  const bool was_tried = std::holds_alternative<TalkerConnection::Negotiated>(connection.state);
  if (connection.of && was_tried) go_the_other_way(key.peer);
  give_up_move(key, reason);
}

/// Alternates, since the fault may have been the path's or a moment's: the next try is by TURN
/// alone, the one after that by any path.
void WatchSession::go_the_other_way(const PeerId& forwarder) {
  if (knows_turn(link_.ice()) && by_turn_.erase(forwarder) > 0) return;
  if (by_turn_.size() < kMaxOnAir) by_turn_.insert(forwarder);
}

IceConfiguration WatchSession::ice_with(const PeerId& peer) const {
  IceConfiguration ice = link_.ice();
  if (by_turn_.contains(peer) && knows_turn(ice)) ice.turn_only = true;
  return ice;
}

void WatchSession::give_up_move(const ConnectionKey& key, std::string_view reason) {
  const PeerId talker = talker_of(key);
  const bool was_forwarded = connections_.find(key)->of.has_value();
  if (in_state<TalkerConnection::AwaitingOffer>(key).second) unwanted_.insert(key.peer);
  send(protocol::Bye{}, key.peer);
  take_back_replaced(key);
  close(key, reason);
  if (connection_of(talker)) return confirm_forwarded(talker);
  chat_.close_relay(talker);
  if (!was_forwarded) return retry_after(retry_.next(), WatchView::Picture::failed, reason);
  if (!is_on_air(talker)) {
    stay_without(WatchView::Picture::waiting, reason);
    return request_talkers_on_air();
  }
  if (!budget_.try_open(talker, now_)) return;  // requested when its turn comes
  send(protocol::TalkRequest{{}, {}, {}, /*direct=*/true}, talker);
  await_offer_of(talker);
}

bool WatchSession::take_back_replaced(const ConnectionKey& lost) {
  const PeerId& talker = talker_of(lost);
  if (connection_of(talker, lost)) return false;
  for (const ConnectionKey& key : connections_.keys()) {
    TalkerConnection& connection = *connections_.find(key);
    if (!connection.is_replaced || talker_of(key) != talker || is_broken(connection.transport)) {
      continue;
    }
    connection.is_replaced = false;
    connection.due.cancel();
    if (!connection.of) chat_.close_relay(talker);
    switch_stream(lost, key);
    return true;
  }
  return false;
}

bool WatchSession::leave_forwarder(const PeerId& forwarder, std::string_view reason) {
  bool any = false;
  for (const ConnectionKey& key : connections_.keys_with(forwarder)) {
    if (!connections_.find(key)->of) continue;
    any = true;
    give_up_move(key, reason);
  }
  return any;
}

bool WatchSession::close_all_of(const PeerId& of, std::string_view reason) {
  // The caller's may belong to a connection that is closed here.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const PeerId talker = of;
  bool any = false;
  for (const ConnectionKey& key : connections_.keys()) {
    if (talker_of(key) != talker) continue;
    any = true;
    if (key.peer != talker) send(protocol::Bye{}, key.peer);
    close(key, reason);
  }
  chat_.close_relay(talker);
  return any;
}

bool WatchSession::await_talker(const PeerId& talker) {
  close_with(talker, "user_disconnected");
  const auto by = connection_of(talker);
  if (!by) return false;
  connections_.find(*by)->due.set(now_ + kTalkerReturnTimeout);
  return true;
}

}  // namespace onair::session
