// Bytes and RTP packets for the tests of SRTP.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "sfu/base/bytes.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu::test {

using Packet = std::vector<std::uint8_t>;

inline constexpr std::uint32_t kSsrc = 0xcafebabe;

/// Reads "80 40 f1 7b …"; spaces are free.
inline Packet from_hex(std::string_view text) {
  Packet bytes;
  int digits = 0;
  for (const char digit : text) {
    if (digit == ' ') continue;
    const std::size_t value = std::string_view("0123456789abcdef").find(digit);
    if (value == std::string_view::npos) throw std::invalid_argument("not hexadecimal");
    if (digits++ % 2 == 0) bytes.push_back(0);
    bytes.back() = static_cast<std::uint8_t>(bytes.back() << 4 | value);
  }
  return bytes;
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> array_of(std::string_view hex) {
  std::array<std::uint8_t, kSize> array{};
  std::ranges::copy(from_hex(hex), array.begin());
  return array;
}

inline SrtpMasterKey master_key() {
  return {.key = array_of<16>("e1f97a0d3e018be0d64fa32c06de4139"),
          .salt = array_of<14>("0ec675ad498afeebb6960b3aabe6")};
}

/// GCM's salt is shorter.
inline SrtpMasterKey master_key(SrtpProfile profile) {
  SrtpMasterKey key = master_key();
  std::fill(key.salt.begin() + static_cast<std::ptrdiff_t>(salt_size(profile)), key.salt.end(),
            std::uint8_t{0});
  return key;
}

inline Packet rtp_header(std::uint32_t ssrc, std::uint64_t index) {
  Packet header(12);
  header[0] = 0x80;
  header[1] = 96;
  write_u16(&header[2], static_cast<std::uint16_t>(index));
  write_u32(&header[4], static_cast<std::uint32_t>(3'000 * index));
  write_u32(&header[8], ssrc);
  return header;
}

/// A packet that `sender` encrypted; empty when it refused.
inline Packet protect(SrtpSender& sender, const Packet& header, const Packet& payload,
                      std::uint64_t index, SrtpRefusal* refusal = nullptr) {
  Packet packet = header;
  packet.resize(header.size() + payload.size() + kMaxRtpOverhead);
  const auto result = sender.protect_rtp(packet, header.size(), payload, index);
  if (refusal != nullptr) *refusal = result.refusal;
  packet.resize(result.size);
  return packet;
}

inline Packet protect(SrtpSender& sender, std::uint64_t index, const Packet& payload = {1, 2, 3}) {
  return protect(sender, rtp_header(kSsrc, index), payload, index);
}

inline SrtpRefusal refusal_to_protect(SrtpSender& sender, std::uint64_t index,
                                      const Packet& payload = {1, 2, 3}) {
  SrtpRefusal refusal{};
  protect(sender, rtp_header(kSsrc, index), payload, index, &refusal);
  return refusal;
}

inline Packet receiver_report(std::uint32_t ssrc) {
  Packet report(8);
  report[0] = 0x80;
  report[1] = 201;
  report[3] = 1;
  write_u32(&report[4], ssrc);
  report.insert(report.end(), {0x81, 206, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8});
  return report;
}

inline Packet protect_rtcp(SrtpSender& sender, const Packet& plain) {
  Packet packet = plain;
  packet.resize(plain.size() + kMaxRtcpOverhead);
  packet.resize(sender.protect_rtcp(packet, plain.size()).size);
  return packet;
}

}  // namespace onair::sfu::test
