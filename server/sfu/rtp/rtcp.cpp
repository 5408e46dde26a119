#include "sfu/rtp/rtcp.hpp"

#include "sfu/rtp/rtcp_constants.hpp"

namespace onair::sfu {
namespace {

using namespace rtcp;

/// Extends the sign of a 24-bit number.
std::int32_t signed_u24(std::uint32_t number) {
  return static_cast<std::int32_t>(number << 8) >> 8;
}

bool is(const RtcpPacket& packet, RtcpType type, std::size_t format) {
  return packet.type == type && packet.count == format;
}

/// The SSRCs that a feedback message begins with.
struct FeedbackHead {
  std::uint32_t sender_ssrc;
  std::uint32_t media_ssrc;
  Bytes rest;
};
std::optional<FeedbackHead> read_feedback(const RtcpPacket& packet, RtcpType type,
                                          std::size_t format) {
  if (!is(packet, type, format) || packet.body.size() < kFeedbackHead) return std::nullopt;
  const std::uint8_t* const at = packet.body.data();
  return FeedbackHead{read_u32(at), read_u32(at + 4), packet.body.subspan(kFeedbackHead)};
}

/// As many blocks as the header counts. Nothing if there are fewer.
std::optional<ReportBlocks> read_blocks(const RtcpPacket& packet, std::size_t at) {
  Reader reader(packet.body);
  if (!reader.take(at)) return std::nullopt;
  const auto blocks = reader.take(packet.count * kReportBlock);
  if (!blocks) return std::nullopt;
  return ReportBlocks(*blocks);
}

}  // namespace

void RtcpCompound::Iterator::advance() {
  done_ = true;
  Reader reader(rest_);
  const auto header = reader.take(kHeader);
  if (!header) return;
  const std::uint8_t* const at = header->data();
  auto body = reader.take(std::size_t{4} * read_u16(at + 2));
  if ((at[0] & 0xc0) != kRtpVersion || !body) return;
  if ((at[0] & kRtpPaddingBit) != 0) {
    if (body->empty() || body->back() == 0 || body->back() > body->size()) return;
    body = body->first(body->size() - body->back());
  }
  current_ = {RtcpType{at[1]}, static_cast<std::uint8_t>(at[0] & 0x1f), *body};
  rest_ = reader.rest();
  done_ = false;
}

ReportBlock read_report_block(const std::uint8_t* at) {
  return {.ssrc = read_u32(at),
          .fraction_lost = at[4],
          .lost = signed_u24(read_u24(at + 5)),
          .highest_sequence = read_u32(at + 8),
          .jitter = read_u32(at + 12),
          .last_report = read_u32(at + 16),
          .delay = read_u32(at + 20)};
}

std::optional<SenderReport> read_sender_report(const RtcpPacket& packet) {
  if (packet.type != RtcpType::sender_report) return std::nullopt;
  const auto blocks = read_blocks(packet, kSenderInfo);
  if (!blocks) return std::nullopt;
  const std::uint8_t* const at = packet.body.data();
  return SenderReport{{.ssrc = read_u32(at),
                       .ntp = read_u64(at + 4),
                       .timestamp = read_u32(at + 12),
                       .packets = read_u32(at + 16),
                       .octets = read_u32(at + 20)},
                      *blocks};
}

std::optional<ReceiverReport> read_receiver_report(const RtcpPacket& packet) {
  if (packet.type != RtcpType::receiver_report) return std::nullopt;
  const auto blocks = read_blocks(packet, 4);
  if (!blocks) return std::nullopt;
  return ReceiverReport{read_u32(packet.body.data()), *blocks};
}

std::optional<SourceName> read_source_name(const RtcpPacket& packet) {
  if (packet.type != RtcpType::source_description) return std::nullopt;
  Reader reader(packet.body);
  for (std::size_t source = 0; source < packet.count; ++source) {
    const auto ssrc = reader.u32();
    if (!ssrc) return std::nullopt;
    for (auto item = reader.u8(); item != 0; item = reader.u8()) {
      const auto size = reader.u8();
      if (!size) return std::nullopt;
      const auto text = reader.take(*size);
      if (!text) return std::nullopt;
      if (item == kCname) return SourceName{*ssrc, text_of(*text)};
    }
    // A zero ends a source's items, and more fill it up to a multiple of four.
    reader.take(reader.size() % 4);
  }
  return std::nullopt;
}

std::optional<SsrcList> read_bye(const RtcpPacket& packet) {
  if (packet.type != RtcpType::bye) return std::nullopt;
  const auto ssrcs = Reader(packet.body).take(std::size_t{4} * packet.count);
  if (!ssrcs) return std::nullopt;
  return SsrcList(*ssrcs);
}

NackItem read_nack_item(const std::uint8_t* at) {
  return {read_u16(at), read_u16(at + 2)};
}

std::optional<Nack> read_nack(const RtcpPacket& packet) {
  const auto head = read_feedback(packet, RtcpType::transport_feedback, kNackFormat);
  if (!head) return std::nullopt;
  return Nack{head->sender_ssrc, head->media_ssrc, NackItems(head->rest)};
}

std::optional<PictureLoss> read_pli(const RtcpPacket& packet) {
  const auto head = read_feedback(packet, RtcpType::payload_feedback, kPliFormat);
  if (!head) return std::nullopt;
  return PictureLoss{head->sender_ssrc, head->media_ssrc};
}

FullIntraItem read_full_intra_item(const std::uint8_t* at) {
  return {read_u32(at), at[4]};
}

std::optional<FullIntraRequest> read_fir(const RtcpPacket& packet) {
  const auto head = read_feedback(packet, RtcpType::payload_feedback, kFirFormat);
  if (!head) return std::nullopt;
  return FullIntraRequest{head->sender_ssrc, FullIntraItems(head->rest)};
}

std::optional<BitrateEstimate> read_remb(const RtcpPacket& packet) {
  const auto head = read_feedback(packet, RtcpType::payload_feedback, kApplicationFormat);
  if (!head) return std::nullopt;
  Reader reader(head->rest);
  if (reader.u32() != kRemb) return std::nullopt;
  const auto fixed = reader.take(4);
  if (!fixed) return std::nullopt;
  const auto ssrcs = reader.take(std::size_t{4} * (*fixed)[0]);
  if (!ssrcs) return std::nullopt;
  const unsigned exponent = (*fixed)[1] >> 2;
  const std::uint64_t mantissa = read_u24(fixed->data() + 1) & 0x3ffff;
  const std::uint64_t bits = mantissa << exponent;
  const bool overflows = bits >> exponent != mantissa;
  return BitrateEstimate{head->sender_ssrc,
                         overflows ? std::numeric_limits<std::uint64_t>::max() : bits,
                         SsrcList(*ssrcs)};
}

std::optional<TransportFeedback> read_transport_feedback(const RtcpPacket& packet) {
  const auto head = read_feedback(packet, RtcpType::transport_feedback, kTransportWideFormat);
  if (!head) return std::nullopt;
  Reader reader(head->rest);
  const auto fixed = reader.take(8);
  if (!fixed) return std::nullopt;
  const std::uint8_t* const at = fixed->data();
  return TransportFeedback{{.sender_ssrc = head->sender_ssrc,
                            .media_ssrc = head->media_ssrc,
                            .base_sequence = read_u16(at),
                            .packets = read_u16(at + 2),
                            .reference_time = signed_u24(read_u24(at + 4)),
                            .feedback_count = at[7]},
                           reader.rest()};
}

std::optional<std::int16_t> TransportFeedback::read_delta(unsigned symbol, Reader& deltas) {
  if (symbol == StatusChunk::kSmallDelta) {
    if (const auto small = deltas.u8()) return *small;
  } else if (symbol == StatusChunk::kLargeDelta) {
    if (const auto large = deltas.u16()) return static_cast<std::int16_t>(*large);
  }
  return std::nullopt;
}

}  // namespace onair::sfu
