#include "net/websocket/output_queue.hpp"

#include <string>

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

namespace onair::net {
namespace {

std::shared_ptr<const std::string> piece(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string gathered(const OutputQueue& queue, std::size_t most = 1'000) {
  std::string text;
  for (const auto& buffer : queue.gather(most))
    text.append(static_cast<const char*>(buffer.data()), buffer.size());
  return text;
}

TEST(OutputQueue, GivesWhatWasPushedInOrder) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(piece("one"));
  queue.push(piece("two"));
  EXPECT_EQ(gathered(queue), "onetwo");
  EXPECT_EQ(gathered(queue, 2), "one") << "pieces stay whole";
  queue.consume(4);
  EXPECT_EQ(gathered(queue), "wo");
  EXPECT_EQ(queue.cost(), 2u + rooms::kQueueEntryCost);
  queue.push(piece("three"));
  queue.consume(7);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.cost(), 0u);
}

TEST(OutputQueue, SmallPiecesCostToo) {
  OutputQueue queue;
  for (int i = 0; i < 1'000; ++i) queue.push(piece(""));
  EXPECT_EQ(queue.cost(), 1'000 * rooms::kQueueEntryCost);
}

TEST(OutputQueue, SharesPiecesAndLetsGoOfThem) {
  const auto shared = piece("shared");
  OutputQueue queue;
  OutputQueue other;
  queue.push(shared);
  other.push(shared);
  EXPECT_EQ(shared.use_count(), 3);
  queue.consume(6);
  EXPECT_EQ(shared.use_count(), 2);
}

TEST(OutputQueue, DropsWhatWasNotBegun) {
  OutputQueue queue;
  queue.push(piece("one"));
  queue.push(piece("two"));
  queue.drop_whole_pieces();
  EXPECT_TRUE(queue.empty());
  queue.push(piece("three"));
  queue.push(piece("four"));
  queue.consume(2);
  queue.drop_whole_pieces();
  EXPECT_EQ(gathered(queue), "ree") << "the rest of a frame that was begun must follow";
  EXPECT_EQ(queue.cost(), 3u + rooms::kQueueEntryCost);
}

TEST(OutputQueue, GathersNoMoreThanOneSystemCallTakes) {
  OutputQueue queue;
  for (int i = 0; i < 100; ++i) queue.push(piece("x"));
  EXPECT_EQ(gathered(queue).size(), OutputQueue::kGathered);
}

}  // namespace
}  // namespace onair::net
