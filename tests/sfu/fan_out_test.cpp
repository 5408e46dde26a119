#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/publication/publication.hpp"
#include "sfu/way_out.hpp"

namespace onair::sfu {
namespace {

using namespace test;
using std::chrono::milliseconds;
using State = OutgoingStream::State;

class FanOut : public WayOut {};

std::vector<std::string> payloads(const std::vector<ReceivedPacket>& packets) {
  std::vector<std::string> payloads;
  for (const ReceivedPacket& packet : packets) payloads.push_back(packet.payload);
  return payloads;
}
using Payloads = std::vector<std::string>;

TEST_F(FanOut, AViewerGetsAudioAtOnceAndVideoFromAKeyFrameOn) {
  TestViewer& viewer = join(with_rtx());
  EXPECT_TRUE(publication_.wants_key_frame());
  send_audio(500);
  send_frame(10);
  pass(milliseconds(20));
  EXPECT_EQ(payloads(viewer.of(kAudioSsrcs.media)), Payloads{"500"});
  EXPECT_EQ(payloads(viewer.of(kVideoSsrcs.media)), Payloads{});
  EXPECT_TRUE(publication_.wants_key_frame());
  send_key_frame(11);
  send_frame(12);
  EXPECT_EQ(payloads(viewer.of(kVideoSsrcs.media)), (Payloads{"11", "12"}));
  EXPECT_FALSE(publication_.wants_key_frame());
}

TEST_F(FanOut, EachViewerGetsItsOwnTypesUnderTheSameSsrc) {
  Agreement firefox = with_rtx();
  firefox[0].formats[0].payload_type = 109;
  firefox[1].formats[0].payload_type = 120;
  firefox[1].absolute_send_time_id = 0;
  TestViewer& one = join(with_rtx());
  TestViewer& other = join(firefox);
  send_audio(500);
  send_key_frame(10);
  ASSERT_EQ(one.packets.size(), 2U);
  ASSERT_EQ(other.packets.size(), 2U);
  EXPECT_EQ(one.of(kVideoSsrcs.media).at(0).fields.payload_type, kVideoType);
  EXPECT_EQ(other.of(kVideoSsrcs.media).at(0).fields.payload_type, 120);
  EXPECT_EQ(other.of(kAudioSsrcs.media).at(0).fields.payload_type, 109);
  EXPECT_EQ(one.of(kVideoSsrcs.media).at(0).send_time, absolute_send_time(now_));
  EXPECT_EQ(other.of(kVideoSsrcs.media).at(0).fields.timestamp, 100U);
}

TEST_F(FanOut, AFrameGoesToAViewerByOneSend) {
  join(with_rtx());
  join(without_rtx());
  send(MediaKind::video, 10, true, false, 1'000);
  send(MediaKind::video, 11, false, false, 1'002);
  send_audio(500);
  send(MediaKind::video, 12, false, true, 990);
  EXPECT_EQ(sends_, 2U) << "one for each viewer";
  EXPECT_EQ(datagrams_, 8U);
  for (const auto& viewer : viewers_) {
    const auto packets = viewer->of(kVideoSsrcs.media);
    ASSERT_EQ(packets.size(), 3U);
    EXPECT_EQ(packets[0].padding, 2U);
    EXPECT_EQ(packets[1].padding, 0U);
    EXPECT_EQ(packets[2].padding, 12U);
    EXPECT_EQ(packets[2].payload, "12" + std::string(990, 'x'));
    EXPECT_EQ(viewer->of(kAudioSsrcs.media).size(), 1U);
  }
}

TEST_F(FanOut, PacketsOfDifferentSizesAreDifferentSends) {
  join(with_rtx());
  send(MediaKind::video, 10, true, false, 100);
  send(MediaKind::video, 11, false, false, 1'000);
  send(MediaKind::video, 12, false, true, 500);
  EXPECT_EQ(sends_, 2U) << "100; 1,000 with 500 behind it";
}

TEST_F(FanOut, AViewerCanBeginInTheMidstOfABatch) {
  TestViewer& viewer = join(with_rtx());
  send(MediaKind::video, 10, false, false);
  send(MediaKind::video, 11, true, true);
  EXPECT_EQ(payloads(viewer.packets), Payloads{"11"});
}

TEST_F(FanOut, WhatTheTalkerLostIsSentWhenItComes) {
  TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  send_frame(12);
  send_frame(11);
  pass(milliseconds(5));
  EXPECT_EQ(payloads(viewer.packets), (Payloads{"10", "12", "11"}));
}

TEST_F(FanOut, RepeatedPacketsOfTheTalkerAreSentOnce) {
  TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  EXPECT_EQ(publication_.take(MediaKind::video, 10), nullptr);
  publication_.publish(MediaKind::video, 10, now_);
  pass(milliseconds(100));
  EXPECT_EQ(viewer.packets.size(), 1U);
}

TEST_F(FanOut, NumbersCrossARollOver) {
  TestViewer& viewer = join(with_rtx());
  const std::uint32_t first = 0xffff'fffd;  // the publication's own wraps as well
  send_key_frame(first);
  for (std::uint32_t i = 1; i < 200; ++i) send_frame(first + i * 1'000);
  EXPECT_EQ(viewer.undecrypted, 0U);
  ASSERT_EQ(viewer.packets.size(), 200U);
  EXPECT_EQ(viewer.packets.back().index, first % (1U << 14) + 199'000U);
}

TEST_F(FanOut, AViewerWithoutTheCodecGetsTheOtherKind) {
  Agreement audio_only = with_rtx();
  audio_only[1].formats[0].codec = kH264;
  TestViewer& viewer = join(audio_only);
  EXPECT_EQ(publication_.state(viewer.id, MediaKind::video), State::off);
  EXPECT_FALSE(publication_.wants_key_frame());
  send_audio(500);
  send_key_frame(10);
  EXPECT_EQ(payloads(viewer.packets), Payloads{"500"});
}

TEST_F(FanOut, ACodecThatAViewerDoesNotKnowStopsThatKind) {
  Agreement both = with_rtx();
  both[1].formats[1] = {.codec = kH264, .payload_type = 102, .rtx_payload_type = 103};
  TestViewer& vp8_only = join(with_rtx());
  TestViewer& knows_both = join(both);
  send_key_frame(10);
  const auto stopped = publication_.set_codec(MediaKind::video, kH264, 90'000);
  EXPECT_EQ(stopped, std::vector<ViewerId>{vp8_only.id});
  EXPECT_TRUE(publication_.wants_key_frame());
  EXPECT_TRUE(publication_.set_codec(MediaKind::video, kH264, 90'000).empty()) << "no change";
  send_key_frame(11);
  send_audio(500);
  pass(milliseconds(5));
  EXPECT_EQ(payloads(vp8_only.packets), (Payloads{"10", "500"}));
  EXPECT_EQ(payloads(knows_both.packets), (Payloads{"10", "11", "500"}));
  EXPECT_EQ(knows_both.packets.at(1).fields.payload_type, 102);
  publication_.set_codec(MediaKind::video, kVp8, 90'000);
  send_key_frame(12);
  EXPECT_EQ(payloads(vp8_only.packets).back(), "12");
  EXPECT_EQ(vp8_only.packets.back().index, vp8_only.packets.front().index + 1);
}

TEST_F(FanOut, PacketsHeldAtAChangeOfCodecAreNotSent) {
  TestViewer& viewer = join(with_rtx());
  send(MediaKind::video, 10, true, false);
  publication_.set_codec(MediaKind::video, kH264, 90'000);
  pass(milliseconds(100));
  EXPECT_TRUE(viewer.packets.empty());
}

TEST_F(FanOut, ViewersGoOnWithAnotherTalker) {
  TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  publication_.begin_talker();
  EXPECT_TRUE(publication_.wants_key_frame());
  send_frame(11);
  send_key_frame(12);
  ASSERT_EQ(payloads(viewer.packets), (Payloads{"10", "12"}));
  EXPECT_EQ(viewer.packets[1].fields.sequence, viewer.packets[0].fields.sequence + 1);
}

TEST_F(FanOut, ARemovedViewerGetsNothingAndTheOthersGoOn) {
  TestViewer& first = join(with_rtx());
  TestViewer& second = join(with_rtx());
  TestViewer& third = join(with_rtx());
  send_key_frame(10);
  publication_.remove(first.id);
  send_frame(11);
  EXPECT_EQ(payloads(first.packets), Payloads{"10"});
  EXPECT_EQ(payloads(second.packets), (Payloads{"10", "11"}));
  EXPECT_EQ(payloads(third.packets), (Payloads{"10", "11"}));
  EXPECT_EQ(publication_.state(first.id, MediaKind::video), State::off);
  EXPECT_EQ(publication_.statistics(first.id), nullptr);
  publication_.remove(first.id);
  EXPECT_EQ(publication_.viewers(), 2U);
  publication_.remove(third.id);
  publication_.remove(second.id);
  EXPECT_EQ(publication_.viewers(), 0U);
  send_frame(12);
  pass(std::chrono::seconds(2));
  EXPECT_EQ(publication_.next_deadline(), TimePoint::max()) << "nothing is left to do";
}

TEST_F(FanOut, AnIdIsNotGivenTwice) {
  TestViewer& first = join(with_rtx());
  publication_.remove(first.id);
  TestViewer& second = join(with_rtx());
  publication_.remove(first.id);
  EXPECT_NE(publication_.statistics(second.id), nullptr);
}

TEST_F(FanOut, AViewersNewAddressIsUsed) {
  TestViewer& first = join(with_rtx());
  TestViewer& moved = join(with_rtx());
  publication_.remove(first.id);
  send_key_frame(10);
  publication_.set_path(moved.id, first.path);
  send_frame(11);
  EXPECT_EQ(moved.packets.size(), 1U);
  EXPECT_EQ(first.undecrypted, 1U) << "goes to the address that was the first viewer's";
}

TEST_F(FanOut, StatisticsCountPackets) {
  join(with_rtx());
  join(with_rtx());
  send_key_frame(10);
  send_audio(500);
  pass(milliseconds(5));
  EXPECT_EQ(publication_.statistics().packets_out, 4U);
  EXPECT_GT(publication_.statistics().bytes_out, 4U * 28);
}

}  // namespace
}  // namespace onair::sfu
