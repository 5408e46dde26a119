// What the relay reads of a frame that it passes on: its outermost fields, without taking the frame
// apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"

namespace onair::protocol {

struct Envelope {
  std::string type;
  std::optional<PeerId> sendto;  ///< nothing: for the room
  bool has_from = false;         ///< has a `from` of its own, whatever its value
};

/// Checks that `frame`, which must be UTF-8, is one JSON object (RFC 8259), and reads its envelope.
/// Agrees with `decode` on what is JSON and on the envelope; the other fields are for the one to
/// whom the frame goes. Of two equal keys the last counts, as in every JSON parser. Never throws.
/// Errors: `bad_json`, `bad_message`.
std::variant<Envelope, Refusal> scan_envelope(std::string_view frame);

/// Appends to `out` the frame as it came, with `from`, which must need no escape, put in. The frame
/// must be one JSON object that has no `from` of its own.
void append_stamped(std::string& out, std::string_view frame, std::string_view from);

}  // namespace onair::protocol
