#include "net/loop/byte_budget.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

TEST(ByteBudget, CountsWhatItsSharesHold) {
  ByteBudget budget;
  std::optional<ByteShare> one(std::in_place, budget);
  ByteShare other(budget);
  one->set_bytes(10);
  other.set_bytes(5);
  EXPECT_EQ(budget.used(), 15u);
  one->set_bytes(3);
  EXPECT_EQ(budget.used(), 8u);
  one.reset();
  EXPECT_EQ(budget.used(), 5u);
}

TEST(ByteBudget, WhoHoldsMuchGivesWayWhereAllHoldTooMuch) {
  ByteBudget budget;
  budget.limit(100);
  InputShare much(budget, [] { FAIL() << "it ends itself"; });
  InputShare little(budget, [] { FAIL() << "it holds little"; });
  much.set_bytes(100);
  EXPECT_FALSE(much.gives_way(10));
  little.set_bytes(10);
  EXPECT_TRUE(much.gives_way(10));
  EXPECT_FALSE(little.gives_way(10));
  much.set_bytes(50);
  EXPECT_FALSE(much.gives_way(10));
}

TEST(ByteBudget, WhoHoldsMuchForLongestGivesWayFirst) {
  ByteBudget budget;
  budget.limit(100);
  std::vector<int> ended;
  std::vector<std::unique_ptr<InputShare>> shares;
  for (const int i : {0, 1, 2, 3}) {
    shares.push_back(std::make_unique<InputShare>(budget, [&ended, i] { ended.push_back(i); }));
  }
  shares[1]->set_bytes(5);
  shares[0]->set_bytes(40);
  shares[3]->set_bytes(40);
  shares[0]->set_bytes(0);
  shares[0]->set_bytes(40);  // another message, which began after that of 3
  shares[2]->set_bytes(90);
  EXPECT_FALSE(shares[2]->gives_way(10));
  EXPECT_EQ(ended, (std::vector{3, 0}));
  EXPECT_EQ(budget.used(), 95u);
  shares[2]->settle();
  shares[0]->set_bytes(50);
  EXPECT_TRUE(shares[0]->gives_way(10)) << "what is whole does not give way";
  EXPECT_EQ(ended.size(), 2u);
}

TEST(ByteBudget, ManyThatHoldLittleShareItFairly) {
  ByteBudget budget;
  budget.limit(100);
  std::vector<std::unique_ptr<ByteShare>> shares;
  for (int i = 0; i < 50; ++i) {
    shares.push_back(std::make_unique<ByteShare>(budget));
    for (std::size_t held = 1; held <= 10; ++held) {
      if (!shares.back()->is_beyond_fair_share()) shares.back()->set_bytes(held);
    }
  }
  EXPECT_LE(budget.used(), 250u) << "50 of which each got one byte before it was refused more";
  shares.resize(1);
  EXPECT_FALSE(shares[0]->is_beyond_fair_share()) << "the others are gone";
  shares[0]->set_bytes(101);
  EXPECT_TRUE(shares[0]->is_beyond_fair_share());
  EXPECT_FALSE(shares[0]->is_beyond_fair_share(0)) << "it has taken all, but for what is new";
}

}  // namespace
}  // namespace onair::net
