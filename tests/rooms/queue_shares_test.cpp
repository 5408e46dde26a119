#include "rooms/queue_shares.hpp"

#include <string>

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

constexpr std::size_t kBound = 1'048'576;

TEST(QueueShares, ASenderHasAnEighthAndAllTogetherAHalf) {
  QueueShares shares;
  EXPECT_TRUE(shares.take({0, kBound}, "a", kBound)) << "an empty queue takes any frame";
  EXPECT_TRUE(shares.take({kBound / 4, kBound}, "a", kBound / 8));
  EXPECT_FALSE(shares.take({kBound / 4, kBound}, "a", 1));
  EXPECT_TRUE(shares.take({kBound / 4, kBound}, "b", kBound / 8));
  EXPECT_FALSE(shares.take({kBound / 2, kBound}, "c", 1));
}

TEST(QueueShares, RemembersABoundedNumberOfSendersOfAQueueThatNeverEmpties) {
  QueueShares shares;
  std::size_t taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    taken += shares.take({kBound / 4, kBound}, "id" + std::to_string(i), 300) ? 1 : 0;
  }
  EXPECT_LE(taken, kBound / 512);
  EXPECT_GE(taken, 1'000U) << "a room of a thousand viewers may answer at once";
  EXPECT_TRUE(shares.take({0, kBound}, "another", 300));
  EXPECT_TRUE(shares.take({kBound / 4, kBound}, "another one", 300)) << "it was empty meanwhile";
}

}  // namespace
}  // namespace onair::rooms
