#include "sfu/dtls/dtls_records.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "sfu/base/openssl.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kExplicitNonce = 8;
constexpr std::size_t kTag = 16;
constexpr std::size_t kRandom = 32;

OSSL_PARAM octets(const char* name, std::span<std::uint8_t> bytes) {
  return OSSL_PARAM_construct_octet_string(name, bytes.data(), bytes.size());
}

/// The key block of TLS 1.2 (RFC 5246, section 6.3).
bool expand(SSL* ssl, std::span<std::uint8_t> block) {
  std::array<std::uint8_t, SSL_MAX_MASTER_KEY_LENGTH> master;
  const std::size_t master_size =
      SSL_SESSION_get_master_key(SSL_get_session(ssl), master.data(), master.size());
  constexpr std::string_view kLabel = "key expansion";
  std::array<std::uint8_t, kLabel.size() + 2 * kRandom> seed;
  std::ranges::copy(kLabel, seed.begin());
  SSL_get_server_random(ssl, &seed[kLabel.size()], kRandom);
  SSL_get_client_random(ssl, &seed[kLabel.size() + kRandom], kRandom);

  const EVP_MD* const digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  const OpensslPtr<EVP_KDF, EVP_KDF_free> function(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
  if (digest == nullptr || !function) return false;
  const OpensslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free> context(EVP_KDF_CTX_new(function.get()));
  std::string digest_name = EVP_MD_get0_name(digest);
  const std::array<OSSL_PARAM, 4> settings{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name.data(), 0),
      octets(OSSL_KDF_PARAM_SECRET, std::span(master).first(master_size)),
      octets(OSSL_KDF_PARAM_SEED, seed), OSSL_PARAM_construct_end()};
  const bool expanded =
      context && EVP_KDF_derive(context.get(), block.data(), block.size(), settings.data()) == 1;
  OPENSSL_cleanse(master.data(), master.size());
  return expanded;
}

/// RFC 5246, section 6.2.3.3.
std::array<std::uint8_t, 13> additional_data(const DtlsRecord& record, std::size_t plain_size) {
  std::array<std::uint8_t, 13> data;
  write_u64(data.data(), record.number);
  data[8] = static_cast<std::uint8_t>(record.content);
  write_u16(&data[9], record.version);
  write_u16(&data[11], static_cast<std::uint16_t>(plain_size));
  return data;
}

}  // namespace

std::optional<DtlsRecord> take_record(Reader& datagram) {
  constexpr std::uint8_t kDtlsMajor = 0xfe;
  const auto content = datagram.u8();
  const auto version = datagram.u16();
  const auto number = datagram.u64();
  const auto size = datagram.u16();
  if (!content || !version || !number || !size) return std::nullopt;
  if (*version >> 8 != kDtlsMajor) return std::nullopt;
  const auto body = datagram.take(*size);
  if (!body) return std::nullopt;
  return DtlsRecord{.content = static_cast<DtlsContent>(*content),
                    .version = *version,
                    .epoch = static_cast<std::uint16_t>(*number >> 48),
                    .number = *number,
                    .body = *body};
}

std::size_t longest_claimed_message(Bytes record_body) {
  constexpr std::size_t kSequenceAndOffset = 5;
  std::size_t longest = 0;
  Reader reader(record_body);
  while (reader.u8()) {
    const auto whole = reader.u24();
    const auto between = reader.take(kSequenceAndOffset);
    const auto fragment = reader.u24();
    if (whole) longest = std::max<std::size_t>(longest, *whole);
    if (!between || !fragment || !reader.take(*fragment)) break;
  }
  return longest;
}

std::optional<DtlsReadKey> DtlsReadKey::from(SSL* ssl) {
  DtlsReadKey read;
  const int cipher = SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl));
  if (cipher != NID_aes_128_gcm && cipher != NID_aes_256_gcm) return std::nullopt;
  read.key_size_ = cipher == NID_aes_128_gcm ? 16 : 32;

  // The client's key, the server's, the client's salt, the server's.
  std::array<std::uint8_t, 72> space;
  const std::size_t key = read.key_size_;
  const std::size_t salt = read.salt_.size();
  const auto block = std::span(space).first(2 * (key + salt));
  if (!expand(ssl, block)) return std::nullopt;
  const bool client_reads_servers = SSL_is_server(ssl) == 0;
  std::ranges::copy(block.subspan(client_reads_servers ? key : 0, key), read.key_.begin());
  std::ranges::copy(block.subspan(2 * key + (client_reads_servers ? salt : 0), salt),
                    read.salt_.begin());
  OPENSSL_cleanse(space.data(), space.size());
  return read;
}

std::optional<Bytes> DtlsReadKey::open(const DtlsRecord& record, MutableBytes plain) const {
  if (record.version != DTLS1_2_VERSION || record.body.size() < kExplicitNonce + kTag) {
    return std::nullopt;
  }
  const std::size_t size = record.body.size() - kExplicitNonce - kTag;
  if (size > plain.size()) return std::nullopt;
  std::array<std::uint8_t, 12> nonce;
  std::ranges::copy(salt_, nonce.begin());
  std::ranges::copy(record.body.first(kExplicitNonce), nonce.begin() + salt_.size());
  const auto about = additional_data(record, size);
  std::array<std::uint8_t, kTag> tag;
  std::ranges::copy(record.body.last(kTag), tag.begin());

  const OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* const cipher = key_size_ == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  int written = 0;
  const bool opened =
      context &&
      EVP_DecryptInit_ex2(context.get(), cipher, key_.data(), nonce.data(), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, about.data(),
                        static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), plain.data(), &written, record.body.data() + kExplicitNonce,
                        static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), plain.data() + size, &written) == 1;
  if (!opened) return std::nullopt;
  return Bytes(plain).first(size);
}

DtlsReadKey::~DtlsReadKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

}  // namespace onair::sfu
