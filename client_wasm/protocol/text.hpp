// What texts from outside are checked and decoded by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace onair::protocol {

/// Strictly: no overlong forms, no surrogates (RFC 3629).
bool is_utf8(std::string_view text);

/// Nothing where a `%` is not followed by two hexadecimal digits (RFC 3986 section 2.1).
std::optional<std::string> percent_decode(std::string_view text);

/// Leaves the unreserved characters as they are (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);

}  // namespace onair::protocol
