#include "protocol/text.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

namespace onair::protocol {
namespace {

enum class Hidden { no, control, bidi };

struct Character {
  Hidden kind;
  std::size_t bytes;  ///< of its UTF-8; 1 unless it is hidden
};

/// The character that `text` begins with. UTF-8 is self-synchronising, so the bytes of a character
/// never occur within another.
Character first_of(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  const auto within = [](int value, int first, int last) {
    return first <= value && value <= last;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return {Hidden::control, 1};
  if (byte(0) == 0xc2 && within(byte(1), 0x80, 0x9f)) return {Hidden::control, 2};  // C1
  if (byte(0) == 0xd8 && byte(1) == 0x9c) return {Hidden::bidi, 2};                 // U+061C
  if (byte(0) == 0xe2 && byte(1) == 0x80) {
    if (within(byte(2), 0xa8, 0xa9)) return {Hidden::control, 3};  // U+2028, U+2029
    if (within(byte(2), 0xaa, 0xae)) return {Hidden::bidi, 3};     // U+202A to U+202E
    if (within(byte(2), 0x8e, 0x8f)) return {Hidden::bidi, 3};     // U+200E, U+200F
  }
  // U+2066 to U+2069
  if (byte(0) == 0xe2 && byte(1) == 0x81 && within(byte(2), 0xa6, 0xa9)) return {Hidden::bidi, 3};
  return {Hidden::no, 1};
}

}  // namespace

bool has_control(std::string_view utf8) {
  for (; !utf8.empty(); utf8.remove_prefix(1)) {
    if (first_of(utf8).kind != Hidden::no) return true;
  }
  return false;
}

std::string without_bidi_controls(std::string_view utf8) {
  std::string kept;
  kept.reserve(utf8.size());
  while (!utf8.empty()) {
    const Character first = first_of(utf8);
    if (first.kind != Hidden::bidi) kept.append(utf8.substr(0, first.bytes));
    utf8.remove_prefix(first.bytes);
  }
  return kept;
}

/// Relies on the JSON library: it drops invalid UTF-8 when it writes a string, so any difference
/// shows an invalid text.
bool is_utf8(std::string_view text) {
  using nlohmann::json;
  const std::string written = json(text).dump(-1, ' ', false, json::error_handler_t::ignore);
  return json::parse(written).get_ref<const std::string&>() == text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const char* const digits = text.data() + i + 1;
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits, digits + 2, byte, 16);
    if (error != std::errc{} || end != digits + 2) return std::nullopt;
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', digits[byte >> 4], digits[byte & 0xf]});
  }
  return encoded;
}

}  // namespace onair::protocol
