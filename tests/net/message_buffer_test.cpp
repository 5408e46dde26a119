#include "net/websocket/message_buffer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "net/loop/buffer_pool.hpp"

namespace onair::net {
namespace {

constexpr std::size_t kMost = 65'537;
constexpr std::size_t kSmall = 2'048;

class MessageBufferTest : public testing::Test {
 protected:
  BufferPool pool{kSmall, 4};
  MessageBuffer message{pool};
};

/// Puts the text in, as much at a time as there is room for.
std::size_t put(MessageBuffer& message, const std::string& text) {
  std::size_t parts = 0;
  for (std::size_t at = 0; at < text.size(); ++parts) {
    const std::size_t bytes =
        boost::asio::buffer_copy(message.room(kMost), boost::asio::buffer(text) + at);
    message.add(bytes);
    at += bytes;
  }
  return parts;
}

std::string text_of(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>('a' + i % 23));
  return text;
}

TEST_F(MessageBufferTest, HoldsMessagesOfAnyLength) {
  for (const std::size_t bytes :
       {1UL, 2'047UL, 2'048UL, 2'049UL, 8'192UL, 8'193UL, 65'536UL, 10UL}) {
    put(message, text_of(bytes));
    EXPECT_EQ(message.text(), text_of(bytes));
    message.clear();
    EXPECT_EQ(message.text(), "");
  }
}

TEST_F(MessageBufferTest, TakesAFewPartsForALongMessage) {
  EXPECT_EQ(put(message, text_of(kSmall)), 1u);
  message.clear();
  EXPECT_LE(put(message, text_of(65'536)), 4u);
}

TEST_F(MessageBufferTest, TheRoomEndsAtTheLimit) {
  EXPECT_EQ(message.room(10).size(), 10u);
  message.add(9);
  EXPECT_EQ(message.room(10).size(), 1u);
  message.clear();
  put(message, text_of(5'000));
  EXPECT_EQ(message.room(5'001).size(), 1u);
}

TEST_F(MessageBufferTest, TakesMemoryAsTheMessageComesAndNoneWhileNothingDoes) {
  const char* const first = pool.take().get();
  const MessageBuffer::Room room(message, kMost);
  EXPECT_EQ(pool.take().get(), first) << "nobody has looked at the room";
  const boost::asio::mutable_buffer small = *room.begin();
  EXPECT_EQ(small.data(), first);
  EXPECT_EQ(small.size(), kSmall);
  EXPECT_EQ((*room.begin()).data(), first) << "it is one room, however often it is looked at";
  EXPECT_NE(pool.take().get(), first);
  EXPECT_EQ(message.memory(), 0u);
  message.add(10);
  EXPECT_LE(message.room(kMost).size(), 4 * kSmall);
  EXPECT_EQ(message.memory(), 4 * kSmall);
  EXPECT_EQ(pool.take().get(), first) << "what is longer has memory of its own";
  message.clear();
  EXPECT_EQ(message.memory(), 0u);
}

TEST_F(MessageBufferTest, TheRoomIsABufferSequence) {
  static_assert(boost::asio::is_mutable_buffer_sequence<MessageBuffer::Room>::value);
  const MessageBuffer::Room room(message, kMost);
  EXPECT_EQ(boost::asio::buffer_size(room), kSmall);
  EXPECT_EQ(std::distance(room.begin(), room.end()), 1);
  EXPECT_EQ(--room.end(), room.begin());
}

TEST(BufferPool, LendsABufferToOneAtATime) {
  BufferPool pool(16, 2);
  Buffer one = pool.take();
  Buffer other = pool.take();
  EXPECT_NE(one.get(), other.get());
  const char* const first = one.get();
  one.reset();
  EXPECT_EQ(pool.take().get(), first) << "it is used again";
}

TEST(BufferPool, InputKeepsItsBufferUntilAllOfItIsConsumed) {
  BufferPool pool(16, 2);
  Buffer buffer = pool.take();
  const char* const bytes = buffer.get();
  std::memcpy(buffer.get(), "abc", 3);
  Input input(std::move(buffer), 3);
  input.consume(1);
  EXPECT_EQ(input.rest(), "bc");
  EXPECT_NE(pool.take().get(), bytes);
  Input moved = std::move(input);
  EXPECT_TRUE(input.empty());  // NOLINT(bugprone-use-after-move): it says so
  moved.consume(2);
  EXPECT_TRUE(moved.empty());
  EXPECT_EQ(pool.take().get(), bytes);
}

TEST(BufferPool, WhatWaitsLongLeavesIt) {
  BufferPool pool(16, 2);
  Buffer buffer = pool.take();
  const char* const bytes = buffer.get();
  std::memcpy(buffer.get(), "abc", 3);
  Input input(std::move(buffer), 3);
  input.leave_pool();
  EXPECT_EQ(pool.take().get(), bytes);
  EXPECT_EQ(input.rest(), "abc");
}

}  // namespace
}  // namespace onair::net
