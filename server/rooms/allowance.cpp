#include "rooms/allowance.hpp"

#include <algorithm>

namespace onair::rooms {

Allowance::Verdict Allowance::spend(const Rates& rates, float frames, float bytes, TimePoint now) {
  const float seconds = std::chrono::duration<float>(now - at_).count();
  at_ = now;
  frames_ = std::max(0.0F, frames_ - seconds * rates.frames_per_second) + frames;
  bytes_ = std::max(0.0F, bytes_ - seconds * rates.bytes_per_second) + bytes;
  const float used = std::max(frames_ / (rates.frames_per_second * rates.burst.count()),
                              bytes_ / (rates.bytes_per_second * rates.burst.count()));
  if (used > 2) return Verdict::cut;
  if (used < 0.5F) warned_ = false;
  if (used <= 1 || warned_) return Verdict::fine;
  warned_ = true;
  return Verdict::warn;
}

}  // namespace onair::rooms
