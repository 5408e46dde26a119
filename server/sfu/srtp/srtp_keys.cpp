#include "sfu/srtp/srtp_keys.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>

#include <openssl/evp.h>

#include "sfu/base/openssl.hpp"

namespace onair::sfu {
namespace {

enum class Label : std::uint8_t { encryption = 0, authentication = 1, salt = 2 };

/// AES in counter mode over zeros (RFC 3711, section 4.3.3). RTCP's labels follow those of RTP.
void derive(const SrtpMasterKey& master, SrtpKind kind, Label label, std::span<std::uint8_t> into) {
  constexpr std::size_t kLabelAt = 7;
  constexpr std::uint8_t kFirstOfRtcp = 3;
  std::array<std::uint8_t, 16> iv{};
  std::ranges::copy(master.salt, iv.begin());
  iv[kLabelAt] ^= static_cast<std::uint8_t>(static_cast<std::uint8_t>(label) +
                                            (kind == SrtpKind::rtcp ? kFirstOfRtcp : 0));
  const OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  std::ranges::fill(into, std::uint8_t{0});
  int written = 0;
  const bool derived = context &&
                       EVP_EncryptInit_ex2(context.get(), EVP_aes_128_ctr(), master.key.data(),
                                           iv.data(), nullptr) == 1 &&
                       EVP_EncryptUpdate(context.get(), into.data(), &written, into.data(),
                                         static_cast<int>(into.size())) == 1;
  if (!derived) throw std::runtime_error("OpenSSL can't derive SRTP keys.");
}

}  // namespace

std::string_view name_of(SrtpProfile profile) {
  return profile == SrtpProfile::aead_aes_128_gcm ? "SRTP_AEAD_AES_128_GCM"
                                                  : "SRTP_AES128_CM_SHA1_80";
}

SrtpSessionKey derive_session_key(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind) {
  SrtpSessionKey keys;
  derive(master, kind, Label::encryption, keys.key);
  derive(master, kind, Label::salt, std::span(keys.salt).first(salt_size(profile)));
  if (profile == SrtpProfile::aes128_cm_sha1_80) {
    derive(master, kind, Label::authentication, keys.authentication);
  }
  return keys;
}

}  // namespace onair::sfu
