// Frames to messages and back (JSON, RFC 8259).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"

namespace onair::protocol {

using Decoded = std::variant<Message, Refusal>;

/// Decodes one frame. A known kind has all required fields, of the right types and within their
/// limits; an unknown kind becomes an Unknown. Never throws.
/// Errors: `bad_json` (not one JSON object in UTF-8), `bad_message` (a field is missing or wrong),
/// `bad_room`.
Decoded decode(std::string_view frame);

/// Encodes one frame. Replaces bytes that are not UTF-8 by U+FFFD. Never throws.
std::string encode(const Message& message);

/// The frame with `fromName` and `fromCaps` inserted where there are any, as the server sends it
/// on. The frame must be one JSON object without them.
std::string with_sender(std::string_view frame, const std::optional<std::string>& name,
                        const std::vector<std::string>& caps);

}  // namespace onair::protocol
