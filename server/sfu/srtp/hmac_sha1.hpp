// HMAC-SHA1 (RFC 2104), the authentication of AES128_CM_HMAC_SHA1_80.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include <openssl/sha.h>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

/// HMAC-SHA1 (RFC 2104) with one key. Allocates no memory, and begins each digest behind the key's
/// own block, which is digested once.
///
/// It uses OpenSSL's functions below EVP, which are deprecated since 3.0: EVP_MD and EVP_MAC of 3.0
/// allocate memory twice and more for each packet.
class HmacSha1 {
 public:
  using Digest = std::array<std::uint8_t, SHA_DIGEST_LENGTH>;
  using Key = std::array<std::uint8_t, SHA_DIGEST_LENGTH>;

  explicit HmacSha1(const Key& key);
  HmacSha1(const HmacSha1&) = delete;
  HmacSha1& operator=(const HmacSha1&) = delete;
  ~HmacSha1();

  /// Digest of the parts, one behind the other.
  Digest digest(std::initializer_list<Bytes> parts) const;

 private:
  SHA_CTX inner_;
  SHA_CTX outer_;
};

}  // namespace onair::sfu
