#include "protocol/room_name.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

/// Nothing where a `%` is not followed by two hexadecimal digits.
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

/// The JSON library checks UTF-8 strictly (no overlong forms, no surrogates) when it writes a
/// string: what it would have to replace was not UTF-8.
bool is_utf8(const std::string& text) {
  using nlohmann::json;
  const std::string written = json(text).dump(-1, ' ', false, json::error_handler_t::ignore);
  return json::parse(written).get_ref<const std::string&>() == text;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::optional<std::string> room_name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kMaxRoomNameBytes) {
    return "must have at most " + std::to_string(kMaxRoomNameBytes) + " bytes";
  }
  for (const char c : name) {
    if (is_control(c)) return "must not have control characters";
  }
  if (!is_utf8(std::string(name))) return "must be UTF-8";
  return std::nullopt;
}

std::variant<std::string, Refusal> room_of_query(std::string_view query) {
  if (query.starts_with('?')) query.remove_prefix(1);
  const std::string_view encoded = query.substr(0, query.find('&'));
  if (encoded.empty()) return std::string(kDefaultRoom);
  const std::optional<std::string> name = percent_decode(encoded);
  if (!name) return Refusal{ErrorCode::bad_room, "The room name has a stray % in it."};
  if (const auto fault = room_name_fault(*name)) {
    return Refusal{ErrorCode::bad_room, "The room name " + *fault + "."};
  }
  return *name;
}

}  // namespace onair::protocol
