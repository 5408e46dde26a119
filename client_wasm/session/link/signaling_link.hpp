// The connection to the server: opens the socket, enters the room, reconnects after a loss.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/message.hpp"
#include "session/link/backoff.hpp"
#include "session/link/signaling.hpp"
#include "session/peer_connection.hpp"
#include "session/time.hpp"

namespace onair::session {

using LinkOutput = std::variant<OpenSocket, CloseSocket, SendMessage>;

enum class LinkStatus {
  idle,          ///< not started, or left
  connecting,    ///< first attempt
  joined,        ///< in the room
  reconnecting,  ///< was in the room; trying to return
  unreachable,   ///< never entered so far; still trying
  refused,       ///< the server rejected us for this room
};

std::string_view name_of(LinkStatus status);

class SignalingLink {
 public:
  /// `resume` is the token kept from an earlier load of this page; `token` is the entry token that
  /// an operator may require.
  SignalingLink(std::string room, protocol::Role role, Backoff backoff,
                std::optional<std::string> resume = std::nullopt,
                std::optional<std::string> token = std::nullopt);

  std::vector<LinkOutput> start(TimePoint now);
  std::vector<LinkOutput> leave();

  std::vector<LinkOutput> handle(const SocketOpened& opened, TimePoint now);
  std::vector<LinkOutput> handle(const SocketClosed& closed, TimePoint now);
  std::vector<LinkOutput> handle(const TimePassed& passed, TimePoint now);
  std::vector<LinkOutput> handle(const Woken& woken, TimePoint now);

  /// Any frame on the current socket proves that its path works.
  void on_traffic(TimePoint now);

  enum class Entry {
    none,     ///< unexpected; ignored
    resumed,  ///< same peer id as before
    fresh,    ///< new peer id: the others have no connections with it
  };
  Entry on_welcome(const protocol::Welcome& welcome, TimePoint now);

  void refresh_ice_servers(std::vector<protocol::IceServer> servers) {
    ice_.servers = std::move(servers);
  }

  /// Handles an `error`. Before the welcome it ends the attempt; after a temporary one the link
  /// retries.
  std::vector<LinkOutput> on_error(const protocol::Error& error, TimePoint now);

  /// True for the socket in use. Events of any other are late and ignored.
  bool is_current(SocketNumber socket) const;

  bool joined() const { return std::holds_alternative<Joined>(state_); }
  /// True once we were in and are kept out for good.
  bool has_ended() const { return std::holds_alternative<Refused>(state_) && !id_.empty(); }
  LinkStatus status() const;
  /// The code of the `error` that rejected us; else empty.
  const std::string& refusal() const { return refusal_; }
  /// Our name according to the entry token.
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
    TimePoint deadline;  ///< of the next ping, or of the pong that is awaited
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
  bool attempt_failed_ = false;
  protocol::PeerId id_;
  std::optional<std::string> resume_;
  std::optional<std::string> token_;
  std::optional<std::string> name_;
  std::string refusal_;
  bool page_is_new_ = true;  ///< has no peer connections that `resume` could keep
  IceConfiguration ice_;
};

}  // namespace onair::session
