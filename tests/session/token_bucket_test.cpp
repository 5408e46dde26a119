#include "session/token_bucket.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

constexpr Rate kRate{3, Duration(100)};

TEST(TokenBucket, GivesTheBurstAtOnceAndThenOneAfterEachPause) {
  TokenBucket bucket;
  TimePoint now{Duration(7)};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(kRate, now)) << i;
  EXPECT_FALSE(bucket.take(kRate, now));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(bucket.next_token_at(kRate), now + kRate.pause);
    now += kRate.pause - Duration(1);
    EXPECT_FALSE(bucket.take(kRate, now));
    now += Duration(1);
    EXPECT_TRUE(bucket.take(kRate, now));
    EXPECT_FALSE(bucket.take(kRate, now));
  }
}

TEST(TokenBucket, TakesNothingForWhatItRefuses) {
  TokenBucket bucket;
  for (int i = 0; i < 1'000; ++i) bucket.take(kRate, TimePoint{});
  EXPECT_EQ(bucket.full_at(), TimePoint{Duration(300)});
  EXPECT_TRUE(bucket.take(kRate, TimePoint{Duration(100)}));
}

TEST(TokenBucket, HoldsNoMoreThanTheBurstAfterALongPause) {
  TokenBucket bucket;
  const TimePoint later{std::chrono::hours(5)};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(kRate, later));
  EXPECT_FALSE(bucket.take(kRate, later));
  EXPECT_EQ(bucket.full_at(), later + Duration(300));
}

}  // namespace
}  // namespace onair::session
