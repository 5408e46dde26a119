// What both sides of a broadcast do alike: the link, the table, the data channels, the output.
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
#include "session/names.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/recovery.hpp"
#include "session/signaling.hpp"
#include "session/signaling_link.hpp"

namespace onair::session {

/// `Connection` has `state` (a variant), `transport`, `channel_open`, `chat_open` and `due` (when
/// to do something about it, if ever). `Derived` brings these handlers into its overload set, adds
/// its own, and has `view`, `settle`, which does what follows from any event, and `sent_away`, for
/// when the server has ended the session.
template <typename Derived, typename Connection, typename Input, typename Output>
class SessionBase {
 public:
  /// Takes one event and says what to do, in this order. Never fails; an event that is late or that
  /// makes no sense now changes nothing.
  std::vector<Output> handle(const Input& input, TimePoint now) {
    now_ = now;
    output_.clear();
    std::visit([this](const auto& event) { derived().on(event); }, input);
    derived().settle();
    return std::exchange(output_, {});
  }

  /// When to hand in TimePassed, or nothing for never.
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
    std::visit([this, &from](const auto& body) { derived().said(body, *from); },
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

  void said(const protocol::Pong& pong, const PeerId&) {
    link_.refresh_ice_servers(pong.ice_servers);
  }

  void said(const protocol::Error& error, const PeerId&) {
    trace("server: " + error.code + ": " + error.message);
    ask_link([&] { return link_.refused(error, now_); });
  }

  /// Kinds that mean nothing to this side.
  template <typename Other>
  void said(const Other&, const PeerId&) {}

  /// The sender of what came over the socket in use; nothing where it must be ignored.
  std::optional<PeerId> sender_of_current(const MessageReceived& received) {
    if (!link_.is_current(received.socket)) return std::nullopt;
    link_.heard(now_);
    const protocol::Message& message = received.message;
    const bool from_server = protocol::sender_of(type_of(message.body)) == protocol::Sender::server;
    if (!from_server && !message.from) return std::nullopt;
    return message.from.value_or(PeerId{});
  }

  /// The one place where a connection's state changes.
  template <typename Next>
  void advance(const ConnectionKey& key, Connection& connection, Next next,
               std::string_view reason) {
    connection.state = std::move(next);
    trace(describe(key) + ": " + std::string(reason));
  }

  /// The one place where a connection ends. False where there was none.
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

  /// When what the page shows has changed since `shown`.
  template <typename View>
  void show(View& shown, View now_shown) {
    if (shown == now_shown) return;
    shown = std::move(now_shown);
    output_.emplace_back(ViewChanged{});
  }

  /// Looks at the connections whose picture runs, from time to time.
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

  /// What can't be said because the socket is away is made good after the next welcome.
  void say(protocol::Body body, std::optional<PeerId> to = std::nullopt) {
    if (!link_.joined()) return;
    output_.emplace_back(SendMessage{{std::move(body), std::nullopt, std::move(to)}});
  }

  void trace(std::string line) { output_.emplace_back(Trace{std::move(line)}); }

  void pass_on(std::vector<LinkOutput> outputs) {
    for (LinkOutput& output : outputs) {
      std::visit([this](auto& each) { output_.emplace_back(std::move(each)); }, output);
    }
  }

  /// The connections whose time has come. Each is then either given another time or closed.
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
  std::optional<TimePoint> own_deadline_;  ///< of what concerns no connection
  std::optional<TimePoint> measure_at_;
  Notice notice_ = Notice::none;
  std::vector<Output> output_;

 private:
  /// For what may end the session for good.
  template <typename Ask>
  void ask_link(Ask ask) {
    const bool was_in = link_.joined();
    pass_on(ask());
    if (was_in && !link_.refusal().empty()) derived().sent_away();
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
