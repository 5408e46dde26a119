#include "sfu/ice/stun.hpp"

#include <algorithm>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sfu/base/packet.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kAttributeHeader = 4;
constexpr std::uint32_t kMagicCookie = 0x2112a442;
constexpr std::uint32_t kFingerprintMask = 0x5354554e;
constexpr std::size_t kIntegritySize = 20;
constexpr std::size_t kMaxUsername = 508;
constexpr std::uint8_t kFamilyV4 = 1;
constexpr std::uint8_t kFamilyV6 = 2;
constexpr std::uint16_t kFirstOptionalType = 0x8000;

// RFC 8489, section 18.3; RFC 8445, section 20.2.
enum Attribute : std::uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000a,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802a,
};

constexpr std::size_t padding_after(std::size_t size) {
  return (4 - size % 4) % 4;
}

// CRC-32 of ISO 3309, as FINGERPRINT uses it.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1) != 0 ? 0xedb88320 ^ value >> 1 : value >> 1;
    }
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32(Bytes bytes) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) crc = kTable[(crc ^ byte) & 0xff] ^ crc >> 8;
  return ~crc;
}

std::uint32_t fingerprint(Bytes message) {
  return crc32(message) ^ kFingerprintMask;
}

bool hmac_sha1(std::string_view key, Bytes data, std::uint8_t* digest) {
  unsigned int size = 0;
  return HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
              digest, &size) != nullptr;
}

// The address is masked by the cookie and the transaction id, which follow each other in the header
// (RFC 8489, section 14.2).
void mask_ip(std::uint8_t* ip, std::size_t size, const std::uint8_t* header) {
  for (std::size_t i = 0; i < size; ++i) ip[i] ^= header[4 + i];
}

std::optional<Address> read_xor_address(Bytes value, const std::uint8_t* header) {
  if (value.size() < 4) return std::nullopt;
  const std::size_t ip_size = value.size() - 4;
  const bool is_v4 = value[1] == kFamilyV4 && ip_size == 4;
  if (!is_v4 && !(value[1] == kFamilyV6 && ip_size == 16)) return std::nullopt;
  Address address = is_v4 ? Address::v4({}, 0) : Address{};
  std::uint8_t* const ip = address.ip.data() + address.ip.size() - ip_size;
  std::memcpy(ip, value.data() + 4, ip_size);
  mask_ip(ip, ip_size, header);
  address.port = read_u16(value.data() + 2) ^ static_cast<std::uint16_t>(kMagicCookie >> 16);
  return address;
}

std::optional<std::uint16_t> read_error_code(Bytes value) {
  if (value.size() < 4) return std::nullopt;
  const int hundreds = value[2] & 7;
  const int rest = value[3];
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return static_cast<std::uint16_t>(100 * hundreds + rest);
}

std::optional<std::uint32_t> read_whole_u32(Bytes value) {
  if (value.size() != 4) return std::nullopt;
  return read_u32(value.data());
}

std::optional<std::uint64_t> read_whole_u64(Bytes value) {
  if (value.size() != 8) return std::nullopt;
  return read_u64(value.data());
}

std::optional<std::string_view> read_username(Bytes value) {
  if (value.size() > kMaxUsername) return std::nullopt;
  return text_of(value);
}

// False where the value was malformed.
template <typename Value>
bool set_once(std::optional<Value>& field, std::optional<Value> value) {
  if (!field) field = value;
  return value.has_value();
}

std::string_view reason_of(StunError error) {
  switch (error) {
    case StunError::bad_request: return "Bad Request";
    case StunError::unauthenticated: return "Unauthenticated";
    case StunError::unknown_attribute: return "Unknown Attribute";
    case StunError::role_conflict: return "Role Conflict";
  }
  return {};
}

}  // namespace

std::optional<StunMessage> StunMessage::parse(Bytes packet) {
  if (packet.size() < kHeaderSize || packet.size() > kMaxPacket) return std::nullopt;
  const std::uint16_t type = read_u16(packet.data());
  const std::size_t length = read_u16(packet.data() + 2);
  if (type > 0x3fff || length % 4 != 0 || length != packet.size() - kHeaderSize ||
      read_u32(packet.data() + 4) != kMagicCookie) {
    return std::nullopt;
  }
  StunMessage message;
  message.packet = packet;
  message.message_class = static_cast<StunClass>((type >> 7 & 2) | (type >> 4 & 1));
  message.method =
      static_cast<std::uint16_t>((type >> 2 & 0xf80) | (type >> 1 & 0x70) | (type & 0xf));
  std::memcpy(message.transaction.data(), packet.data() + 8, message.transaction.size());

  Reader reader(packet.subspan(kHeaderSize));
  while (reader.size() > 0) {
    if (message.has_fingerprint) return std::nullopt;
    const std::size_t at = packet.size() - reader.size();
    const auto attribute = reader.u16();
    const auto size = reader.u16();
    if (!attribute || !size) return std::nullopt;
    const auto value = reader.take(*size);
    if (!value || !reader.take(padding_after(*size))) return std::nullopt;
    if (!message.read_attribute(*attribute, *value, at)) return std::nullopt;
  }
  return message;
}

bool StunMessage::read_attribute(std::uint16_t type, Bytes value, std::size_t at) {
  if (type == kFingerprint) {
    has_fingerprint = true;
    return read_whole_u32(value) == fingerprint(packet.first(at));
  }
  if (integrity_at != 0) return true;
  switch (type) {
    case kUsername: return set_once(username, read_username(value));
    case kPriority: return set_once(priority, read_whole_u32(value));
    case kUseCandidate: use_candidate = true; return value.empty();
    case kIceControlling: return set_once(ice_controlling, read_whole_u64(value));
    case kIceControlled: return set_once(ice_controlled, read_whole_u64(value));
    case kXorMappedAddress: return set_once(mapped_address, read_xor_address(value, packet.data()));
    case kErrorCode: return set_once(error_code, read_error_code(value));
    case kMessageIntegrity: integrity_at = at; return value.size() == kIntegritySize;
    // Known to every agent, and of no use here.
    case kMappedAddress:
    case kUnknownAttributes:
    case kRealm:
    case kNonce: return true;
    default: break;
  }
  if (type < kFirstOptionalType && unknown.count < UnknownAttributes::kMax) {
    unknown.types[unknown.count++] = type;
  }
  return true;
}

bool StunMessage::is_authentic(std::string_view password) const {
  if (integrity_at == 0) return false;
  // The digest is that of a message which ends with MESSAGE-INTEGRITY (RFC 8489, section 14.5).
  std::array<std::uint8_t, kMaxPacket> signed_part;
  std::memcpy(signed_part.data(), packet.data(), integrity_at);
  const std::size_t end = integrity_at + kAttributeHeader + kIntegritySize;
  write_u16(signed_part.data() + 2, static_cast<std::uint16_t>(end - kHeaderSize));
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  return hmac_sha1(password, {signed_part.data(), integrity_at}, digest.data()) &&
         CRYPTO_memcmp(digest.data(), packet.data() + integrity_at + kAttributeHeader,
                       kIntegritySize) == 0;
}

StunWriter::StunWriter(MutableBytes buffer, StunClass message_class,
                       const TransactionId& transaction)
    : buffer_(buffer.first(std::min(buffer.size(), kMaxPacket))) {
  fits_ = buffer_.size() >= kHeaderSize;
  if (!fits_) return;
  const auto class_bits = static_cast<unsigned>(message_class);
  write_u16(buffer_.data(), static_cast<std::uint16_t>((class_bits & 2) << 7 |
                                                       (class_bits & 1) << 4 | kBindingMethod));
  write_u16(buffer_.data() + 2, 0);
  write_u32(buffer_.data() + 4, kMagicCookie);
  std::memcpy(buffer_.data() + 8, transaction.data(), transaction.size());
  size_ = kHeaderSize;
}

std::uint8_t* StunWriter::add(std::uint16_t type, std::size_t size) {
  const std::size_t padded = size + padding_after(size);
  fits_ = fits_ && buffer_.size() - size_ >= kAttributeHeader &&
          buffer_.size() - size_ - kAttributeHeader >= padded;
  if (!fits_) return nullptr;
  std::uint8_t* const at = buffer_.data() + size_;
  write_u16(at, type);
  write_u16(at + 2, static_cast<std::uint16_t>(size));
  std::memset(at + kAttributeHeader, 0, padded);
  size_ += kAttributeHeader + padded;
  write_u16(buffer_.data() + 2, static_cast<std::uint16_t>(size_ - kHeaderSize));
  return at + kAttributeHeader;
}

StunWriter& StunWriter::attribute(std::uint16_t type, Bytes value) {
  std::uint8_t* const at = add(type, value.size());
  if (at != nullptr && !value.empty()) std::memcpy(at, value.data(), value.size());
  return *this;
}

StunWriter& StunWriter::username(std::string_view name) {
  fits_ = fits_ && name.size() <= kMaxUsername;
  return attribute(kUsername, bytes_of(name));
}

StunWriter& StunWriter::priority(std::uint32_t value) {
  if (auto* const at = add(kPriority, 4)) write_u32(at, value);
  return *this;
}

StunWriter& StunWriter::use_candidate() {
  add(kUseCandidate, 0);
  return *this;
}

StunWriter& StunWriter::ice_controlling(std::uint64_t tie_breaker) {
  if (auto* const at = add(kIceControlling, 8)) write_u64(at, tie_breaker);
  return *this;
}

StunWriter& StunWriter::ice_controlled(std::uint64_t tie_breaker) {
  if (auto* const at = add(kIceControlled, 8)) write_u64(at, tie_breaker);
  return *this;
}

StunWriter& StunWriter::mapped_address(const Address& address) {
  const std::size_t ip_size = address.is_v4() ? 4 : 16;
  std::uint8_t* const at = add(kXorMappedAddress, 4 + ip_size);
  if (at == nullptr) return *this;
  at[1] = address.is_v4() ? kFamilyV4 : kFamilyV6;
  write_u16(at + 2, address.port ^ static_cast<std::uint16_t>(kMagicCookie >> 16));
  std::memcpy(at + 4, address.ip.data() + address.ip.size() - ip_size, ip_size);
  mask_ip(at + 4, ip_size, buffer_.data());
  return *this;
}

StunWriter& StunWriter::error_code(StunError error) {
  const std::string_view reason = reason_of(error);
  std::uint8_t* const at = add(kErrorCode, 4 + reason.size());
  if (at == nullptr) return *this;
  at[2] = static_cast<std::uint8_t>(static_cast<unsigned>(error) / 100);
  at[3] = static_cast<std::uint8_t>(static_cast<unsigned>(error) % 100);
  std::memcpy(at + 4, reason.data(), reason.size());
  return *this;
}

StunWriter& StunWriter::unknown_attributes(std::span<const std::uint16_t> types) {
  std::uint8_t* at = add(kUnknownAttributes, 2 * types.size());
  if (at == nullptr) return *this;
  for (const std::uint16_t type : types) {
    write_u16(at, type);
    at += 2;
  }
  return *this;
}

StunWriter& StunWriter::integrity(std::string_view password) {
  const std::size_t signed_size = size_;
  std::uint8_t* const at = add(kMessageIntegrity, kIntegritySize);
  if (at == nullptr) return *this;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  fits_ = hmac_sha1(password, buffer_.first(signed_size), digest.data());
  std::memcpy(at, digest.data(), kIntegritySize);
  return *this;
}

Bytes StunWriter::finish() {
  const std::size_t covered = size_;
  std::uint8_t* const at = add(kFingerprint, 4);
  if (at == nullptr) return {};
  write_u32(at, fingerprint(buffer_.first(covered)));
  return buffer_.first(size_);
}

}  // namespace onair::sfu
