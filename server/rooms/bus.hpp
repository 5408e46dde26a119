// How the hubs that serve one room between them hear of each other. What it says holds for threads
// of one process as for machines: between one hub and another, messages arrive in order or not at
// all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/allowance.hpp"
#include "rooms/frame.hpp"

namespace onair::rooms {

/// Names one hub among those on a bus.
using HubId = std::uint32_t;

/// What others need to know of a talker.
struct TalkerPart {
  protocol::PeerId id;
  bool on_air = false;
  bool locks = false;  ///< lets no further watchers in
  /// Of one who was in the room before this server began and came back soon after: how long before
  /// the beginning its token was issued.
  std::optional<Duration> from_before = {};
  bool operator==(const TalkerPart&) const = default;
};

/// Whether `a` keeps its place rather than `b`, so that everyone comes to the same result. Of those
/// who were here before the server began, the last one was let in when the others had gone.
bool outranks(const TalkerPart& a, const TalkerPart& b);

/// Nothing where it is none of them. Valid as long as they do not change.
const TalkerPart* find(const std::vector<TalkerPart>& talkers, const protocol::PeerId& id);

inline bool has(const std::vector<TalkerPart>& talkers, const protocol::PeerId& id) {
  return find(talkers, id) != nullptr;
}

/// Adds those who are not among them yet: one that has just moved may be known in two places.
void merge(std::vector<TalkerPart>& talkers, const std::vector<TalkerPart>& more);

/// What others need to know of the members that one hub has in a room.
struct RoomPart {
  std::uint32_t watching = 0;
  std::vector<TalkerPart> talkers = {};
  std::uint32_t roleless = 0;  ///< members without a role, whatever they do
  std::uint32_t members = 0;   ///< all of them
  bool operator==(const RoomPart&) const = default;
};

/// What every hub is to do, whether it has the room or not.
struct Order {
  enum class Kind {
    remove_peer,  ///< the watcher `peer`
    end_room,     ///< for everyone but `peer`
    stand_back,   ///< the talker `peer`: its place is somebody else's
  };
  Kind kind;
  std::string room;
  protocol::PeerId peer;
};

/// Whom a frame is for, the widest first. Those without a role hear whatever is said.
enum class Reach { everyone, talkers, roleless };

/// A frame for one peer that another hub serves.
struct DirectedFrame {
  std::string room;
  protocol::PeerId to;
  protocol::PeerId from;
  Reach reach;  ///< of the sender
  Frame frame;
};

/// What was said to a peer while it was on its way from one hub to another.
struct HandOver {
  std::string room;
  protocol::PeerId peer;
  std::vector<Frame> frames = {};
  std::vector<FrameNumber> told = {};  ///< what it was told last before it went
};

/// What was said to a peer whom nobody has.
struct Undelivered {
  std::string room;
  protocol::PeerId from;
  protocol::PeerId to;
};

/// A hub's end of the bus.
class Bus {
 public:
  virtual ~Bus() = default;

  /// From now on this hub hears of the room. True where it knows already what others have of it;
  /// else BusMember::room_ready follows.
  virtual bool join(const std::string& room) = 0;
  virtual void leave(const std::string& room) = 0;

  /// This hub's part of the room is another now. Others hear of it soon, and of several changes at
  /// once.
  virtual void part_changed(const std::string& room) = 0;

  /// To every other hub with such members in the room.
  virtual void broadcast(const std::string& room, Reach reach, const Frame& frame) = 0;

  /// Who serves the peer. Nothing where no other hub does, or where that can't be told at once.
  virtual std::optional<HubId> hub_of(const protocol::PeerId& peer) const = 0;

  /// This hub serves the peer, in this room, from now on, or no longer.
  virtual void attach(const protocol::PeerId& peer, const std::string& room) = 0;
  virtual void detach(const protocol::PeerId& peer) = 0;

  /// Like `attach`, of one who may have come from another hub: that one lets go of it, and what it
  /// kept for it follows as BusMember::handed_over. False where nobody else can have it.
  virtual bool take_over(const protocol::PeerId& peer, const std::string& room) = 0;

  /// To the hub that has taken the peer over.
  virtual void hand_over(HubId to, const HandOver& kept) = 0;

  /// False where nobody has the peer. What turns out later comes as BusMember::undelivered.
  virtual bool send(const DirectedFrame& frame) = 0;

  /// To every other hub.
  virtual void order(const Order& order) = 0;

  /// Whether others than those of this process are on the bus, of whose watchers nobody here knows.
  virtual bool reaches_further() const { return false; }

  /// Whether a talker of that hub is for the hubs themselves to reckon with. Who stays of talkers
  /// of several processes is decided elsewhere, and comes as an order.
  virtual bool is_of_this_process(HubId /*hub*/) const { return true; }
};

/// A hub as the bus sees it, or what stands for hubs elsewhere.
class BusMember {
 public:
  /// Whether this member can say its part of the room now. If not, it is asked to learn it, and
  /// says when it has.
  virtual bool knows(const std::string& /*room*/) const { return true; }
  virtual void learn(const std::string& /*room*/, TimePoint /*now*/) {}

  /// A hub of this process serves the peer now, or no hub of it any more.
  virtual void attached(const protocol::PeerId& /*peer*/, const std::string& /*room*/,
                        TimePoint /*now*/) {}
  virtual void detached(const protocol::PeerId& /*peer*/) {}

  /// Every hub that has the room has told its part.
  virtual void room_ready(const std::string& room, TimePoint now) = 0;

  /// This hub's part, or nothing where it does not have the room.
  virtual std::optional<RoomPart> part_of(const std::string& room) const = 0;

  /// Another hub's part is now this; nothing: it has none any more.
  virtual void hear_part(const std::string& room, HubId hub, std::optional<RoomPart> part,
                         TimePoint now) = 0;

  virtual void hear(const std::string& room, Reach reach, const Frame& frame) = 0;

  /// False where there is no such peer here whom the sender may reach.
  virtual bool hear(const DirectedFrame& frame, TimePoint now) = 0;
  virtual void hear(const Order& order, TimePoint now) = 0;
  virtual void undelivered(const Undelivered& undelivered) = 0;

  /// The peer is served by `by` from now on, which waits for Bus::hand_over.
  virtual void taken_over(const std::string& room, const protocol::PeerId& peer, HubId by,
                          TimePoint now) = 0;
  virtual void handed_over(const HandOver& kept, TimePoint now) = 0;

 protected:
  ~BusMember() = default;
};

}  // namespace onair::rooms
