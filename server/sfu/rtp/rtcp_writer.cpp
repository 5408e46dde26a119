#include <algorithm>
#include <bit>

#include "sfu/rtp/rtcp.hpp"
#include "sfu/rtp/rtcp_constants.hpp"

namespace onair::sfu {
namespace {

using namespace rtcp;

constexpr std::size_t kMaxCount = 31;
constexpr unsigned kMantissaBits = 18;

std::uint32_t low_u24(std::int32_t number) {
  return static_cast<std::uint32_t>(number) & 0xffffff;
}

void write_block(std::uint8_t* at, const ReportBlock& block) {
  write_u32(at, block.ssrc);
  at[4] = block.fraction_lost;
  write_u24(at + 5, low_u24(block.lost));
  write_u32(at + 8, block.highest_sequence);
  write_u32(at + 12, block.jitter);
  write_u32(at + 16, block.last_report);
  write_u32(at + 20, block.delay);
}

/// The first number of `lost` and those of the sixteen after it that follow. How many that are.
std::size_t gather(std::span<const std::uint16_t> lost, NackItem& item) {
  item = {.sequence = lost[0]};
  std::size_t taken = 1;
  for (; taken < lost.size(); ++taken) {
    const auto behind = static_cast<std::uint16_t>(lost[taken] - item.sequence);
    if (behind < 1 || behind > 16) break;
    item.following = static_cast<std::uint16_t>(item.following | 1u << (behind - 1));
  }
  return taken;
}

}  // namespace

std::uint8_t* RtcpWriter::begin(RtcpType type, std::size_t count, std::size_t body_size) {
  const std::size_t room = out_.size() - size_;
  if (count > kMaxCount || body_size > std::size_t{4} * 0xffff || room < kHeader ||
      room - kHeader < body_size) {
    return nullptr;
  }
  std::uint8_t* const at = out_.data() + size_;
  at[0] = static_cast<std::uint8_t>(kRtpVersion | count);
  at[1] = static_cast<std::uint8_t>(type);
  write_u16(at + 2, static_cast<std::uint16_t>(body_size / 4));
  size_ += kHeader + body_size;
  return at + kHeader;
}

std::uint8_t* RtcpWriter::begin_feedback(RtcpType type, std::size_t format, std::size_t item_bytes,
                                         std::uint32_t sender_ssrc, std::uint32_t media_ssrc) {
  std::uint8_t* const at = begin(type, format, kFeedbackHead + item_bytes);
  if (at == nullptr) return nullptr;
  write_u32(at, sender_ssrc);
  write_u32(at + 4, media_ssrc);
  return at + kFeedbackHead;
}

bool RtcpWriter::sender_report(const SenderInfo& info, std::span<const ReportBlock> blocks) {
  std::uint8_t* at =
      begin(RtcpType::sender_report, blocks.size(), kSenderInfo + blocks.size() * kReportBlock);
  if (at == nullptr) return false;
  write_u32(at, info.ssrc);
  write_u64(at + 4, info.ntp);
  write_u32(at + 12, info.timestamp);
  write_u32(at + 16, info.packets);
  write_u32(at + 20, info.octets);
  at += kSenderInfo;
  for (const ReportBlock& block : blocks) {
    write_block(at, block);
    at += kReportBlock;
  }
  return true;
}

bool RtcpWriter::receiver_report(std::uint32_t ssrc, std::span<const ReportBlock> blocks) {
  std::uint8_t* at =
      begin(RtcpType::receiver_report, blocks.size(), 4 + blocks.size() * kReportBlock);
  if (at == nullptr) return false;
  write_u32(at, ssrc);
  at += 4;
  for (const ReportBlock& block : blocks) {
    write_block(at, block);
    at += kReportBlock;
  }
  return true;
}

bool RtcpWriter::source_name(std::uint32_t ssrc, std::string_view cname) {
  if (cname.size() > 255) return false;
  // At least one zero ends the list of items (RFC 3550, section 6.5).
  const std::size_t used = 4 + 2 + cname.size();
  const std::size_t body_size = (used + 1 + 3) / 4 * 4;
  std::uint8_t* const at = begin(RtcpType::source_description, 1, body_size);
  if (at == nullptr) return false;
  write_u32(at, ssrc);
  at[4] = kCname;
  at[5] = static_cast<std::uint8_t>(cname.size());
  std::copy(cname.begin(), cname.end(), at + 6);
  std::fill(at + used, at + body_size, std::uint8_t{0});
  return true;
}

bool RtcpWriter::bye(std::span<const std::uint32_t> ssrcs) {
  std::uint8_t* at = begin(RtcpType::bye, ssrcs.size(), ssrcs.size() * 4);
  if (at == nullptr) return false;
  for (const std::uint32_t ssrc : ssrcs) {
    write_u32(at, ssrc);
    at += 4;
  }
  return true;
}

bool RtcpWriter::nack(std::uint32_t sender_ssrc, std::uint32_t media_ssrc,
                      std::span<const std::uint16_t> lost) {
  if (lost.empty()) return false;
  NackItem item;
  std::size_t items = 0;
  for (auto rest = lost; !rest.empty(); rest = rest.subspan(gather(rest, item))) ++items;
  std::uint8_t* at =
      begin_feedback(RtcpType::transport_feedback, kNackFormat, items * 4, sender_ssrc, media_ssrc);
  if (at == nullptr) return false;
  for (auto rest = lost; !rest.empty(); at += 4) {
    rest = rest.subspan(gather(rest, item));
    write_u16(at, item.sequence);
    write_u16(at + 2, item.following);
  }
  return true;
}

bool RtcpWriter::pli(std::uint32_t sender_ssrc, std::uint32_t media_ssrc) {
  return begin_feedback(RtcpType::payload_feedback, kPliFormat, 0, sender_ssrc, media_ssrc) !=
         nullptr;
}

bool RtcpWriter::fir(std::uint32_t sender_ssrc, std::uint32_t media_ssrc, std::uint8_t sequence) {
  // The message's own field for a source is 0, the source is in the item (RFC 5104,
  // section 4.3.1.2).
  std::uint8_t* const at =
      begin_feedback(RtcpType::payload_feedback, kFirFormat, 8, sender_ssrc, 0);
  if (at == nullptr) return false;
  write_u32(at, media_ssrc);
  write_u32(at + 4, std::uint32_t{sequence} << 24);
  return true;
}

bool RtcpWriter::remb(std::uint32_t sender_ssrc, std::uint64_t bits_per_second,
                      std::span<const std::uint32_t> ssrcs) {
  if (ssrcs.size() > 255) return false;
  std::uint8_t* at = begin_feedback(RtcpType::payload_feedback, kApplicationFormat,
                                    8 + ssrcs.size() * 4, sender_ssrc, 0);
  if (at == nullptr) return false;
  const auto width = static_cast<unsigned>(std::bit_width(bits_per_second));
  const unsigned exponent = width > kMantissaBits ? width - kMantissaBits : 0;
  const auto mantissa = static_cast<std::uint32_t>(bits_per_second >> exponent);
  write_u32(at, kRemb);
  write_u32(at + 4,
            static_cast<std::uint32_t>(ssrcs.size()) << 24 | exponent << kMantissaBits | mantissa);
  at += 8;
  for (const std::uint32_t ssrc : ssrcs) {
    write_u32(at, ssrc);
    at += 4;
  }
  return true;
}

bool RtcpWriter::transport_feedback(const TransportFeedbackInfo& info,
                                    std::span<const std::uint16_t> chunks, Bytes deltas) {
  const std::size_t used = 8 + chunks.size() * 2 + deltas.size();
  const std::size_t filled = (used + 3) / 4 * 4;
  const std::size_t start = size_;
  std::uint8_t* at = begin_feedback(RtcpType::transport_feedback, kTransportWideFormat, filled,
                                    info.sender_ssrc, info.media_ssrc);
  if (at == nullptr) return false;
  std::uint8_t* const end = at + filled;
  write_u16(at, info.base_sequence);
  write_u16(at + 2, info.packets);
  write_u24(at + 4, low_u24(info.reference_time));
  at[7] = info.feedback_count;
  at += 8;
  for (const std::uint16_t chunk : chunks) {
    write_u16(at, chunk);
    at += 2;
  }
  at = std::copy(deltas.begin(), deltas.end(), at);
  std::fill(at, end, std::uint8_t{0});
  if (filled != used) {
    out_[start] |= kRtpPaddingBit;
    end[-1] = static_cast<std::uint8_t>(filled - used);
  }
  return true;
}

}  // namespace onair::sfu
