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
      EXPECT_TRUE(budget.ask("burst" + std::to_string(i), now));
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
  for (int i = 0; i < kRate.burst; ++i) EXPECT_TRUE(budget.ask("a", now));
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
  EXPECT_FALSE(budget.ask("a", now));
  EXPECT_EQ(budget.next_deadline(), now + kRate.pause);
  EXPECT_EQ(budget.next(now), std::nullopt);
  now += kRate.pause;
  EXPECT_EQ(budget.next(now), "a");
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
}

TEST_F(ConnectionBudgetTest, ServesThoseWhoWaitInTheirOrder) {
  exhaust();
  for (const PeerId peer : {"c", "a", "b", "a"}) EXPECT_FALSE(budget.ask(peer, now));
  EXPECT_EQ(served_within(Duration(500)), (std::vector<PeerId>{"c", "a", "b"}));
}

TEST_F(ConnectionBudgetTest, NobodyOvertakesThoseWhoWait) {
  exhaust();
  EXPECT_FALSE(budget.ask("a", now));
  now += kRate.pause;
  EXPECT_FALSE(budget.ask("b", now)) << "the token is for the one who waits";
  EXPECT_EQ(budget.next(now), "a");
}

TEST_F(ConnectionBudgetTest, ThoseWhoGotFewestComeFirst) {
  exhaust();
  budget.ask("greedy", now);
  served_within(Duration(101));
  budget.ask("greedy", now);
  budget.ask("modest", now);
  EXPECT_EQ(served_within(Duration(300)), (std::vector<PeerId>{"modest", "greedy"}));
}

TEST_F(ConnectionBudgetTest, APeerThatGivesUpForAWhileKeepsItsRank) {
  exhaust();
  budget.ask("early", now);
  budget.ask("late", now);
  budget.withdraw("early");
  EXPECT_NE(budget.next_deadline(), std::nullopt);
  budget.ask("early", now);
  EXPECT_EQ(served_within(Duration(300)), (std::vector<PeerId>{"early", "late"}));
  budget.ask("early", now);
  budget.ask("late", now);
  budget.withdraw_all();
  EXPECT_EQ(budget.next_deadline(), std::nullopt);
}

TEST_F(ConnectionBudgetTest, NewIdsDoNotDelayThoseWhoWait) {
  exhaust();
  budget.ask("honest", now);
  for (int i = 0; i < 5'000; ++i) {
    const PeerId id = "x" + std::to_string(i);
    EXPECT_FALSE(budget.ask(id, now));
    budget.forget(id);
  }
  EXPECT_EQ(served_within(Duration(101)), std::vector<PeerId>{"honest"});
}

TEST_F(ConnectionBudgetTest, RemembersABoundedNumberAndEveryoneIsServed) {
  exhaust();
  for (int i = 0; i < 5'000; ++i) budget.ask("x" + std::to_string(i), now);
  EXPECT_EQ(budget.size(), ConnectionBudget::kMaxPeers);
  EXPECT_FALSE(budget.ask("honest", now));
  served_within(Duration(101));
  EXPECT_FALSE(budget.ask("honest", now)) << "it replaces the one that was served";
  std::size_t others = 0;
  while (true) {
    const std::vector<PeerId> served = served_within(kRate.pause);
    ASSERT_LE(++others, ConnectionBudget::kMaxPeers);
    if (served == std::vector<PeerId>{"honest"}) break;
    for (const PeerId& peer : served) budget.ask(peer, now);  // they want more
  }
}

TEST_F(ConnectionBudgetTest, ForgetsEveryoneOnceNothingIsScarce) {
  exhaust();
  budget.ask("a", now);
  served_within(Duration(1'000));
  budget.ask("b", now);
  EXPECT_EQ(budget.size(), 1u);
  budget.forget("b");
  EXPECT_EQ(budget.size(), 0u);
}

}  // namespace
}  // namespace onair::session
