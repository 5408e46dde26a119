// The way to the server: opens the socket, enters the room, and comes back after a loss.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/message.hpp"
#include "session/backoff.hpp"
#include "session/peer_connection.hpp"
#include "session/signaling.hpp"
#include "session/time.hpp"

namespace onair::session {

using LinkOutput = std::variant<OpenSocket, CloseSocket, SendMessage>;

enum class LinkStatus {
  idle,          ///< not started, or left
  connecting,    ///< the first try
  joined,        ///< in the room
  reconnecting,  ///< was in the room and is on the way back
  unreachable,   ///< never got in so far; still trying
  refused,       ///< the server will not have us in this room
};

std::string_view name_of(LinkStatus status);

class SignalingLink {
 public:
  /// How long a socket may take to open, and the server to answer `enter`.
  static constexpr Duration kAnswerTimeout{10'000};
  /// How often the server is asked whether it is there, and for TURN credentials that are fresh.
  static constexpr Duration kPingInterval{20'000};
  /// How long it may take to answer that before the socket counts as dead.
  static constexpr Duration kPongTimeout{5'000};

  /// How long to wait after a refusal that may be over soon, as when the room is full.
  static constexpr Duration kRefusalPause{5'000};

  /// `resume` is the token that an earlier load of this page remembered, `token` the one that lets
  /// us in where not everyone may.
  SignalingLink(std::string room, protocol::Role role, Backoff backoff,
                std::optional<std::string> resume = std::nullopt,
                std::optional<std::string> token = std::nullopt);

  std::vector<LinkOutput> start(TimePoint now);
  std::vector<LinkOutput> leave();

  std::vector<LinkOutput> handle(const SocketOpened& opened, TimePoint now);
  std::vector<LinkOutput> handle(const SocketClosed& closed, TimePoint now);
  std::vector<LinkOutput> handle(const TimePassed& passed, TimePoint now);
  std::vector<LinkOutput> handle(const Woken& woken, TimePoint now);

  /// Anything came over the socket in use, so it lives.
  void heard(TimePoint now);

  enum class Entry {
    none,     ///< not awaited, and ignored
    resumed,  ///< we are the peer that we were
    fresh,    ///< we are a new peer: what others knew of us is gone
  };
  Entry welcomed(const protocol::Welcome& welcome, TimePoint now);

  void refresh_ice_servers(std::vector<protocol::IceServer> servers) {
    ice_.servers = std::move(servers);
  }

  /// An `error` came. Before the welcome it keeps us out; what is only for now is tried again.
  std::vector<LinkOutput> refused(const protocol::Error& error, TimePoint now);

  /// Is this the socket in use? What comes from any other is late.
  bool is_current(SocketNumber socket) const;

  bool joined() const { return std::holds_alternative<Joined>(state_); }
  LinkStatus status() const;
  /// The code of the `error` that keeps us out; else empty.
  const std::string& refusal() const { return refusal_; }
  /// What the token calls us.
  const std::optional<std::string>& name() const { return name_; }
  const protocol::PeerId& id() const { return id_; }
  const IceConfiguration& ice() const { return ice_; }
  std::optional<TimePoint> next_deadline() const;

 private:
  struct Idle {};
  struct Connecting {
    SocketNumber socket;
    TimePoint deadline;
  };
  struct Entering {
    SocketNumber socket;
    TimePoint deadline;
  };
  struct Joined {
    SocketNumber socket;
    TimePoint deadline;  ///< when to ask, or to stop waiting for the answer
    bool awaits_pong = false;
  };
  struct Waiting {
    TimePoint until;
  };
  struct Refused {};
  using State = std::variant<Idle, Connecting, Entering, Joined, Waiting, Refused>;

  std::optional<SocketNumber> socket() const;
  LinkOutput connect(TimePoint now);
  std::vector<LinkOutput> probe(TimePoint now);
  std::vector<LinkOutput> stay_out(std::string code);

  std::string room_;
  protocol::Role role_;
  Backoff backoff_;
  State state_;
  SocketNumber last_socket_ = 0;
  bool tried_in_vain_ = false;
  protocol::PeerId id_;
  std::optional<std::string> resume_;
  std::optional<std::string> token_;
  std::optional<std::string> name_;
  std::string refusal_;
  bool page_is_new_ = true;  ///< it has no peer connections that a token could speak for
  IceConfiguration ice_;
};

}  // namespace onair::session
