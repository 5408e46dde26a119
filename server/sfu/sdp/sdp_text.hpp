// Pieces of SDP's text. All views are into the text that was given.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace onair::sfu::text {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/// A token of RFC 8866 section 9: visible, without separators.
constexpr bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || kOthers.find(c) != kOthers.npos;
  });
}

/// Names of codecs and hashes are compared so.
constexpr bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Takes what is before the first `separator`, and that separator, from the front; all without one.
constexpr std::string_view take(std::string_view& rest, char separator) {
  const std::string_view taken = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), taken.size() + 1));
  return taken;
}

/// Takes the next word from the front; empty at the end.
constexpr std::string_view take_word(std::string_view& rest) {
  rest = trimmed(rest);
  return take(rest, ' ');
}

/// The whole text as a decimal number that fits.
template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The value of a format's parameter, as the 96 of `apt=96;x=y`; empty without it.
constexpr std::string_view parameter(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    std::string_view value = trimmed(take(parameters, ';'));
    if (same_ignoring_case(trimmed(take(value, '=')), name)) return trimmed(value);
  }
  return {};
}

/// Lines of a text, by LF or CRLF, without their ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    std::string_view line = take(rest_, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  /// The last line's, counted from 1.
  std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace onair::sfu::text
