#include "sfu/publication/subscription.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/rtp/rtp.hpp"

namespace onair::sfu {
namespace {

constexpr CodecNumber kVp8 = 1;
constexpr CodecNumber kH264 = 2;
constexpr StreamSsrcs kSsrcs{.media = 0x1111, .rtx = 0x2222};

StoredPacket video_packet(std::uint32_t sequence, bool begins_key_frame = false) {
  StoredPacket packet{};
  packet.media.kind = MediaKind::video;
  packet.media.sequence = sequence;
  packet.media.timestamp = 90'000;
  packet.media.begins_key_frame = begins_key_frame;
  packet.media.payload_size = 3;
  packet.media.payload_bytes[0] = 'a';
  packet.media.payload_bytes[1] = 'b';
  packet.media.payload_bytes[2] = 'c';
  packet.state = StoredPacket::State::sent;
  packet.send_time = 0x123456;
  return packet;
}

StoredPacket key_packet(std::uint32_t sequence) {
  return video_packet(sequence, true);
}

class SubscriptionTest : public testing::Test {
 protected:
  SubscriptionTest() {
    agreed_.formats[0] = {.codec = kVp8, .payload_type = 120, .rtx_payload_type = 124};
    agreed_.nack = true;
    agreed_.absolute_send_time_id = 3;
    agreed_.forwarded_ids[static_cast<std::size_t>(ForwardedExtension::video_orientation)] = 4;
  }

  void begin() {
    stream_.agree(agreed_, MediaKind::video);
    stream_.use(agreed_.find(kVp8));
  }
  PlainPacket write(const StoredPacket& packet) { return stream_.write(packet, kSsrcs, out_); }
  PlainPacket write_again(const StoredPacket& packet) {
    return stream_.write_again(packet, kSsrcs, 0x654321, rtx_payload_, out_);
  }
  RtpHeader header() const { return parse_rtp_header(out_).value_or(RtpHeader{}); }
  bool is_sent(const StoredPacket& packet) { return write(packet).header_size != 0; }

  OutgoingKind agreed_;
  OutgoingStream stream_;
  OutgoingStream::RtxPayload rtx_payload_{};
  std::array<std::uint8_t, 1'600> out_{};
};

TEST_F(SubscriptionTest, VideoBeginsAtAKeyFrame) {
  begin();
  EXPECT_FALSE(is_sent(video_packet(100)));
  EXPECT_EQ(stream_.state(), OutgoingStream::State::waiting);
  EXPECT_TRUE(is_sent(key_packet(101)));
  EXPECT_EQ(stream_.state(), OutgoingStream::State::running);
  EXPECT_TRUE(is_sent(video_packet(102)));
  EXPECT_FALSE(is_sent(video_packet(100))) << "comes late, from before the beginning";
}

TEST_F(SubscriptionTest, AudioBeginsAtOnce) {
  begin();
  StoredPacket packet = video_packet(100);
  packet.media.kind = MediaKind::audio;
  EXPECT_TRUE(is_sent(packet));
}

TEST_F(SubscriptionTest, AHeaderHasWhatTheViewerAgreedTo) {
  begin();
  StoredPacket packet = key_packet(100);
  packet.media.marker = true;
  packet.media.extensions[static_cast<std::size_t>(ForwardedExtension::video_orientation)] = {
      .size = 1, .bytes = {9}};
  packet.media.extensions[static_cast<std::size_t>(ForwardedExtension::audio_level)] = {
      .size = 1, .bytes = {7}};
  const PlainPacket plain = write(packet);
  const RtpHeader written = header();
  EXPECT_EQ(static_cast<const RtpFields&>(written), (RtpFields{.marker = true,
                                                               .payload_type = 120,
                                                               .sequence = 100,
                                                               .timestamp = 90'000,
                                                               .ssrc = kSsrcs.media}));
  EXPECT_EQ(written.size, plain.header_size);
  EXPECT_FALSE(written.has_padding);
  ASSERT_TRUE(written.extensions.find(3));
  EXPECT_EQ(read_u24(written.extensions.find(3)->data()), 0x123456U);
  ASSERT_TRUE(written.extensions.find(4));
  EXPECT_EQ(written.extensions.find(4)->front(), 9);
  EXPECT_EQ(text_of(plain.payload), "abc");
}

TEST_F(SubscriptionTest, WithoutExtensionsAHeaderHasTwelveBytes) {
  agreed_.absolute_send_time_id = 15;  // can't be written in the one-byte form
  begin();
  EXPECT_EQ(write(key_packet(100)).header_size, 12U);
}

TEST_F(SubscriptionTest, PaddingIsAnnouncedAndBelongsToThePayload) {
  begin();
  StoredPacket packet = key_packet(100);
  packet.padding = 2;
  packet.media.payload_bytes[3] = 0;
  packet.media.payload_bytes[4] = 2;
  const PlainPacket plain = write(packet);
  EXPECT_TRUE(header().has_padding);
  EXPECT_EQ(plain.payload.size(), 5U);
  EXPECT_EQ(stream_.octets(), 3U);
}

TEST_F(SubscriptionTest, TheFirstNumberIsFarFromARollOver) {
  for (const std::uint32_t first : {0U, 65'535U, 0x1234'fff0U, 0xffff'ffffU}) {
    stream_ = {};
    begin();
    const PlainPacket plain = write(key_packet(first));
    EXPECT_LT(plain.index, 1U << 14);
    EXPECT_EQ(header().sequence, plain.index);
    EXPECT_EQ(write(video_packet(first + 1)).index, plain.index + 1) << "of " << first;
  }
}

TEST_F(SubscriptionTest, TheIndexCountsRollOvers) {
  begin();
  write(key_packet(5));
  for (std::uint32_t sequence = 6; sequence < 200'000; sequence += 1'000) {
    EXPECT_EQ(write(video_packet(sequence)).index, sequence);
    EXPECT_EQ(header().sequence, static_cast<std::uint16_t>(sequence));
    EXPECT_EQ(stream_.sequence_of(header().sequence), sequence);
  }
}

TEST_F(SubscriptionTest, AStreamGoesOnForBillionsOfPackets) {
  begin();
  constexpr std::uint32_t kFirst = 0xf000'0000;
  write(key_packet(kFirst));
  std::uint64_t expected = kFirst % (1U << 14);
  for (std::uint32_t step = 0; step < 268'000; ++step) {
    const auto sequence = kFirst + (step + 1) * 16'000;
    expected += 16'000;
    ASSERT_EQ(write(video_packet(sequence)).index, expected);
  }
}

TEST_F(SubscriptionTest, AStreamEndsBeforeItsNumbersRepeat) {
  begin();
  write(key_packet(0));
  std::uint32_t sent = 0;
  for (std::uint64_t sequence = 16'000; sequence < 0x1'0001'0000; sequence += 16'000) {
    if (!is_sent(video_packet(static_cast<std::uint32_t>(sequence)))) break;
    ++sent;
  }
  EXPECT_EQ(stream_.state(), OutgoingStream::State::off);
  EXPECT_EQ(sent, 0xffff'0000U / 16'000);
}

TEST_F(SubscriptionTest, NumbersOfTheViewerLeadBackToThePublications) {
  begin();
  EXPECT_EQ(stream_.sequence_of(0), std::nullopt);
  const auto index = static_cast<std::uint16_t>(write(key_packet(0x1234'fff0)).index);
  write(video_packet(0x1234'fff1));
  EXPECT_EQ(stream_.sequence_of(index), 0x1234'fff0U);
  EXPECT_EQ(stream_.sequence_of(static_cast<std::uint16_t>(index + 1)), 0x1234'fff1U);
  EXPECT_EQ(stream_.sequence_of(static_cast<std::uint16_t>(index - 1)), std::nullopt);
}

TEST_F(SubscriptionTest, RtxHasItsOwnNumbersAndTheOriginalOneInFront) {
  begin();
  write(key_packet(100));
  StoredPacket packet = video_packet(101);
  packet.padding = 2;
  packet.media.marker = true;
  write(packet);
  const PlainPacket first = write_again(packet);
  const RtpHeader written = header();
  EXPECT_EQ(written.payload_type, 124);
  EXPECT_EQ(written.ssrc, kSsrcs.rtx);
  EXPECT_EQ(written.timestamp, 90'000U);
  EXPECT_TRUE(written.marker);
  EXPECT_FALSE(written.has_padding);
  EXPECT_EQ(read_u24(written.extensions.find(3)->data()), 0x654321U);
  ASSERT_EQ(first.payload.size(), 5U);
  EXPECT_EQ(read_u16(first.payload.data()), 101);
  EXPECT_EQ(text_of(first.payload.subspan(2)), "abc");
  EXPECT_EQ(write_again(packet).index, first.index + 1);
  EXPECT_EQ(stream_.packets(), 2U) << "resends don't count";
}

TEST_F(SubscriptionTest, WithoutRtxAResendIsTheSamePacket) {
  agreed_.formats[0].rtx_payload_type.reset();
  begin();
  StoredPacket packet = key_packet(100);
  packet.padding = 2;
  const PlainPacket first = write(packet);
  const auto header_bytes = out_;
  const PlainPacket again = write_again(packet);
  EXPECT_EQ(out_, header_bytes);
  EXPECT_EQ(again.header_size, first.header_size);
  EXPECT_EQ(again.index, first.index);
  EXPECT_EQ(again.payload.data(), first.payload.data());
  EXPECT_EQ(again.payload.size(), first.payload.size());
}

TEST_F(SubscriptionTest, WithoutNackNothingIsResent) {
  agreed_.nack = false;
  begin();
  write(key_packet(100));
  EXPECT_EQ(write_again(key_packet(100)).header_size, 0U);
}

TEST_F(SubscriptionTest, ACodecThatWasNotAgreedStopsTheStream) {
  begin();
  write(key_packet(100));
  stream_.use(agreed_.find(kH264));
  EXPECT_EQ(stream_.state(), OutgoingStream::State::off);
  EXPECT_FALSE(is_sent(key_packet(101)));
  EXPECT_EQ(write_again(key_packet(100)).header_size, 0U);
}

TEST_F(SubscriptionTest, AnotherAgreedCodecGoesOnWithoutAGap) {
  agreed_.formats[1] = {.codec = kH264, .payload_type = 96, .rtx_payload_type = std::nullopt};
  begin();
  write(key_packet(100));
  stream_.use(agreed_.find(kH264));
  EXPECT_FALSE(is_sent(video_packet(70'000)));
  EXPECT_EQ(write(key_packet(70'001)).index, 101U);
  EXPECT_EQ(header().payload_type, 96);
  EXPECT_EQ(write_again(key_packet(100)).header_size, 0U)
      << "would be another packet under the number it had";
}

TEST_F(SubscriptionTest, WhatWasFirstSentAsAResendKeepsItsNumberForItself) {
  agreed_.formats[0].rtx_payload_type.reset();
  begin();
  write(key_packet(100));
  EXPECT_EQ(write_again(video_packet(105)).index, 105U);
  stream_.wait_for_key_frame();
  EXPECT_EQ(write(key_packet(200)).index, 106U);
}

TEST_F(SubscriptionTest, BehindALargeGapAStreamBeginsAnew) {
  begin();
  write(key_packet(100));
  EXPECT_FALSE(is_sent(video_packet(40'000)));
  EXPECT_EQ(stream_.state(), OutgoingStream::State::waiting);
  EXPECT_EQ(write(key_packet(40'001)).index, 101U) << "receivers would misjudge the roll-over";
}

TEST_F(SubscriptionTest, NoCodecIsNoFormat) {
  EXPECT_EQ(agreed_.find(0), nullptr);
  EXPECT_EQ(agreed_.find(kH264), nullptr);
  EXPECT_NE(agreed_.find(kVp8), nullptr);
}

}  // namespace
}  // namespace onair::sfu
