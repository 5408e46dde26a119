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
#include <variant>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/bus.hpp"
#include "rooms/counters.hpp"
#include "rooms/link.hpp"
#include "rooms/pass.hpp"
#include "rooms/removed_peers.hpp"
#include "rooms/resume_tokens.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

struct HubLimits {
  Rates rates = {};
  /// Members of one room on all hubs together. Somebody more is told `room_full`. Hubs learn of
  /// each other's members within moments, so that a rush may exceed it by a few.
  std::size_t peers_per_room = 10'000;
  /// Rooms that one hub serves. Whoever would make one more is told `too_many_rooms`.
  std::size_t rooms = 10'000;
  /// Talkers of one room on all hubs together. Somebody more is told `room_taken`.
  std::size_t talkers_per_room = 1;
  /// What is kept for one member that is away, and for all of a hub together. Where that is too
  /// much, nothing is kept.
  std::size_t kept_frames = 1'024;
  std::size_t kept_bytes = 67'108'864;
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
  Doorkeeper doorkeeper = let_everyone_in;
  /// How long a peer that lost its socket stays a member.
  Duration grace = std::chrono::seconds(15);
  /// When this server began, where others may have served before it. For `settling_time` from then
  /// on, those who resume count as having been here all along.
  std::optional<TimePoint> began = {};
  Duration settling_time = std::chrono::seconds(60);
  /// The least time between two `audience` to the same room.
  Duration audience_interval = std::chrono::seconds(1);
  HubLimits limits = {};
  /// Frames are numbered from here on, so that no two of several hubs' frames have one number.
  FrameNumber first_frame = 1;
};

class Hub final : public BusMember {
 public:
  /// `bus` outlives the hub.
  Hub(HubOptions options, Bus& bus)
      : options_(std::move(options)),
        bus_(bus),
        budget_{options_.limits.kept_frames, options_.limits.kept_bytes},
        last_frame_(options_.first_frame) {}
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// One text frame of a client, in UTF-8. What is wrong with it is answered with `error`.
  void receive(Link& link, std::string_view frame, TimePoint now);

  // For a client that has no role, which comes by another protocol than ours:

  /// Lets it into a room, under an id that nobody else has. One that is in another room leaves that
  /// one; there, nobody is told who has never heard of it.
  void enter_roleless(Link& link, const protocol::PeerId& id, const std::string& room,
                      const std::optional<std::string>& token, TimePoint now);

  /// What it says: a JSON object without a `from`, to one peer or to the room. To others without a
  /// role everything goes as it is. To those with one goes what peers say to each other by our
  /// protocol; to watchers, only while it holds the talker's place, which it takes by `talk_ready`.
  void say_roleless(Link& link, const protocol::Envelope& envelope, std::string_view object,
                    TimePoint now);

  /// Takes into account what a client said that is for nobody else. False where that was too much:
  /// its connection is being closed.
  bool spend(Link& link, std::size_t bytes, TimePoint now);

  /// Answers with `error`, and closes where the code says so. For what the socket layer refuses.
  void refuse(Link& link, const protocol::Refusal& refusal);

  enum class Leaving {
    for_good,  ///< the client closed: its page is gone
    perhaps,   ///< the connection broke: it has the grace time to come back
  };
  /// The client is about to be told to come back, here or elsewhere. What it says until its socket
  /// is gone counts; what is said to it is kept.
  void send_off(Link& link, TimePoint now);

  /// The client's socket is gone. The hub forgets the link.
  void disconnected(Link& link, Leaving leaving, TimePoint now);

  /// Does what is due at `now`.
  void advance(TimePoint now);

  /// When to call `advance` next, or nothing for never.
  std::optional<TimePoint> next_deadline() const;

  const Counters& counters() const { return counters_; }
  Census census() const;

  // For the operator, of what this hub serves:
  std::vector<RoomReport> rooms() const;
  /// Sends everyone away (`room_ended`). False where there is no such room.
  bool end_room(std::string_view room, TimePoint now);
  /// Sends a member away (`removed`). False where there is none.
  bool remove_peer(std::string_view room, const protocol::PeerId& peer, TimePoint now);

  void on_room_ready(const std::string& room, TimePoint now) override;
  std::optional<RoomShare> share_of(const std::string& room) const override;
  void on_share(const std::string& room, HubId hub, std::optional<RoomShare> share,
                TimePoint now) override;
  void on_broadcast(const std::string& room, Reach reach, const Frame& frame) override;
  bool on_directed(const DirectedFrame& frame, TimePoint now) override;
  void on_order(const Order& order, TimePoint now) override;
  void on_undelivered(const Undelivered& undelivered) override;
  void on_taken_over(const std::string& room, const protocol::PeerId& peer, HubId by,
                     TimePoint now) override;
  void on_handed_over(const HandOver& handover, TimePoint now) override;

 private:
  using Rooms = std::map<std::string, Room, std::less<>>;

  void receive_from_stranger(Link& link, std::string_view frame, TimePoint now);
  void relay(Peer& from, const protocol::Envelope& envelope, std::string_view frame, TimePoint now);
  void relay_to_one(const Peer& from, const protocol::PeerId& to, Reach reach, const Frame& frame);
  void answer_ping(const Peer& peer);
  void set_on_air(Peer& peer, bool on_air);
  void broadcast(const Peer& from, const Frame& frame) { broadcast(from, reach_of(from), frame); }
  void broadcast(const Peer& from, Reach reach, const Frame& frame);
  void announce_gone(const Peer& peer);
  void send(Link& link, const Frame& frame);

  /// Nothing where this hub has no such room, or no such peer in it.
  Peer* find_peer(std::string_view room, const protocol::PeerId& id) const;

  // roleless.cpp
  void note_what_it_does(Peer& roleless, std::size_t kind, bool to_one, TimePoint now);
  bool talkers_place_is_free(const Peer& roleless) const;

  // orders.cpp
  void on_command(Peer& from, std::string_view frame, TimePoint now);
  void remove_watcher(const std::string& room, const protocol::PeerId& peer, TimePoint now);
  void end_room(Room& room, const protocol::PeerId& except, TimePoint now);
  void enforce_talker_limit(const std::string& room, TimePoint now);
  void release_slot(Peer& talker, TimePoint now);
  void dismiss(Peer& peer, const protocol::Refusal& why, TimePoint now);

  // membership.cpp
  void request_entry(Link& link, const protocol::Enter& enter,
                     const std::optional<protocol::PeerId>& id, TimePoint now);
  void enter(Room& room, const PendingEntry& newcomer, TimePoint now);
  std::variant<Peer*, protocol::Refusal> admit(Room& room, const PendingEntry& newcomer,
                                               TimePoint now);
  std::optional<protocol::Refusal> refusal_of_newcomer(
      const Room& room, protocol::Role role, const std::optional<Duration>& seniority) const;
  std::optional<Duration> seniority(const std::optional<Resumption>& resumed, TimePoint now) const;
  void grant(Peer& peer, const Pass& pass, TimePoint now);
  void attach(Link& link, Peer& peer);
  void welcome(const Peer& peer);
  void deliver_buffered(Peer& peer, const HandOver& elsewhere);
  void go_away(Peer& peer, TimePoint until);
  void let_go_if_ready(Peer& peer, TimePoint now);
  void let_go(Peer& peer, TimePoint now);
  static HandOver take_buffered(Peer& peer);
  /// False where it waited for no room.
  bool stop_waiting(Link& link);
  void remove(Peer& peer, TimePoint now);
  void erase(Peer& peer, TimePoint now);
  void close_if_empty(Room& room);

  void audience_changed(Room& room, TimePoint now);
  void send_audience(Room& room, TimePoint now);

  HubOptions options_;
  Bus& bus_;
  BufferBudget budget_;
  FrameNumber last_frame_;
  Rooms rooms_;
  std::set<std::pair<TimePoint, Peer*>> away_;          ///< by the end of their grace time
  std::set<std::pair<TimePoint, Peer*>> on_a_pass_;     ///< by its end
  std::set<std::pair<TimePoint, Peer*>> arriving_;      ///< by Peer::hand_over_due
  std::set<std::pair<TimePoint, Room*>> audience_due_;  ///< changed too soon after it was told
  RemovedPeers removed_;
  Counters counters_;
};

}  // namespace onair::rooms
