// Records of DTLS 1.2 (RFC 6347, section 4.1), as far as they must be read outside of OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <openssl/ssl.h>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

enum class DtlsContent : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

struct DtlsRecord {
  DtlsContent content{};
  std::uint16_t version = 0;
  std::uint16_t epoch = 0;   ///< 0: not encrypted
  std::uint64_t number = 0;  ///< epoch and sequence number: 64 bits
  Bytes body;
};

/// Takes the next record off a datagram. Nothing when the rest is none.
std::optional<DtlsRecord> take_record(Reader& datagram);

/// The longest message that the handshake records of a datagram claim to be part of, in bytes (RFC
/// 6347, section 4.2.2). OpenSSL allocates as much as is claimed.
std::size_t longest_claimed_message(Bytes record_body);

/// Opens the peer's encrypted records once OpenSSL's object is gone: AES-GCM (RFC 5288), the only
/// kind of cipher that we agree on.
class DtlsReadKey {
 public:
  /// From a finished handshake. Nothing when OpenSSL fails.
  static std::optional<DtlsReadKey> from(SSL* ssl);

  /// Decrypts a short record, such as an alert or Finished, into `plain`. Nothing when it is not
  /// the peer's, or longer than that.
  std::optional<Bytes> open(const DtlsRecord& record, MutableBytes plain) const;

  DtlsReadKey(const DtlsReadKey&) = default;
  DtlsReadKey& operator=(const DtlsReadKey&) = default;
  ~DtlsReadKey();

 private:
  DtlsReadKey() = default;

  std::array<std::uint8_t, 32> key_{};
  std::array<std::uint8_t, 4> salt_{};
  std::uint8_t key_size_ = 0;  ///< 16 or 32
};

}  // namespace onair::sfu
