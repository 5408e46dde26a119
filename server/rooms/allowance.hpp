// Rate limit of one client: a token bucket for frames and one for bytes.
#pragma once

#include <chrono>
#include <cstddef>

#include "rooms/time.hpp"

namespace onair::rooms {

struct Rates {
  float frames_per_second = 1'000;
  float bytes_per_second = 4'194'304;
  /// The seconds' worth that may come at once.
  std::chrono::duration<float> burst = std::chrono::seconds(5);
};

/// A client that uses up a bucket is warned and its frames still count; one that then uses up as
/// much again without a pause is cut off. So a client that stays loses no frame.
class Allowance {
 public:
  enum class Verdict {
    fine,
    warn,  ///< given once, until the client has slowed down for a while
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
