#include "net/admin/admin_api.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/text.hpp"
#include "rooms/member_kind.hpp"

namespace onair::net {
namespace {

using nlohmann::json;
using protocol::Role;

json to_json(const rooms::PeerReport& peer) {
  json object = {
      {"id", peer.id}, {"role", name_of(peer.role)}, {"onAir", peer.on_air}, {"away", peer.away}};
  if (peer.name) object["name"] = *peer.name;
  if (peer.kind != rooms::kProtocolClient.name) object["kind"] = peer.kind;
  return object;
}

json summary_of(const rooms::RoomReport& room) {
  const auto talks = [](const rooms::PeerReport& peer) {
    return peer.role == Role::talk || (peer.role == Role::none && peer.on_air);
  };
  const auto is_on_air = [](const rooms::PeerReport& peer) { return peer.on_air; };
  const auto talkers = std::ranges::count_if(room.peers, talks);
  const auto forwarders = std::ranges::count_if(room.peers, [](const rooms::PeerReport& peer) {
    return peer.kind == rooms::kForwarder.name;
  });
  return {{"name", room.name},
          {"talkers", talkers},
          {"watching", std::ssize(room.peers) - talkers - forwarders},
          {"onAir", std::ranges::any_of(room.peers, is_on_air)},
          {"locked", room.locked}};
}

/// Names come from outside, but are UTF-8 already; nothing here may throw over them all the same.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Takes the first segment of a path away. Nothing where it is empty or ill-encoded.
std::optional<std::string> next_segment(std::string_view& path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  if (segment.empty()) return std::nullopt;
  return protocol::percent_decode(segment);
}

}  // namespace

std::optional<ApiPath> api_path(std::string_view path) {
  if (next_segment(path) != "v1" || next_segment(path) != "rooms") return std::nullopt;
  ApiPath result;
  if (path.empty()) return result;
  result.room = next_segment(path);
  if (!result.room) return std::nullopt;
  if (path.empty()) return result;
  if (next_segment(path) != "peers") return std::nullopt;
  result.peer = next_segment(path);
  if (!result.peer || !path.empty()) return std::nullopt;
  return result;
}

std::vector<rooms::RoomReport> joined(const std::vector<std::vector<rooms::RoomReport>>& of_hubs) {
  std::map<std::string, rooms::RoomReport> rooms;
  for (const auto& of_hub : of_hubs) {
    for (const rooms::RoomReport& report : of_hub) {
      rooms::RoomReport& room = rooms[report.name];
      room.name = report.name;
      room.locked |= report.locked;
      std::ranges::copy(report.peers, std::back_inserter(room.peers));
    }
  }
  std::vector<rooms::RoomReport> result;
  result.reserve(rooms.size());
  for (auto& [name, room] : rooms) result.push_back(std::move(room));
  return result;
}

std::string rooms_json(const std::vector<rooms::RoomReport>& rooms) {
  json list = json::array();
  for (const rooms::RoomReport& room : rooms) list.push_back(summary_of(room));
  return text_of({{"rooms", std::move(list)}});
}

std::string room_json(const rooms::RoomReport& room) {
  json object = summary_of(room);
  json& peers = object["peers"] = json::array();
  for (const rooms::PeerReport& peer : room.peers) peers.push_back(to_json(peer));
  return text_of(object);
}

std::string error_json(std::string_view code, std::string_view message) {
  return text_of({{"error", {{"code", code}, {"message", message}}}});
}

}  // namespace onair::net
