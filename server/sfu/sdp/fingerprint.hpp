// Certificate fingerprints of SDP (RFC 8122): they tie a DTLS peer to its session description.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

enum class FingerprintHash : std::uint8_t { sha256, sha384, sha512 };

/// The digest of a certificate in DER form.
struct Fingerprint {
  FingerprintHash hash = FingerprintHash::sha256;
  std::array<std::uint8_t, 64> bytes{};  ///< zero beyond the hash's own size

  Bytes digest() const;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// The fingerprints of one peer, whose certificate matches one of them.
using Fingerprints = std::vector<Fingerprint>;

/// Those by the longest hash, which alone count (RFC 8122, section 5).
Fingerprints by_longest_hash(Fingerprints all);

/// Says which part of a fingerprint can't be used, in a sentence for people.
struct FingerprintRefusal {
  std::string message;
};

/// The hash of this name, if it is one of the three. Case does not matter.
std::optional<FingerprintHash> fingerprint_hash(std::string_view name);

/// Reads what follows "a=fingerprint:" (RFC 8122, section 5), for example "sha-256 4A:AD:…". Case
/// does not matter. Refuses every hash but sha-256, sha-384 and sha-512 by its name.
std::variant<Fingerprint, FingerprintRefusal> parse_fingerprint(std::string_view value);

/// Writes what follows "a=fingerprint:", in upper-case.
std::string text_of(const Fingerprint& fingerprint);

}  // namespace onair::sfu
