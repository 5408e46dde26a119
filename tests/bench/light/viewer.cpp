#include "light/viewer.hpp"

#include <algorithm>
#include <utility>

#include "sfu/rtp/key_frame.hpp"
#include "sfu/rtp/rtcp.hpp"
#include "sfu/rtp/rtp.hpp"

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using sfu::MutableBytes;
using sfu::TimePoint;

/// As browsers do for video (RFC 3550, section 6.2, lets a receiver report more often than 5 s).
constexpr sfu::Duration kReportInterval = 1s;
constexpr std::uint64_t kEstimate = 3'000'000;  ///< what a viewer says that its path takes, bit/s

OwnTransport make_transport(const Agent& agent) {
  return {.ice = sfu::make_ice_credentials(),
          .fingerprint = text_of(agent.certificate.fingerprint())};
}

Session with_offer(Session room, const OwnTransport& own) {
  if (room.begin == Session::Begin::peer_offers) room.offer = viewer_offer(own);
  return room;
}

}  // namespace

Viewer::Viewer(Agent& agent, const Session& room, std::uint32_t number, Watching watching,
               TimePoint now)
    : Viewer(agent, room, make_transport(agent), number, watching, now) {}

Viewer::Viewer(Agent& agent, const Session& room, const OwnTransport& own, std::uint32_t number,
               Watching watching, TimePoint now)
    : ciphers_(agent.ciphers),
      connection_(agent, own, with_offer(room, own), number, now),
      watching_(watching),
      number_(number),
      asked_at_(now) {}

bool Viewer::receive(TimePoint now) {
  const bool is_new = connection_.receive(now, [&](sfu::PacketClass kind, MutableBytes packet) {
    if (!reports_) follow_connection(now);  // media may come right behind the end of the handshake
    if (kind == sfu::PacketClass::rtp) count(packet, now);
  });
  follow_connection(now);
  return is_new;
}

void Viewer::follow_connection(TimePoint now) {
  const auto keys = connection_.take_keys();
  if (!keys) return;
  joined_at_ = now;
  next_report_ = now + kReportInterval;
  reports_ = std::make_unique<sfu::SrtpSender>(ciphers_, keys->profile, keys->send);
  receiver_ = std::make_unique<sfu::SrtpReceiver>(ciphers_, keys->profile, keys->receive);
}

void Viewer::count(MutableBytes rtp, TimePoint now) {
  ++packets_;
  const std::uint16_t step = watching_ == Watching::closely ? 1 : kSampling;
  const std::uint16_t sequence = sfu::read_u16(rtp.data() + 2);
  if (sequence % step == 0) {
    if (auto* const samples = samples_of(sfu::read_u32(rtp.data() + 8))) {
      samples->take(sequence, step);
    }
  }
  if (receiver_) look_for_picture(rtp, now);
}

void Viewer::look_for_picture(MutableBytes rtp, TimePoint now) {
  const auto plain = receiver_->receive_rtp(rtp);
  const auto packet = plain ? sfu::parse_rtp(rtp.first(plain.size)) : std::nullopt;
  if (!packet || packet->payload_type == connection_.remote().audio_type) return;
  if (!key_frame_ && may_begin_key_frame(sfu::Codec::vp8, packet->payload)) {
    key_frame_ = packet->timestamp;
  }
  if (key_frame_ != packet->timestamp || !packet->marker) return;
  picture_at_ = now;
  receiver_.reset();
  if (watching_ == Watching::lightly) connection_.socket()->keep_back_most();
}

StreamSamples* Viewer::samples_of(std::uint32_t ssrc) {
  auto* const end = streams_.data() + stream_count_;
  auto* const stream =
      std::find_if(streams_.data(), end, [&](const Stream& each) { return each.ssrc == ssrc; });
  if (stream != end) return &stream->samples;
  if (stream_count_ == streams_.size()) return nullptr;
  streams_[stream_count_].ssrc = ssrc;
  return &streams_[stream_count_++].samples;
}

void Viewer::advance(TimePoint now) {
  connection_.advance(now);
  follow_connection(now);
  if (reports_ && now >= next_report_) send_report(now);
}

/// A receiver report of each stream, and an estimate.
void Viewer::send_report(TimePoint now) {
  next_report_ = now + kReportInterval;
  std::array<sfu::ReportBlock, 4> blocks;
  std::array<std::uint32_t, 4> ssrcs{};
  for (std::size_t i = 0; i < stream_count_; ++i) blocks[i].ssrc = ssrcs[i] = streams_[i].ssrc;
  const std::uint32_t own = number_ + 1;
  std::array<std::uint8_t, 300> memory;
  sfu::RtcpWriter writer(memory);
  writer.receiver_report(own, std::span(blocks).first(stream_count_));
  writer.source_name(own, "light");
  if (stream_count_ > 0) writer.remb(own, kEstimate, std::span(ssrcs).first(stream_count_));
  const auto sealed = reports_->protect_rtcp(memory, writer.size());
  if (sealed) connection_.send(MutableBytes(memory).first(sealed.size));
}

std::uint64_t Viewer::packets() {
  return packets_ + (connection_.socket() != nullptr ? connection_.socket()->kept_back() : 0);
}

std::uint64_t Viewer::sampled() const {
  std::uint64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.samples.expected();
  return sum;
}

std::uint64_t Viewer::missing() {
  std::uint64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.samples.missing();
  const bool reads_all = watching_ == Watching::closely && connection_.socket() != nullptr;
  const std::uint64_t without_room = reads_all ? connection_.socket()->kept_back() : 0;
  return sum - std::min(sum, without_room);
}

std::optional<sfu::Duration> Viewer::joined_after() const {
  return joined_at_ ? std::optional(*joined_at_ - asked_at_) : std::nullopt;
}

std::optional<sfu::Duration> Viewer::picture_after() const {
  return picture_at_ ? std::optional(*picture_at_ - asked_at_) : std::nullopt;
}

}  // namespace onair::load
