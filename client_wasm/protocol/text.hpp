// Checks and decoding of texts from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace onair::protocol {

/// Strict check: no overlong forms, no surrogates (RFC 3629).
bool is_utf8(std::string_view text);

/// Empty if a `%` is not followed by two hexadecimal digits (RFC 3986 section 2.1).
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes all but the unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);

}  // namespace onair::protocol
