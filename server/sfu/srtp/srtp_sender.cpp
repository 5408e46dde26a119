#include <algorithm>
#include <array>
#include <cstring>

#include "sfu/rtp/rtp.hpp"
#include "sfu/srtp/srtp.hpp"
#include "sfu/srtp/srtp_layout.hpp"

namespace onair::sfu {
namespace {

constexpr std::uint64_t kHalfCycle = std::uint64_t{1} << 15;  // of a sequence number

SrtpResult refuse(SrtpRefusal refusal) {
  return {.refusal = refusal};
}

/// Nothing that was encrypted is left behind, for a caller that does not look at the result.
SrtpResult wipe(MutableBytes text, SrtpRefusal refusal) {
  std::ranges::fill(text, std::uint8_t{0});
  return refuse(refusal);
}

}  // namespace

SrtpSender::SrtpSender(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpMasterKey& key)
    : rtp_(ciphers, profile, derive_session_key(profile, key, SrtpKind::rtp),
           SrtpTransform::Context::own),
      rtcp_(ciphers, profile, derive_session_key(profile, key, SrtpKind::rtcp),
            SrtpTransform::Context::shared) {}

bool SrtpSender::add_stream(std::uint32_t ssrc, Resends resends) {
  if (find(ssrc) != nullptr || streams_.size() == kMaxStreams) return false;
  auto tags = resends == Resends::same_packet ? std::make_unique<Tags>() : nullptr;
  streams_.push_back({.ssrc = ssrc, .sent = {}, .tags = std::move(tags)});
  return true;
}

SrtpResult SrtpSender::protect_rtp(MutableBytes packet, std::size_t header_size, Bytes payload,
                                   std::uint64_t index) {
  if (header_size > packet.size() || header_size == 0 ||
      rtp_header_size(packet.first(header_size)) != header_size ||
      read_u16(&packet[kSequenceAt]) != static_cast<std::uint16_t>(index)) {
    return refuse(SrtpRefusal::malformed);
  }
  const std::size_t tag_at = header_size + payload.size();
  const std::size_t size = tag_at + tag_size(rtp_.profile());
  if (size > packet.size()) return refuse(SrtpRefusal::no_room);
  const std::uint32_t ssrc = read_u32(&packet[kRtpSsrcAt]);
  Stream* const stream = find(ssrc);
  if (stream == nullptr) return refuse(SrtpRefusal::unknown_stream);
  if (const auto refusal = judge(*stream, index); refusal != SrtpRefusal::none) {
    return refuse(refusal);
  }
  const RolloverCounter counter(rtp_.profile(), index);
  const SrtpFrame frame{.ssrc = ssrc,
                        .index = index,
                        .header = packet.first(header_size),
                        .suffix = counter.authenticated()};
  const MutableBytes sealed = packet.subspan(header_size, size - header_size);
  std::uint8_t* const tag = &packet[tag_at];
  if (!rtp_.seal(frame, payload, sealed.data(), tag)) return wipe(sealed, SrtpRefusal::failed);
  if (!remember(*stream, index, tag)) return wipe(sealed, SrtpRefusal::differs);
  return {.size = size};
}

SrtpResult SrtpSender::protect_rtcp(MutableBytes packet, std::size_t size) {
  if (size > packet.size() || !is_whole_rtcp(packet.first(size)))
    return refuse(SrtpRefusal::malformed);
  const RtcpLayout layout(rtcp_.profile(), size);
  if (layout.size() > packet.size()) return refuse(SrtpRefusal::no_room);
  if (next_rtcp_index_ == kEncryptedFlag) return refuse(SrtpRefusal::exhausted);
  const std::uint32_t index = next_rtcp_index_++;
  std::uint8_t* const word = &packet[layout.index_at()];
  write_u32(word, kEncryptedFlag | index);
  const SrtpFrame frame{.ssrc = read_u32(&packet[kRtcpSsrcAt]),
                        .index = index,
                        .header = packet.first(kRtcpHeaderSize),
                        .suffix = {word, kIndexWordSize}};
  const MutableBytes text = packet.subspan(kRtcpHeaderSize, size - kRtcpHeaderSize);
  if (!rtcp_.seal(frame, text, text.data(), &packet[layout.tag_at()])) {
    return wipe(text, SrtpRefusal::failed);
  }
  return {.size = layout.size()};
}

SrtpSender::Stream* SrtpSender::find(std::uint32_t ssrc) {
  for (Stream& stream : streams_) {
    if (stream.ssrc == ssrc) return &stream;
  }
  return nullptr;
}

SrtpRefusal SrtpSender::judge(const Stream& stream, std::uint64_t index) {
  const Window& sent = stream.sent;
  if (index >= kIndexEnd) return SrtpRefusal::exhausted;
  if (sent.empty()) return index < kHalfCycle ? SrtpRefusal::none : SrtpRefusal::bad_start;
  if (index > sent.highest() && index - sent.highest() >= kHalfCycle) return SrtpRefusal::jump;
  switch (sent.judge(index)) {
    case Window::Verdict::fresh: return SrtpRefusal::none;
    case Window::Verdict::too_old: return SrtpRefusal::too_old;
    case Window::Verdict::marked: break;
  }
  return stream.tags ? SrtpRefusal::none : SrtpRefusal::repeated;
}

/// Under one key and index, header and payload decide the tag: GCM's, and HMAC's. So the tag that
/// was sent tells whether this is the same packet, at no cost. Half of it does: 2^-64 is the chance
/// that a fault of ours goes unseen. False: another packet was sent under this index.
bool SrtpSender::remember(Stream& stream, std::uint64_t index, const std::uint8_t* tag) {
  const bool sent = stream.sent.judge(index) == Window::Verdict::marked;
  if (!sent) stream.sent.mark(index);
  if (!stream.tags) return !sent;
  const std::uint64_t now = read_u64(tag);
  std::uint64_t& kept = (*stream.tags)[index % kWindow];
  if (!sent) kept = now;
  return kept == now;
}

}  // namespace onair::sfu
