#include "sfu/srtp/srtp_transform.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include <openssl/crypto.h>

namespace onair::sfu {
namespace {

constexpr int kGcmTag = static_cast<int>(tag_size(SrtpProfile::aead_aes_128_gcm));
constexpr std::size_t kCounterTag = tag_size(SrtpProfile::aes128_cm_sha1_80);

/// RFC 7714 sections 8.1 and 9.1 for GCM, RFC 3711 section 4.1.1 for CM: the same, but for two
/// bytes of zeros in front.
std::array<std::uint8_t, 16> initial_vector(SrtpProfile profile, const SrtpSessionKey& keys,
                                            const SrtpFrame& frame) {
  const std::size_t ssrc_at = profile == SrtpProfile::aead_aes_128_gcm ? 2 : 4;
  std::array<std::uint8_t, 16> iv{};
  write_u32(&iv[ssrc_at], frame.ssrc);
  write_u16(&iv[ssrc_at + 4], static_cast<std::uint16_t>(frame.index >> 32));
  write_u32(&iv[ssrc_at + 6], static_cast<std::uint32_t>(frame.index));
  for (std::size_t i = 0; i < keys.salt.size(); ++i) iv[i] ^= keys.salt[i];
  return iv;
}

bool update(EVP_CIPHER_CTX* context, std::uint8_t* out, Bytes in) {
  int written = 0;
  return in.empty() ||
         EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1;
}

bool finish(EVP_CIPHER_CTX* context) {
  std::array<std::uint8_t, EVP_MAX_BLOCK_LENGTH> nothing;  // a stream cipher keeps no bytes back
  int written = 0;
  return EVP_CipherFinal_ex(context, nothing.data(), &written) == 1;
}

}  // namespace

SrtpCiphers::SrtpCiphers()
    : gcm_(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)),
      counter_(EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr)),
      shared_gcm_(EVP_CIPHER_CTX_new()),
      shared_counter_(EVP_CIPHER_CTX_new()) {
  const bool ready =
      gcm_ && counter_ && shared_gcm_ && shared_counter_ &&
      EVP_EncryptInit_ex2(shared_gcm_.get(), gcm_.get(), nullptr, nullptr, nullptr) == 1 &&
      EVP_EncryptInit_ex2(shared_counter_.get(), counter_.get(), nullptr, nullptr, nullptr) == 1;
  if (!ready) throw std::runtime_error("OpenSSL has no AES-128-GCM or AES-128-CTR.");
}

SrtpTransform::SrtpTransform(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpSessionKey& keys,
                             Context context)
    : ciphers_(&ciphers), keys_(keys), profile_(profile) {
  if (profile == SrtpProfile::aes128_cm_sha1_80) {
    hmac_ = std::make_unique<const HmacSha1>(keys.authentication);
  }
  if (context == Context::shared) return;
  own_.reset(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* const cipher =
      profile == SrtpProfile::aead_aes_128_gcm ? ciphers.gcm_.get() : ciphers.counter_.get();
  if (!own_ || EVP_EncryptInit_ex2(own_.get(), cipher, keys_.key.data(), nullptr, nullptr) != 1) {
    throw std::runtime_error("OpenSSL can't make a cipher context.");
  }
}

bool SrtpTransform::seal(const SrtpFrame& frame, Bytes plain, std::uint8_t* out,
                         std::uint8_t* tag) {
  if (profile_ == SrtpProfile::aead_aes_128_gcm) return seal_gcm(frame, plain, out, tag);
  if (!count(frame, plain, out)) return false;
  const auto digest = hmac_->digest({frame.header, {out, plain.size()}, frame.suffix});
  std::memcpy(tag, digest.data(), kCounterTag);
  return true;
}

bool SrtpTransform::open(const SrtpFrame& frame, MutableBytes text, const std::uint8_t* tag) {
  if (profile_ == SrtpProfile::aead_aes_128_gcm) return open_gcm(frame, text, tag);
  const auto digest = hmac_->digest({frame.header, text, frame.suffix});
  return CRYPTO_memcmp(digest.data(), tag, kCounterTag) == 0 && count(frame, text, text.data());
}

/// Null when OpenSSL fails.
EVP_CIPHER_CTX* SrtpTransform::begin(const SrtpFrame& frame, Direction direction) {
  const auto iv = initial_vector(profile_, keys_, frame);
  EVP_CIPHER_CTX* const shared = profile_ == SrtpProfile::aead_aes_128_gcm
                                     ? ciphers_->shared_gcm_.get()
                                     : ciphers_->shared_counter_.get();
  EVP_CIPHER_CTX* const context = own_ ? own_.get() : shared;
  const std::uint8_t* const key = own_ ? nullptr : keys_.key.data();
  const int encrypt = direction == Direction::encrypt ? 1 : 0;
  const int begun = EVP_CipherInit_ex2(context, nullptr, key, iv.data(), encrypt, nullptr);
  return begun == 1 ? context : nullptr;
}

bool SrtpTransform::seal_gcm(const SrtpFrame& frame, Bytes plain, std::uint8_t* out,
                             std::uint8_t* tag) {
  EVP_CIPHER_CTX* const context = begin(frame, Direction::encrypt);
  return context != nullptr && update(context, nullptr, frame.header) &&
         update(context, nullptr, frame.suffix) && update(context, out, plain) && finish(context) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTag, tag) == 1;
}

bool SrtpTransform::open_gcm(const SrtpFrame& frame, MutableBytes text, const std::uint8_t* tag) {
  std::array<std::uint8_t, kGcmTag> expected;
  std::memcpy(expected.data(), tag, expected.size());
  EVP_CIPHER_CTX* const context = begin(frame, Direction::decrypt);
  return context != nullptr &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTag, expected.data()) == 1 &&
         update(context, nullptr, frame.header) && update(context, nullptr, frame.suffix) &&
         update(context, text.data(), text) && finish(context);
}

/// AES in counter mode: the same both ways.
bool SrtpTransform::count(const SrtpFrame& frame, Bytes text, std::uint8_t* out) {
  EVP_CIPHER_CTX* const context = begin(frame, Direction::encrypt);
  return context != nullptr && update(context, out, text);
}

}  // namespace onair::sfu
