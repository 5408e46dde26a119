// A talker's connection: its streams are separated, and it gets its feedback.
#include "sfu/publisher/publisher.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kMid = 4, kTransportCc = 3;
constexpr std::uint32_t kAudio = 1, kVideo = 2, kRtx = 3;

TalkerMediaByKind browser() {
  TalkerMedia audio{.codec = Codec::opus, .payload_type = 111};
  audio.mid = "0";
  TalkerMedia video{.codec = Codec::vp8, .payload_type = 96};
  video.rtx_payload_type = 97;
  video.mid = "1";
  video.nack = video.pli = true;
  for (TalkerMedia* media : {&audio, &video}) {
    media->mid_id = kMid;
    media->transport_cc_id = kTransportCc;
  }
  return {audio, video};
}

/// Contents of one datagram to the talker.
struct Feedback {
  std::vector<ReportBlock> blocks;
  std::vector<std::uint16_t> lost;
  std::optional<std::uint64_t> remb;
  int plis = 0, firs = 0, transport = 0, reports = 0, names = 0;
};

class PublisherTest : public ::testing::Test {
 protected:
  void connect(const TalkerMediaByKind& media, const FeedbackOptions& options) {
    publisher = std::make_unique<Publisher>(media, options, audio, video, key_frames, now);
  }
  std::optional<Publisher::Media> send(const RtpFields& fields, std::vector<std::uint8_t> payload,
                                       std::string_view mid = {}) {
    out = {};
    RtpWriter writer(out, fields);
    if (!mid.empty()) writer.extension(kMid, bytes_of(mid));
    std::uint8_t number[2];
    write_u16(number, transport_sequence++);
    writer.extension(kTransportCc, number).payload(payload);
    return publisher->receive_rtp(Bytes(out).first(writer.size()), now);
  }
  std::optional<Publisher::Media> send_video(std::uint16_t sequence, bool key = false) {
    return send({.payload_type = 96, .sequence = sequence, .ssrc = kVideo},
                {0x10, static_cast<std::uint8_t>(key ? 0 : 1), 0});
  }
  std::vector<Feedback> sent() {
    std::vector<Feedback> all;
    std::array<std::uint8_t, PublisherFeedback::kMaxDatagram> datagram{};
    while (const std::size_t size = publisher->feedback().advance(now, datagram)) {
      all.push_back(read(Bytes(datagram).first(size)));
    }
    EXPECT_GT(publisher->feedback().next_deadline(), now) << "all that was due is sent";
    return all;
  }
  static Feedback read(Bytes datagram) {
    Feedback one;
    for (const RtcpPacket& packet : RtcpCompound(datagram)) {
      if (const auto report = read_receiver_report(packet)) {
        ++one.reports;
        one.blocks.assign(report->blocks.begin(), report->blocks.end());
      } else if (const auto nack = read_nack(packet)) {
        nack->each([&](std::uint16_t sequence) {
          one.lost.push_back(sequence);
          return true;
        });
      } else if (const auto remb = read_remb(packet)) {
        one.remb = remb->bits_per_second;
      }
      one.names += read_source_name(packet) ? 1 : 0;
      one.plis += read_pli(packet) ? 1 : 0;
      one.firs += read_fir(packet) ? 1 : 0;
      one.transport += read_transport_feedback(packet) ? 1 : 0;
    }
    return one;
  }
  void send_report(std::uint32_t ssrc, std::uint64_t ntp, std::uint32_t timestamp) {
    std::array<std::uint8_t, 100> datagram{};
    RtcpWriter writer(datagram);
    writer.sender_report({.ssrc = ssrc, .ntp = ntp, .timestamp = timestamp});
    publisher->receive_rtcp(writer.written(), now);
  }

  TimePoint now{seconds(100)};
  IncomingTrack audio{MediaKind::audio};
  IncomingTrack video{MediaKind::video};
  KeyFramePolicy key_frames;
  std::unique_ptr<Publisher> publisher;
  std::array<std::uint8_t, 1'500> out{};
  std::uint16_t transport_sequence = 0;
};

TEST_F(PublisherTest, FindsStreamsByMidOrPayloadType) {
  connect(browser(), {});
  const auto by_mid = send({.payload_type = 111, .ssrc = kAudio}, {1}, "0");
  ASSERT_TRUE(by_mid);
  EXPECT_EQ(by_mid->kind, MediaKind::audio);
  EXPECT_EQ(send_video(1, true)->kind, MediaKind::video);
  EXPECT_FALSE(send({.payload_type = 96, .ssrc = 77}, {0x10, 0}, "7")) << "nobody's section";
  EXPECT_FALSE(send({.payload_type = 50, .ssrc = 78}, {0x10, 0}));
  EXPECT_FALSE(send({.payload_type = 111, .ssrc = kVideo}, {1})) << "audio on the video's stream";
}

TEST_F(PublisherTest, RtxGoesToTheSourceThatItResends) {
  auto media = browser();
  media[1]->sources = {{kVideo, kRtx}};
  connect(media, {});
  send_video(1, true);
  send_video(3);
  const auto restored =
      send({.payload_type = 97, .sequence = 900, .ssrc = kRtx}, {0, 2, 0x10, 1, 0});
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->packet.payload.size(), 3u);
  EXPECT_EQ(restored->packet.payload_type, 96);
  send({.payload_type = 96, .sequence = 500, .ssrc = 99}, {0x10, 0, 0});
  EXPECT_FALSE(send({.payload_type = 97, .sequence = 901, .ssrc = kRtx}, {1, 0xf3, 0x10, 1, 0}))
      << "of the source before";
}

TEST_F(PublisherTest, SsrcsAreBounded) {
  StreamTable table(browser());
  RtpPacket packet;
  packet.payload_type = 96;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    packet.ssrc = i;
    EXPECT_TRUE(table.find(packet, now));
  }
  EXPECT_EQ(table.size(), StreamTable::kMaxStreams);
}

TEST_F(PublisherTest, ReportsEachSecond) {
  connect(browser(), {});
  send_video(1, true);
  send_video(2);
  int reports = 0;
  for (int i = 0; i < 5'000; ++i, now += milliseconds(1)) {
    for (const Feedback& one : sent()) {
      reports += one.reports;
      EXPECT_EQ(one.blocks.size(), 1u);
      EXPECT_FALSE(one.remb);
    }
  }
  EXPECT_EQ(reports, 5);
}

TEST_F(PublisherTest, AsksForWhatIsMissingAtOnce) {
  connect(browser(), {});
  send_video(1, true);
  send_video(4);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].lost, (std::vector<std::uint16_t>{2, 3}));
  EXPECT_EQ(all[0].reports, 1) << "a datagram begins with a report";
  EXPECT_EQ(all[0].names, 1) << "and with a name, or it is no compound";
}

TEST_F(PublisherTest, ReducedSizeLeavesOutTheReport) {
  connect(browser(), {.reduced_size = true});
  send_video(1, true);
  send_video(4);
  const auto all = sent();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].reports, 0);
  EXPECT_EQ(all[0].names, 0);
}

TEST_F(PublisherTest, AsksForKeyFramesAsAgreed) {
  key_frames.set_wanted(true);
  connect(browser(), {});
  EXPECT_TRUE(sent().empty()) << "there is nobody to ask yet";
  send_video(1);
  EXPECT_EQ(sent().at(0).plis, 1);
  EXPECT_TRUE(sent().empty());
  send_video(2, true);
  now += seconds(3);
  for (const Feedback& one : sent()) EXPECT_EQ(one.plis, 0) << "it came";

  key_frames.set_wanted(true);
  connect(browser(), {.fir = true});
  send_video(1);
  EXPECT_EQ(sent().at(0).firs, 1);
}

TEST_F(PublisherTest, ThoseThatAgreedToNeitherAreNotAsked) {
  key_frames.set_wanted(true);
  connect(browser(), {.asks_for_key_frames = false, .remb = 2'000'000});
  send_video(1);
  EXPECT_TRUE(sent().empty());
  now += seconds(1);
  EXPECT_EQ(sent().at(0).remb, 2'000'000u - 2'000'000u % 8);
}

TEST_F(PublisherTest, ReportsArrivals) {
  connect(browser(), {.transport_cc = true});
  for (std::uint16_t i = 0; i < 10; ++i) send_video(i, i == 0);
  EXPECT_TRUE(sent().empty());
  now += milliseconds(50);
  EXPECT_EQ(sent().at(0).transport, 1);
  EXPECT_TRUE(sent().empty());
}

TEST_F(PublisherTest, SenderReportsOfBothKindsShareOneClock) {
  connect(browser(), {});
  const auto sound = send({.payload_type = 111, .timestamp = 960, .ssrc = kAudio}, {1});
  const auto picture = send_video(1, true);
  EXPECT_FALSE(publisher->sender_report(MediaKind::audio));
  constexpr std::uint64_t kSecond = std::uint64_t{1} << 32;
  send_report(kVideo, 7 * kSecond, 0);
  now += seconds(2);
  send_report(kAudio, 9 * kSecond - kSecond / 10, 960);
  const auto of_video = publisher->sender_report(MediaKind::video);
  const auto of_audio = publisher->sender_report(MediaKind::audio);
  ASSERT_TRUE(of_video && of_audio);
  EXPECT_EQ(of_video->ntp, 100 * kSecond) << "our clock";
  EXPECT_EQ(of_audio->ntp - of_video->ntp, 2 * kSecond - kSecond / 10);
  EXPECT_EQ(of_video->timestamp, picture->numbered.timestamp);
  EXPECT_EQ(of_audio->timestamp, sound->numbered.timestamp);
}

TEST_F(PublisherTest, AnotherTalkersClockLeadsToNoStep) {
  constexpr std::uint64_t kSecond = std::uint64_t{1} << 32;
  connect(browser(), {});
  send_video(1, true);
  send_report(kVideo, 1'000 * kSecond, 0);
  const auto before = publisher->sender_report(MediaKind::video)->ntp;
  now += seconds(3);
  connect(browser(), {});
  send_video(1, true);
  EXPECT_FALSE(publisher->sender_report(MediaKind::video));
  send_report(kVideo, 5 * kSecond, 0);
  EXPECT_EQ(publisher->sender_report(MediaKind::video)->ntp - before, 3 * kSecond);
}

}  // namespace
}  // namespace onair::sfu
