#include "sfu/timetable.hpp"

#include <string>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow{};

struct Thing {
  std::optional<TimePoint> next_deadline(TimePoint) const { return next; }
  std::optional<TimePoint> next;
};

class TimetableTest : public testing::Test {
 protected:
  /// Returns the names of the things that were handled, in order.
  std::string advance(TimePoint now) {
    std::string handled;
    timetable.advance(now, [&](Thing& thing) { handled += &thing == &a ? 'a' : 'b'; });
    return handled;
  }

  Thing a, b;
  Timetable<Thing> timetable;
};

TEST_F(TimetableTest, WhatIsTouchedIsDueAtOnceAndThenWhenItSays) {
  a.next = kNow + seconds(2);
  timetable.touch(a, kNow);
  timetable.touch(a, kNow);
  EXPECT_EQ(timetable.next(), kNow);
  EXPECT_EQ(advance(kNow), "a");
  EXPECT_EQ(timetable.next(), kNow + seconds(2));
  EXPECT_EQ(advance(kNow + seconds(1)), "");
  a.next.reset();
  EXPECT_EQ(advance(kNow + seconds(2)), "a");
  EXPECT_TRUE(timetable.empty()) << "it has nothing to wait for";
}

TEST_F(TimetableTest, OneThatIsAlwaysLateIsAdvancedOnceATick) {
  a.next = kNow;
  timetable.touch(a, kNow);
  EXPECT_EQ(advance(kNow + seconds(1)), "a");
  EXPECT_EQ(timetable.next(), kNow) << "the next tick of the loop comes at once";
}

TEST_F(TimetableTest, AdvancingOneMayTouchAndForgetOthers) {
  timetable.touch(a, kNow);
  timetable.touch(b, kNow + seconds(1));
  timetable.advance(kNow + seconds(1), [&](Thing&) { timetable.forget(b); });
  EXPECT_EQ(timetable.handled(), 1U);
  EXPECT_TRUE(timetable.empty());

  timetable.touch(a, kNow);
  timetable.advance(kNow, [&](Thing&) { timetable.touch(b, kNow); });
  EXPECT_EQ(advance(kNow), "b") << "in the next tick of the loop";
}

}  // namespace
}  // namespace onair::sfu
