// Sender reports to viewers, and what viewers report.
#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/publication/publication.hpp"
#include "sfu/way_out.hpp"

namespace onair::sfu {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kNtp = 0xe000'0000'4000'0000;

class SenderReports : public WayOut {
 protected:
  static std::vector<SenderInfo> of(const TestViewer& viewer, std::uint32_t ssrc) {
    std::vector<SenderInfo> found;
    for (const ReceivedReport& report : viewer.reports) {
      if (report.info.ssrc == ssrc) found.push_back(report.info);
    }
    return found;
  }
  void set_clocks() {
    publication_.set_clock(MediaKind::audio, {.ntp = kNtp, .timestamp = 1'000, .at = now_});
    publication_.set_clock(MediaKind::video, {.ntp = kNtp, .timestamp = 2'000, .at = now_});
  }
};

TEST_F(SenderReports, AreNotSentBeforeTheTalkersFirst) {
  const TestViewer& viewer = join(with_rtx());
  send_audio(500);
  send_key_frame(10);
  pass(seconds(3));
  EXPECT_TRUE(viewer.reports.empty());
  publication_.set_clock(MediaKind::audio, {.ntp = kNtp, .timestamp = 1'000, .at = now_});
  flush();
  ASSERT_EQ(viewer.reports.size(), 1U) << "at once, and of audio alone";
  EXPECT_EQ(viewer.reports[0].info.ssrc, kAudioSsrcs.media);
  EXPECT_EQ(viewer.reports[0].info.ntp, kNtp);
  EXPECT_EQ(viewer.reports[0].info.timestamp, 1'000U);
}

TEST_F(SenderReports, ANewViewerGetsBothWithItsFirstPackets) {
  set_clocks();
  now_ += milliseconds(1'500);
  const TestViewer& viewer = join(with_rtx());
  flush();
  EXPECT_TRUE(viewer.reports.empty()) << "nothing was sent that they could speak of";
  send_audio(500);
  send_key_frame(10);
  ASSERT_EQ(viewer.reports.size(), 2U);
  const SenderInfo& audio = viewer.reports[0].info;
  const SenderInfo& video = viewer.reports[1].info;
  EXPECT_EQ(audio.ntp, kNtp + (std::uint64_t{3} << 31));
  EXPECT_EQ(audio.ntp, video.ntp);
  EXPECT_EQ(audio.timestamp, 1'000U + 72'000);
  EXPECT_EQ(video.timestamp, 2'000U + 135'000);
  EXPECT_EQ(viewer.reports[0].cname, "onair");
  EXPECT_EQ(viewer.reports[1].cname, "onair");
}

TEST_F(SenderReports, ComeEachSecondWithCounts) {
  set_clocks();
  const TestViewer& viewer = join(with_rtx());
  send_key_frame(10);
  send_frame(11);
  pass(seconds(10));
  const auto reports = of(viewer, kVideoSsrcs.media);
  EXPECT_GE(reports.size(), 9U);
  EXPECT_LE(reports.size(), 12U);
  EXPECT_EQ(reports.back().packets, 2U);
  EXPECT_EQ(reports.back().octets, 4U);
}

// Lips: two samples of one instant get the same NTP time, however far apart the talker's reports of
// audio and video are, and whenever the viewer's are made.
TEST_F(SenderReports, KeepLipsInSync) {
  const std::uint32_t audio_begin = 0xffff'ff00;
  const std::uint32_t video_begin = 0xffff'0000;
  const TimePoint begin = now_;
  const auto talker_reports = [&](MediaKind kind, std::uint32_t timestamp, std::uint32_t rate) {
    const auto passed = std::chrono::duration_cast<milliseconds>(now_ - begin).count();
    publication_.set_clock(
        kind, {.ntp = kNtp + ntp_duration(now_ - begin),
               .timestamp = timestamp + static_cast<std::uint32_t>(passed * rate / 1'000),
               .at = now_ + milliseconds(40)});
  };
  const TestViewer& viewer = join(with_rtx());
  send_audio(500);
  send_key_frame(10);
  talker_reports(MediaKind::video, video_begin, 90'000);
  pass(milliseconds(1'700));
  talker_reports(MediaKind::video, video_begin, 90'000);
  pass(milliseconds(600));
  talker_reports(MediaKind::audio, audio_begin, 48'000);
  pass(milliseconds(3'333));
  // By a report, what is the NTP time of a sample? In milliseconds since the beginning.
  const auto time_of = [&](const SenderInfo& info, std::uint32_t timestamp, double rate) {
    const double reported =
        static_cast<double>(static_cast<std::int64_t>(info.ntp - kNtp)) / 4'294'967.296;
    return reported + 1'000.0 * static_cast<std::int32_t>(timestamp - info.timestamp) / rate;
  };
  const auto audio = of(viewer, kAudioSsrcs.media);
  const auto video = of(viewer, kVideoSsrcs.media);
  ASSERT_GE(audio.size(), 3U);
  ASSERT_GE(video.size(), 5U);
  for (const SenderInfo& info : audio) {
    EXPECT_NEAR(time_of(info, audio_begin + 48'000, 48'000), 1'000, 0.05);
  }
  for (const SenderInfo& info : video) {
    EXPECT_NEAR(time_of(info, video_begin + 90'000, 90'000), 1'000, 0.05);
  }
}

TEST_F(SenderReports, StopWithTheTalkerUntilTheNextReports) {
  const TestViewer& viewer = join(with_rtx());
  send_audio(500);
  pass(milliseconds(5));
  set_clocks();
  flush();
  EXPECT_EQ(viewer.reports.size(), 1U);
  publication_.begin_talker();
  pass(seconds(5));
  EXPECT_EQ(viewer.reports.size(), 1U);
  set_clocks();
  flush();
  EXPECT_EQ(viewer.reports.size(), 2U);
}

TEST_F(SenderReports, WhatAViewerSaysIsKept) {
  set_clocks();
  TestViewer& viewer = join(with_rtx());
  send_audio(500);
  pass(milliseconds(5));
  const SenderInfo sent = of(viewer, kAudioSsrcs.media).at(0);
  now_ += milliseconds(300);
  const ReportBlock block{.ssrc = kAudioSsrcs.media,
                          .fraction_lost = 25,
                          .lost = 7,
                          .jitter = 3,
                          .last_report = middle_of(sent.ntp),
                          .delay = 65'536 / 4};
  std::array<std::uint8_t, 200> memory{};
  RtcpWriter writer(memory);
  writer.receiver_report(1, std::array{block});
  writer.remb(1, 1'500'000, std::array{kVideoSsrcs.media});
  send_rtcp(viewer, writer);
  const ViewerStatistics& statistics = *publication_.statistics(viewer.id);
  EXPECT_NEAR(static_cast<double>(statistics.estimate.value_or(0)), 1'500'000, 10'000);
  const ViewerReception& audio = statistics.kinds[0];
  EXPECT_EQ(audio.fraction_lost, 25);
  EXPECT_EQ(audio.lost, 7);
  EXPECT_EQ(audio.jitter, 3U);
  EXPECT_EQ(audio.round_trip, Duration(milliseconds(50)));
  EXPECT_FALSE(statistics.kinds[1].round_trip);
}

TEST_F(SenderReports, AViewerWhoseEstimateIsBelowWhatIsSentIsSlow) {
  TestViewer& slow = join(with_rtx());
  TestViewer& fast = join(with_rtx());
  join(with_rtx());  // says nothing
  std::array<std::uint8_t, 100> memory{};
  const auto estimates = [&](const TestViewer& viewer, std::uint64_t bits_per_second) {
    RtcpWriter writer(memory);
    writer.remb(1, bits_per_second, std::array{kVideoSsrcs.media});
    send_rtcp(viewer, writer);
  };
  estimates(slow, 400'000);
  estimates(fast, 1'000'000);
  EXPECT_EQ(publication_.slow_viewers(), 0U) << "nothing is sent yet";
  for (std::uint32_t sequence = 10; sequence < 210; ++sequence) {
    send(MediaKind::video, sequence, sequence == 10, true, 998);  // 800 kbit/s
    pass(milliseconds(10));
  }
  EXPECT_EQ(publication_.slow_viewers(), 1U);
  estimates(slow, 900'000);
  EXPECT_EQ(publication_.slow_viewers(), 0U);
}

TEST(SenderClock, GoesOnAndBack) {
  const TimePoint at{seconds(100)};
  const ClockReading last{.ntp = kNtp, .timestamp = 50, .at = at};
  EXPECT_EQ(read_clock_at(last, 48'000, at), last);
  const ClockReading later = read_clock_at(last, 48'000, at + seconds(100'000));
  EXPECT_EQ(later.ntp - kNtp, std::uint64_t{100'000} << 32);
  EXPECT_EQ(later.timestamp, static_cast<std::uint32_t>(50 + 4'800'000'000));
  const ClockReading before = read_clock_at(last, 48'000, at - milliseconds(250));
  EXPECT_EQ(kNtp - before.ntp, std::uint64_t{1} << 30);
  EXPECT_EQ(before.timestamp, static_cast<std::uint32_t>(50 - 12'000));
}

}  // namespace
}  // namespace onair::sfu
