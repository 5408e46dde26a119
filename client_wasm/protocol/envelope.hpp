// Fields that the server reads from a frame that it forwards, without decoding the rest.
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
  std::optional<PeerId> sendto;  ///< empty: for the room
  bool has_from = false;  ///< contains a `from`, `fromName` or `fromCaps`, whatever its value
};

/// True for the names of fields that the server alone sets.
bool is_of_server(std::string_view name);

/// Checks that `frame`, which must be UTF-8, is one JSON object (RFC 8259), and reads its envelope.
/// Agrees with `decode` on JSON and on the envelope; the receiver checks the other fields. The last
/// of equal keys counts, as in every JSON parser. Never throws.
/// Errors: `bad_json`, `bad_message`.
std::variant<Envelope, Refusal> scan_envelope(std::string_view frame);

/// Appends the frame to `out` with `from` inserted, which must need no escape. The frame must be
/// one JSON object without a `from`.
void append_stamped(std::string& out, std::string_view frame, std::string_view from);

}  // namespace onair::protocol
