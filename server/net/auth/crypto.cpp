#include "net/auth/crypto.hpp"

#include <array>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace onair::net {
namespace {

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    text.push_back(digits[bytes[i] >> 4]);
    text.push_back(digits[bytes[i] & 0xf]);
  }
  return text;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct Digest {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
};

Digest hmac(const EVP_MD* function, std::string_view key, std::string_view data) {
  Digest digest;
  HMAC(function, key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
       digest.bytes.data(), &digest.size);
  return digest;
}

}  // namespace

std::string random_hex(std::size_t bytes) {
  std::string random(bytes, '\0');
  auto* const data = reinterpret_cast<unsigned char*>(random.data());
  if (RAND_bytes(data, static_cast<int>(bytes)) != 1) {
    throw std::runtime_error("The system's random number generator failed.");
  }
  return hex(data, bytes);
}

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex(digest.data(), size);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view data) {
  const Digest digest = hmac(EVP_sha256(), key, data);
  return hex(digest.bytes.data(), digest.size);
}

std::string hmac_sha1_base64(std::string_view key, std::string_view data) {
  const Digest digest = hmac(EVP_sha1(), key, data);
  std::string text(4 * ((digest.size + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it by a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.bytes.data(),
                  static_cast<int>(digest.size));
  text.pop_back();
  return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace onair::net
