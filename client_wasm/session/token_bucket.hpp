// Rate limit for one kind of event. Time is an argument.
#pragma once

#include <algorithm>

#include "session/time.hpp"

namespace onair::session {

/// Allows `burst` events at once, and one more after each `pause`.
struct Rate {
  int burst;
  Duration pause;
};

class TokenBucket {
 public:
  /// Takes a token. False if there is none.
  bool take(const Rate& rate, TimePoint now) {
    const TimePoint full_at = std::max(full_at_, now) + rate.pause;
    if (full_at - now > rate.burst * rate.pause) return false;
    full_at_ = full_at;
    return true;
  }

  /// The moment from which on there is a token; in the past if there is one now.
  TimePoint next_token_at(const Rate& rate) const {
    return full_at_ - (rate.burst - 1) * rate.pause;
  }

  /// The moment from which on the bucket is full, as a new one is.
  TimePoint full_at() const { return full_at_; }

 private:
  TimePoint full_at_{};
};

}  // namespace onair::session
