// The queue of viewers that were declined as `full`, in the order of their requests, but those who
// have failed to connect more often come after those who have less often. For each place that
// becomes free, one viewer is invited to ask again. If it does not, its invitation expires and the
// next viewer is invited.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "session/peer_connection.hpp"
#include "session/time.hpp"

namespace onair::session {

class WaitingViewers {
 public:
  /// Limit of viewers that wait. A further one takes the place of one that has failed more often,
  /// or asks again by itself, only later.
  static constexpr std::size_t kMaxWaiting = 1'024;

  /// A viewer was declined, that has failed to connect so often. A viewer that waits already keeps
  /// its position.
  void add(const PeerId& viewer, unsigned failures = 0);

  /// An invited viewer found its place taken after all.
  void add_first(const PeerId& viewer, unsigned failures = 0);

  /// A viewer asks again, or has left. True if it had an invitation.
  bool remove(const PeerId& viewer);
  void clear();

  /// Invites viewers, and gives those that are new. `room_for(viewer)` is the number of free places
  /// that this viewer could take: it is invited only while fewer viewers have an invitation.
  std::vector<PeerId> invite(const std::function<std::size_t(const PeerId&)>& room_for,
                             TimePoint now);

  /// When the next invitation expires, if somebody waits for its place.
  std::optional<TimePoint> next_deadline() const;

  std::size_t size() const { return queue_.size(); }
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Waiting& waiting : queue_) visit(waiting.viewer);
  }
  /// How many of those that `counts` have an invitation.
  std::size_t invited(const std::function<bool(const PeerId&)>& counts, TimePoint now) const;

 private:
  struct Waiting {
    PeerId viewer;
    unsigned failures;
  };

  /// False where it waits already, or has no place in the queue.
  bool make_room_for(const PeerId& viewer, unsigned failures);

  std::vector<Waiting> queue_;
  std::map<PeerId, TimePoint> invited_;  ///< until when
};

}  // namespace onair::session
