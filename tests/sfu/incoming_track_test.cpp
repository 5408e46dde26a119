// The way in: what a talker sends goes on under the publication's own numbers, whatever is lost,
// repeated, overtaken or begun anew.
#include "sfu/publisher/incoming_track.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/real_packets.hpp"
#include "sfu/rtp/key_frame.hpp"

namespace onair::sfu {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::from_hex;
using Origin = IncomingTrack::Origin;
using Numbers = std::vector<std::uint16_t>;

constexpr std::uint32_t kSsrc = 0x1000;

class IncomingTrackTest : public ::testing::Test {
 protected:
  IncomingTrackTest() { track.begin_talker(Codec::vp8, true); }

  RtpPacket packet(int sequence, std::uint32_t timestamp = 0, bool key = false,
                   std::uint32_t ssrc = kSsrc) {
    RtpPacket made;
    made.sequence = static_cast<std::uint16_t>(sequence);
    made.timestamp = timestamp;
    made.ssrc = ssrc;
    made.payload = key ? Bytes(key_payload) : Bytes(delta_payload);
    return made;
  }
  std::optional<IncomingTrack::Numbered> give(const RtpPacket& what, Origin origin = Origin::sent) {
    return track.receive(what, origin, now);
  }
  /// The publication's number, or nothing.
  std::optional<std::uint32_t> give(int sequence, Origin origin = Origin::sent) {
    const auto numbered = give(packet(sequence, 0, sequence == first), origin);
    return numbered ? std::optional(numbered->sequence) : std::nullopt;
  }
  Numbers ask() {
    std::array<std::uint16_t, 300> out{};
    const std::size_t asked = track.missing().write_requests(now, out);
    return {out.begin(), out.begin() + static_cast<long>(asked)};
  }

  std::vector<std::uint8_t> key_payload = from_hex("10 00 00 9d012a");
  std::vector<std::uint8_t> delta_payload = from_hex("10 01 00 aabbcc");
  int first = 65'530;  ///< begins with a key frame
  TimePoint now{seconds(1'000)};
  IncomingTrack track{MediaKind::video, 100};
};

TEST_F(IncomingTrackTest, NumbersGoOnAcrossTheWrap) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(give(first + i), 100u + static_cast<unsigned>(i));
  EXPECT_EQ(track.missing().size(), 0u);
}

TEST_F(IncomingTrackTest, ALostPacketKeepsItsNumberAndGoesOnWhenItComes) {
  give(first);
  EXPECT_EQ(give(first + 3), 103u) << "nobody waits for it";
  EXPECT_EQ(ask(), (Numbers{65'531, 65'532}));
  EXPECT_EQ(give(first + 2, Origin::resent), 102u);
  EXPECT_EQ(give(first + 1), 101u) << "resent on its own SSRC, as OBS does";
  EXPECT_EQ(track.missing().size(), 0u);
  EXPECT_EQ(track.statistics().recovered, 2u);
}

TEST_F(IncomingTrackTest, WhatComesTwiceGoesOnOnce) {
  for (int i = 0; i < 5; ++i) give(first + i);
  EXPECT_FALSE(give(first + 2)) << "a repeat by the network";
  EXPECT_FALSE(give(first + 2, Origin::resent)) << "a probe of an old packet";
  EXPECT_EQ(track.statistics().duplicates, 2u);
  EXPECT_EQ(give(first + 5), 105u);
}

TEST_F(IncomingTrackTest, PaddingLeavesNoGap) {
  give(first);
  for (int i = 1; i < 40; ++i) {
    RtpPacket padding = packet(first + i);
    padding.payload = {};
    padding.padding = 255;
    EXPECT_FALSE(give(padding));
  }
  EXPECT_EQ(give(first + 40), 101u);
  EXPECT_EQ(track.missing().size(), 0u);
}

TEST_F(IncomingTrackTest, ALatePacketKeepsItsNumberWherePaddingCameMeanwhile) {
  give(first);
  RtpPacket padding = packet(first + 2);
  padding.payload = {};
  give(padding);
  EXPECT_EQ(give(first + 3), 102u);
  EXPECT_EQ(give(first + 1), 101u);
}

TEST_F(IncomingTrackTest, AFarTooOldPacketIsRefused) {
  for (int i = 0; i < 2'000; ++i) {
    if (i != 500 && i != 1'500) give(first + i);
  }
  EXPECT_FALSE(give(first + 500, Origin::resent));
  EXPECT_EQ(give(first + 1'500, Origin::resent), 1'600u);
}

TEST_F(IncomingTrackTest, AnotherSsrcGoesOnWithoutAJump) {
  give(packet(first, 4'000'000'000, true));
  now += milliseconds(200);
  const auto numbered = give(packet(7, 50, true, kSsrc + 1));
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->sequence, 101u);
  EXPECT_EQ(numbered->timestamp, 4'000'000'000u + 18'000u) << "200 ms by a clock of 90 kHz";
  EXPECT_EQ(give(packet(8, 50 + 3'000, false, kSsrc + 1))->timestamp, 4'000'021'000u);
  EXPECT_EQ(track.ssrc(), kSsrc + 1);
}

TEST_F(IncomingTrackTest, ATalkerThatReloadsGoesOnEvenWithTheSameSsrc) {
  give(packet(first, 4'294'967'000, true));
  give(first + 2);
  now += seconds(2);
  track.begin_talker(Codec::vp8, true);
  EXPECT_FALSE(track.ssrc());
  EXPECT_EQ(track.missing().size(), 0u) << "nobody will resend it";
  EXPECT_FALSE(give(packet(first + 1), Origin::resent)) << "it begins nothing";
  const auto numbered = give(packet(first + 3, 5, true));
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->sequence, 103u);
  EXPECT_EQ(numbered->timestamp, 180'000u) << "the timestamp of the last one was 0";
}

TEST_F(IncomingTrackTest, TwoFramesOfTwoTalkersNeverShareATimestamp) {
  const auto before = give(packet(first, 10, true));
  track.begin_talker(Codec::vp8, true);
  EXPECT_EQ(give(packet(1, 77, true))->timestamp, before->timestamp + 1);
}

TEST_F(IncomingTrackTest, ATalkerThatWasAwayForADayLeadsForward) {
  const auto before = give(packet(first, 10, true));
  now += std::chrono::hours(24);
  track.begin_talker(Codec::vp8, true);
  const auto after = give(packet(1, 77, true));
  EXPECT_EQ(after->timestamp - before->timestamp, 3'600u * 90'000u);
}

TEST_F(IncomingTrackTest, ASourceThatBeginsWithinAFrameLeavesRoomForWhatWasOvertaken) {
  give(first);
  now += milliseconds(20);
  const auto third = give(packet(12, 90, false, kSsrc + 1));
  const auto start = give(packet(10, 90, true, kSsrc + 1));
  ASSERT_TRUE(third && start);
  EXPECT_GT(third->sequence, 101u) << "viewers see a gap";
  EXPECT_EQ(start->sequence, third->sequence - 2);
  EXPECT_TRUE(start->begins_key_frame);
  EXPECT_EQ(track.missing().size(), 0u) << "whether they exist is not known";
}

TEST_F(IncomingTrackTest, PacketsOfBeforeThatWereOvertakenDontEndTheNewSource) {
  give(first);
  give(packet(7, 50, true, kSsrc + 1));
  EXPECT_FALSE(give(packet(first + 1)));
  EXPECT_EQ(track.ssrc(), kSsrc + 1);
  now += seconds(1);
  EXPECT_TRUE(give(packet(first + 2))) << "the new one is silent, and the old one is back";
  EXPECT_EQ(track.ssrc(), kSsrc);
}

TEST_F(IncomingTrackTest, AGreatStepIsOneOnlyIfTheNextPacketConfirmsIt) {
  give(first);
  EXPECT_FALSE(give(packet(30'000)));
  EXPECT_EQ(give(first + 1), 101u) << "it was a stray one";
  EXPECT_FALSE(give(packet(40'000)));
  const auto numbered = give(packet(40'001, 0, true));
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->sequence, 102u);
  EXPECT_EQ(give(40'002), 103u);
}

TEST_F(IncomingTrackTest, AGapLongerThanTheListIsBounded) {
  give(first);
  EXPECT_EQ(give(first + 2'500), 2'600u);
  EXPECT_EQ(track.missing().size(), MissingPackets::kMax);
  EXPECT_EQ(ask().front(), static_cast<std::uint16_t>(first + 2'500 - 256));
}

TEST_F(IncomingTrackTest, AsksAgainUntilItGivesUp) {
  give(first);
  give(first + 2);
  int tries = 0;
  const TimePoint since = now;
  while (track.missing().next_deadline() != TimePoint::max()) {
    ASSERT_GE(track.missing().next_deadline(), now) << "no deadline is in the past";
    now = track.missing().next_deadline();
    tries += static_cast<int>(ask().size());
    ASSERT_LE(now - since, MissingPackets::kTimeout);
  }
  EXPECT_EQ(tries, MissingPackets::kMaxTries);
  EXPECT_EQ(track.missing().given_up(), 1u);
  EXPECT_EQ(give(first + 1), 101u) << "what comes after that is welcome";
}

TEST_F(IncomingTrackTest, AfterAPacketThatIsGivenUpAKeyFrameIsNeeded) {
  give(first);
  give(first + 2);
  ask();
  EXPECT_FALSE(track.needs_key_frame()) << "it may still come";
  now += MissingPackets::kTimeout;
  ask();
  EXPECT_TRUE(track.needs_key_frame());
  give(packet(first + 3, 3'000, true));
  EXPECT_FALSE(track.needs_key_frame());
}

TEST_F(IncomingTrackTest, NoKeyFrameIsNeededForWhatIsMissingBeforeTheLastOne) {
  give(first);
  give(packet(first + 2, 3'000, true));
  now += MissingPackets::kTimeout;
  ask();
  EXPECT_EQ(track.missing().given_up(), 1u);
  EXPECT_FALSE(track.needs_key_frame());
}

TEST_F(IncomingTrackTest, LatePaddingLeavesAHoleForThoseWhoHaveNoOtherNumbers) {
  for (const Codec codec : {Codec::vp8, Codec::h264}) {
    track.begin_talker(codec, true);
    RtpPacket padding = packet(2);
    padding.payload = {};
    give(packet(1));
    give(packet(3));
    EXPECT_FALSE(give(padding));
    EXPECT_EQ(track.missing().size(), 0u);
    EXPECT_EQ(track.needs_key_frame(), codec == Codec::h264);
  }
}

TEST_F(IncomingTrackTest, AsksAFarTalkerLessOften) {
  for (int i = 0; i < 40; i += 2) {
    give(first + i);
    give(first + i + 2);
    ask();
    now += milliseconds(200);
    give(first + i + 1);
  }
  EXPECT_EQ(track.missing().spacing(), milliseconds(250));
}

TEST_F(IncomingTrackTest, ThoseThatDontAnswerAreNotAsked) {
  track.begin_talker(Codec::vp8, false);
  give(first);
  give(first + 2);
  EXPECT_EQ(track.missing().size(), 0u);
  EXPECT_EQ(give(first + 1), 101u);
}

TEST_F(IncomingTrackTest, ReportsTheFiguresOfTheWay) {
  EXPECT_FALSE(track.report(now));
  for (int i = 0; i < 16; ++i) {
    if (i % 4 != 1) give(packet(first + i, static_cast<std::uint32_t>(i) * 1'800, i == 0));
    now += milliseconds(20);
  }
  give(packet(first + 1), Origin::resent);
  auto block = track.report(now);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->ssrc, kSsrc);
  EXPECT_EQ(block->lost, 4) << "what came by RTX was lost on the way";
  EXPECT_EQ(block->fraction_lost, 64);
  EXPECT_EQ(block->highest_sequence, 0x10000u + 9u);
  EXPECT_EQ(block->jitter, 0u);
  EXPECT_EQ(block->last_report, 0u);
  track.receive_report(kSsrc, 0x123456789abcdef0, 0, now);
  now += milliseconds(1'500);
  block = track.report(now);
  EXPECT_EQ(block->fraction_lost, 0);
  EXPECT_EQ(block->last_report, 0x56789abcu);
  EXPECT_EQ(block->delay, 98'304u);
}

TEST_F(IncomingTrackTest, ReportsJitter) {
  for (int i = 0; i < 200; ++i) {
    give(packet(first + i, static_cast<std::uint32_t>(i) * 1'800, i == 0));
    now += milliseconds(i % 2 == 0 ? 10 : 30);
  }
  EXPECT_NEAR(track.report(now)->jitter, 900, 30) << "10 ms";
}

TEST_F(IncomingTrackTest, MapsSenderReports) {
  give(packet(first, 1'000, true));
  now += milliseconds(100);
  give(packet(5, 70'000, true, kSsrc + 1));
  track.receive_report(kSsrc, 1, 70'000, now);
  EXPECT_FALSE(track.sender_report()) << "of a source that is gone";
  track.receive_report(kSsrc + 1, 1, 70'090, now);
  EXPECT_EQ(track.sender_report(), (ClockReading{1, 10'090, now}));
  track.begin_talker(Codec::vp8, true);
  EXPECT_FALSE(track.sender_report());
}

TEST_F(IncomingTrackTest, FillsASlot) {
  const auto bytes = tests::kRealRtp[8].bytes();
  const auto opus = *parse_rtp(bytes);
  IncomingTrack audio(MediaKind::audio);
  audio.begin_talker(Codec::opus, false);
  const auto numbered = audio.receive(opus, Origin::sent, now);
  ASSERT_TRUE(numbered);
  const auto slot = std::make_unique<MediaPacket>();
  audio.fill(opus, *numbered, {1, 13}, *slot);
  EXPECT_EQ(slot->sequence, numbered->sequence);
  EXPECT_EQ(slot->timestamp, numbered->timestamp);
  EXPECT_EQ(slot->kind, MediaKind::audio);
  EXPECT_TRUE(slot->marker);
  EXPECT_FALSE(slot->begins_key_frame);
  EXPECT_EQ(slot->extensions[0].size, 1);
  EXPECT_EQ(slot->extensions[0].bytes[0], 0xff);
  EXPECT_EQ(slot->extensions[1].size, 0);
  EXPECT_TRUE(std::ranges::equal(slot->payload(), opus.payload));
}

TEST_F(IncomingTrackTest, RestoresRtx) {
  const auto rtx_bytes = tests::kRealRtp[6].bytes();
  const auto original_bytes = tests::kRealRtp[0].bytes();
  const auto original = *parse_rtp(original_bytes);
  const auto restored = restore_rtx(*parse_rtp(rtx_bytes), original.ssrc, 96);
  ASSERT_TRUE(restored);
  EXPECT_EQ(static_cast<const RtpFields&>(*restored), static_cast<const RtpFields&>(original));
  EXPECT_EQ(restored->payload.size(), 14u);
  EXPECT_FALSE(restore_rtx(*parse_rtp(tests::kRealRtp[7].bytes()), 1, 96)) << "padding alone";
}

TEST_F(IncomingTrackTest, OfAnH264FrameOnePacketBegins) {
  track.begin_talker(Codec::h264, true);
  const auto sps = from_hex("6764001f"), pps = from_hex("68ce3c80"), idr = from_hex("65b80004");
  const auto begins = [&](int sequence, std::uint32_t timestamp, Bytes payload) {
    RtpPacket made = packet(sequence, timestamp);
    made.payload = payload;
    return give(made)->begins_key_frame;
  };
  EXPECT_TRUE(begins(1, 0, sps));
  EXPECT_FALSE(begins(2, 0, pps));
  EXPECT_FALSE(begins(3, 0, idr));
  EXPECT_FALSE(begins(4, 0, idr)) << "its second slice";
  EXPECT_TRUE(begins(7, 3'000, idr));
  EXPECT_TRUE(begins(5, 3'000, sps)) << "was overtaken by the slice";
}

TEST(KeyFrameTest, IsFoundByFormat) {
  const auto begins = [](Codec codec, const char* hex) {
    return may_begin_key_frame(codec, from_hex(hex));
  };
  EXPECT_TRUE(begins(Codec::vp8, "908092a1 100200 9d012a"));
  EXPECT_TRUE(begins(Codec::vp8, "90801150"));
  EXPECT_FALSE(begins(Codec::vp8, "908092a2 d10300"));
  EXPECT_FALSE(begins(Codec::vp8, "808092a1 100200")) << "not the first of its frame";
  EXPECT_FALSE(begins(Codec::vp8, "918092a1 100200")) << "another partition";
  EXPECT_FALSE(begins(Codec::vp8, "90f092"));
  EXPECT_TRUE(begins(Codec::vp9, "8f81230012"));
  EXPECT_FALSE(begins(Codec::vp9, "cf812300")) << "predicted";
  EXPECT_FALSE(begins(Codec::vp9, "87812300")) << "not the first of its frame";
  EXPECT_FALSE(begins(Codec::vp9, "ac812302")) << "a higher layer";
  EXPECT_TRUE(begins(Codec::h264, "78000f6742c01f8c8d40501e900f08846a00000468ce3c80"));
  EXPECT_TRUE(begins(Codec::h264, "7c85b8")) << "FU-A that begins an IDR slice";
  EXPECT_FALSE(begins(Codec::h264, "7c05b8")) << "its middle";
  EXPECT_FALSE(begins(Codec::h264, "4101")) << "a slice of another picture";
  EXPECT_FALSE(begins(Codec::h264, "78ffff67")) << "a unit that is cut";
  EXPECT_TRUE(begins(Codec::av1, "280b0a000000"));
  EXPECT_TRUE(begins(Codec::av1, "00 02 1200 03 0a0102")) << "a sequence header without the bit";
  EXPECT_TRUE(begins(Codec::av1, "10 0a0102")) << "one unit, without a length";
  EXPECT_FALSE(begins(Codec::av1, "10 320102")) << "a frame";
  EXPECT_FALSE(begins(Codec::av1, "98 0a0102")) << "goes on with a unit of before";
  EXPECT_FALSE(begins(Codec::av1, "00 ff"));
  for (const Codec codec : {Codec::opus, Codec::vp8, Codec::vp9, Codec::h264, Codec::av1}) {
    EXPECT_FALSE(may_begin_key_frame(codec, {}));
  }
}

}  // namespace
}  // namespace onair::sfu
