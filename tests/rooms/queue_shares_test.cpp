#include "rooms/queue_shares.hpp"

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

}  // namespace
}  // namespace onair::rooms
