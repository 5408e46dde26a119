// The operator's interface to rooms and peers, as JSON; openapi.json describes it. No sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/counters.hpp"

namespace onair::net {

/// The subject of a path under /v1: all rooms, one, or a peer of it.
struct ApiPath {
  std::optional<std::string> room = {};
  std::optional<protocol::PeerId> peer = {};
  bool operator==(const ApiPath&) const = default;
};

/// Reads `/v1/rooms`, `/v1/rooms/ROOM`, `/v1/rooms/ROOM/peers/PEER`, percent-encoded; nothing for
/// any other.
std::optional<ApiPath> api_path(std::string_view path);

/// Joins the reports of several hubs about the same rooms, in the order of the rooms' names.
std::vector<rooms::RoomReport> joined(const std::vector<std::vector<rooms::RoomReport>>& of_hubs);

std::string rooms_json(const std::vector<rooms::RoomReport>& rooms);
std::string room_json(const rooms::RoomReport& room);
std::string error_json(std::string_view code, std::string_view message);

/// The text of openapi.json.
std::string_view openapi();

}  // namespace onair::net
