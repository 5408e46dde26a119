#include "light/talker.hpp"

#include <algorithm>
#include <chrono>
#include <poll.h>

#include "sfu/rtp/rtcp.hpp"
#include "sfu/rtp/rtp.hpp"

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using sfu::Bytes;
using sfu::MutableBytes;
using sfu::TimePoint;

constexpr sfu::Duration kTick = 10ms;
constexpr sfu::Duration kFrameInterval = std::chrono::nanoseconds(1'000'000'000 / 30);
constexpr std::uint32_t kFrameTicks = 3'000;  ///< of the clock of video, 90 kHz
// A browser's pacer spreads a frame over some 10 ms.
constexpr sfu::Duration kBurstInterval = 5ms;
constexpr std::size_t kBurst = 2;
constexpr sfu::Duration kAudioInterval = 20ms;
constexpr std::uint32_t kAudioTicks = 960;
constexpr sfu::Duration kReportInterval = 1s;

constexpr std::uint32_t kAudioSsrc = 1'111;
constexpr std::uint32_t kVideoSsrc = 2'222;

/// A frame of 20 ms of silence in stereo, padded to 80 bytes (RFC 6716, sections 3.1 and 3.2.5).
std::array<std::uint8_t, 80> opus_silence() {
  std::array<std::uint8_t, 80> packet{};
  packet[0] = 0xff;  // CELT, full band, 20 ms, stereo, any number of frames
  packet[1] = 0x41;  // padding, and one frame
  packet[2] = 75;    // bytes of padding
  packet[3] = 0xff;
  packet[4] = 0xfe;
  return packet;
}

/// Seconds since 1900, in 1/2^32 s.
std::uint64_t ntp_now() {
  constexpr std::uint64_t kFrom1900To1970 = 2'208'988'800;
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
  const auto rest = std::chrono::nanoseconds(since_1970 - seconds);
  return (static_cast<std::uint64_t>(seconds.count()) + kFrom1900To1970) << 32 |
         (static_cast<std::uint64_t>(rest.count()) << 32) / 1'000'000'000;
}

OwnTransport make_transport(const Agent& agent) {
  return {.ice = sfu::make_ice_credentials(),
          .fingerprint = text_of(agent.certificate.fingerprint())};
}

}  // namespace

Talker::Talker(Agent& agent, const std::string& path, const Clip& clip, Progress& progress)
    : Talker(agent, path, make_transport(agent), clip, progress) {}

Talker::Talker(Agent& agent, const std::string& path, const OwnTransport& own, const Clip& clip,
               Progress& progress)
    : ciphers_(agent.ciphers),
      clip_(clip),
      progress_(progress),
      connection_(agent, own, {.path = path, .offer = talker_offer(own, kAudioSsrc, kVideoSsrc)},
                  kPeer, sfu::Clock::now()),
      audio_{.ssrc = kAudioSsrc, .payload_type = kOpusType},
      video_{.ssrc = kVideoSsrc, .payload_type = kVp8Type} {}

void Talker::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && connection_.state() != Connection::State::failed) {
    const TimePoint tick = sfu::Clock::now() + kTick;
    wait_for_packets(sender_ ? std::min({tick, next_audio_, next_burst_}) : tick);
    const TimePoint now = sfu::Clock::now();
    receive(now);
    connection_.advance(now);
    if (const auto keys = connection_.take_keys()) begin(*keys, now);
    if (sender_) send_due(now);
  }
  connection_.leave();
  progress_.failure = connection_.failure();
  progress_.has_ended = true;
}

void Talker::wait_for_packets(TimePoint until) {
  const auto left = std::max<sfu::Duration>(until - sfu::Clock::now(), 0ns);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec time{.tv_sec = seconds.count(),
                      .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
  pollfd descriptor{.fd = connection_.descriptor(), .events = POLLIN, .revents = 0};
  ppoll(&descriptor, 1, &time, nullptr);
}

void Talker::receive(TimePoint now) {
  connection_.receive(now, [&](sfu::PacketClass kind, MutableBytes packet) {
    if (kind == sfu::PacketClass::rtcp) read_rtcp(packet);
  });
}

void Talker::read_rtcp(MutableBytes packet) {
  if (!receiver_) return;
  const auto plain = receiver_->receive_rtcp(packet);
  if (!plain) return;
  for (const sfu::RtcpPacket& each : sfu::RtcpCompound(packet.first(plain.size))) {
    if (!read_pli(each) && !read_fir(each)) continue;
    is_asked_ = true;
    ++progress_.key_frames_asked;
  }
}

void Talker::begin(const sfu::SrtpKeys& keys, TimePoint now) {
  sender_ = std::make_unique<sfu::SrtpSender>(ciphers_, keys.profile, keys.send);
  receiver_ = std::make_unique<sfu::SrtpReceiver>(ciphers_, keys.profile, keys.receive);
  for (const Track* const track : {&audio_, &video_}) {
    sender_->add_stream(track->ssrc, sfu::Resends::none);
  }
  next_frame_ = next_burst_ = next_audio_ = next_reports_ = now;
  progress_.is_on_air = true;
}

void Talker::send_due(TimePoint now) {
  for (; next_audio_ <= now; next_audio_ += kAudioInterval) send_audio();
  while (next_burst_ <= now) send_video();
  if (now < next_reports_) return;
  next_reports_ = now + kReportInterval;
  send_reports();
}

/// A burst of a frame; the next one is that of the next frame when this one is done.
void Talker::send_video() {
  if (packet_ == 0) begin_frame();
  const std::size_t packets = clip_.packets(frame_);
  std::array<std::uint8_t, Clip::kPacketPayload> payload;
  for (std::size_t sent = 0; sent < kBurst && packet_ < packets; ++sent) {
    const std::size_t size = clip_.write(frame_, packet_++, payload);
    send(video_, packet_ == packets, Bytes(payload).first(size));
  }
  next_burst_ += kBurstInterval;
  if (packet_ < packets) return;
  packet_ = 0;
  frame_ = (frame_ + 1) % clip_.frames();
  next_frame_ += kFrameInterval;
  next_burst_ = next_frame_;
}

void Talker::begin_frame() {
  if (is_asked_) frame_ = 0;
  is_asked_ = false;
  video_.timestamp += kFrameTicks;
}

void Talker::send_audio() {
  static const auto kSilence = opus_silence();
  audio_.timestamp += kAudioTicks;
  send(audio_, false, kSilence);
}

void Talker::send(Track& track, bool marker, Bytes payload) {
  std::array<std::uint8_t, sfu::kMaxPacket> packet;
  std::array<std::uint8_t, 2> number;
  sfu::write_u16(number.data(), transport_number_++);
  sfu::RtpWriter writer(packet, {.marker = marker,
                                 .payload_type = track.payload_type,
                                 .sequence = track.sequence,
                                 .timestamp = track.timestamp,
                                 .ssrc = track.ssrc});
  writer.extension(kTransportNumberId, number);
  const std::uint64_t index = std::uint64_t{track.rollovers} << 16 | track.sequence;
  const auto sealed = sender_->protect_rtp(packet, writer.size(), payload, index);
  if (++track.sequence == 0) ++track.rollovers;
  connection_.send(MutableBytes(packet).first(sealed.size));
  ++track.packets;
  track.octets += static_cast<std::uint32_t>(payload.size());
  ++progress_.packets;
}

void Talker::send_reports() {
  for (const Track* const track : {&audio_, &video_}) {
    std::array<std::uint8_t, 200> memory;
    sfu::RtcpWriter writer(memory);
    writer.sender_report({.ssrc = track->ssrc,
                          .ntp = ntp_now(),
                          .timestamp = track->timestamp,
                          .packets = track->packets,
                          .octets = track->octets});
    writer.source_name(track->ssrc, "light");
    const auto sealed = sender_->protect_rtcp(memory, writer.size());
    connection_.send(MutableBytes(memory).first(sealed.size));
  }
}

}  // namespace onair::load
