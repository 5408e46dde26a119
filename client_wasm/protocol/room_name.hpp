// Room names: validation, and the room of a page's address.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/error_code.hpp"

namespace onair::protocol {

/// The reason why `name` is invalid, as the end of a sentence; empty if it is valid: 1 to
/// kMaxRoomNameBytes bytes of UTF-8 without control characters (`has_control`).
std::optional<std::string> room_name_fault(std::string_view name);

/// The room of a page's query string (RFC 3986 section 3.4), with or without its leading "?":
/// `NAME` up to the first `&`, percent-decoded; kDefaultRoom without one. Options such as `embed`
/// follow the first `&`, so that no name is taken for one. A `+` is a plus. Error: `bad_room`.
std::variant<std::string, Refusal> room_of_query(std::string_view query);

}  // namespace onair::protocol
