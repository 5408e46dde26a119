// A publication with viewers that decrypt what they get: for tests.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/ice/demux.hpp"
#include "sfu/publication/publication.hpp"
#include "sfu/rtp/rtcp.hpp"
#include "sfu/rtp/rtp.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu::test {

inline constexpr CodecNumber kOpus = 1;
inline constexpr CodecNumber kVp8 = 2;
inline constexpr CodecNumber kH264 = 3;
inline constexpr StreamSsrcs kAudioSsrcs{.media = 0xa0, .rtx = 0xa1};
inline constexpr StreamSsrcs kVideoSsrcs{.media = 0xb0, .rtx = 0xb1};
inline constexpr std::uint8_t kAudioType = 111;
inline constexpr std::uint8_t kVideoType = 96;
inline constexpr std::uint8_t kRtxType = 97;
inline constexpr std::uint8_t kSendTimeId = 2;

inline OutgoingKind agreed_audio() {
  OutgoingKind audio;
  audio.formats[0] = {.codec = kOpus, .payload_type = kAudioType, .rtx_payload_type = {}};
  audio.forwarded_ids[static_cast<std::size_t>(ForwardedExtension::audio_level)] = 1;
  return audio;
}
inline OutgoingKind agreed_video() {
  OutgoingKind video;
  video.formats[0] = {.codec = kVp8, .payload_type = kVideoType, .rtx_payload_type = kRtxType};
  video.nack = true;
  video.absolute_send_time_id = kSendTimeId;
  return video;
}
inline Agreement with_rtx() {
  return {agreed_audio(), agreed_video()};
}
inline Agreement without_rtx() {
  Agreement agreement = with_rtx();
  agreement[1].formats[0].rtx_payload_type.reset();
  return agreement;
}

struct SentDatagrams {
  Path to;
  std::vector<std::vector<std::uint8_t>> segments;
};

/// Keeps what is sent, cut into datagrams as the kernel would.
class TestOutlet : public Outlet {
 public:
  MutableBytes memory(std::size_t size) override {
    EXPECT_LE(size, memory_.size());
    return memory_;
  }
  void send(const DatagramRun& datagrams) override {
    EXPECT_GT(datagrams.segment_size, 0U);
    SentDatagrams& sent = sent_.emplace_back();
    sent.to = datagrams.to;
    for (Bytes rest = datagrams.bytes; !rest.empty();) {
      const Bytes segment = rest.first(std::min(rest.size(), datagrams.segment_size));
      sent.segments.emplace_back(segment.begin(), segment.end());
      rest = rest.subspan(segment.size());
    }
    EXPECT_LE(sent.segments.size(), RunWriter::kMaxSegments);
  }
  std::vector<SentDatagrams> take() { return std::exchange(sent_, {}); }

 private:
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(65'000);
  std::vector<SentDatagrams> sent_;
};

/// A packet as a viewer has decrypted it.
struct ReceivedPacket {
  RtpFields fields;
  std::string payload;
  std::size_t padding = 0;
  std::uint64_t index = 0;
  std::uint32_t send_time = 0;
  std::vector<std::uint8_t> encrypted;
};

struct ReceivedReport {
  SenderInfo info;
  std::string cname;
};

class TestViewer {
 public:
  TestViewer(SrtpCiphers& ciphers, std::uint8_t number, SrtpProfile profile)
      : sender(ciphers, profile, key(number)), receiver_(ciphers, profile, key(number)) {
    path.remote = Address::v4({10, 0, 0, 1}, number);
  }

  void receive(const std::vector<std::uint8_t>& datagram) {
    if (classify(datagram) == PacketClass::rtcp) return receive_rtcp(datagram);
    std::vector<std::uint8_t> plain = datagram;
    const SrtpReceived received = receiver_.receive_rtp(plain);
    if (!received) {
      ++undecrypted;
      return;
    }
    const auto packet = parse_rtp(Bytes(plain).first(received.size));
    ASSERT_TRUE(packet);
    const auto send_time = packet->extensions.find(kSendTimeId);
    packets.push_back({.fields = *packet,
                       .payload = std::string(text_of(packet->payload)),
                       .padding = packet->padding,
                       .index = received.index,
                       .send_time = send_time ? read_u24(send_time->data()) : 0,
                       .encrypted = datagram});
  }

  /// The packets of one SSRC.
  std::vector<ReceivedPacket> of(std::uint32_t ssrc) const {
    std::vector<ReceivedPacket> found;
    for (const ReceivedPacket& packet : packets) {
      if (packet.fields.ssrc == ssrc) found.push_back(packet);
    }
    return found;
  }

  SrtpSender sender;
  Path path;
  ViewerId id{};
  std::vector<ReceivedPacket> packets;
  std::vector<ReceivedReport> reports;
  std::size_t undecrypted = 0;  ///< repeats among them

 private:
  static SrtpMasterKey key(std::uint8_t number) {
    SrtpMasterKey key;
    key.key.fill(number);
    return key;
  }
  void receive_rtcp(std::vector<std::uint8_t> datagram) {
    const SrtpResult received = receiver_.receive_rtcp(datagram);
    ASSERT_TRUE(received);
    ReceivedReport report;
    for (const RtcpPacket& packet : RtcpCompound(Bytes(datagram).first(received.size))) {
      if (const auto sender_report = read_sender_report(packet)) report.info = sender_report->info;
      if (const auto name = read_source_name(packet)) report.cname = name->cname;
    }
    reports.push_back(report);
  }

  SrtpReceiver receiver_;
};

class WayOut : public testing::Test {
 protected:
  WayOut() {
    publication_.set_codec(MediaKind::audio, kOpus, 48'000);
    publication_.set_codec(MediaKind::video, kVp8, 90'000);
  }

  TestViewer& join(const Agreement& agreement,
                   SrtpProfile profile = SrtpProfile::aead_aes_128_gcm) {
    const auto number = static_cast<std::uint8_t>(viewers_.size() + 1);
    TestViewer& viewer =
        *viewers_.emplace_back(std::make_unique<TestViewer>(ciphers_, number, profile));
    viewer.id = publication_.add(agreement, viewer.path, viewer.sender, now_);
    return viewer;
  }

  /// The talker sends a packet, whose payload is its sequence number and some more bytes.
  void send(MediaKind kind, std::uint32_t sequence, bool key = false, bool marker = false,
            std::size_t more = 0) {
    MediaPacket* const slot = publication_.take(kind, sequence);
    ASSERT_NE(slot, nullptr);
    const std::string payload = std::to_string(sequence) + std::string(more, 'x');
    if (kind == MediaKind::video && std::exchange(frame_ended_, marker)) frame_begin_ = sequence;
    slot->timestamp = (kind == MediaKind::video ? frame_begin_ : sequence) * 10;
    slot->marker = marker;
    slot->begins_key_frame = key;
    slot->extensions = {};
    slot->payload_size = static_cast<std::uint16_t>(payload.size());
    std::copy(payload.begin(), payload.end(), slot->payload_bytes.begin());
    publication_.publish(kind, sequence, now_);
    flush();
  }
  void send_audio(std::uint32_t sequence) { send(MediaKind::audio, sequence); }
  /// A frame of one packet.
  void send_frame(std::uint32_t sequence, bool key = false) {
    send(MediaKind::video, sequence, key, true);
  }
  void send_key_frame(std::uint32_t sequence) { send_frame(sequence, true); }

  /// Sends what is due, and gives it to the viewers, but for what `loses` says.
  void flush() {
    publication_.send_due(now_, outlet_);
    for (const SentDatagrams& sent : outlet_.take()) {
      ++sends_;
      for (const auto& segment : sent.segments) {
        TestViewer& viewer = *viewers_.at(sent.to.remote.port - 1U);
        ++datagrams_;
        if (!loses_ || !loses_(viewer)) viewer.receive(segment);
      }
    }
  }
  void pass(Duration duration) {
    const TimePoint end = now_ + duration;
    while (publication_.next_deadline() <= end) {
      now_ = std::max(now_, publication_.next_deadline());
      flush();
    }
    now_ = end;
  }

  void send_rtcp(const TestViewer& viewer, const RtcpWriter& rtcp) {
    publication_.on_rtcp(viewer.id, rtcp.written(), now_, outlet_);
    flush();
  }
  void ask_again(const TestViewer& viewer, const std::vector<std::uint16_t>& numbers) {
    std::array<std::uint8_t, 1'500> memory{};
    RtcpWriter writer(memory);
    ASSERT_TRUE(writer.nack(1, kVideoSsrcs.media, numbers));
    send_rtcp(viewer, writer);
  }

  TimePoint now_ = TimePoint(std::chrono::hours(1));
  SrtpCiphers ciphers_;
  std::vector<std::unique_ptr<TestViewer>> viewers_;
  TestOutlet outlet_;
  Publication publication_{{.ssrcs = {kAudioSsrcs, kVideoSsrcs}, .cname = "onair"}};
  std::function<bool(const TestViewer&)> loses_;
  bool frame_ended_ = true;
  std::uint32_t frame_begin_ = 0;
  std::size_t sends_ = 0;
  std::size_t datagrams_ = 0;
};

}  // namespace onair::sfu::test
