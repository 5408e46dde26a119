// Viewers ask for what they lost.
#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/publication/publication.hpp"
#include "sfu/way_out.hpp"

namespace onair::sfu {
namespace {

using namespace test;
using std::chrono::milliseconds;

class Resend : public WayOut {
 protected:
  /// Sends a key frame numbered `first` and `count - 1` frames more.
  void send_frames(std::uint32_t first, std::uint32_t count, std::size_t more = 0) {
    for (std::uint32_t i = 0; i < count; ++i) {
      send(MediaKind::video, first + i, i == 0, true, more);
    }
  }
  const ViewerStatistics& statistics(const TestViewer& viewer) {
    return *publication_.statistics(viewer.id);
  }
};

TEST_F(Resend, ComesByRtxWhereAgreed) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 5);
  now_ += milliseconds(50);
  ask_again(viewer, {11, 13});
  const auto resent = viewer.of(kVideoSsrcs.rtx);
  ASSERT_EQ(resent.size(), 2U);
  EXPECT_EQ(resent[0].fields.payload_type, kRtxType);
  EXPECT_EQ(read_u16(bytes_of(resent[0].payload).data()), 11);
  EXPECT_EQ(resent[0].payload.substr(2), "11");
  EXPECT_EQ(resent[1].payload.substr(2), "13");
  EXPECT_EQ(resent[1].fields.timestamp, 130U);
  EXPECT_EQ(resent[1].index, resent[0].index + 1);
  EXPECT_EQ(resent[0].send_time, absolute_send_time(now_));
  EXPECT_EQ(statistics(viewer).resent, 2U);
}

TEST_F(Resend, IsTheSameDatagramWithoutRtx) {
  TestViewer& viewer = join(without_rtx());
  loses_ = [](auto&) { return true; };
  send(MediaKind::video, 10, true, false, 1'000);
  send(MediaKind::video, 11, false, true, 990);
  loses_ = nullptr;
  now_ += milliseconds(50);
  ask_again(viewer, {10, 11});
  now_ += milliseconds(50);
  ASSERT_EQ(viewer.packets.size(), 2U);
  EXPECT_EQ(viewer.packets[1].padding, 10U);
  EXPECT_NE(viewer.packets[1].send_time, absolute_send_time(now_)) << "of the first send";
  ask_again(viewer, {10, 11});
  EXPECT_EQ(viewer.undecrypted, 2U) << "refused by SRTP as repeated";
  EXPECT_EQ(statistics(viewer).resent, 4U) << "SrtpSender refuses any other bytes";
}

TEST_F(Resend, OnlyThoseWhoAskGetIt) {
  TestViewer& asks = join(with_rtx());
  TestViewer& other = join(with_rtx());
  send_frames(10, 3);
  ask_again(asks, {11});
  EXPECT_EQ(asks.of(kVideoSsrcs.rtx).size(), 1U);
  EXPECT_EQ(other.of(kVideoSsrcs.rtx).size(), 0U);
}

TEST_F(Resend, WhatTheTalkerLostIsNotThereAndIsSentWhenItComes) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 2);
  send_frame(13);
  ask_again(viewer, {12});
  EXPECT_TRUE(viewer.of(kVideoSsrcs.rtx).empty());
  send_frame(12);
  ask_again(viewer, {12});
  EXPECT_TRUE(viewer.of(kVideoSsrcs.rtx).empty()) << "is on its way already";
  pass(milliseconds(5));
  EXPECT_EQ(viewer.packets.back().payload, "12");
  EXPECT_EQ(statistics(viewer).refused, 0U);
}

TEST_F(Resend, WhatIsHeldIsNotResent) {
  TestViewer& viewer = join(without_rtx());
  send_key_frame(10);
  send(MediaKind::video, 11, false, false, 1'000);
  ask_again(viewer, {11});
  EXPECT_EQ(viewer.packets.size(), 1U);
  send(MediaKind::video, 12, false, true, 1'010);
  EXPECT_EQ(viewer.packets.size(), 3U);
  EXPECT_EQ(viewer.undecrypted, 0U);
}

TEST_F(Resend, NothingFromBeforeTheViewersBeginning) {
  TestViewer& early = join(with_rtx());
  send_frames(10, 5);
  TestViewer& late = join(with_rtx());
  ask_again(late, {12});
  send_key_frame(15);
  ask_again(late, {12, 14});
  EXPECT_TRUE(late.of(kVideoSsrcs.rtx).empty());
  ask_again(early, {12, 14});
  EXPECT_EQ(early.of(kVideoSsrcs.rtx).size(), 2U);
}

TEST_F(Resend, NothingAfterAChangeOfCodec) {
  Agreement both = without_rtx();
  both[1].formats[1] = {.codec = kH264, .payload_type = 102, .rtx_payload_type = {}};
  TestViewer& viewer = join(both);
  send_frames(10, 5);
  publication_.set_codec(MediaKind::video, kH264, 90'000);
  ask_again(viewer, {12});
  send_key_frame(20);
  ask_again(viewer, {12});
  EXPECT_EQ(viewer.packets.size(), 6U);
  EXPECT_EQ(viewer.undecrypted, 0U);
}

TEST_F(Resend, OnePacketIsResentEightTimesAtMost) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 2);
  for (int i = 0; i < 100; ++i) {
    ask_again(viewer, {11});
    now_ += milliseconds(20);
  }
  EXPECT_EQ(viewer.of(kVideoSsrcs.rtx).size(), ResendTable::kMaxTimes);
}

TEST_F(Resend, ARepeatedRequestIsAnsweredOnce) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 2);
  for (int i = 0; i < 9; ++i) {
    ask_again(viewer, {11});
    now_ += milliseconds(1);
  }
  EXPECT_EQ(viewer.of(kVideoSsrcs.rtx).size(), 1U);
}

TEST_F(Resend, AFloodOfRequestsIsBounded) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 500, 1'000);
  std::vector<std::uint16_t> all;
  for (std::uint16_t number = 10; number < 510; ++number) all.push_back(number);
  for (int i = 0; i < 100; ++i) {
    viewer.packets.clear();
    const auto resent_before = statistics(viewer).resent;
    ask_again(viewer, all);
    now_ += milliseconds(20);
    EXPECT_LE((statistics(viewer).resent - resent_before) * 1'000, ResendCredit::kMost);
  }
  EXPECT_LE(statistics(viewer).resent * 1'000, ResendCredit::kMost)
      << "media earns credit, time not";
  EXPECT_GT(statistics(viewer).resent, 100U);
  const auto spent = statistics(viewer).resent;
  send_frame(510);
  send_frame(511);
  ask_again(viewer, all);
  EXPECT_LE(statistics(viewer).resent, spent + 2);
}

TEST_F(Resend, RequestsOfUnknownSourcesAreIgnored) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 2);
  std::array<std::uint8_t, 100> memory{};
  RtcpWriter writer(memory);
  writer.nack(1, kVideoSsrcs.rtx, std::array<std::uint16_t, 1>{1});
  writer.nack(1, kAudioSsrcs.media, std::array<std::uint16_t, 1>{10});
  writer.pli(1, kAudioSsrcs.media);
  send_rtcp(viewer, writer);
  EXPECT_EQ(viewer.packets.size(), 2U);
  EXPECT_FALSE(publication_.wants_key_frame());
}

TEST_F(Resend, ALossyPathIsRepaired) {
  for (const bool rtx : {true, false}) {
    TestViewer& viewer = join(rtx ? with_rtx() : without_rtx());
    std::mt19937 random(7);
    loses_ = [&](const TestViewer& whose) { return &whose == &viewer && random() % 10 == 0; };
    const std::uint32_t first = rtx ? 65'000U : 70'000U;
    send_frames(first, 1);
    for (std::uint32_t i = 1; i < 600; ++i) {
      send_frame(first + i);
      pass(milliseconds(11));
      if (i % 5 != 0) continue;
      // The viewer asks for what it misses of the last 100.
      std::set<std::string> got;
      for (const ReceivedPacket& packet : viewer.packets) {
        const bool is_rtx = packet.fields.ssrc == kVideoSsrcs.rtx;
        got.insert(packet.payload.substr(is_rtx ? 2 : 0));
      }
      std::vector<std::uint16_t> missing;
      for (std::uint32_t back = std::min(i, 100U); back > 0; --back) {
        const std::uint32_t sequence = first + i - back + 1;
        const auto index = static_cast<std::uint16_t>(sequence - (first - first % (1U << 14)));
        if (!got.contains(std::to_string(sequence))) missing.push_back(index);
      }
      if (!missing.empty()) ask_again(viewer, missing);
    }
    std::set<std::string> got;
    for (const ReceivedPacket& packet : viewer.packets) {
      got.insert(packet.payload.substr(packet.fields.ssrc == kVideoSsrcs.rtx ? 2 : 0));
    }
    EXPECT_GE(got.size(), 590U) << (rtx ? "by RTX" : "by the same packet");
    EXPECT_EQ(statistics(viewer).refused, 0U);
    loses_ = nullptr;
    publication_.remove(viewer.id);
  }
}

TEST_F(Resend, ViewersAskForKeyFrames) {
  TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  EXPECT_FALSE(publication_.wants_key_frame());
  std::array<std::uint8_t, 100> memory{};
  RtcpWriter pli(memory);
  pli.pli(1, kVideoSsrcs.media);
  send_rtcp(viewer, pli);
  EXPECT_TRUE(publication_.wants_key_frame());
  send_key_frame(11);
  RtcpWriter fir(memory);
  fir.fir(1, kVideoSsrcs.media, 5);
  send_rtcp(viewer, fir);
  EXPECT_TRUE(publication_.wants_key_frame());
  send_key_frame(12);
  send_rtcp(viewer, fir);
  EXPECT_FALSE(publication_.wants_key_frame()) << "the same request repeated";
}

TEST_F(Resend, OneViewerGetsSoManyKeyFramesASecond) {
  TestViewer& viewer = join(with_rtx());
  TestViewer& other = join(with_rtx());
  std::uint32_t sequence = 10;
  send_key_frame(sequence);
  std::array<std::uint8_t, 100> memory{};
  RtcpWriter pli(memory);
  pli.pli(1, kVideoSsrcs.media);
  int key_frames = 0;
  for (const TimePoint end = now_ + std::chrono::seconds(10); now_ < end;) {
    now_ += milliseconds(20);
    send_rtcp(viewer, pli);
    if (!publication_.wants_key_frame()) continue;
    send_key_frame(++sequence);
    ++key_frames;
  }
  EXPECT_LE(key_frames, 15);
  EXPECT_GE(key_frames, 10);
  send_rtcp(other, pli);
  EXPECT_TRUE(publication_.wants_key_frame()) << "others may ask";
}

TEST_F(Resend, AFullIntraRequestThatCameTooSoonIsObeyedWhenItIsRepeated) {
  TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  std::array<std::uint8_t, 100> memory{};
  const auto asks = [&](std::uint8_t number) {
    RtcpWriter fir(memory);
    fir.fir(1, kVideoSsrcs.media, number);
    send_rtcp(viewer, fir);
    return publication_.wants_key_frame();
  };
  std::uint8_t number = 1;
  for (; asks(number); ++number) send_key_frame(10U + number);
  EXPECT_EQ(number, kKeyFrameRequestRate.burst + 1U);
  now_ += std::chrono::seconds(1);
  EXPECT_TRUE(asks(number));
}

TEST_F(Resend, NamesOfPacketsHaveARate) {
  TestViewer& viewer = join(with_rtx());
  send_frames(10, 2);
  const std::vector<std::uint16_t> unknown(100, 400);
  for (int i = 0; i < 100; ++i) ask_again(viewer, unknown);
  EXPECT_GT(statistics(viewer).refused, 0U) << "10,000 at once";
  const auto refused = statistics(viewer).refused;
  ask_again(viewer, {11});
  EXPECT_EQ(statistics(viewer).refused, refused + 1);
  now_ += std::chrono::seconds(1);
  ask_again(viewer, {11});
  EXPECT_EQ(viewer.of(kVideoSsrcs.rtx).size(), 1U);
}

}  // namespace
}  // namespace onair::sfu
