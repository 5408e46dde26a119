// Checks and decoding of texts from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onair::protocol {

/// Strict check: no overlong forms, no surrogates (RFC 3629).
bool is_utf8(std::string_view text);

/// True for a code point that must not stand in a name: a control character (C0, DEL, C1), which
/// can drive a terminal; a separator of lines or paragraphs; or one of Unicode's Bidi_Control,
/// which has no glyph and changes the order of others, so that one name looks like another.
bool has_control(std::string_view utf8);

/// Without Bidi_Control: for texts in which honest people have them, since keyboards and copied
/// texts bring them along.
std::string without_bidi_controls(std::string_view utf8);

/// Without the blanks (spaces, tabs, carriage returns) around it.
std::string_view trimmed(std::string_view text);

/// The parts between separators, empty ones too: one more than there are separators.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Empty if a `%` is not followed by two hexadecimal digits (RFC 3986 section 2.1).
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes all but the unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);

}  // namespace onair::protocol
