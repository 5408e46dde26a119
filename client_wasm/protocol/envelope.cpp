#include "protocol/envelope.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

/// A value where it stands in the frame.
struct Token {
  enum class Kind { string, null, other };
  Kind kind = Kind::other;
  std::string_view raw;  ///< of a string: what is between its quotes
  bool escaped = false;  ///< of a string: has a backslash
};

/// Steps over JSON (RFC 8259) in UTF-8. Each function steps over one thing and says whether it was
/// there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

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

  bool string(Token& token);
  bool value(Token& token);

 private:
  const char* plain_text_end() const;
  bool escape();
  bool hex4(unsigned& unit);
  bool number();
  bool digits();
  bool word(std::string_view expected);
  bool scalar(Token& token);
  bool nested();
  bool member_name();

  const char* at_;
  const char* end_;
};

/// The first byte from here on that ends or breaks a string: a quote, a backslash, a control
/// character. Eight bytes at a time.
const char* Scanner::plain_text_end() const {
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

bool Scanner::string(Token& token) {
  if (!skip('"')) return false;
  const char* const begin = at_;
  token = {Token::Kind::string, {}, false};
  for (;;) {
    at_ = plain_text_end();
    if (skip('"')) break;
    if (!skip('\\') || !escape()) return false;
    token.escaped = true;
  }
  token.raw = {begin, static_cast<std::size_t>(at_ - begin - 1)};
  return true;
}

/// What follows a backslash.
bool Scanner::escape() {
  if (at_ == end_) return false;
  const char c = *at_++;
  if (c != 'u') return c != '\0' && std::strchr("\"\\/bfnrt", c) != nullptr;
  unsigned unit = 0;
  if (!hex4(unit)) return false;
  if (unit >= 0xDC00 && unit <= 0xDFFF) return false;  // half of a pair
  if (unit < 0xD800 || unit > 0xDBFF) return true;
  return skip('\\') && skip('u') && hex4(unit) && unit >= 0xDC00 && unit <= 0xDFFF;
}

bool Scanner::hex4(unsigned& unit) {
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

bool Scanner::digits() {
  const char* const begin = at_;
  while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
  return at_ != begin;
}

bool Scanner::number() {
  const char* const begin = at_;
  skip('-');
  if (!skip('0') && !digits()) return false;
  if (skip('.') && !digits()) return false;
  if (is_next('e') || is_next('E')) {
    ++at_;
    if (!skip('+')) skip('-');
    if (!digits()) return false;
  }
  // What is greater than a double holds is no number to our JSON library.
  const std::string text(begin, at_);
  return text.size() < 4 || std::isfinite(std::strtod(text.c_str(), nullptr));
}

bool Scanner::word(std::string_view expected) {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
    return false;
  }
  at_ += expected.size();
  return true;
}

bool Scanner::scalar(Token& token) {
  token = {};
  if (is_next('"')) return string(token);
  if (is_next('n')) {
    token.kind = Token::Kind::null;
    return word("null");
  }
  if (is_next('t')) return word("true");
  if (is_next('f')) return word("false");
  return number();
}

bool Scanner::member_name() {
  Token name;
  skip_space();
  if (!string(name)) return false;
  skip_space();
  return skip(':');
}

/// An array or object of any depth.
bool Scanner::nested() {
  std::string open;  // the brackets that await their end
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
      Token ignored;
      if (!scalar(ignored)) return false;
      after_value = true;
    }
  } while (!open.empty());
  return true;
}

bool Scanner::value(Token& token) {
  token = {};
  return is_next('{') || is_next('[') ? nested() : scalar(token);
}

/// Empty where it is not UTF-8, so that nothing is thrown over it.
std::string text_of(const Token& string) {
  if (!string.escaped) return std::string(string.raw);
  std::string quoted;
  quoted.append("\"").append(string.raw).append("\"");
  const auto text = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  return text.is_string() ? text.get<std::string>() : std::string();
}

struct Fields {
  std::optional<Token> type;
  std::optional<Token> sendto;
  bool from = false;
};

void keep(Fields& fields, const Token& name, const Token& value) {
  const std::string unescaped = name.escaped ? text_of(name) : std::string();
  const std::string_view key = name.escaped ? std::string_view(unescaped) : name.raw;
  if (key == "type") fields.type = value;
  if (key == "sendto") fields.sendto = value;
  if (key == "from") fields.from = true;
}

std::optional<Fields> scan_object(std::string_view frame) {
  Scanner scanner(frame);
  Fields fields;
  scanner.skip_space();
  if (!scanner.skip('{')) return std::nullopt;
  scanner.skip_space();
  if (!scanner.skip('}')) {
    do {
      Token name;
      Token value;
      scanner.skip_space();
      if (!scanner.string(name)) return std::nullopt;
      scanner.skip_space();
      if (!scanner.skip(':')) return std::nullopt;
      scanner.skip_space();
      if (!scanner.value(value)) return std::nullopt;
      keep(fields, name, value);
      scanner.skip_space();
    } while (scanner.skip(','));
    if (!scanner.skip('}')) return std::nullopt;
  }
  scanner.skip_space();
  if (!scanner.at_end()) return std::nullopt;
  return fields;
}

Refusal bad_message(std::string sentence) {
  return {ErrorCode::bad_message, std::move(sentence)};
}

}  // namespace

std::variant<Envelope, Refusal> scan_envelope(std::string_view frame) {
  const std::optional<Fields> fields = scan_object(frame);
  if (!fields) return Refusal{ErrorCode::bad_json, "A frame must be one JSON object in UTF-8."};
  Envelope envelope;
  envelope.has_from = fields->from;
  if (!fields->type || fields->type->kind != Token::Kind::string) {
    return bad_message("`type` must be a string");
  }
  envelope.type = text_of(*fields->type);
  if (envelope.type.empty() || envelope.type.size() > kMaxTypeBytes) {
    return bad_message("`type` must have 1 to " + std::to_string(kMaxTypeBytes) + " bytes");
  }
  if (!fields->sendto || fields->sendto->kind == Token::Kind::null) return envelope;
  if (fields->sendto->kind != Token::Kind::string) return bad_message("`sendto` must be a string");
  envelope.sendto = text_of(*fields->sendto);
  if (envelope.sendto->empty() || envelope.sendto->size() > kMaxPeerIdBytes) {
    return bad_message("`sendto` must be a peer id of 1 to " + std::to_string(kMaxPeerIdBytes) +
                       " bytes");
  }
  return envelope;
}

void append_stamped(std::string& out, std::string_view frame, std::string_view from) {
  const std::size_t inside = frame.find('{') + 1;
  const std::size_t first = frame.find_first_not_of(" \t\n\r", inside);
  out.append(frame.substr(0, inside)).append("\"from\":\"").append(from).append("\"");
  if (frame[first] != '}') out.append(",");
  out.append(frame.substr(inside));
}

}  // namespace onair::protocol
