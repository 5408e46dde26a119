// When a talker is asked for a key frame.
#pragma once

#include <cstdint>
#include <optional>

#include "sfu/base/time.hpp"

namespace onair::sfu {

/// Makes one request out of those of many viewers. The first is forwarded at once. While one is
/// under way, or was made less than half a second ago, others wait for it or are made then. Nobody
/// is asked while nobody waits.
///
/// After set_wanted() and key_frame_began(), and no later than next_deadline(): take_request().
class KeyFramePolicy {
 public:
  /// Between two requests: at most two a second, whatever viewers do.
  static constexpr Duration kMinSpacing = std::chrono::milliseconds(500);
  /// When a request counts as lost. A key frame of a far talker takes half a second to come.
  static constexpr Duration kTimeout = std::chrono::milliseconds(800);

  /// Sets whether any viewer waits for a key frame.
  void set_wanted(bool wanted) { wanted_ = wanted; }
  /// The first packet of a key frame came.
  void key_frame_began();
  /// Another connection of a talker's begins: what was asked before is void.
  void begin_talker();

  /// TimePoint::max() if nobody has to be asked.
  TimePoint next_deadline() const;
  /// True if the talker has to be asked now; then it counts as asked.
  bool take_request(TimePoint now);

  std::uint64_t asked() const { return asked_; }

 private:
  bool wanted_ = false;
  bool under_way_ = false;
  std::optional<TimePoint> last_asked_;
  std::uint64_t asked_ = 0;
};

}  // namespace onair::sfu
