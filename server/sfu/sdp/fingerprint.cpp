#include "sfu/sdp/fingerprint.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

struct KnownHash {
  FingerprintHash hash;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<KnownHash, 3> kHashes{{{FingerprintHash::sha256, "sha-256", 32},
                                            {FingerprintHash::sha384, "sha-384", 48},
                                            {FingerprintHash::sha512, "sha-512", 64}}};

const KnownHash& known(FingerprintHash hash) {
  return kHashes[static_cast<std::size_t>(hash)];
}

std::optional<std::uint8_t> hex_digit(char digit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t value = kDigits.find(text::lower(digit));
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

/// Reads "AB:CD:…" into all of `bytes`, or fails.
bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != 3 * bytes.size() - 1) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = hex_digit(text[3 * i]);
    const auto low = hex_digit(text[3 * i + 1]);
    if (!high || !low || (i > 0 && text[3 * i - 1] != ':')) return false;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

}  // namespace

Bytes Fingerprint::digest() const {
  return Bytes(bytes).first(known(hash).size);
}

std::optional<FingerprintHash> fingerprint_hash(std::string_view name) {
  const auto found = std::ranges::find_if(
      kHashes, [&](const KnownHash& hash) { return text::same_ignoring_case(hash.name, name); });
  if (found == kHashes.end()) return std::nullopt;
  return found->hash;
}

std::variant<Fingerprint, FingerprintRefusal> parse_fingerprint(std::string_view value) {
  const std::size_t space = std::min(value.find(' '), value.size());
  const std::string_view name = value.substr(0, space);
  const auto hash = fingerprint_hash(name);
  if (!hash) {
    constexpr std::size_t kShown = 16;
    return FingerprintRefusal{"Fingerprints of " + std::string(name.substr(0, kShown)) +
                              " are not supported: use sha-256, sha-384 or sha-512."};
  }
  Fingerprint fingerprint{.hash = *hash};
  const KnownHash& found = known(*hash);
  const std::string_view digest = value.substr(std::min(space + 1, value.size()));
  if (!read_hex(digest, std::span(fingerprint.bytes).first(found.size))) {
    return FingerprintRefusal{"The " + std::string(found.name) + " fingerprint is not " +
                              std::to_string(found.size) + " bytes in hexadecimal."};
  }
  return fingerprint;
}

Fingerprints by_longest_hash(Fingerprints all) {
  const auto longest = std::ranges::max_element(all, {}, &Fingerprint::hash);
  if (longest == all.end()) return all;
  const FingerprintHash hash = longest->hash;
  std::erase_if(all, [hash](const Fingerprint& each) { return each.hash != hash; });
  return all;
}

std::string text_of(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text(known(fingerprint.hash).name);
  char separator = ' ';
  for (const std::uint8_t byte : fingerprint.digest()) {
    text += separator;
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
    separator = ':';
  }
  return text;
}

}  // namespace onair::sfu
