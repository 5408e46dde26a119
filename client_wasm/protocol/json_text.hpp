// JSON values as text.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace onair::protocol {

/// The shortest form, in UTF-8. Bytes that are not UTF-8 are replaced, so it never throws.
inline std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace onair::protocol
