#include "sfu/publication/frame_batch.hpp"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using std::chrono::milliseconds;
using Sequences = std::vector<std::uint32_t>;

class FrameBatchTest : public testing::Test {
 protected:
  struct Packet {
    std::uint32_t sequence = 0;
    bool marker = false;
    std::uint16_t size = 1'000;
    std::uint32_t timestamp = 0;
  };

  void add(MediaKind kind, const Packet& packet) {
    PacketRing& ring = kind == MediaKind::audio ? audio_ : video_;
    MediaPacket* const slot = ring.take(packet.sequence);
    ASSERT_NE(slot, nullptr);
    slot->kind = kind;
    slot->marker = packet.marker;
    slot->timestamp = packet.timestamp;
    slot->payload_size = packet.size;
    StoredPacket* const stored = ring.publish(packet.sequence);
    ASSERT_NE(stored, nullptr);
    batch_.add(*stored, now_);
  }
  void add_video(const Packet& packet) { add(MediaKind::video, packet); }
  void add_audio(std::uint32_t sequence) {
    add(MediaKind::audio, {.sequence = sequence, .size = 100});
  }
  /// Adds a frame of so many packets.
  void add_frame(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      add_video({.sequence = first + i, .marker = i + 1 == count, .timestamp = first});
    }
  }

  Sequences release() {
    Sequences sequences;
    for (const StoredPacket* const packet : batch_.release(now_)) {
      EXPECT_EQ(packet->state, StoredPacket::State::sent);
      sequences.push_back(packet->media.sequence);
    }
    return sequences;
  }
  std::vector<std::size_t> released_sizes() {
    std::vector<std::size_t> sizes;
    for (const StoredPacket* const packet : batch_.release(now_)) {
      sizes.push_back(packet->padded_payload().size());
    }
    return sizes;
  }
  bool is_idle() const { return batch_.next_deadline() == TimePoint::max(); }

  TimePoint now_ = TimePoint(std::chrono::hours(1));
  PacketRing audio_{256};
  PacketRing video_{1'024};
  FrameBatch batch_;
};

TEST_F(FrameBatchTest, AFrameGoesOutWithItsMarker) {
  add_video({.sequence = 1});
  add_video({.sequence = 2});
  EXPECT_EQ(release(), Sequences{});
  add_video({.sequence = 3, .marker = true});
  EXPECT_EQ(batch_.next_deadline(), now_);
  EXPECT_EQ(release(), (Sequences{1, 2, 3}));
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, AFrameWithoutMarkerWaits20Milliseconds) {
  add_video({.sequence = 1});
  now_ += milliseconds(15);
  add_video({.sequence = 2});
  EXPECT_EQ(batch_.next_deadline(), now_ + milliseconds(5));
  now_ += milliseconds(4);
  EXPECT_EQ(release(), Sequences{});
  now_ += milliseconds(1);
  EXPECT_EQ(release(), (Sequences{1, 2}));
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, TheNextFrameEndsOneWhoseMarkerIsLost) {
  add_video({.sequence = 1, .timestamp = 10});
  add_video({.sequence = 3, .timestamp = 20});
  EXPECT_EQ(release(), Sequences{1});
  EXPECT_EQ(batch_.next_deadline(), now_ + FrameBatch::kFrameHold);
}

TEST_F(FrameBatchTest, AudioWaits5MillisecondsAtMostAndTakesNoVideoAlong) {
  add_video({.sequence = 1});
  add_audio(500);
  EXPECT_EQ(release(), Sequences{});
  EXPECT_EQ(batch_.next_deadline(), now_ + milliseconds(5));
  now_ += milliseconds(5);
  EXPECT_EQ(release(), Sequences{500});
  EXPECT_EQ(batch_.next_deadline(), now_ + milliseconds(15));
}

TEST_F(FrameBatchTest, AudioRidesBehindAFrameThatEndsMeanwhile) {
  add_video({.sequence = 1});
  add_audio(500);
  now_ += milliseconds(3);
  add_video({.sequence = 2, .marker = true});
  EXPECT_EQ(release(), (Sequences{1, 2, 500}));
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, VideoThatComesLateGoesOutLikeAudio) {
  add_frame(10, 1);
  add_frame(12, 1);
  EXPECT_EQ(release(), (Sequences{10, 12}));
  add_video({.sequence = 13});
  add_video({.sequence = 11, .marker = true});
  now_ += milliseconds(5);
  EXPECT_EQ(release(), Sequences{11});
  EXPECT_EQ(batch_.next_deadline(), now_ + milliseconds(15));
}

TEST_F(FrameBatchTest, AKeyFrameGoesOutInRuns) {
  add_frame(1, 35);
  for (const std::size_t size : {10U, 10U, 10U, 5U}) {
    EXPECT_EQ(batch_.next_deadline(), now_);
    EXPECT_EQ(release().size(), size);
    EXPECT_EQ(release(), Sequences{});
    now_ += FrameBatch::kPace;
  }
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, PacingDelaysNoPacketBy20Milliseconds) {
  add_frame(1, 200);
  std::size_t sent = 0;
  for (int i = 0; i < 4; ++i) {
    sent += release().size();
    now_ += FrameBatch::kPace;
  }
  EXPECT_EQ(sent, 200U);
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, AudioPassesAKeyFrameThatIsPaced) {
  add_frame(1, 30);
  EXPECT_EQ(release().size(), 10U);
  add_audio(500);
  now_ += FrameBatch::kPace;
  const Sequences sequences = release();
  EXPECT_EQ(sequences.size(), 11U);
  EXPECT_EQ(sequences.back(), 500U);
}

TEST_F(FrameBatchTest, ASmallFrameIsNotPaced) {
  add_frame(1, 3);
  EXPECT_EQ(release().size(), 3U);
  add_frame(4, 3);
  EXPECT_EQ(release().size(), 3U);
}

TEST_F(FrameBatchTest, MoreThanIsHeldIsDroppedFromTheFrontAndCanBeAskedFor) {
  add_frame(1, FrameBatch::kMaxVideo + 5);
  EXPECT_EQ(batch_.overflowed(), 5U);
  EXPECT_NE(video_.find_sent(5), nullptr);
  EXPECT_EQ(video_.find_sent(6), nullptr);
  EXPECT_EQ(release().front(), 6U);
}

TEST_F(FrameBatchTest, WhatTheRingForgotIsNotSent) {
  add_video({.sequence = 1});
  add_video({.sequence = 1 + 1'024, .marker = true});
  EXPECT_EQ(release(), Sequences{1 + 1'024});
  add_video({.sequence = 1'026});
  video_.clear();
  now_ += FrameBatch::kFrameHold;
  EXPECT_EQ(release(), Sequences{});
  EXPECT_TRUE(is_idle());
}

TEST_F(FrameBatchTest, PaddingMakesPacketsOfAFrameEqual) {
  add_video({.sequence = 1, .size = 1'001});
  add_video({.sequence = 2, .size = 1'003});
  add_video({.sequence = 3, .marker = true, .size = 1'000});
  EXPECT_EQ(released_sizes(), (std::vector<std::size_t>{1'003, 1'003, 1'003}));
  const StoredPacket& padded = *video_.find_sent(3);
  EXPECT_EQ(padded.media.payload_size, 1'000);
  EXPECT_EQ(padded.padding, 3);
  EXPECT_EQ(padded.padded_payload().back(), 3);
  EXPECT_EQ(video_.find_sent(2)->padding, 0);
}

TEST_F(FrameBatchTest, PaddingIsBounded) {
  add_video({.sequence = 1, .size = 500});
  add_video({.sequence = 2, .size = 1'000});
  add_video({.sequence = 3, .size = 984});
  add_video({.sequence = 4, .marker = true, .size = 983});
  EXPECT_EQ(released_sizes(), (std::vector<std::size_t>{500, 1'000, 1'000, 983}));
  EXPECT_EQ(video_.find_sent(1)->padding, 0);
}

TEST_F(FrameBatchTest, AudioIsNotPadded) {
  add_audio(1);
  add(MediaKind::audio, {.sequence = 2, .size = 110});
  now_ += FrameBatch::kPromptHold;
  EXPECT_EQ(released_sizes(), (std::vector<std::size_t>{100, 110}));
}

TEST_F(FrameBatchTest, PacketsBearTheTimeOfTheirFirstSend) {
  add_frame(1, 1);
  release();
  EXPECT_EQ(video_.find_sent(1)->send_time, absolute_send_time(now_));
}

TEST(AbsoluteSendTime, CountsIn18BitsOfASecondAndWrapsAfter64) {
  const TimePoint start{};
  EXPECT_EQ(absolute_send_time(start), 0U);
  EXPECT_EQ(absolute_send_time(start + std::chrono::seconds(1)), 1U << 18);
  EXPECT_EQ(absolute_send_time(start + milliseconds(63'500)), (127U << 17));
  EXPECT_EQ(absolute_send_time(start + milliseconds(64'500)), 1U << 17);
}

}  // namespace
}  // namespace onair::sfu
