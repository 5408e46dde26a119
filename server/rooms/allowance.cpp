#include "rooms/allowance.hpp"

#include <algorithm>

namespace onair::rooms {

void Allowance::refill(const Rates& rates, TimePoint now) {
  const float seconds = std::chrono::duration<float>(now - at_).count();
  at_ = now;
  frames_ = std::max(0.0F, frames_ - seconds * rates.frames_per_second);
  bytes_ = std::max(0.0F, bytes_ - seconds * rates.bytes_per_second);
}

float Allowance::used(const Rates& rates) const {
  return std::max(frames_ / (rates.frames_per_second * rates.burst.count()),
                  bytes_ / (rates.bytes_per_second * rates.burst.count()));
}

bool Allowance::take(const Rates& rates, float frames, float bytes, TimePoint now) {
  refill(rates, now);
  if (used(rates) > 1) return false;
  frames_ += frames;
  bytes_ += bytes;
  return true;
}

Allowance::Verdict Allowance::spend(const Rates& rates, float frames, float bytes, TimePoint now) {
  refill(rates, now);
  frames_ += frames;
  bytes_ += bytes;
  const float used = this->used(rates);
  if (used > 2) return Verdict::cut;
  if (used < 0.5F) warned_ = false;
  if (used <= 1 || warned_) return Verdict::fine;
  warned_ = true;
  return Verdict::warn;
}

}  // namespace onair::rooms
