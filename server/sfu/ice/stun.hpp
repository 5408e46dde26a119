// STUN messages (RFC 8489) as far as ICE needs them (RFC 8445): binding requests, which are its
// connectivity checks, and their responses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"

namespace onair::sfu {

/// RFC 8489, section 5.
enum class StunClass : std::uint8_t { request, indication, success, error };

/// The only method of ICE.
inline constexpr std::uint16_t kBindingMethod = 1;

/// A response has the id of its request.
using TransactionId = std::array<std::uint8_t, 12>;

/// The errors that we answer with (RFC 8489, section 14.8; RFC 8445, section 7.3.1.1).
enum class StunError : std::uint16_t {
  bad_request = 400,
  unauthenticated = 401,
  unknown_attribute = 420,
  role_conflict = 487,
};

/// The first few attributes of a message that nobody here knows and that its sender wants known
/// (types below 0x8000).
struct UnknownAttributes {
  static constexpr std::size_t kMax = 8;

  std::array<std::uint16_t, kMax> types{};
  std::size_t count = 0;

  bool empty() const { return count == 0; }
  std::span<const std::uint16_t> list() const { return {types.data(), count}; }
};

/// A message that was received. It refers to the packet, which must outlive it.
struct StunMessage {
  StunClass message_class = StunClass::request;
  std::uint16_t method = 0;
  TransactionId transaction{};

  // If an attribute is there twice, the first one counts (RFC 8489, section 14). Attributes after
  // MESSAGE-INTEGRITY are left out, since anybody could have put them there (section 14.5).
  std::optional<std::string_view> username;
  std::optional<std::uint32_t> priority;
  bool use_candidate = false;
  std::optional<std::uint64_t> ice_controlling;  ///< the sender's tie-breaker
  std::optional<std::uint64_t> ice_controlled;   ///< the sender's tie-breaker
  std::optional<Address> mapped_address;         ///< XOR-MAPPED-ADDRESS
  std::optional<std::uint16_t> error_code;
  UnknownAttributes unknown;
  bool has_fingerprint = false;

  Bytes packet;
  std::size_t integrity_at = 0;  ///< where MESSAGE-INTEGRITY begins in the packet; 0: there is none

  /// Nothing for what is not a whole STUN message of RFC 5389 or later, has a malformed attribute,
  /// has a FINGERPRINT that is wrong or not the last attribute, or is longer than kMaxPacket.
  static std::optional<StunMessage> parse(Bytes packet);

  /// True where MESSAGE-INTEGRITY is there and was made with this password (HMAC-SHA1 as a
  /// short-term credential, RFC 8489, section 9.1). Compares in constant time.
  bool is_authentic(std::string_view password) const;

 private:
  bool read_attribute(std::uint16_t type, Bytes value, std::size_t at);
};

/// Writes a message of the binding method into a buffer. What does not fit is not written, and the
/// message is then given up: finish() returns nothing.
///
///     StunWriter(buffer, StunClass::success, request.transaction)
///         .mapped_address(from).integrity(password).finish();
class StunWriter {
 public:
  StunWriter(MutableBytes buffer, StunClass message_class, const TransactionId& transaction);

  StunWriter& username(std::string_view name);  ///< at most 508 bytes
  StunWriter& priority(std::uint32_t value);
  StunWriter& use_candidate();
  StunWriter& ice_controlling(std::uint64_t tie_breaker);
  StunWriter& ice_controlled(std::uint64_t tie_breaker);
  StunWriter& mapped_address(const Address& address);  ///< as XOR-MAPPED-ADDRESS
  StunWriter& error_code(StunError error);
  StunWriter& unknown_attributes(std::span<const std::uint16_t> types);
  StunWriter& attribute(std::uint16_t type, Bytes value);

  /// Adds MESSAGE-INTEGRITY, behind which only finish() may follow.
  StunWriter& integrity(std::string_view password);

  /// Adds FINGERPRINT. Returns the message, a part of the buffer; empty where it did not fit.
  Bytes finish();

 private:
  /// Adds an attribute of so many zero bytes and returns where its value begins; null where it does
  /// not fit.
  std::uint8_t* add(std::uint16_t type, std::size_t size);

  MutableBytes buffer_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

}  // namespace onair::sfu
