#include <algorithm>
#include <optional>

#include "sfu/rtp/rtp.hpp"
#include "sfu/srtp/srtp.hpp"
#include "sfu/srtp/srtp_layout.hpp"

namespace onair::sfu {
namespace {

/// The index that a sequence number most likely stands for (RFC 3711, section 3.3.1 and appendix
/// A): the one nearest to the highest so far. There is none below a roll-over counter of 0.
std::uint64_t estimate(std::uint64_t highest, std::uint16_t sequence) {
  constexpr std::uint64_t kCycle = 0x1'0000;
  constexpr std::uint64_t kHalfCycle = kCycle / 2;
  const std::uint64_t last = highest % kCycle;
  const std::uint64_t same_cycle = highest - last + sequence;
  if (last < kHalfCycle) {
    const bool of_last_cycle = sequence > last + kHalfCycle && same_cycle >= kCycle;
    return of_last_cycle ? same_cycle - kCycle : same_cycle;
  }
  return sequence + kHalfCycle < last ? same_cycle + kCycle : same_cycle;
}

template <typename Window>
SrtpRefusal refusal_of(typename Window::Verdict verdict) {
  switch (verdict) {
    case Window::Verdict::fresh: return SrtpRefusal::none;
    case Window::Verdict::marked: return SrtpRefusal::repeated;
    case Window::Verdict::too_old: break;
  }
  return SrtpRefusal::too_old;
}

}  // namespace

std::string_view name_of(SrtpRefusal refusal) {
  switch (refusal) {
    case SrtpRefusal::none: return "none";
    case SrtpRefusal::malformed: return "malformed";
    case SrtpRefusal::no_room: return "no_room";
    case SrtpRefusal::unknown_stream: return "unknown_stream";
    case SrtpRefusal::bad_start: return "bad_start";
    case SrtpRefusal::jump: return "jump";
    case SrtpRefusal::too_old: return "too_old";
    case SrtpRefusal::repeated: return "repeated";
    case SrtpRefusal::differs: return "differs";
    case SrtpRefusal::exhausted: return "exhausted";
    case SrtpRefusal::not_authentic: return "not_authentic";
    case SrtpRefusal::failed: return "failed";
  }
  return "unknown";
}

SrtpReceiver::SrtpReceiver(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpMasterKey& key)
    : rtp_(ciphers, profile, derive_session_key(profile, key, SrtpKind::rtp),
           SrtpTransform::Context::shared),
      rtcp_(ciphers, profile, derive_session_key(profile, key, SrtpKind::rtcp),
            SrtpTransform::Context::shared) {}

SrtpReceived SrtpReceiver::receive_rtp(MutableBytes packet) {
  const auto refuse = [](SrtpRefusal refusal) { return SrtpReceived{.refusal = refusal}; };
  const std::size_t tag_length = tag_size(rtp_.profile());
  if (packet.size() < tag_length) return refuse(SrtpRefusal::malformed);
  const std::size_t size = packet.size() - tag_length;
  const std::size_t header_size = rtp_header_size(packet.first(size));
  if (header_size == 0) return refuse(SrtpRefusal::malformed);

  const std::uint32_t ssrc = read_u32(&packet[kRtpSsrcAt]);
  const std::uint16_t sequence = read_u16(&packet[kSequenceAt]);
  const auto* const stream = find(rtp_streams_, ssrc);
  const std::uint64_t index =
      stream != nullptr ? estimate(stream->received.highest(), sequence) : sequence;
  if (index >= kIndexEnd) return refuse(SrtpRefusal::exhausted);
  if (stream != nullptr) {
    const auto refusal = refusal_of<SequenceWindow<kRtpWindow>>(stream->received.judge(index));
    if (refusal != SrtpRefusal::none) return refuse(refusal);
  }
  const RolloverCounter counter(rtp_.profile(), index);
  const SrtpFrame frame{.ssrc = ssrc,
                        .index = index,
                        .header = packet.first(header_size),
                        .suffix = counter.authenticated()};
  if (!rtp_.open(frame, packet.subspan(header_size, size - header_size), &packet[size])) {
    return refuse(SrtpRefusal::not_authentic);
  }
  mark(rtp_streams_, ssrc, index);
  return {.size = size, .header_size = header_size, .index = index};
}

SrtpResult SrtpReceiver::receive_rtcp(MutableBytes packet) {
  const auto refuse = [](SrtpRefusal refusal) { return SrtpResult{.refusal = refusal}; };
  const std::size_t overhead = RtcpLayout::overhead(rtcp_.profile());
  if (packet.size() < overhead || !is_whole_rtcp(packet.first(packet.size() - overhead))) {
    return refuse(SrtpRefusal::malformed);
  }
  const std::size_t size = packet.size() - overhead;
  const RtcpLayout layout(rtcp_.profile(), size);
  const Bytes word = packet.subspan(layout.index_at(), kIndexWordSize);
  if ((read_u32(word.data()) & kEncryptedFlag) == 0) return refuse(SrtpRefusal::malformed);

  const std::uint32_t ssrc = read_u32(&packet[kRtcpSsrcAt]);
  const std::uint32_t index = read_u32(word.data()) & ~kEncryptedFlag;
  if (const auto* const stream = find(rtcp_streams_, ssrc); stream != nullptr) {
    const auto refusal = refusal_of<SequenceWindow<kRtcpWindow>>(stream->received.judge(index));
    if (refusal != SrtpRefusal::none) return refuse(refusal);
  }
  const SrtpFrame frame{
      .ssrc = ssrc, .index = index, .header = packet.first(kRtcpHeaderSize), .suffix = word};
  const MutableBytes text = packet.subspan(kRtcpHeaderSize, size - kRtcpHeaderSize);
  if (!rtcp_.open(frame, text, &packet[layout.tag_at()])) {
    return refuse(SrtpRefusal::not_authentic);
  }
  mark(rtcp_streams_, ssrc, index);
  return {.size = size};
}

template <std::size_t kWindow>
const SrtpReceiver::Stream<kWindow>* SrtpReceiver::find(const Streams<kWindow>& streams,
                                                        std::uint32_t ssrc) {
  for (const auto& stream : streams) {
    if (stream.ssrc == ssrc) return &stream;
  }
  return nullptr;
}

template <std::size_t kWindow>
void SrtpReceiver::mark(Streams<kWindow>& streams, std::uint32_t ssrc, std::uint64_t index) {
  auto stream = std::ranges::find(streams, ssrc, &Stream<kWindow>::ssrc);
  if (stream == streams.end()) {
    if (streams.size() < kMaxStreams) {
      stream = streams.emplace(streams.end());
    } else {
      stream = std::ranges::min_element(streams, {}, &Stream<kWindow>::last_used);
    }
    *stream = {.ssrc = ssrc, .received = {}, .last_used = 0};
  }
  stream->received.mark(index);
  stream->last_used = ++uses_;
}

}  // namespace onair::sfu
