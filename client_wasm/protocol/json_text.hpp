// JSON values from text and as text.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace onair::protocol {

/// The value of a text that comes from outside: RFC 8259 in UTF-8, nested no deeper than
/// kMaxJsonDepth. Of anything else it is discarded (`is_discarded()`), and no tree is built.
nlohmann::json parse_json(std::string_view text);

/// The shortest form, in UTF-8. Bytes that are not UTF-8 are replaced, so it never throws.
inline std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace onair::protocol
