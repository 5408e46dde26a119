// Classes of the packets that come by the one port of the media (RFC 7983, RFC 5761).
#pragma once

#include <cstdint>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

enum class PacketClass : std::uint8_t { stun, dtls, rtp, rtcp, other };

/// By the first two bytes alone; what is too short for its protocol's header is `other`. Parsers
/// still check everything. RTCP differs from RTP by its packet type, 192 to 223, which is a payload
/// type of 64 to 95 with the marker bit: none of those is negotiated (is_taken_for_rtcp).
constexpr PacketClass classify(Bytes packet) {
  constexpr std::size_t kStunHeader = 20;
  constexpr std::size_t kDtlsHeader = 13;
  constexpr std::size_t kRtpHeader = 12;
  constexpr std::size_t kRtcpHeader = 8;
  if (packet.size() < kRtcpHeader) return PacketClass::other;
  const auto fits = [&](PacketClass kind, std::size_t header) {
    return packet.size() < header ? PacketClass::other : kind;
  };
  const std::uint8_t first = packet[0];
  if (first <= 3) return fits(PacketClass::stun, kStunHeader);
  if (first >= 20 && first <= 63) return fits(PacketClass::dtls, kDtlsHeader);
  if (first < 128 || first > 191) return PacketClass::other;
  if (packet[1] >= 192 && packet[1] <= 223) return fits(PacketClass::rtcp, kRtcpHeader);
  return fits(PacketClass::rtp, kRtpHeader);
}

}  // namespace onair::sfu
