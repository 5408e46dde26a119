// Feedback about arrivals, read by a parser of its own that follows the draft and nothing of ours.
#include "sfu/publisher/transport_feedback.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Parsed {
  std::uint16_t base = 0;
  unsigned count = 0;
  unsigned feedback_count = 0;
  /// By sequence number, in 250 µs since the time zero of the reference.
  std::map<std::uint16_t, std::int64_t> arrivals;
};

/// draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.
Parsed parse(Bytes message) {
  Parsed parsed;
  const auto u16 = [&](std::size_t at) {
    return static_cast<unsigned>(message[at]) * 256 + message[at + 1];
  };
  EXPECT_EQ(message[0] & 0xdf, 0x8f) << "version 2, format 15";
  EXPECT_EQ(message[1], 205);
  EXPECT_EQ((u16(2) + 1) * 4, message.size());
  std::size_t end = message.size();
  if ((message[0] & 0x20) != 0) end -= message[end - 1];
  parsed.base = static_cast<std::uint16_t>(u16(12));
  parsed.count = u16(14);
  std::int64_t time = message[16] * 65'536 + message[17] * 256 + message[18];
  if (time >= 1 << 23) time -= 1 << 24;
  time *= 256;
  parsed.feedback_count = message[19];

  std::vector<unsigned> symbols;
  std::size_t at = 20;
  while (symbols.size() < parsed.count) {
    const unsigned chunk = u16(at);
    at += 2;
    if (chunk < 0x8000) {
      EXPECT_GT(chunk % 0x2000, 0u);
      symbols.insert(symbols.end(), chunk % 0x2000, chunk / 0x2000);
    } else if (chunk < 0xc000) {
      for (unsigned bit = 0x2000; bit != 0; bit /= 2) symbols.push_back((chunk & bit) != 0 ? 1 : 0);
    } else {
      for (int shift = 12; shift >= 0; shift -= 2) symbols.push_back(chunk >> shift & 3);
    }
  }
  for (unsigned i = 0; i < parsed.count; ++i) {
    if (symbols[i] == 0) continue;
    EXPECT_NE(symbols[i], 3u);
    if (symbols[i] == 1) {
      time += message[at++];
    } else {
      time += static_cast<std::int16_t>(u16(at));
      at += 2;
    }
    parsed.arrivals[static_cast<std::uint16_t>(parsed.base + i)] = time;
  }
  EXPECT_EQ(at, end) << "nothing is left over, nothing is missing";
  return parsed;
}

class TransportFeedbackTest : public ::testing::Test {
 protected:
  void receive(int sequence, Duration later = Duration::zero()) {
    log->receive(static_cast<std::uint16_t>(sequence), now + later);
  }
  /// All messages that are due, each in a datagram.
  std::vector<Parsed> sent() {
    std::vector<Parsed> messages;
    while (true) {
      std::array<std::uint8_t, 1'200> out{};
      RtcpWriter writer(out);
      if (!log->write(writer, 1, 2, now)) return messages;
      messages.push_back(parse(writer.written()));
    }
  }
  std::vector<Parsed> sent_later() {
    now += milliseconds(100);
    return sent();
  }
  static std::int64_t ticks(TimePoint time) { return time.time_since_epoch() / microseconds(250); }

  TimePoint now{seconds(5'000)};
  std::unique_ptr<TransportFeedbackLog> log = std::make_unique<TransportFeedbackLog>();
};

TEST_F(TransportFeedbackTest, ReportsNothingWhileNothingCame) {
  EXPECT_EQ(log->next_deadline(), TimePoint::max());
  EXPECT_TRUE(sent_later().empty());
}

TEST_F(TransportFeedbackTest, ReportsArrivalsAcrossTheWrap) {
  const TimePoint start = now;
  for (int i = 0; i < 20; ++i) {
    if (i != 3 && i != 4) receive(65'530 + i, i * milliseconds(2));
  }
  const auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 65'530);
  EXPECT_EQ(messages[0].count, 20u);
  EXPECT_EQ(messages[0].arrivals.size(), 18u);
  EXPECT_FALSE(messages[0].arrivals.contains(65'533));
  for (const auto& [sequence, arrived] : messages[0].arrivals) {
    const auto i = static_cast<std::uint16_t>(sequence - 65'530);
    EXPECT_EQ(arrived, ticks(start + i * milliseconds(2)));
  }
  EXPECT_TRUE(sent_later().empty());
}

TEST_F(TransportFeedbackTest, ReportsEachFiftyMillisecondsAndLessOftenOfFew) {
  receive(1);
  EXPECT_EQ(log->next_deadline(), now + TransportFeedbackLog::kSlowInterval);
  for (int i = 2; i < 7; ++i) receive(i);
  EXPECT_EQ(log->next_deadline(), now + TransportFeedbackLog::kInterval);
  now += milliseconds(49);
  EXPECT_TRUE(sent().empty());
  now += milliseconds(1);
  EXPECT_EQ(sent().size(), 1u);
}

TEST_F(TransportFeedbackTest, TheNextMessageBeginsWhereTheLastEnded) {
  for (int i = 0; i < 10; ++i) receive(i);
  EXPECT_EQ(sent_later().at(0).feedback_count, 0u);
  receive(13);
  const auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 10) << "the lost ones before it are reported, too";
  EXPECT_EQ(messages[0].count, 4u);
  EXPECT_EQ(messages[0].feedback_count, 1u);
}

TEST_F(TransportFeedbackTest, ReportsOvertakenPackets) {
  receive(1);
  receive(3, milliseconds(1));
  receive(2, milliseconds(30));
  const TimePoint late = now + milliseconds(30);
  const auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].arrivals.at(2), ticks(late));
  EXPECT_EQ(messages[0].arrivals.at(3), ticks(late - milliseconds(29))) << "a step back in time";
}

TEST_F(TransportFeedbackTest, ReportsPacketsThatCameAfterTheirMessage) {
  for (const int i : {1, 2, 4, 5}) receive(i);
  sent_later();
  receive(3);
  const auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 3);
  EXPECT_TRUE(messages[0].arrivals.contains(3));
}

TEST_F(TransportFeedbackTest, WhatComesTwiceCountsOnce) {
  receive(1);
  receive(1, milliseconds(20));
  const TimePoint first = now;
  EXPECT_EQ(sent_later().at(0).arrivals.at(1), ticks(first));
}

TEST_F(TransportFeedbackTest, ALongListNeedsSeveralMessages) {
  std::map<std::uint16_t, std::int64_t> arrivals;
  std::size_t received = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (i % 3 == 1) continue;
    // Each other delta is a large one.
    now += microseconds(i % 2 == 0 ? 250 : 70'000);
    receive(i);
    ++received;
    if (i < 999) continue;
    const auto messages = sent_later();
    EXPECT_GE(messages.size(), 3u);
    unsigned next = messages.front().base;
    for (const Parsed& message : messages) {
      EXPECT_EQ(message.base, next);
      next += message.count;
      arrivals.insert(message.arrivals.begin(), message.arrivals.end());
    }
  }
  EXPECT_EQ(arrivals.size(), received);
}

TEST_F(TransportFeedbackTest, EachMessageReachesAnArrival) {
  receive(10);
  ASSERT_EQ(sent_later().size(), 1u);
  receive(10 + 900);  // all between them is lost
  const auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].arrivals.size(), 1u);
  EXPECT_TRUE(messages[0].arrivals.contains(910));
}

TEST_F(TransportFeedbackTest, EightSecondsApartIsAnotherMessage) {
  receive(1);
  now += seconds(9);
  receive(2);
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].arrivals.at(2), ticks(now));
}

TEST_F(TransportFeedbackTest, AGreatStepBeginsAnew) {
  receive(1);
  sent_later();
  receive(20'000);
  auto messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 20'000);
  EXPECT_EQ(messages[0].count, 1u);
  receive(5'000);
  EXPECT_TRUE(sent_later().empty()) << "a stray one";
  receive(20'001);
  receive(7);
  receive(8);
  messages = sent_later();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 8) << "a sender that has begun anew";
}

TEST_F(TransportFeedbackTest, AMessageWithoutRoomStaysDue) {
  for (int i = 0; i < 10; ++i) receive(i);
  now += milliseconds(100);
  std::array<std::uint8_t, 20> small{};
  RtcpWriter writer(small);
  EXPECT_FALSE(log->write(writer, 1, 2, now));
  EXPECT_EQ(writer.size(), 0u);
  EXPECT_EQ(sent().size(), 1u);
}

TEST_F(TransportFeedbackTest, TheReferenceTimeWraps) {
  now = TimePoint(milliseconds(64) * ((std::int64_t{1} << 23) - 1) + milliseconds(10));
  receive(1);
  const auto before = sent_later().at(0).arrivals.at(1);
  receive(2);
  const auto after = sent_later().at(0).arrivals.at(2);
  EXPECT_EQ(before + 400 - (std::int64_t{1} << 32), after);
}

}  // namespace
}  // namespace onair::sfu
