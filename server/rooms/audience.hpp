// Tells talkers the number of their viewers.
#pragma once

#include <optional>

#include "base/schedule.hpp"
#include "rooms/counters.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

/// Sends `audience` when the number has changed, at most once in an interval to each room.
class Audience {
 public:
  explicit Audience(Duration interval, Counters& counters)
      : interval_(interval), counters_(counters) {}

  void changed(Room& room, TimePoint now);
  /// The room is about to be gone.
  void forget(Room& room) { due_.erase(&room); }

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const { return due_.next(); }

 private:
  void send(Room& room, TimePoint now);

  Duration interval_;
  Counters& counters_;
  base::Schedule<Room*> due_;  ///< changed too soon after the last one
};

}  // namespace onair::rooms
