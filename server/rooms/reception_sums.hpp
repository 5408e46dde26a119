// Tells talkers how their viewers receive.
#pragma once

#include <optional>

#include "base/schedule.hpp"
#include "rooms/bus.hpp"
#include "rooms/counters.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

/// Sums the reports of a room's viewers at an interval while there are some: for the talkers here,
/// by `audience_reception`, and for other hubs.
class ReceptionReporter {
 public:
  ReceptionReporter(Duration interval, Bus& bus, Counters& counters)
      : interval_(interval), bus_(bus), counters_(counters) {}

  void note(Peer& viewer, const protocol::Reception& reception, TimePoint now);
  /// Another hub's share of the room has changed.
  void changed(Room& room, TimePoint now);
  /// The room is about to be gone.
  void forget(Room& room) { due_.erase(&room); }

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return due_.next(); }

 private:
  void set_due(Room& room, TimePoint now);
  void sum(Room& room, TimePoint now);
  void tell(Peer& talker);

  Duration interval_;
  Bus& bus_;
  Counters& counters_;
  base::Schedule<Room*> due_;
};

}  // namespace onair::rooms
