// The relay: rooms, who is in them, and who gets what. No sockets and no clock; one thread. Other
// hubs, on other threads, may serve the same rooms: see bus.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "relay/bus.hpp"
#include "relay/counters.hpp"
#include "relay/link.hpp"
#include "relay/resume_tokens.hpp"
#include "relay/room.hpp"

namespace onair::relay {

struct HubLimits {
  Rates rates = {};
  /// Members of one room on all hubs together. Somebody more is told `room_full`. Hubs learn of
  /// each other's members within moments, so that a rush may exceed it by a few.
  std::size_t peers_per_room = 10'000;
  /// Rooms that one hub serves. Whoever would make one more is told `too_many_rooms`.
  std::size_t rooms = 10'000;
};

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
  HubLimits limits = {};
};

class Hub final : public BusMember {
 public:
  /// `bus` outlives the hub.
  Hub(HubOptions options, Bus& bus) : options_(std::move(options)), bus_(bus) {}
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

  const Counters& counters() const { return counters_; }
  Census census() const;

  void room_ready(const std::string& room, TimePoint now) override;
  std::optional<RoomPart> part_of(const std::string& room) const override;
  void hear_part(const std::string& room, HubId hub, std::optional<RoomPart> part,
                 TimePoint now) override;
  void hear(const std::string& room, Reach reach, const Frame& frame) override;
  bool hear(const DirectedFrame& frame) override;
  void undelivered(const std::string& room, const protocol::PeerId& from) override;
  void taken_over(const std::string& room, const protocol::PeerId& peer, TimePoint now) override;

 private:
  using Rooms = std::map<std::string, Room, std::less<>>;

  void receive_from_stranger(Link& link, std::string_view frame, TimePoint now);
  void relay(Peer& from, const protocol::Envelope& envelope, std::string_view frame);
  void relay_to_one(const Peer& from, const protocol::PeerId& to, const Frame& frame);
  void answer_ping(const Peer& peer);
  void set_on_air(Peer& peer, bool on_air);
  void tell_room(const Peer& from, const Frame& frame);
  void send(Link& link, const Frame& frame);

  void request_entry(Link& link, const protocol::Enter& enter, TimePoint now);
  void enter(Room& room, Link& link, const protocol::Enter& enter, TimePoint now);
  Peer* admit(Room& room, Link& link, const protocol::Enter& enter);
  Peer& add(Room& room, const protocol::PeerId& id, protocol::Role role);
  void attach(Link& link, Peer& peer);
  void welcome(const Peer& peer);
  void remove(Peer& peer, TimePoint now);
  void erase(Peer& peer, TimePoint now);
  void close_if_empty(Room& room);

  void audience_changed(Room& room, TimePoint now);
  void tell_audience(Room& room, TimePoint now);

  HubOptions options_;
  Bus& bus_;
  Rooms rooms_;
  std::set<std::pair<TimePoint, Peer*>> away_;          ///< by the end of their grace time
  std::set<std::pair<TimePoint, Room*>> audience_due_;  ///< changed too soon after it was told
  Counters counters_;
};

}  // namespace onair::relay
