#include "protocol/json_scanner.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

std::optional<JsonValue> next_value(JsonScanner& scanner) {
  scanner.skip_space();
  JsonValue value;
  const char* const begin = scanner.at();
  if (!scanner.value(value.token)) return std::nullopt;
  value.text = {begin, static_cast<std::size_t>(scanner.at() - begin)};
  scanner.skip_space();
  return value;
}

std::optional<JsonMember> next_member(JsonScanner& scanner) {
  JsonToken name;
  scanner.skip_space();
  if (!scanner.string(name)) return std::nullopt;
  scanner.skip_space();
  if (!scanner.skip(':')) return std::nullopt;
  auto value = next_value(scanner);
  if (!value) return std::nullopt;
  return JsonMember{text_of(name), *value};
}

/// Parses a text that is a list of items between two brackets, and nothing else.
template <typename Item>
std::optional<std::vector<Item>> items_of(std::string_view text, char open, char close,
                                          std::optional<Item> (*next)(JsonScanner&)) {
  JsonScanner scanner(text);
  std::vector<Item> items;
  scanner.skip_space();
  if (!scanner.skip(open)) return std::nullopt;
  scanner.skip_space();
  if (!scanner.skip(close)) {
    do {
      auto item = next(scanner);
      if (!item) return std::nullopt;
      items.push_back(*std::move(item));
    } while (scanner.skip(','));
    if (!scanner.skip(close)) return std::nullopt;
  }
  scanner.skip_space();
  if (!scanner.at_end()) return std::nullopt;
  return items;
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  JsonScanner scanner(text, kMaxJsonDepth);
  const bool is_one_value = next_value(scanner) && scanner.at_end();
  return nlohmann::json::parse(is_one_value ? text : std::string_view(), nullptr,
                               /*allow_exceptions=*/false);
}

std::string text_of(const JsonToken& string) {
  if (!string.escaped) return std::string(string.raw);
  std::string quoted;
  quoted.append("\"").append(string.raw).append("\"");
  const auto text = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  return text.is_string() ? text.get<std::string>() : std::string();
}

std::optional<std::vector<JsonValue>> elements_of(std::string_view array) {
  return items_of<JsonValue>(array, '[', ']', next_value);
}

std::optional<std::vector<JsonMember>> members_of(std::string_view object) {
  return items_of<JsonMember>(object, '{', '}', next_member);
}

}  // namespace onair::protocol
