// The hub: rooms, their members, and who gets which frame.
//
// The contract of this pure core, and of the others (gateway, sessions):
// - No sockets, no threads and no clock: one thread makes all calls, and each call that may depend
//   on time is given it. Time does not go back.
// - Outputs are Link::send and Link::close for clients, and Bus for other hubs. They are made
//   before the call that caused them returns, and may not call the hub.
// - After every call, the owner flushes the bus's end and asks for next_deadline(). It calls
//   advance() when that moment has come.
// - A link's calls begin with receive() or enter() and end with disconnected(), after which the hub
//   has forgotten it.
// Other hubs, on other threads and machines, may serve the same rooms: see bus.hpp.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/schedule.hpp"
#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/audience.hpp"
#include "rooms/bus.hpp"
#include "rooms/counters.hpp"
#include "rooms/entry.hpp"
#include "rooms/hub_options.hpp"
#include "rooms/link.hpp"
#include "rooms/reception_sums.hpp"
#include "rooms/removed_peers.hpp"
#include "rooms/room.hpp"
#include "rooms/router.hpp"

namespace onair::rooms {

/// The deadlines that end the states of members.
///
/// | deadline    | of a peer that is                      | when it has passed            |
/// | ----------- | -------------------------------------- | ----------------------------- |
/// | `away`      | Away, SlotKept                         | the peer is removed           |
/// |             | Moving                                 | the other hub gets its frames |
/// | `hand_over` | Arriving, Away or Moving, while frames | it goes on without them       |
/// |             | from another hub are yet to come       |                               |
/// | `paced`     | Arriving, with more buffered frames    | it gets the next of them      |
/// |             | than its queue takes at once           |                               |
/// | `pass`      | in any state, on a pass that expires   | `token_expired`               |
struct PeerDeadlines {
  base::Schedule<Peer*> away;
  base::Schedule<Peer*> hand_over;
  base::Schedule<Peer*> paced;
  base::Schedule<Peer*> pass;

  void erase(Peer* peer) {
    away.erase(peer);
    hand_over.erase(peer);
    paced.erase(peer);
    pass.erase(peer);
  }
  std::optional<TimePoint> next() const {
    return earliest({away.next(), hand_over.next(), paced.next(), pass.next()});
  }
};

class Hub final : public BusMember {
 public:
  /// `bus` outlives the hub.
  Hub(HubOptions options, Bus& bus);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // The door for every kind of member. Faults are answered with `error`.

  /// Lets the client into a room, or tells it why not. One that is in another room leaves that one.
  void enter(Link& link, const EntryRequest& request, TimePoint now);

  /// Sends a client's message, a JSON object without a `from`, to one peer or to the room.
  void send(Link& link, const protocol::Envelope& envelope, std::string_view object, TimePoint now);

  /// Takes one text frame of our protocol, in UTF-8: `enter`, or a message.
  void receive(Link& link, std::string_view frame, TimePoint now);

  /// Charges a client for a frame that is not passed to the hub. False where that was too much: its
  /// connection is being closed.
  bool spend(Link& link, std::size_t bytes, TimePoint now);

  /// Answers with `error`, and closes where the code says so. For the socket layer's refusals.
  void refuse(Link& link, const protocol::Refusal& refusal) { router_.refuse(link, refusal); }
  /// Counts a client that was refused before it had a link, as WHIP's and WHEP's are by HTTP.
  void count_refused(protocol::ErrorCode code) { router_.count_refused(code); }

  enum class Leaving {
    for_good,  ///< the client closed: its page is gone
    perhaps,   ///< the connection broke: it has the grace time to come back
  };
  /// The client is about to be asked to come back, here or elsewhere. Its frames count until its
  /// socket is gone; frames for it are buffered.
  void send_off(Link& link, TimePoint now);

  /// The client's socket is gone. The hub forgets the link.
  void disconnected(Link& link, Leaving leaving, TimePoint now);

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  const Counters& counters() const { return router_.counters; }
  Census census() const;

  // For the operator:
  std::vector<RoomReport> rooms() const;
  /// Removes everyone (`room_ended`), on all hubs. False where this one has no such room.
  bool end_room(std::string_view room, TimePoint now);
  /// Removes a member (`removed`). False where there is none.
  bool remove_peer(std::string_view room, const protocol::PeerId& peer, TimePoint now);

  // For the forwarder's members:
  /// True from the server's start until the forwarder has said whom it serves: one that is removed
  /// meanwhile may be of those, though no hub knows it.
  void await_forwarder(bool awaits) { awaits_forwarder_ = awaits; }
  bool is_removed(const std::string& room, const protocol::PeerId& peer) const {
    return removed_.contains(room, peer);
  }

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

  bool charge_address(const Link& link, float frames, float bytes, TimePoint now) const;
  bool charge(Link& link, float frames, float bytes, TimePoint now);
  bool charge_deliveries(Link& link, std::size_t deliveries, std::size_t bytes, TimePoint now);
  bool charge_entry(Link& link, TimePoint now);
  void enter_room(Link& link, const EntryRequest& request, TimePoint now);
  void receive_from_newcomer(Link& link, std::string_view frame, TimePoint now);
  void apply_effects(Peer& from, std::size_t kind, bool to_room, TimePoint now);
  bool may_go_on_air(const Peer& peer) const;
  void set_on_air(Peer& peer, bool on_air);
  void send_pong(Peer& peer);
  void on_reception(Peer& from, std::string_view frame, TimePoint now);
  std::vector<protocol::IceServer> ice_servers_for(Peer& peer) const;

  /// Null where this hub has no such room, or no such peer in it.
  Room* find_room(std::string_view name);
  Peer* find_peer(std::string_view room, const protocol::PeerId& id);

  // orders.cpp
  void on_command(Peer& from, std::string_view frame, TimePoint now);
  bool charge_forwarder(Peer& from, bool on, TimePoint now);
  void use_forwarder(const Peer& from, bool on);
  bool settles(TimePoint now) const;
  void on_remove_command(Peer& from, const protocol::PeerId& id, TimePoint now);
  void remove_viewer(const Order& order, TimePoint now);
  void tell_media(std::string_view room, const protocol::PeerId& gone);
  void end_room(Room& room, const protocol::PeerId& except, TimePoint now);
  void enforce_talker_limit(const std::string& room, TimePoint now);
  void release_slot(Peer& talker, TimePoint now);
  void remove(Peer& peer, const protocol::Refusal& why, TimePoint now);

  // entering.cpp
  Room* open_room(const std::string& name, TimePoint now);
  void let_in(Room& room, const PendingEntry& entry, TimePoint now);
  Applicant identify(const Room& room, const EntryRequest& request, TimePoint now) const;
  Peer& admit(Room& room, const PendingEntry& entry, const Applicant& applicant, TimePoint now);
  Peer& add_member(Room& room, const PendingEntry& entry, const Applicant& applicant);
  void start_anew(Peer& peer);
  Seniority seniority_of(const Resumption& resumed, TimePoint now) const;
  void grant(Peer& peer, const Pass& pass, TimePoint now);
  void attach(Link& link, Peer& peer);
  void welcome(Peer& peer);

  // membership.cpp
  void leave_room(Link& link, TimePoint now);
  void go_away(Peer& peer, Away away, TimePoint now);
  void remove(Peer& peer, TimePoint now);
  void erase(Peer& peer, TimePoint now);
  void close_if_empty(Room& room);
  void note_if_dead(Room& room, TimePoint now);
  bool close_dead_room(TimePoint now);
  void keep_away_bound(const std::string& room, TimePoint now);
  /// False where it waited for no room.
  bool stop_waiting(Link& link);

  // moves.cpp
  void deliver_buffered(Peer& peer, const HandOver& elsewhere, TimePoint now);
  void send_buffered(Peer& peer, TimePoint now);
  void go_on_sending(Peer& peer, TimePoint now);
  void finish_hand_over(Peer& peer, const HandOver& handover, TimePoint now);
  void let_go_if_ready(Peer& peer, TimePoint now);
  void let_go(Peer& peer, TimePoint now);

  HubOptions options_;
  Bus& bus_;
  BufferBudget budget_;
  Router router_;
  Audience audience_;
  ReceptionReporter reception_reporter_;
  PeerDeadlines deadlines_;
  base::Schedule<Room*> dead_rooms_;  ///< in which nobody has a socket, by when that began
  std::size_t waiting_bytes_ = 0;     ///< of all EarlyFrames in `rooms_`
  Rooms rooms_;
  RemovedPeers removed_;
  bool awaits_forwarder_ = false;
};

}  // namespace onair::rooms
