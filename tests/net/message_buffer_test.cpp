#include "net/websocket/message_buffer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "net/loop/buffer_pool.hpp"

namespace onair::net {
namespace {

constexpr std::size_t kMost = 65'537;

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

TEST(MessageBuffer, HoldsMessagesOfAnyLength) {
  MessageBuffer message;
  for (const std::size_t bytes : {1UL, 63UL, 64UL, 65UL, 4'096UL, 4'097UL, 65'536UL, 10UL}) {
    put(message, text_of(bytes));
    EXPECT_EQ(message.text(), text_of(bytes));
    message.clear();
    EXPECT_EQ(message.text(), "");
  }
}

TEST(MessageBuffer, TakesAFewPartsForALongMessage) {
  MessageBuffer message;
  EXPECT_EQ(put(message, text_of(60)), 1u);
  message.clear();
  EXPECT_LE(put(message, text_of(65'536)), 4u);
}

TEST(MessageBuffer, TheRoomEndsAtTheLimit) {
  MessageBuffer message;
  EXPECT_EQ(message.room(10).size(), 10u);
  message.add(9);
  EXPECT_EQ(message.room(10).size(), 1u);
  message.clear();
  put(message, text_of(5'000));
  EXPECT_EQ(message.room(5'001).size(), 1u);
}

TEST(MessageBuffer, TakesMemoryAsTheMessageComesAndNoneWhileNothingDoes) {
  MessageBuffer message;
  const void* const own = message.room(kMost).data();
  const char* const begin = reinterpret_cast<const char*>(&message);
  EXPECT_TRUE(own >= begin && own < begin + sizeof message);
  put(message, text_of(65));
  EXPECT_LE(message.room(kMost).size(), 4'096u);
  message.clear();
  EXPECT_EQ(message.room(kMost).data(), own);
}

TEST(BufferPool, LendsABufferToOneAtATime) {
  BufferPool pool;
  Buffer one = pool.take();
  Buffer other = pool.take();
  EXPECT_NE(one.get(), other.get());
  const char* const first = one.get();
  one.reset();
  EXPECT_EQ(pool.take().get(), first) << "it is used again";
}

TEST(BufferPool, InputKeepsItsBufferUntilAllOfItIsConsumed) {
  BufferPool pool;
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
  BufferPool pool;
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
