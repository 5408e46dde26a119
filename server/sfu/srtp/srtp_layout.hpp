// Where SRTP and SRTCP packets have their fields. For srtp_sender.cpp and srtp_receiver.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sfu/base/bytes.hpp"
#include "sfu/srtp/srtp_keys.hpp"

namespace onair::sfu {

inline constexpr std::size_t kSequenceAt = 2;
inline constexpr std::size_t kRtpSsrcAt = 8;
inline constexpr std::size_t kRtcpSsrcAt = 4;

/// Size of the header of a compound RTCP packet, which is not encrypted (RFC 3711, section 3.4).
inline constexpr std::size_t kRtcpHeaderSize = 8;
inline constexpr std::size_t kIndexWordSize = 4;
inline constexpr std::uint32_t kEncryptedFlag = 0x8000'0000;

/// Above the last index of a key's packets: 48 bits (RFC 3711, section 9.2).
inline constexpr std::uint64_t kIndexEnd = std::uint64_t{1} << 48;

inline bool is_whole_rtcp(Bytes packet) {
  return packet.size() >= kRtcpHeaderSize && packet[0] >> 6 == 2;
}

/// An index's high half, as CM authenticates it behind the packet (RFC 3711, section 4.2). GCM has
/// it in its nonce.
class RolloverCounter {
 public:
  RolloverCounter(SrtpProfile profile, std::uint64_t index)
      : size_(profile == SrtpProfile::aead_aes_128_gcm ? 0 : bytes_.size()) {
    write_u32(bytes_.data(), static_cast<std::uint32_t>(index >> 16));
  }
  Bytes authenticated() const { return Bytes(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, 4> bytes_;
  std::size_t size_;
};

/// GCM puts the index behind the tag (RFC 7714, section 9.2), CM in front (RFC 3711, section 3.4).
class RtcpLayout {
 public:
  constexpr RtcpLayout(SrtpProfile profile, std::size_t plain_size)
      : profile_(profile), plain_size_(plain_size) {}

  static constexpr std::size_t overhead(SrtpProfile profile) {
    return tag_size(profile) + kIndexWordSize;
  }
  constexpr std::size_t size() const { return plain_size_ + overhead(profile_); }
  constexpr std::size_t tag_at() const { return plain_size_ + (gcm() ? 0 : kIndexWordSize); }
  constexpr std::size_t index_at() const { return plain_size_ + (gcm() ? tag_size(profile_) : 0); }

 private:
  constexpr bool gcm() const { return profile_ == SrtpProfile::aead_aes_128_gcm; }

  SrtpProfile profile_;
  std::size_t plain_size_;
};

}  // namespace onair::sfu
