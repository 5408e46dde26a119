// Scans JSON without building a tree. Inline in the header, since the server scans every frame.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onair::protocol {

/// A scalar and its position in the text.
struct JsonToken {
  enum class Kind { string, null, other };
  Kind kind = Kind::other;
  std::string_view raw;  ///< of a string: the text between its quotes
  bool escaped = false;  ///< of a string: has a backslash
};

/// Scans JSON (RFC 8259) in UTF-8. Each function skips one element and returns false without it, or
/// where it is nested deeper than `most_depth`.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, std::size_t most_depth = kAnyDepth)
      : at_(text.data()), end_(at_ + text.size()), most_depth_(most_depth) {}

  const char* at() const { return at_; }
  bool at_end() const { return at_ == end_; }
  bool is_next(char c) const { return at_ != end_ && *at_ == c; }

  bool skip(char c) {
    if (!is_next(c)) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool string(JsonToken& token);
  bool value(JsonToken& token);

 private:
  static constexpr std::size_t kAnyDepth = std::numeric_limits<std::size_t>::max();

  const char* plain_text_end() const;
  bool escape();
  bool hex4(unsigned& unit);
  bool number();
  bool digits();
  bool word(std::string_view expected);
  bool scalar(JsonToken& token);
  bool nested();
  bool member_name();

  const char* at_;
  const char* end_;
  std::size_t most_depth_;
};

/// Finds the next quote, backslash or control character, eight bytes at a time.
inline const char* JsonScanner::plain_text_end() const {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & highs; };
  const char* at = at_;
  for (; end_ - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t control = (word - ones * 0x20) & ~word & highs;
    if ((control | has_zero(word ^ (ones * '"')) | has_zero(word ^ (ones * '\\'))) != 0) break;
  }
  while (at != end_ && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

inline bool JsonScanner::string(JsonToken& token) {
  if (!skip('"')) return false;
  const char* const begin = at_;
  token = {JsonToken::Kind::string, {}, false};
  for (;;) {
    at_ = plain_text_end();
    if (skip('"')) break;
    if (!skip('\\') || !escape()) return false;
    token.escaped = true;
  }
  token.raw = {begin, static_cast<std::size_t>(at_ - begin - 1)};
  return true;
}

/// Skips the rest of an escape, after its backslash.
inline bool JsonScanner::escape() {
  if (at_ == end_) return false;
  const char c = *at_++;
  if (c != 'u') return c != '\0' && std::strchr("\"\\/bfnrt", c) != nullptr;
  unsigned unit = 0;
  if (!hex4(unit)) return false;
  if (unit >= 0xDC00 && unit <= 0xDFFF) return false;  // half of a pair
  if (unit < 0xD800 || unit > 0xDBFF) return true;
  return skip('\\') && skip('u') && hex4(unit) && unit >= 0xDC00 && unit <= 0xDFFF;
}

inline bool JsonScanner::hex4(unsigned& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_) return false;
    const char c = *at_;
    unit *= 16;
    if (c >= '0' && c <= '9') {
      unit += static_cast<unsigned>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      unit += static_cast<unsigned>((c | 0x20) - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

inline bool JsonScanner::digits() {
  const char* const begin = at_;
  while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
  return at_ != begin;
}

inline bool JsonScanner::number() {
  const char* const begin = at_;
  skip('-');
  if (!skip('0') && !digits()) return false;
  if (skip('.') && !digits()) return false;
  if (is_next('e') || is_next('E')) {
    ++at_;
    if (!skip('+')) skip('-');
    if (!digits()) return false;
  }
  // Our JSON library rejects numbers beyond the range of a double.
  const std::string text(begin, at_);
  return text.size() < 4 || std::isfinite(std::strtod(text.c_str(), nullptr));
}

inline bool JsonScanner::word(std::string_view expected) {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
    return false;
  }
  at_ += expected.size();
  return true;
}

inline bool JsonScanner::scalar(JsonToken& token) {
  token = {};
  if (is_next('"')) return string(token);
  if (is_next('n')) {
    token.kind = JsonToken::Kind::null;
    return word("null");
  }
  if (is_next('t')) return word("true");
  if (is_next('f')) return word("false");
  return number();
}

inline bool JsonScanner::member_name() {
  JsonToken name;
  skip_space();
  if (!string(name)) return false;
  skip_space();
  return skip(':');
}

inline bool JsonScanner::nested() {
  std::string open;  // brackets that are not closed yet
  bool after_value = false;
  do {
    skip_space();
    if (at_end()) return false;
    if (after_value) {
      const bool in_object = open.back() == '{';
      if (skip(',')) {
        if (in_object && !member_name()) return false;
        after_value = false;
      } else if (skip(in_object ? '}' : ']')) {
        open.pop_back();
      } else {
        return false;
      }
    } else if (is_next('{') || is_next('[')) {
      if (open.size() == most_depth_) return false;
      open.push_back(*at_++);
      skip_space();
      const bool in_object = open.back() == '{';
      if (skip(in_object ? '}' : ']')) {
        open.pop_back();
        after_value = true;
      } else if (in_object && !member_name()) {
        return false;
      }
    } else {
      JsonToken ignored;
      if (!scalar(ignored)) return false;
      after_value = true;
    }
  } while (!open.empty());
  return true;
}

inline bool JsonScanner::value(JsonToken& token) {
  token = {};
  return is_next('{') || is_next('[') ? nested() : scalar(token);
}

/// The text of a string. Empty if it is not UTF-8; never throws.
std::string text_of(const JsonToken& string);

/// A value and its source text.
struct JsonValue {
  JsonToken token;
  std::string_view text;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// The elements of a JSON array; empty if the text is not exactly one.
std::optional<std::vector<JsonValue>> elements_of(std::string_view array);

/// The members of a JSON object; empty if the text is not exactly one. Names may repeat.
std::optional<std::vector<JsonMember>> members_of(std::string_view object);

}  // namespace onair::protocol
