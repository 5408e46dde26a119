// The relay: rooms, who is in them, and who gets what. No sockets and no clock; one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "relay/link.hpp"
#include "relay/resume_tokens.hpp"
#include "relay/room.hpp"

namespace onair::relay {

struct HubOptions {
  /// A new id that nobody can guess, of at most kMaxPeerIdBytes bytes that need no escape in JSON.
  std::function<protocol::PeerId()> make_id;
  /// Outlives the hub.
  ResumeTokens& resume_tokens;
  /// What a peer's `welcome` and `pong` say of STUN and TURN.
  std::function<std::vector<protocol::IceServer>(const protocol::PeerId&)> ice_servers;
  /// Whether clients are to use TURN alone.
  bool relay_only = false;
  /// How long a peer that lost its socket stays a member.
  Duration grace = std::chrono::seconds(15);
  /// The least time between two `audience` to the same room.
  Duration audience_interval = std::chrono::seconds(1);
};

class Hub {
 public:
  explicit Hub(HubOptions options) : options_(std::move(options)) {}
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// One text frame of a client, in UTF-8. What is wrong with it is answered with `error`.
  void receive(Link& link, std::string_view frame, TimePoint now);

  /// Answers with `error`, and closes where the code says so. For what the socket layer refuses.
  void refuse(Link& link, const protocol::Refusal& refusal);

  enum class Leaving {
    for_good,  ///< the client closed: its page is gone
    perhaps,   ///< the connection broke: it has the grace time to come back
  };
  /// The client's socket is gone. The hub forgets the link.
  void disconnected(Link& link, Leaving leaving, TimePoint now);

  /// Does what is due at `now`.
  void advance(TimePoint now);

  /// When to call `advance` next, or nothing for never.
  std::optional<TimePoint> next_deadline() const;

  std::size_t rooms() const { return rooms_.size(); }
  std::size_t peers() const;

 private:
  using Rooms = std::map<std::string, Room, std::less<>>;

  void enter(Link& link, const protocol::Enter& enter, TimePoint now);
  void relay(Peer& from, const protocol::Message& message, std::string_view frame);
  Peer& admit(Link& link, const protocol::Enter& enter);
  static Peer& add(Room& room, const protocol::PeerId& id, protocol::Role role);
  void attach(Link& link, Peer& peer);
  void welcome(const Peer& peer);
  void remove(Peer& peer, TimePoint now);

  void audience_changed(Room& room, TimePoint now);
  void tell_audience(Room& room, TimePoint now);

  HubOptions options_;
  Rooms rooms_;
  std::set<std::pair<TimePoint, Peer*>> away_;          ///< by the end of their grace time
  std::set<std::pair<TimePoint, Room*>> audience_due_;  ///< changed too soon after it was told
};

}  // namespace onair::relay
