#include "base/schedule.hpp"

#include <string>

#include <gtest/gtest.h>

namespace onair::base {
namespace {

using std::chrono::seconds;

constexpr Schedule<std::string>::TimePoint kNow{};

TEST(Schedule, GivesWhatIsDueInTheOrderOfTime) {
  Schedule<std::string> schedule;
  schedule.set("b", kNow + seconds(1));
  schedule.set("c", kNow + seconds(3));
  schedule.set("a", kNow + seconds(2));
  EXPECT_EQ(schedule.next(), kNow + seconds(1));
  EXPECT_EQ(schedule.take_due(kNow), std::nullopt);
  EXPECT_EQ(schedule.take_due(kNow + seconds(2)), "b");
  EXPECT_EQ(schedule.take_due(kNow + seconds(2)), "a");
  EXPECT_EQ(schedule.take_due(kNow + seconds(2)), std::nullopt);
  EXPECT_EQ(schedule.next(), kNow + seconds(3));
}

TEST(Schedule, HasOneDeadlineForEachKey) {
  Schedule<std::string> schedule;
  schedule.set("a", kNow + seconds(1));
  schedule.set("a", kNow + seconds(5));
  EXPECT_EQ(schedule.take_due(kNow + seconds(4)), std::nullopt) << "the first one is replaced";
  EXPECT_TRUE(schedule.erase("a"));
  EXPECT_FALSE(schedule.erase("a"));
  EXPECT_EQ(schedule.next(), std::nullopt);
  EXPECT_TRUE(schedule.all().empty());
}

}  // namespace
}  // namespace onair::base
