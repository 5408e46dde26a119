// Frames to messages and back (JSON, RFC 8259).
#pragma once

#include <string>
#include <string_view>
#include <variant>

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

/// The frame with `fromName` inserted, as the server sends it on. The frame must be one JSON object
/// without a `fromName`.
std::string with_sender_name(std::string_view frame, std::string_view name);

}  // namespace onair::protocol
