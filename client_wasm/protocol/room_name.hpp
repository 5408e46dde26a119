// Room names: what a page's address asks for, and what is a name at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/error_code.hpp"

namespace onair::protocol {

/// Why `name` is no room name, as the end of a sentence, or nothing where it is one: 1 to
/// kMaxRoomNameBytes bytes of UTF-8 without control characters.
std::optional<std::string> room_name_fault(std::string_view name);

/// The room of a page's query string (RFC 3986 section 3.4), with or without its leading "?":
/// `NAME` up to the first `&`, percent-decoded; kDefaultRoom where there is none, or the option
/// `embed` in its place. A `+` is a plus. Error: `bad_room`.
std::variant<std::string, Refusal> room_of_query(std::string_view query);

}  // namespace onair::protocol
