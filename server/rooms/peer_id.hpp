// Form of peer ids, checked before an id that a client wrote leaves the hub.
#pragma once

#include <algorithm>
#include <string_view>

#include "protocol/limits.hpp"

namespace onair::rooms {

/// True if a server of ours may have given this id (HubOptions::make_id): 1 to kMaxPeerIdBytes
/// letters and digits of ASCII. Any other text is nobody's id, and might mean something else to
/// whoever reads it next, such as a bus that takes spaces and line breaks for commands.
constexpr bool is_peer_id(std::string_view text) {
  const auto may_stand = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= protocol::kMaxPeerIdBytes &&
         std::all_of(text.begin(), text.end(), may_stand);
}

}  // namespace onair::rooms
