// What one process knows of a room that several serve: what its hubs have in it, what the other
// processes say that they have, and whose place is kept. A book; the gateway speaks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/messages.hpp"
#include "relay/bus.hpp"

namespace onair::cluster {

using relay::TimePoint;

/// A room's members at other processes, where a talker here is to hear who is gone.
class MembersElsewhere {
 public:
  bool contains(const protocol::PeerId& peer) const {
    return at_.contains(peer) || lost_.contains(peer);
  }

  void come(const ProcessId& process, const protocol::PeerId& peer);
  void go(const ProcessId& process, const protocol::PeerId& peer);
  /// This process serves it now.
  void take(const protocol::PeerId& peer);

  /// A piece of what a process answers to the question whom it has. Whoever is in none of them left
  /// while that could not be heard. True where there are such.
  bool list(const Members& piece, TimePoint until);

  /// The process is gone: its members have until then to come back at another. True where it had
  /// some.
  bool lose(const ProcessId& process, TimePoint until);
  /// Those who did not.
  std::vector<protocol::PeerId> take_overdue(TimePoint now);

 private:
  bool lose_but(const std::set<protocol::PeerId>& there, const ProcessId& process, TimePoint until);

  std::map<protocol::PeerId, ProcessId> at_;
  std::map<ProcessId, std::set<protocol::PeerId>> listed_;  ///< of lists that have not ended
  std::map<protocol::PeerId, TimePoint> lost_;              ///< and their grace time's end
};

/// The places of talkers whose process died.
class KeptPlaces {
 public:
  struct Place {
    relay::TalkerPart talker;
    TimePoint until;
  };

  bool contains(const protocol::PeerId& talker) const;
  const std::vector<Place>& all() const { return places_; }

  /// False where it is kept already.
  bool keep(const relay::TalkerPart& talker, TimePoint until);
  /// Those who talk again. True where there are some.
  bool release(const std::vector<relay::TalkerPart>& back);
  /// Those who did not come back in time.
  std::vector<protocol::PeerId> take_overdue(TimePoint now);

 private:
  std::vector<Place> places_;
};

/// Whether this frame says that a talker goes on or off air, or is gone.
bool tells_who_is_on_air(std::string_view frame);

struct SharedRoom {
  std::map<relay::HubId, relay::RoomPart> local;
  std::map<ProcessId, relay::RoomPart> remote;
  std::set<protocol::PeerId> members;  ///< that this process serves
  MembersElsewhere elsewhere;
  KeptPlaces kept;
  bool local_known = false;                ///< the hubs here have said theirs
  bool known = false;                      ///< the others too, as far as one waits for them
  std::set<ProcessId> awaited;             ///< who has the room and has not said its part
  std::set<ProcessId> synced;              ///< whose part was heard, and all that was said since
  std::set<protocol::PeerId> unannounced;  ///< who went on air while that could not be heard
  std::optional<TimePoint> known_by;       ///< until when one waits for them
  std::set<std::string> subjects;          ///< to which this process is subscribed
  std::optional<relay::RoomPart> told;     ///< to the others, of this process's own part
  TimePoint told_at{};
  std::optional<TimePoint> tell_at;  ///< when they are told of what has changed since

  /// Notes what was said in the room elsewhere of who is on air. The part that says so too comes a
  /// moment later, and whoever enters in between must know it like those who hear it now. True
  /// where it is new.
  bool note_on_air(std::string_view frame);

  /// Whether somebody here is to hear who is gone, or somebody elsewhere.
  bool hears_of_members() const;
  bool tells_of_members() const;
  relay::RoomPart local_part() const;
  /// With those whose place is kept.
  relay::RoomPart remote_part() const;
  /// Who talks, whether here or elsewhere.
  std::vector<relay::TalkerPart> talkers() const;
  /// Without those whose place is kept and who have not come back.
  std::vector<relay::TalkerPart> present_talkers() const;
  /// Whether this one is known to be in the room, or to have the grace time to come back.
  bool expects(const protocol::PeerId& peer) const;
};

}  // namespace onair::cluster
