// Keys of SRTP: those that DTLS gives, and those that packets are encrypted with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace onair::sfu {

/// Ways to protect packets (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
enum class SrtpProfile : std::uint8_t { aead_aes_128_gcm, aes128_cm_sha1_80 };

std::string_view name_of(SrtpProfile profile);

/// Bytes at the end of each packet that prove where it comes from.
constexpr std::size_t tag_size(SrtpProfile profile) {
  return profile == SrtpProfile::aead_aes_128_gcm ? 16 : 10;
}
/// Bytes of a master salt.
constexpr std::size_t salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::aead_aes_128_gcm ? 12 : 14;
}

/// Key of one direction as DTLS gives it.
struct SrtpMasterKey {
  std::array<std::uint8_t, 16> key{};
  std::array<std::uint8_t, 14> salt{};  ///< zero beyond salt_size()

  friend bool operator==(const SrtpMasterKey&, const SrtpMasterKey&) = default;
};

/// Result of a finished handshake, from our end.
struct SrtpKeys {
  SrtpProfile profile = SrtpProfile::aead_aes_128_gcm;
  SrtpMasterKey send;
  SrtpMasterKey receive;
};

enum class SrtpKind : std::uint8_t { rtp, rtcp };

/// Keys of one direction's RTP, or of its RTCP (RFC 3711, section 4.3).
struct SrtpSessionKey {
  std::array<std::uint8_t, 16> key{};
  std::array<std::uint8_t, 14> salt{};            ///< zero beyond salt_size()
  std::array<std::uint8_t, 20> authentication{};  ///< not used by GCM
};

/// Derives them once for the connection's whole life: the key derivation rate is 0. Throws
/// std::runtime_error when OpenSSL has no AES-128-CTR.
SrtpSessionKey derive_session_key(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind);

}  // namespace onair::sfu
