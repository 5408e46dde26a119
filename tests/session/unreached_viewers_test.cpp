#include "session/talk/unreached_viewers.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace onair::session {
namespace {

TEST(UnreachedViewers, PauseTwiceAsLongAfterEachFailureUpToABound) {
  UnreachedViewers unreached;
  TimePoint now{Duration(1'000'000)};
  EXPECT_FALSE(unreached.pauses("v", now));
  Duration pause = UnreachedViewers::kFirstPause;
  for (unsigned failures = 1; failures < 10; ++failures) {
    unreached.failed("v", now);
    EXPECT_EQ(unreached.failures_of("v"), failures);
    EXPECT_EQ(unreached.pauses_until("v", now), now + pause);
    now += pause;
    EXPECT_FALSE(unreached.pauses("v", now));
    pause = std::min(2 * pause, UnreachedViewers::kLongestPause);
  }
  unreached.forget("v");
  EXPECT_EQ(unreached.failures_of("v"), 0u);
}

TEST(UnreachedViewers, AreBounded) {
  UnreachedViewers unreached;
  TimePoint now{};
  for (int i = 0; i < 3'000; ++i, now += Duration(1)) unreached.failed(std::to_string(i), now);
  EXPECT_EQ(unreached.size(), UnreachedViewers::kMaxViewers);
  EXPECT_TRUE(unreached.pauses("2999", now)) << "the one that may ask first is forgotten";
  EXPECT_FALSE(unreached.pauses("0", now));
  unreached.clear();
  EXPECT_EQ(unreached.size(), 0u);
}

}  // namespace
}  // namespace onair::session
