// Viewers whose direct connections never came up. Where places are short such a viewer waits before
// it may have the place of another, twice as long after each failure: those whom no way reaches
// would else take turns for ever, and others would hardly get a place.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "session/peer_connection.hpp"
#include "session/time.hpp"

namespace onair::session {

class UnreachedViewers {
 public:
  /// Limit of remembered viewers. Beyond it the one that may ask first is forgotten.
  static constexpr std::size_t kMaxViewers = 1'024;
  static constexpr Duration kFirstPause{15'000};
  static constexpr Duration kLongestPause{240'000};

  /// A connection with this viewer has ended that never came up.
  void failed(const PeerId& viewer, TimePoint now);
  /// The viewer is reached, or has left the room.
  void forget(const PeerId& viewer) { viewers_.erase(viewer); }
  void clear() { viewers_.clear(); }

  unsigned failures_of(const PeerId& viewer) const;
  /// When the viewer's pause ends, if it has one.
  std::optional<TimePoint> pauses_until(const PeerId& viewer, TimePoint now) const;
  bool pauses(const PeerId& viewer, TimePoint now) const {
    return pauses_until(viewer, now).has_value();
  }
  std::size_t size() const { return viewers_.size(); }

 private:
  struct Viewer {
    unsigned failures = 0;
    TimePoint pauses_until{};
  };

  void make_room();

  std::map<PeerId, Viewer> viewers_;
};

}  // namespace onair::session
