// A process's view of a room that several serve: the shares of its hubs, those of the other
// processes, and the slots held for talkers who may come back. Bookkeeping only; the gateway does
// the I/O.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/schedule.hpp"
#include "cluster/messages.hpp"
#include "rooms/bus.hpp"

namespace onair::cluster {

using rooms::TimePoint;

/// A room's members at other processes. Kept while a talker here must learn who is gone.
class MembersElsewhere {
 public:
  bool contains(const protocol::PeerId& peer) const {
    return at_.contains(peer) || lost_.contains(peer);
  }

  void come(const ProcessId& process, const protocol::PeerId& peer);
  void go(const ProcessId& process, const protocol::PeerId& peer);
  /// This process serves it now.
  void take(const protocol::PeerId& peer);

  /// Takes one piece of the list of a process's members. A member that is in none of the pieces
  /// left while the news of it was lost. True where there are such.
  bool list(const Members& piece, TimePoint until);

  /// The process is gone: its members have until then to come back at another. True if it had some.
  bool lose(const ProcessId& process, TimePoint until);
  /// Takes those who did not.
  std::vector<protocol::PeerId> take_overdue(TimePoint now);
  std::optional<TimePoint> next_due() const { return lost_.next(); }

 private:
  bool lose_but(const std::set<protocol::PeerId>& there, const ProcessId& process, TimePoint until);

  std::map<protocol::PeerId, ProcessId> at_;
  std::map<ProcessId, std::set<protocol::PeerId>> listed_;  ///< of lists that have not ended
  base::Schedule<protocol::PeerId> lost_;                   ///< by the end of their grace time
};

/// Slots of talkers whose process died, held until they are back or their time is over.
class HeldSlots {
 public:
  struct Slot {
    rooms::TalkerInfo talker;
    TimePoint until;
  };

  bool contains(const protocol::PeerId& talker) const;
  const std::vector<Slot>& all() const { return slots_; }

  /// False where it is held already.
  bool add(const rooms::TalkerInfo& talker, TimePoint until);
  /// Gives up the slots of those who talk again. True where there are some.
  bool release(const std::vector<rooms::TalkerInfo>& back);
  /// Takes those who did not come back in time.
  std::vector<protocol::PeerId> take_overdue(TimePoint now);
  std::optional<TimePoint> next_due() const;

 private:
  std::vector<Slot> slots_;
};

/// True for a frame that announces a talker going on or off air, or leaving.
bool changes_who_is_on_air(std::string_view frame);

struct SharedRoom {
  std::map<rooms::HubId, rooms::RoomShare> local;
  std::map<ProcessId, rooms::RoomShare> remote;
  std::set<protocol::PeerId> members;  ///< that this process serves
  MembersElsewhere elsewhere;
  HeldSlots held_slots;
  bool local_known = false;     ///< the hubs here have sent their shares
  bool known = false;           ///< so have the other processes, as far as we wait
  std::set<ProcessId> awaited;  ///< those that have the room and have not sent their share
  std::set<ProcessId> synced;   ///< those of which nothing was missed since their share came
  std::set<protocol::PeerId> unannounced;     ///< went on air while the news of it was lost
  std::optional<TimePoint> known_by;          ///< when we stop waiting for them
  std::set<std::string> subjects;             ///< subscribed to by this process
  std::optional<rooms::RoomShare> published;  ///< this process's share, as the others have it
  TimePoint published_at{};
  std::optional<TimePoint> publish_due;  ///< when the others are sent what has changed since

  /// Notes which other processes have the room, by a share of one of them.
  void note_others(const Share& share, const ProcessId& self);

  /// Notes who goes on or off air by a frame from elsewhere. The share with the same news comes a
  /// moment later, and a viewer that enters in between must learn it too. True where it is new.
  bool note_on_air(std::string_view frame);

  /// True where somebody here, or somebody elsewhere, must learn which members left.
  bool receives_members() const;
  bool sends_members() const;
  rooms::RoomShare local_share() const;
  /// Includes talkers whose slot is held.
  rooms::RoomShare remote_share() const;
  /// All talkers, here and elsewhere.
  std::vector<rooms::TalkerInfo> talkers() const;
  /// The same without talkers whose slot is held and who have not come back.
  std::vector<rooms::TalkerInfo> present_talkers() const;
  /// The time at which something of this room is due.
  std::optional<TimePoint> next_due() const;
  /// True for a peer that is in the room elsewhere, or still has time to come back.
  bool expects(const protocol::PeerId& peer) const;
};

}  // namespace onair::cluster
