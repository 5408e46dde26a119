#include "rooms/queue_shares.hpp"

#include <string>

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

constexpr std::size_t kQueueBound = 1'048'576;

TEST(QueueShares, ASenderHasAnEighthAndAllTogetherAHalf) {
  QueueShares shares;
  EXPECT_TRUE(shares.take({0, kQueueBound}, "a", kQueueBound)) << "an empty queue takes any frame";
  EXPECT_TRUE(shares.take({kQueueBound / 4, kQueueBound}, "a", kQueueBound / 8));
  EXPECT_FALSE(shares.take({kQueueBound / 4, kQueueBound}, "a", 1));
  EXPECT_TRUE(shares.take({kQueueBound / 4, kQueueBound}, "b", kQueueBound / 8));
  EXPECT_FALSE(shares.take({kQueueBound / 2, kQueueBound}, "c", 1));
}

TEST(QueueShares, RemembersABoundedNumberOfSendersOfAQueueThatNeverEmpties) {
  QueueShares shares;
  std::size_t taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    taken += shares.take({kQueueBound / 4, kQueueBound}, "id" + std::to_string(i), 300) ? 1 : 0;
  }
  EXPECT_LE(taken, kQueueBound / 512);
  EXPECT_GE(taken, 1'000U) << "a room of a thousand viewers may answer at once";
  EXPECT_TRUE(shares.take({0, kQueueBound}, "another", 300));
  EXPECT_TRUE(shares.take({kQueueBound / 4, kQueueBound}, "another one", 300))
      << "it was empty meanwhile";
}

}  // namespace
}  // namespace onair::rooms
