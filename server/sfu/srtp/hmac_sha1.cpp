#include "sfu/srtp/hmac_sha1.hpp"

#include <openssl/crypto.h>

// See the header. Ends with this file, which others follow in a unity build.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace onair::sfu {
namespace {

/// Digests the block that a key begins a digest with.
SHA_CTX begin(const HmacSha1::Key& key, std::uint8_t mask) {
  std::array<std::uint8_t, SHA_CBLOCK> block;
  block.fill(mask);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  SHA_CTX sha1;
  SHA1_Init(&sha1);
  SHA1_Update(&sha1, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return sha1;
}

}  // namespace

HmacSha1::HmacSha1(const Key& key) : inner_(begin(key, 0x36)), outer_(begin(key, 0x5c)) {}

HmacSha1::~HmacSha1() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

HmacSha1::Digest HmacSha1::digest(std::initializer_list<Bytes> parts) const {
  Digest digest;
  SHA_CTX sha1 = inner_;
  for (const Bytes part : parts) SHA1_Update(&sha1, part.data(), part.size());
  SHA1_Final(digest.data(), &sha1);
  sha1 = outer_;
  SHA1_Update(&sha1, digest.data(), digest.size());
  SHA1_Final(digest.data(), &sha1);
  return digest;
}

}  // namespace onair::sfu

#pragma GCC diagnostic pop
