#include "session/connection_budget.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::session {
namespace {

class ConnectionBudgetTest : public testing::Test {
 protected:
  /// Uses up the burst.
  void exhaust() {
    for (int i = 0; i < kRate.burst; ++i) {
      EXPECT_TRUE(budget.try_open("burst" + std::to_string(i), now));
      budget.forget("burst" + std::to_string(i));
    }
  }
  /// Peers that get a connection within that time, in order.
  std::vector<PeerId> served_within(Duration time) {
    std::vector<PeerId> served;
    for (const TimePoint end = now + time; now < end; now += Duration(10)) {
      while (const auto peer = budget.next(now)) served.push_back(*peer);
    }
    return served;
  }

  static constexpr Rate kRate{4, Duration(100)};
  ConnectionBudget budget{kRate};
  TimePoint now{};
};

TEST_F(ConnectionBudgetTest, GrantsAtOnceWhileThereIsEnough) {
  for (int i = 0; i < kRate.burst; ++i) EXPECT_TRUE(budget.try_open("a", now));
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
  EXPECT_FALSE(budget.try_open("a", now));
  EXPECT_EQ(budget.next_deadline(), now + kRate.pause);
  EXPECT_EQ(budget.next(now), std::nullopt);
  now += kRate.pause;
  EXPECT_EQ(budget.next(now), "a");
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
}

TEST_F(ConnectionBudgetTest, ServesThoseWhoWaitInTheirOrder) {
  exhaust();
  for (const PeerId peer : {"c", "a", "b", "a"}) EXPECT_FALSE(budget.try_open(peer, now));
  EXPECT_EQ(served_within(Duration(500)), (std::vector<PeerId>{"c", "a", "b"}));
}

TEST_F(ConnectionBudgetTest, NobodyOvertakesThoseWhoWait) {
  exhaust();
  EXPECT_FALSE(budget.try_open("a", now));
  now += kRate.pause;
  EXPECT_FALSE(budget.try_open("b", now)) << "the token is for the one who waits";
  EXPECT_EQ(budget.next(now), "a");
}

TEST_F(ConnectionBudgetTest, ThoseWhoGotFewestComeFirst) {
  exhaust();
  budget.try_open("greedy", now);
  served_within(Duration(101));
  budget.try_open("greedy", now);
  budget.try_open("modest", now);
  EXPECT_EQ(served_within(Duration(300)), (std::vector<PeerId>{"modest", "greedy"}));
}

TEST_F(ConnectionBudgetTest, APeerThatGivesUpForAWhileKeepsItsRank) {
  exhaust();
  budget.try_open("early", now);
  budget.try_open("late", now);
  budget.withdraw("early");
  EXPECT_NE(budget.next_deadline(), std::nullopt);
  budget.try_open("early", now);
  EXPECT_EQ(served_within(Duration(300)), (std::vector<PeerId>{"early", "late"}));
  budget.try_open("early", now);
  budget.try_open("late", now);
  budget.withdraw_all();
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
}

TEST_F(ConnectionBudgetTest, NewIdsDoNotDelayThoseWhoWait) {
  exhaust();
  budget.try_open("honest", now);
  for (int i = 0; i < 5'000; ++i) {
    const PeerId id = "x" + std::to_string(i);
    EXPECT_FALSE(budget.try_open(id, now));
    budget.forget(id);
  }
  EXPECT_EQ(served_within(Duration(101)), std::vector<PeerId>{"honest"});
}

TEST_F(ConnectionBudgetTest, RemembersABoundedNumberAndEveryoneIsServed) {
  exhaust();
  for (int i = 0; i < 5'000; ++i) budget.try_open("x" + std::to_string(i), now);
  EXPECT_EQ(budget.size(), ConnectionBudget::kMaxPeers);
  EXPECT_FALSE(budget.try_open("honest", now));
  served_within(Duration(101));
  EXPECT_FALSE(budget.try_open("honest", now)) << "it replaces the one that was served";
  std::size_t others = 0;
  while (true) {
    const std::vector<PeerId> served = served_within(kRate.pause);
    ASSERT_LE(++others, ConnectionBudget::kMaxPeers);
    if (served == std::vector<PeerId>{"honest"}) break;
    for (const PeerId& peer : served) budget.try_open(peer, now);  // they want more
  }
}

TEST_F(ConnectionBudgetTest, ForgetsEveryoneOnceNothingIsScarce) {
  exhaust();
  budget.try_open("a", now);
  served_within(Duration(1'000));
  budget.try_open("b", now);
  EXPECT_EQ(budget.size(), 1u);
  budget.forget("b");
  EXPECT_EQ(budget.size(), 0u);
}

}  // namespace
}  // namespace onair::session
