// Exponential back-off with jitter, so that a crowd that lost its server does not come back as one.
#pragma once

#include <cstdint>
#include <random>

#include "session/time.hpp"

namespace onair::session {

struct BackoffOptions {
  Duration first{500};
  Duration most{5'000};
};

class Backoff {
 public:
  /// Equal seeds give equal delays.
  Backoff(BackoffOptions options, std::uint32_t seed) : options_(options), random_(seed) {}

  /// Delay before the next attempt: random between half of a limit and the limit, which starts at
  /// `first` and doubles with each call up to `most`.
  Duration next();

  /// Resets the limit to `first`, after a success.
  void reset() { tries_ = 0; }

 private:
  BackoffOptions options_;
  std::minstd_rand random_;
  unsigned tries_ = 0;
};

}  // namespace onair::session
