// How often a peer may ask for something.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace onair::base {

/// Allows `burst` at once, and in the long run one each `spacing`.
struct Rate {
  std::chrono::steady_clock::duration spacing;
  std::uint32_t burst;
};

/// The use that one peer has made of a rate.
class RateLimit {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// False: it's too soon, and doesn't count.
  bool allow(const Rate& rate, TimePoint now) {
    const TimePoint since = std::max(used_until_, now);
    if (since + rate.spacing > now + rate.burst * rate.spacing) return false;
    used_until_ = since + rate.spacing;
    return true;
  }

 private:
  TimePoint used_until_ = TimePoint::min();  ///< by when all that was used has been earned again
};

}  // namespace onair::base
