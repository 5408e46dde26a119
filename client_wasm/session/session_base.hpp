// Code shared by both sides of a broadcast, and the contract of their pure cores.
//
// A session (TalkSession, WatchSession) is a state machine without I/O, clock, threads or globals.
// - `handle(input, now)` is the only call that changes it. It returns the commands that follow.
// - The caller executes all commands, in order, before its next call of `handle`. Nothing else must
//   be drained, and `view()` may be read at any time.
// - `handle` must not be re-entered. The caller queues an event that a command causes at once.
// - Each command names the input that it ends in, if any; the caller passes that in later, whatever
//   has happened meanwhile. A late, repeated or unexpected input changes nothing.
// - A peer's message over that peer's rate (peer_limits.hpp) changes nothing.
// - Time is the argument `now`, which never decreases. The caller passes in TimePassed when
//   `next_deadline()` has come, and reads it anew after each call; early or extra ones do no harm.
// - `handle` neither fails nor throws. Started comes first; after LeaveRequested every connection
//   is closed and no deadline is left.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/limits.hpp"
#include "session/chat.hpp"
#include "session/connection_budget.hpp"
#include "session/connection_table.hpp"
#include "session/link/signaling.hpp"
#include "session/link/signaling_link.hpp"
#include "session/names.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/peer_limits.hpp"
#include "session/timeouts.hpp"

namespace onair::session {

/// True for one of a list of types. A session lists the messages that it ignores, so that one that
/// is neither handled nor listed does not compile.
template <typename Type, typename... Listed>
concept OneOf = (std::same_as<Type, Listed> || ...);

/// `Connection` has `state` (a variant), `transport`, `channel_open` and `due` (the deadline of its
/// next step). `Derived` adds its own handlers to these, and has `settle` (runs after each event),
/// `on_closing` (runs before a connection is closed) and `on_session_ended` (the server has ended
/// the session).
template <typename Derived, typename Connection, typename Input, typename Output>
class SessionBase {
 public:
  std::vector<Output> handle(const Input& input, TimePoint now) {
    now_ = now;
    output_.clear();
    std::visit([this](const auto& event) { this->take_in(event); }, input);
    return std::exchange(output_, {});
  }

  /// The time at which to pass in TimePassed; empty for never.
  std::optional<TimePoint> next_deadline() const {
    std::optional<TimePoint> next = link_.next_deadline();
    own_deadline_.hasten(next);
    measure_at_.hasten(next);
    if (link_.joined()) next = earlier(next, budget_.next_deadline());
    for (const auto& [key, connection] : connections_) connection.due.hasten(next);
    return next;
  }

  const ConnectionTable<Connection>& connections() const { return connections_; }

 protected:
  /// `new_connections` is the rate of connections with all peers together.
  SessionBase(SignalingLink link, Generation first_generation, Rate new_connections)
      : link_(std::move(link)), connections_(first_generation), budget_(new_connections) {}
  ~SessionBase() = default;
  SessionBase(const SessionBase&) = default;
  SessionBase& operator=(const SessionBase&) = default;
  SessionBase(SessionBase&&) noexcept = default;
  SessionBase& operator=(SessionBase&&) noexcept = default;

  void on(const Started&) { emit_all(link_.start(now_)); }
  void on(const Woken& woken) { emit_all(link_.handle(woken, now_)); }
  void on(const SocketOpened& opened) { emit_all(link_.handle(opened, now_)); }
  void on(const SocketClosed& closed) {
    ask_link([&] { return link_.handle(closed, now_); });
  }

  void on(const MessageReceived& received) {
    const std::optional<PeerId> from = sender_of_current(received);
    if (!from) return;
    if (const auto* gone = std::get_if<protocol::UserDisconnected>(&received.message.body)) {
      limits_.forget(gone->id);
      budget_.forget(gone->id);
    }
    std::visit([this, &from](const auto& body) { derived().on_message(body, *from); },
               received.message.body);
  }

  void on(const CandidateAdded&) {}

  void on(const ChannelOpened& opened) { set_channel_open(opened.key, true); }
  void on(const ChannelClosed& closed) { set_channel_open(closed.key, false); }

  void on(const ChannelFailed& failed) {
    if (connections_.find(failed.key) != nullptr) trace(describe(failed));
  }

  void on(const TextEntered& entered) {
    if (!is_sendable_text(entered.text)) return;
    for (const auto& [key, connection] : connections_) {
      if (connection.channel_open) output_.emplace_back(SendText{key, entered.text});
    }
  }

  void on(const TextReceived& received) {
    if (connections_.find(received.key) == nullptr || !is_sendable_text(received.text)) return;
    output_.emplace_back(ShowText{received.key.peer, received.text});
  }

  void on_message(const protocol::Pong& pong, const PeerId&) {
    link_.refresh_ice_servers(pong.ice_servers);
  }

  void on_message(const protocol::Error& error, const PeerId&) {
    trace("server: " + error.code + ": " + error.message);
    ask_link([&] { return link_.on_error(error, now_); });
  }

  /// The sender of a message on the current socket; empty if the message must be ignored.
  std::optional<PeerId> sender_of_current(const MessageReceived& received) {
    if (!link_.is_current(received.socket)) return std::nullopt;
    link_.on_traffic(now_);
    const protocol::Message& message = received.message;
    const bool from_server = protocol::sender_of(type_of(message.body)) == protocol::Sender::server;
    if (!from_server && !message.from) return std::nullopt;
    return message.from.value_or(PeerId{});
  }

  /// Changes a connection's state. No other function does.
  template <typename Next>
  void advance(const ConnectionKey& key, Connection& connection, Next next,
               std::string_view reason) {
    connection.state = std::move(next);
    trace(describe(key) + ": " + std::string(reason));
  }

  /// A connection and its state, both null unless it is in that state.
  template <typename State>
  std::pair<Connection*, State*> in_state(const ConnectionKey& key) {
    Connection* connection = connections_.find(key);
    State* state = connection == nullptr ? nullptr : std::get_if<State>(&connection->state);
    return {state == nullptr ? nullptr : connection, state};
  }

  /// Closes a connection of the table. No other function does. Takes a copy of the key, since the
  /// caller's may belong to the connection.
  void close(ConnectionKey key, std::string_view reason) {
    derived().on_closing(key);
    trace(describe(key) + ": closed, " + std::string(reason));
    output_.emplace_back(CloseConnection{key});
    connections_.erase(key);
  }

  /// Closes all connections with `peer`. False if there are none.
  bool close_with(const PeerId& peer, std::string_view reason) {
    const std::vector<ConnectionKey> keys = connections_.keys_with(peer);
    for (const ConnectionKey& key : keys) close(key, reason);
    return !keys.empty();
  }

  void close_all(std::string_view reason) {
    for (const ConnectionKey& key : connections_.keys()) close(key, reason);
  }

  /// Reports a view that differs from `shown`.
  template <typename View>
  void show(View& shown, View now_shown) {
    if (shown == now_shown) return;
    shown = std::move(now_shown);
    output_.emplace_back(ViewChanged{});
  }

  /// Measures the connected connections at intervals.
  template <typename Measure>
  void measure_if_due() {
    const bool due = measure_at_.is_due(now_);
    bool runs = false;
    for (const auto& [key, connection] : connections_) {
      if (connection.transport != TransportState::connected) continue;
      runs = true;
      if (due) output_.emplace_back(Measure{key});
    }
    if (!runs) measure_at_.cancel();
    if (runs && (due || !measure_at_.at())) measure_at_.set(now_ + kMeasureInterval);
  }

  /// Sends a message to one peer, or to the room. Without a server it is dropped: the next welcome
  /// makes up for that. The message is built in place, since GCC 14 reports copies of its empty
  /// optional fields as uninitialized.
  void send(protocol::Body body, const PeerId& to = {}) {
    if (!link_.joined()) return;
    Output& output = output_.emplace_back(std::in_place_type<SendMessage>);
    protocol::Message& message = std::get<SendMessage>(output).message;
    message.body = std::move(body);
    if (!to.empty()) message.sendto.emplace(to);
  }

  void trace(std::string line) { output_.emplace_back(Trace{std::move(line)}); }

  /// Adds the outputs of a collaborator of the session that are commands; `Derived` may have more
  /// `carry_out` for the others.
  template <typename CollaboratorOutput>
  void emit_all(std::vector<CollaboratorOutput> outputs) {
    for (CollaboratorOutput& output : outputs) {
      std::visit([this](auto& each) { derived().carry_out(std::move(each)); }, output);
    }
  }
  void carry_out(RelayChat&& relay) {
    send(protocol::ChatMessages{std::move(relay.messages)}, relay.to);
  }
  template <typename Command>
    requires std::constructible_from<Output, Command>
  void carry_out(Command&& command) {
    output_.emplace_back(std::forward<Command>(command));
  }

  /// The connections whose deadline has passed. The caller sets another deadline or closes each.
  std::vector<ConnectionKey> due_connections() const {
    std::vector<ConnectionKey> due;
    for (const auto& [key, connection] : connections_) {
      if (connection.due.is_due(now_)) due.push_back(key);
    }
    return due;
  }

  TimePoint now_{};  ///< of the event being handled
  SignalingLink link_;
  ConnectionTable<Connection> connections_;
  ConnectionBudget budget_;     ///< of new connections
  DeadlineTimer own_deadline_;  ///< of no single connection
  DeadlineTimer measure_at_;
  Notice notice_ = Notice::none;
  std::vector<Output> output_;

 private:
  /// The one way in: handles an event, unless it is a peer's message over that peer's rate.
  template <typename Event>
  void take_in(const Event& event) {
    if (const std::optional<Arrival> arrival = arrival_of(event)) {
      const PeerLimits::Verdict verdict = limits_.judge(*arrival, now_);
      if (verdict != PeerLimits::Verdict::admit) return drop(event, *arrival, verdict);
    }
    derived().on(event);
    derived().settle();
  }

  template <typename Event>
  void drop(const Event& event, const Arrival& arrival, PeerLimits::Verdict verdict) {
    if constexpr (std::same_as<Event, MessageReceived>) {
      if (link_.is_current(event.socket)) link_.on_traffic(now_);
    }
    if (verdict != PeerLimits::Verdict::drop_first) return;
    trace(arrival.peer + ": sends too much, drops " + std::string(name_of(arrival.kind)));
  }

  /// Runs a step of the link that may end the session.
  template <typename Ask>
  void ask_link(Ask ask) {
    const bool had_ended = link_.has_ended();
    emit_all(ask());
    if (!had_ended && link_.has_ended()) derived().on_session_ended();
  }

  Derived& derived() { return *static_cast<Derived*>(this); }

  static bool is_sendable_text(std::string_view text) {
    return !text.empty() && text.size() <= protocol::kMaxTextBytes;
  }

  void set_channel_open(const ConnectionKey& key, bool open) {
    if (Connection* connection = connections_.find(key)) connection->channel_open = open;
  }

  PeerLimits limits_;
};

}  // namespace onair::session
