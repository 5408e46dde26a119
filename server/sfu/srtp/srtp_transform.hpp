// Encryption of single SRTP packets (RFC 3711 section 4, RFC 7714). It does not watch over indices:
// the forwarder uses SrtpSender and SrtpReceiver, which do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <openssl/evp.h>

#include "sfu/base/bytes.hpp"
#include "sfu/base/openssl.hpp"
#include "sfu/srtp/hmac_sha1.hpp"
#include "sfu/srtp/srtp_keys.hpp"

namespace onair::sfu {

using CipherContext = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

/// OpenSSL's ciphers, fetched once, and working space that all peers of a thread share. Belongs to
/// one thread, and outlives every SrtpSender and SrtpReceiver made with it.
class SrtpCiphers {
 public:
  /// Throws std::runtime_error when OpenSSL lacks AES-128-GCM or AES-128-CTR.
  SrtpCiphers();

 private:
  friend class SrtpTransform;

  OpensslPtr<EVP_CIPHER, EVP_CIPHER_free> gcm_;
  OpensslPtr<EVP_CIPHER, EVP_CIPHER_free> counter_;
  CipherContext shared_gcm_;
  CipherContext shared_counter_;
};

/// The parts of a packet that are not encrypted.
struct SrtpFrame {
  std::uint32_t ssrc = 0;
  std::uint64_t index = 0;  ///< 48 bits for RTP, 31 for RTCP
  Bytes header;             ///< authenticated
  Bytes suffix;             ///< authenticated: ROC, or E flag and SRTCP index
};

/// A key at work: of RTP or RTCP, in one direction.
class SrtpTransform {
 public:
  /// An own context costs 1.2 KB (GCM) or 0.7 KB (CM) and saves 0.16 or 0.07 µs a packet: the time
  /// to set a key. Media to viewers is worth it.
  enum class Context : std::uint8_t { own, shared };

  SrtpTransform(SrtpCiphers& ciphers, SrtpProfile profile, const SrtpSessionKey& keys,
                Context context);

  /// Encrypts `plain` to `out` (the same memory, or other that does not overlap) and writes
  /// tag_size() bytes to `tag`. False when OpenSSL fails.
  bool seal(const SrtpFrame& frame, Bytes plain, std::uint8_t* out, std::uint8_t* tag);

  /// Decrypts in place. False when the tag is wrong: the text is then destroyed.
  bool open(const SrtpFrame& frame, MutableBytes text, const std::uint8_t* tag);

  SrtpProfile profile() const { return profile_; }

 private:
  enum class Direction : std::uint8_t { decrypt, encrypt };

  EVP_CIPHER_CTX* begin(const SrtpFrame& frame, Direction direction);
  bool seal_gcm(const SrtpFrame& frame, Bytes plain, std::uint8_t* out, std::uint8_t* tag);
  bool open_gcm(const SrtpFrame& frame, MutableBytes text, const std::uint8_t* tag);
  bool count(const SrtpFrame& frame, Bytes text, std::uint8_t* out);

  SrtpCiphers* ciphers_;
  CipherContext own_;  ///< null: shared
  SrtpSessionKey keys_;
  std::unique_ptr<const HmacSha1> hmac_;  ///< null: GCM authenticates by itself
  SrtpProfile profile_;
};

}  // namespace onair::sfu
