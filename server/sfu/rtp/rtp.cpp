#include "sfu/rtp/rtp.hpp"

#include <algorithm>
#include <cstring>

namespace onair::sfu {
namespace {

constexpr std::size_t kFixedHeader = 12;
constexpr std::size_t kWord = 4;
constexpr std::uint8_t kExtensionBit = 0x10;
constexpr std::uint8_t kMarkerBit = 0x80;
constexpr std::uint16_t kOneByteProfile = 0xbede;
constexpr std::uint16_t kTwoByteProfile = 0x1000;  ///< its low four bits are the application's
constexpr std::uint8_t kReservedId = 15;

RtpExtensions extensions_of(std::uint16_t profile, Bytes elements) {
  if (profile == kOneByteProfile) return {elements, ExtensionForm::one_byte};
  if ((profile & 0xfff0) == kTwoByteProfile) return {elements, ExtensionForm::two_byte};
  return {};
}

}  // namespace

void RtpExtensions::Iterator::advance() {
  done_ = true;
  Reader reader(rest_);
  auto head = reader.u8();
  while (head == 0) head = reader.u8();  // fills up between elements
  if (!head) return;
  current_.id = *head;
  std::size_t size = 0;
  if (form_ == ExtensionForm::one_byte) {
    current_.id = *head >> 4;
    if (current_.id == 0 || current_.id == kReservedId) return;
    size = (*head & 0x0f) + 1u;
  } else {
    const auto length = reader.u8();
    if (!length) return;
    size = *length;
  }
  const auto value = reader.take(size);
  if (!value) return;
  current_.value = *value;
  rest_ = reader.rest();
  done_ = false;
}

std::optional<Bytes> RtpExtensions::find(std::uint8_t id) const {
  for (const RtpExtension& extension : *this) {
    if (extension.id == id) return extension.value;
  }
  return std::nullopt;
}

std::size_t rtp_header_size(Bytes packet) {
  if (packet.size() < kFixedHeader || (packet[0] & 0xc0) != kRtpVersion) return 0;
  std::size_t size = kFixedHeader + kWord * (packet[0] & 0x0f);
  if ((packet[0] & kExtensionBit) != 0) {
    if (packet.size() < size + kWord) return 0;
    size += kWord + kWord * read_u16(&packet[size + 2]);
  }
  return size <= packet.size() ? size : 0;
}

std::optional<RtpHeader> parse_rtp_header(Bytes packet) {
  const std::size_t size = rtp_header_size(packet);
  if (size == 0) return std::nullopt;
  const std::uint8_t* const at = packet.data();
  RtpHeader header;
  header.marker = (at[1] & kMarkerBit) != 0;
  header.payload_type = at[1] & 0x7f;
  header.sequence = read_u16(at + 2);
  header.timestamp = read_u32(at + 4);
  header.ssrc = read_u32(at + 8);
  header.has_padding = (at[0] & kRtpPaddingBit) != 0;
  header.csrcs = packet.subspan(kFixedHeader, kWord * (at[0] & 0x0f));
  if ((at[0] & kExtensionBit) != 0) {
    const Bytes extension = packet.first(size).subspan(kFixedHeader + header.csrcs.size());
    header.extensions = extensions_of(read_u16(extension.data()), extension.subspan(kWord));
  }
  header.size = size;
  return header;
}

std::optional<RtpPacket> parse_rtp(Bytes packet) {
  const auto header = parse_rtp_header(packet);
  if (!header) return std::nullopt;
  RtpPacket parsed{*header, packet.subspan(header->size), 0};
  if (header->has_padding) {
    if (parsed.payload.empty()) return std::nullopt;
    parsed.padding = parsed.payload.back();
    if (parsed.padding == 0 || parsed.padding > parsed.payload.size()) return std::nullopt;
    parsed.payload = parsed.payload.first(parsed.payload.size() - parsed.padding);
  }
  return parsed;
}

RtpWriter::RtpWriter(MutableBytes out, const RtpFields& fields, ExtensionForm form)
    : out_(out), form_(form) {
  if (!reserve(kFixedHeader)) return;
  std::uint8_t* const at = out_.data();
  at[0] = kRtpVersion;
  at[1] =
      static_cast<std::uint8_t>((fields.marker ? kMarkerBit : 0) | (fields.payload_type & 0x7f));
  write_u16(at + 2, fields.sequence);
  write_u32(at + 4, fields.timestamp);
  write_u32(at + 8, fields.ssrc);
}

RtpWriter& RtpWriter::extension(std::uint8_t id, Bytes value) {
  const bool one_byte = form_ == ExtensionForm::one_byte;
  const bool fits = one_byte ? id >= 1 && id < kReservedId && !value.empty() && value.size() <= 16
                             : id >= 1 && value.size() <= 255;
  if (stage_ != Stage::header || !fits || !begin_extensions()) return fail();

  const std::size_t head = one_byte ? 1 : 2;
  const std::size_t end = extensions_end_ + head + value.size();
  const std::size_t filled = (end + 3) / 4 * 4;  // the header before is a multiple of four
  if (!reserve(filled - size_)) return *this;
  std::uint8_t* const at = out_.data() + extensions_end_;
  if (one_byte) {
    at[0] = static_cast<std::uint8_t>(id << 4 | (value.size() - 1));
  } else {
    at[0] = id;
    at[1] = static_cast<std::uint8_t>(value.size());
  }
  std::copy(value.begin(), value.end(), at + head);
  std::fill(out_.begin() + static_cast<std::ptrdiff_t>(end),
            out_.begin() + static_cast<std::ptrdiff_t>(filled), std::uint8_t{0});
  extensions_end_ = end;
  write_u16(out_.data() + extensions_at_ + 2,
            static_cast<std::uint16_t>((filled - extensions_at_ - 4) / 4));
  return *this;
}

RtpWriter& RtpWriter::payload(Bytes payload) {
  if (stage_ != Stage::header) return fail();
  stage_ = Stage::payload;
  const std::size_t at = size_;
  if (reserve(payload.size()) && !payload.empty()) {
    std::memmove(out_.data() + at, payload.data(), payload.size());
  }
  return *this;
}

RtpWriter& RtpWriter::padding(std::size_t size) {
  if (stage_ == Stage::padding || size < 1 || size > 255) return fail();
  stage_ = Stage::padding;
  const std::size_t at = size_;
  if (!reserve(size)) return *this;
  std::memset(out_.data() + at, 0, size);
  out_[size_ - 1] = static_cast<std::uint8_t>(size);
  out_[0] |= kRtpPaddingBit;
  return *this;
}

bool RtpWriter::begin_extensions() {
  if (extensions_at_ != 0) return true;
  const std::size_t at = size_;
  if (!reserve(4)) return false;
  out_[0] |= kExtensionBit;
  write_u16(out_.data() + at, form_ == ExtensionForm::one_byte ? kOneByteProfile : kTwoByteProfile);
  write_u16(out_.data() + at + 2, 0);
  extensions_at_ = at;
  extensions_end_ = size_;
  return true;
}

bool RtpWriter::reserve(std::size_t size) {
  if (failed_ || size > out_.size() - size_) {
    failed_ = true;
    return false;
  }
  size_ += size;
  return true;
}

RtpWriter& RtpWriter::fail() {
  failed_ = true;
  return *this;
}

}  // namespace onair::sfu
