#include "media/resource.hpp"

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/room_name.hpp"
#include "protocol/text.hpp"

namespace onair::media {
namespace {

/// The value of the first line `a=NAME:VALUE`; empty where there is none.
std::string attribute(std::string_view sdp, std::string_view name) {
  for (const std::string_view line : protocol::split(sdp, '\n')) {
    std::string_view rest = protocol::trimmed(line);
    if (!rest.starts_with("a=")) continue;
    rest.remove_prefix(2);
    if (!rest.starts_with(name) || !rest.substr(name.size()).starts_with(':')) continue;
    return std::string(rest.substr(name.size() + 1));
  }
  return {};
}

/// True where a list of entity tags (RFC 9110 section 13.1.1) has this one.
bool names(std::string_view if_match, std::string_view etag) {
  for (std::string_view each : protocol::split(if_match, ',')) {
    each = protocol::trimmed(each);
    if (each.starts_with("W/")) each.remove_prefix(2);  // some proxies make tags weak
    if (each == etag) return true;
  }
  return false;
}

}  // namespace

std::string_view name_of(Standard standard) {
  return standard == Standard::whip ? "whip" : "whep";
}

std::optional<std::variant<Target, protocol::Refusal>> target_of(std::string_view path) {
  const auto parts = protocol::split(path, '/');
  if (parts.size() < 2 || parts.size() > 4 || !parts[0].empty()) return std::nullopt;
  if (parts[1] != "whip" && parts[1] != "whep") return std::nullopt;
  Target target{parts[1] == "whip" ? Standard::whip : Standard::whep, protocol::kDefaultRoom};
  if (parts.size() > 2 && !parts[2].empty()) {
    const auto room = protocol::percent_decode(parts[2]);
    const auto fault =
        room ? protocol::room_name_fault(*room) : std::optional<std::string>("is ill-encoded");
    if (fault) {
      return protocol::Refusal{protocol::ErrorCode::bad_room, "A room's name " + *fault + "."};
    }
    // Whoever resolves an address takes these for the folder and the one above (RFC 3986 5.2.4).
    if (*room == "." || *room == "..") {
      return protocol::Refusal{protocol::ErrorCode::bad_room,
                               "WHIP and WHEP can't address a room named `.` or `..`."};
    }
    target.room = *room;
  }
  if (parts.size() == 4 && !parts[3].empty()) target.resource = std::string(parts[3]);
  return target;
}

std::string path_of(const Target& target) {
  std::string path =
      "/" + std::string(name_of(target.standard)) + "/" + protocol::percent_encode(target.room);
  if (target.resource) path += "/" + *target.resource;
  return path;
}

std::string ice_ufrag_of(std::string_view sdp) {
  return attribute(sdp, "ice-ufrag");
}

bool is_ice_lite(std::string_view sdp) {
  const auto lines = protocol::split(sdp, '\n');
  return std::any_of(lines.begin(), lines.end(),
                     [](std::string_view line) { return protocol::trimmed(line) == "a=ice-lite"; });
}

bool may_be_sdp(std::string_view body) {
  return body.starts_with("v=0") && protocol::is_utf8(body) &&
         body.find('\0') == std::string_view::npos;
}

Patch judge_patch(const IceSession& session, std::string_view if_match, std::string_view fragment) {
  const std::string ufrag = ice_ufrag_of(fragment);
  const bool restarts =
      !ufrag.empty() && ufrag != session.ufrag && !attribute(fragment, "ice-pwd").empty();
  if (!protocol::is_utf8(fragment)) return Patch::bad_fragment;
  if (!restarts && ufrag.empty() && fragment.find("a=candidate:") == std::string_view::npos &&
      fragment.find("a=end-of-candidates") == std::string_view::npos) {
    return Patch::bad_fragment;
  }
  if_match = protocol::trimmed(if_match);
  // Drafts of WHIP and WHEP show it in quotes; no tag of ours is that.
  if (if_match == "\"*\"") if_match = "*";
  if (if_match.empty() && restarts) return Patch::precondition_missing;
  if (!if_match.empty() && if_match != "*" && !names(if_match, session.etag)) return Patch::stale;
  return restarts ? Patch::restart : Patch::trickle;
}

}  // namespace onair::media
