#include "session/link/backoff.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

constexpr BackoffOptions kOptions{Duration(500), Duration(10'000)};

TEST(Backoff, DoublesItsLimitUpToTheMostAndStaysInTheUpperHalf) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    Backoff backoff(kOptions, seed);
    for (const int limit : {500, 1'000, 2'000, 4'000, 8'000, 10'000, 10'000}) {
      const Duration delay = backoff.next();
      EXPECT_GE(delay, Duration(limit / 2)) << "seed " << seed;
      EXPECT_LE(delay, Duration(limit)) << "seed " << seed;
    }
  }
}

TEST(Backoff, StartsAgainAfterASuccess) {
  Backoff backoff(kOptions, 1);
  for (int i = 0; i < 10; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), Duration(500));
}

TEST(Backoff, DiffersBetweenSeeds) {
  EXPECT_NE(Backoff(kOptions, 1).next(), Backoff(kOptions, 12345).next());
}

}  // namespace
}  // namespace onair::session
