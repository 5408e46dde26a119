// How much one client may say in a time: a token bucket for frames and one for bytes.
#pragma once

#include <chrono>
#include <cstddef>

namespace onair::rooms {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct Rates {
  float frames_per_second = 1'000;
  float bytes_per_second = 4'194'304;
  /// How many seconds' worth may come at once.
  std::chrono::duration<float> burst = std::chrono::seconds(5);
};

/// Whoever uses up a bucket is warned and heard; whoever then uses up as much again without a
/// pause is cut off. So no frame of a client that goes on is ever lost.
class Allowance {
 public:
  enum class Verdict {
    fine,
    warn,  ///< said once, until it has said less for a while
    cut,
  };

  /// Takes one frame of this many bytes into account.
  Verdict spend(const Rates& rates, std::size_t bytes, TimePoint now);

 private:
  TimePoint at_{};
  float frames_ = 0;  ///< taken and not yet given back
  float bytes_ = 0;
  bool warned_ = false;
};

}  // namespace onair::rooms
