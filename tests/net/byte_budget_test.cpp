#include "net/loop/byte_budget.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

TEST(ByteBudget, CountsWhatItsSharesHold) {
  ByteBudget budget;
  std::optional<ByteShare> one(std::in_place, budget);
  ByteShare other(budget);
  one->hold(10);
  other.hold(5);
  EXPECT_EQ(budget.used(), 15u);
  one->hold(3);
  EXPECT_EQ(budget.used(), 8u);
  one.reset();
  EXPECT_EQ(budget.used(), 5u);
}

TEST(ByteBudget, WhoHoldsMuchGivesWayWhereAllHoldTooMuch) {
  ByteBudget budget;
  budget.limit(100);
  ByteShare much(budget);
  ByteShare little(budget);
  much.hold(100);
  EXPECT_FALSE(much.gives_way(10));
  little.hold(10);
  EXPECT_TRUE(much.gives_way(10));
  EXPECT_FALSE(little.gives_way(10));
  much.hold(50);
  EXPECT_FALSE(much.gives_way(10));
}

}  // namespace
}  // namespace onair::net
