// How often a talker is asked for a key frame.
#include "sfu/publisher/key_frame_policy.hpp"

#include <chrono>
#include <optional>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KeyFramePolicyTest : public ::testing::Test {
 protected:
  /// Lets time pass; the talker's key frame comes `answer` after each request, or never.
  void pass(Duration duration, Duration answer) {
    for (const TimePoint end = now + duration; now < end; now += milliseconds(1)) {
      if (answer_at && now >= *answer_at) {
        policy.key_frame_began();
        answer_at.reset();
      }
      if (policy.take_request(now) && answer != Duration::max()) answer_at = now + answer;
    }
  }

  TimePoint now{seconds(100)};
  std::optional<TimePoint> answer_at;
  KeyFramePolicy policy;
};

constexpr Duration kNever = Duration::max();

TEST_F(KeyFramePolicyTest, NobodyIsAskedWhileNobodyWaits) {
  EXPECT_EQ(policy.next_deadline(), TimePoint::max());
  pass(seconds(10), kNever);
  EXPECT_EQ(policy.asked(), 0u);
}

TEST_F(KeyFramePolicyTest, TheFirstIsAskedForAtOnce) {
  policy.set_wanted(true);
  EXPECT_LE(policy.next_deadline(), now);
  EXPECT_TRUE(policy.take_request(now));
  EXPECT_FALSE(policy.take_request(now)) << "one is under way";
}

TEST_F(KeyFramePolicyTest, TwoHundredViewersWithinASecondAskAtMostFourTimes) {
  for (int viewer = 0; viewer < 200; ++viewer) {
    policy.set_wanted(true);
    pass(milliseconds(5), milliseconds(60));
  }
  pass(seconds(3), milliseconds(60));
  EXPECT_LE(policy.asked(), 4u);
  EXPECT_GE(policy.asked(), 2u);
  EXPECT_EQ(policy.next_deadline(), TimePoint::max()) << "all have a picture";
}

TEST_F(KeyFramePolicyTest, AtMostTwoASecondWhateverViewersDo) {
  for (int i = 0; i < 10'000; ++i) {
    policy.set_wanted(true);
    pass(milliseconds(1), milliseconds(5));
  }
  EXPECT_LE(policy.asked(), 20u);
}

TEST_F(KeyFramePolicyTest, ALostRequestIsMadeAgain) {
  policy.set_wanted(true);
  pass(seconds(8), kNever);
  EXPECT_EQ(policy.asked(), 10u);
}

TEST_F(KeyFramePolicyTest, WhoeverStopsWaitingStopsTheAsking) {
  policy.set_wanted(true);
  pass(seconds(1), kNever);
  policy.set_wanted(false);
  pass(seconds(10), kNever);
  EXPECT_EQ(policy.asked(), 2u);
}

TEST_F(KeyFramePolicyTest, AKeyFrameThatNobodyAskedForServesAll) {
  policy.set_wanted(true);
  policy.key_frame_began();
  pass(seconds(10), kNever);
  EXPECT_EQ(policy.asked(), 0u);
}

TEST_F(KeyFramePolicyTest, AnotherTalkerIsAskedAtOnce) {
  policy.set_wanted(true);
  pass(milliseconds(10), kNever);
  policy.begin_talker();
  EXPECT_TRUE(policy.take_request(now));
}

}  // namespace
}  // namespace onair::sfu
