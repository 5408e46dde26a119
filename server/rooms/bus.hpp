// How the hubs that serve one room together exchange members and frames. The contract is the same
// between threads of one process and between machines: messages from one hub to another arrive in
// order or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/frame.hpp"
#include "rooms/talk_policy.hpp"
#include "rooms/time.hpp"

namespace onair::rooms {

/// Names one hub among those on a bus.
using HubId = std::uint32_t;

/// How the viewers of one talker receive.
struct TalkerReception {
  protocol::PeerId talker;
  protocol::AudienceReception sums;
  bool operator==(const TalkerReception&) const = default;
};

/// The members that one hub has in a room, as far as other hubs need to know.
struct RoomShare {
  std::uint32_t watching = 0;  ///< viewers with a socket
  std::vector<TalkerInfo> talkers = {};
  std::uint32_t socketio = 0;    ///< socket.io clients, whatever their effective role
  std::uint32_t members = 0;     ///< all of them
  std::uint32_t away = 0;        ///< of these, the ones that give way: see Peer::gives_way
  std::uint32_t forwarders = 0;  ///< of these, those that viewers can reach beside the talkers
  std::vector<TalkerReception> receptions = {};  ///< as its viewers report

  /// True where somebody here gets what viewers send, socket.io's clients apart.
  bool receives_viewers() const { return !talkers.empty() || forwarders > 0; }
  bool operator==(const RoomShare&) const = default;
};

/// A command for every hub, whether it has the room or not.
struct Order {
  enum class Kind {
    remove_peer,        ///< the viewer `peer`
    end_room,           ///< for everyone but `peer`
    release_slot,       ///< the talker `peer` has lost its talk slot to another
    release_forwarder,  ///< the talker `peer` needs none any more, also not of another process
  };
  Kind kind;
  std::string room;
  protocol::PeerId peer;
  /// For remove_peer: whether a hub or gateway has seen the peer in the room. If true, every hub
  /// remembers the removal, so that the peer can't come back. If false, the id may be invented: a
  /// hub that knows the peer sends the order again with true, and the others do nothing, or a
  /// talker could fill their memory. A hub that has just begun remembers it all the same
  /// (Hub::settles): the peer may have been a member before.
  bool was_member = false;
  /// For remove_peer: by what address the talker is counted that has given the order
  /// (Link::address). Empty where it is not, or gave it at another process.
  std::string by = {};
};

/// The members that a frame is for, the widest first.
enum class Reach {
  everyone,              ///< what talkers send
  talkers_and_socketio,  ///< what other clients of socket.io send, which hide nothing from another
  talkers,               ///< what viewers send; it reaches the forwarder too
  socketio,              ///< what clients of our protocol can't read
};

constexpr bool includes_socketio(Reach reach) {
  return reach != Reach::talkers;
}
constexpr bool includes_talkers(Reach reach) {
  return reach != Reach::socketio;
}

/// A frame for one peer that another hub serves.
struct DirectedFrame {
  std::string room;
  protocol::PeerId to;
  protocol::PeerId from;
  Reach reach;  ///< of the sender
  Frame frame;
};

/// The frames buffered for a peer that has moved from one hub to another.
struct HandOver {
  std::string room;
  protocol::PeerId peer;
  std::vector<Frame> frames = {};
  std::vector<FrameNumber> delivered = {};  ///< the last ones that reached it before it moved
};

/// A frame that did not reach a peer, for its sender.
struct Undelivered {
  enum class Why {
    nobody,    ///< no hub has the addressee
    too_much,  ///< the sender has filled its share of somebody's queue
  };
  std::string room;
  protocol::PeerId from;
  protocol::PeerId to;
  Why why = Why::nobody;
};

/// A hub's end of the bus.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Subscribes this hub to the room. True where the bus knows already what others have of it;
  /// else BusMember::on_room_ready follows.
  virtual bool join(const std::string& room) = 0;
  virtual void leave(const std::string& room) = 0;

  /// This hub's share of the room has changed. Others are sent it soon, several changes at once.
  virtual void share_changed(const std::string& room) = 0;

  /// Sends to every other hub with such members in the room.
  virtual void broadcast(const std::string& room, Reach reach, const Frame& frame) = 0;

  /// The other hub that serves the peer. Nothing where none does, or where that takes time to find
  /// out.
  virtual std::optional<HubId> hub_of(const protocol::PeerId& peer) const = 0;

  /// This hub serves the peer, in this room, from now on, or no longer.
  virtual void attach(const protocol::PeerId& peer, const std::string& room) = 0;
  virtual void detach(const protocol::PeerId& peer) = 0;

  /// A peer that this hub serves already has a new socket. For a gateway, which knows by it which
  /// of two processes served the peer last.
  virtual void came_back(const protocol::PeerId& /*peer*/) {}

  /// Like `attach`, for a peer that may come from another hub. That hub lets go of it, and its
  /// buffered frames follow as BusMember::on_handed_over. False where nobody else can have it.
  virtual bool take_over(const protocol::PeerId& peer, const std::string& room) = 0;

  /// Sends to the hub that has taken the peer over.
  virtual void hand_over(HubId to, const HandOver& handover) = 0;

  /// False where nobody has the peer. Failures found later come as BusMember::on_undelivered.
  virtual bool send(const DirectedFrame& frame) = 0;

  /// Sends to the hub that serves the sender, if there is one.
  virtual void return_to_sender(const Undelivered& undelivered) = 0;

  /// Sends to every other hub.
  virtual void order(const Order& order) = 0;

  /// True in a cluster: other processes have viewers that we have no list of.
  virtual bool reaches_further() const { return false; }

  /// True where the hubs decide among themselves whether that hub's talkers keep their slots.
  /// Between processes the gateways decide, and send an order.
  virtual bool is_of_this_process(HubId /*hub*/) const { return true; }
};

/// A hub as the bus sees it, or a gateway that represents the hubs of other processes.
class BusMember {
 public:
  /// True where this member can tell its share of the room now. If not, it is asked to learn it,
  /// and says when it has.
  virtual bool knows(const std::string& /*room*/) const { return true; }
  virtual void learn(const std::string& /*room*/, TimePoint /*now*/) {}

  /// A hub of this process serves the peer now, or no hub of it any more.
  virtual void on_attached(const protocol::PeerId& /*peer*/, const std::string& /*room*/,
                           TimePoint /*now*/) {}
  virtual void on_detached(const protocol::PeerId& /*peer*/) {}
  virtual void on_came_back(const protocol::PeerId& /*peer*/, TimePoint /*now*/) {}

  /// Every hub that has the room has sent its share.
  virtual void on_room_ready(const std::string& room, TimePoint now) = 0;

  /// This hub's share, or nothing where it does not have the room.
  virtual std::optional<RoomShare> share_of(const std::string& room) const = 0;

  /// Another hub's share has changed; nothing: it has left the room.
  virtual void on_share(const std::string& room, HubId hub, std::optional<RoomShare> share,
                        TimePoint now) = 0;

  virtual void on_broadcast(const std::string& room, Reach reach, const Frame& frame) = 0;

  /// False where there is no such peer here whom the sender may reach.
  virtual bool on_directed(const DirectedFrame& frame, TimePoint now) = 0;
  virtual void on_order(const Order& order, TimePoint now) = 0;
  virtual void on_undelivered(const Undelivered& undelivered) = 0;

  /// The peer is served by `by` from now on, which waits for Bus::hand_over.
  virtual void on_taken_over(const std::string& room, const protocol::PeerId& peer, HubId by,
                             TimePoint now) = 0;
  virtual void on_handed_over(const HandOver& handover, TimePoint now) = 0;

 protected:
  ~BusMember() = default;
};

}  // namespace onair::rooms
