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

TEST(QueueShares, SendersUnderEverNewIdsTakeNoMemory) {
  QueueShares shares;
  const SendQueue queue{kQueueBound / 8, kQueueBound};
  for (int i = 0; i < 5'000; ++i) shares.take(queue, "id" + std::to_string(i), 128);
  EXPECT_LE(shares.senders(), QueueShares::kMostSenders);
  EXPECT_TRUE(shares.take(queue, "honest", 8'000));
}

}  // namespace
}  // namespace onair::rooms
