// Code shared by both sides of a broadcast: link, connection table, data channels, outputs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/limits.hpp"
#include "session/connection_table.hpp"
#include "session/link/signaling.hpp"
#include "session/link/signaling_link.hpp"
#include "session/names.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/recovery.hpp"

namespace onair::session {

/// `Connection` has `state` (a variant), `transport`, `channel_open`, `chat_open` and `due` (the
/// deadline of its next step). `Derived` adds its own handlers to these, and has `view`, `settle`
/// (runs after each event) and `on_session_ended` (the server has ended the session).
template <typename Derived, typename Connection, typename Input, typename Output>
class SessionBase {
 public:
  /// Handles one event and returns the commands to execute, in order. Never fails; an event that is
  /// late or unexpected changes nothing.
  std::vector<Output> handle(const Input& input, TimePoint now) {
    now_ = now;
    output_.clear();
    std::visit([this](const auto& event) { derived().on(event); }, input);
    derived().settle();
    return std::exchange(output_, {});
  }

  /// The time at which to pass in TimePassed; empty for never.
  std::optional<TimePoint> next_deadline() const {
    std::optional<TimePoint> next =
        earlier(link_.next_deadline(), earlier(own_deadline_, measure_at_));
    for (const auto& [peer, entry] : connections_) next = earlier(next, entry.connection.due);
    return next;
  }

  const ConnectionTable<Connection>& connections() const { return connections_; }

 protected:
  SessionBase(SignalingLink link, Generation first_generation)
      : link_(std::move(link)), connections_(first_generation) {}
  ~SessionBase() = default;
  SessionBase(const SessionBase&) = default;
  SessionBase& operator=(const SessionBase&) = default;
  SessionBase(SessionBase&&) noexcept = default;
  SessionBase& operator=(SessionBase&&) noexcept = default;

  void on(const Started&) { pass_on(link_.start(now_)); }
  void on(const Woken& woken) { pass_on(link_.handle(woken, now_)); }
  void on(const SocketOpened& opened) { pass_on(link_.handle(opened, now_)); }
  void on(const SocketClosed& closed) {
    ask_link([&] { return link_.handle(closed, now_); });
  }

  void on(const MessageReceived& received) {
    const std::optional<PeerId> from = sender_of_current(received);
    if (!from) return;
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
    for (const auto& [peer, entry] : connections_) {
      if (!entry.connection.channel_open) continue;
      output_.emplace_back(SendText{{peer, entry.generation}, entered.text});
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

  /// Ignores the kinds without a meaning for this side.
  template <typename Other>
  void on_message(const Other&, const PeerId&) {}

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

  /// Closes the connection with `peer`. No other function does. False if there is none.
  bool close(const PeerId& peer, std::string_view reason) {
    const std::optional<ConnectionKey> key = connections_.key_of(peer);
    if (!key) return false;
    trace(describe(*key) + ": closed, " + std::string(reason));
    output_.emplace_back(CloseConnection{*key});
    connections_.erase(key->peer);
    return true;
  }

  void close_all(std::string_view reason) {
    while (!connections_.empty()) close(connections_.begin()->first, reason);
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
    const bool due = measure_at_ && *measure_at_ <= now_;
    bool runs = false;
    for (const auto& [peer, entry] : connections_) {
      if (entry.connection.transport != TransportState::connected) continue;
      runs = true;
      if (due) output_.emplace_back(Measure{{peer, entry.generation}});
    }
    if (!runs) measure_at_.reset();
    if (runs && (due || !measure_at_)) measure_at_ = now_ + kMeasureInterval;
  }

  /// Sends a message, or drops it without a server: the next welcome makes up for that.
  void send(protocol::Body body, std::optional<PeerId> to = std::nullopt) {
    if (!link_.joined()) return;
    output_.emplace_back(SendMessage{{std::move(body), std::nullopt, std::move(to)}});
  }

  void trace(std::string line) { output_.emplace_back(Trace{std::move(line)}); }

  void pass_on(std::vector<LinkOutput> outputs) {
    for (LinkOutput& output : outputs) {
      std::visit([this](auto& each) { output_.emplace_back(std::move(each)); }, output);
    }
  }

  /// The connections whose deadline has passed. The caller sets another deadline or closes each.
  std::vector<ConnectionKey> due_connections() const {
    std::vector<ConnectionKey> due;
    for (const auto& [peer, entry] : connections_) {
      const std::optional<TimePoint> when = entry.connection.due;
      if (when && *when <= now_) due.push_back({peer, entry.generation});
    }
    return due;
  }

  TimePoint now_{};  ///< of the event at hand
  SignalingLink link_;
  ConnectionTable<Connection> connections_;
  std::optional<TimePoint> own_deadline_;  ///< of no single connection
  std::optional<TimePoint> measure_at_;
  Notice notice_ = Notice::none;
  std::vector<Output> output_;

 private:
  /// Runs a step of the link that may end the session.
  template <typename Ask>
  void ask_link(Ask ask) {
    const bool was_in = link_.joined();
    pass_on(ask());
    if (was_in && !link_.refusal().empty()) derived().on_session_ended();
  }

  Derived& derived() { return *static_cast<Derived*>(this); }

  static bool is_sendable_text(std::string_view text) {
    return !text.empty() && text.size() <= protocol::kMaxTextBytes;
  }

  void set_channel_open(const ConnectionKey& key, bool open) {
    if (Connection* connection = connections_.find(key)) connection->channel_open = open;
  }
};

}  // namespace onair::session
