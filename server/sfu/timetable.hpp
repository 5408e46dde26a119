// When each room and each peer of the forwarder is due.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/schedule.hpp"
#include "sfu/base/time.hpp"

namespace onair::sfu {

/// Keeps the deadlines of rooms or peers, so that a tick of the loop visits only those that are
/// due. One that is touched is due at once. After it was handled, its own next_deadline(now) says
/// when it is due again. Allocates memory only for one that it does not know yet.
template <typename Thing>
class Timetable {
 public:
  /// The thing is about to change.
  void touch(Thing& thing, TimePoint now) { schedule_.set(&thing, now); }
  /// The thing is about to be destroyed.
  void forget(Thing& thing) { schedule_.erase(&thing); }

  std::optional<TimePoint> next() const { return schedule_.next(); }

  /// Calls `handle(Thing&)` once for each that is due now. It may touch and forget any.
  template <typename Handle>
  void advance(TimePoint now, Handle handle) {
    due_.clear();
    for (const auto& [at, thing] : schedule_.in_order()) {
      if (at > now) break;
      due_.push_back(thing);
    }
    for (Thing* const thing : due_) {
      if (!schedule_.contains(thing)) continue;  // forgotten by an earlier one's handling
      ++handled_;
      handle(*thing);
      if (!schedule_.contains(thing)) continue;
      const auto next = thing->next_deadline(now);
      next ? schedule_.set(thing, *next) : forget(*thing);
    }
  }

  /// How many things all calls of advance() together have handled: for tests.
  std::uint64_t handled() const { return handled_; }
  bool empty() const { return schedule_.all().empty(); }

 private:
  base::Schedule<Thing*> schedule_;
  std::vector<Thing*> due_;  ///< of one advance()
  std::uint64_t handled_ = 0;
};

}  // namespace onair::sfu
