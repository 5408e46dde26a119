#include "protocol/room_name.hpp"

#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace onair::protocol {

std::optional<std::string> room_name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kMaxRoomNameBytes) {
    return "must have at most " + std::to_string(kMaxRoomNameBytes) + " bytes";
  }
  if (has_control(name)) return "must not have control characters";
  if (!is_utf8(name)) return "must be UTF-8";
  return std::nullopt;
}

std::variant<std::string, Refusal> room_of_query(std::string_view query) {
  if (query.starts_with('?')) query.remove_prefix(1);
  const std::string_view encoded = query.substr(0, query.find('&'));
  if (encoded.empty()) return std::string(kDefaultRoom);
  const std::optional<std::string> name = percent_decode(encoded);
  if (!name)
    return Refusal{ErrorCode::bad_room, "The room name has a % without two hexadecimal digits."};
  if (const auto fault = room_name_fault(*name)) {
    return Refusal{ErrorCode::bad_room, "The room name " + *fault + "."};
  }
  return *name;
}

}  // namespace onair::protocol
