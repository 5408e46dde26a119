// Addresses of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep), and what a PATCH of them means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/error_code.hpp"

namespace onair::media {

enum class Standard { whip, whep };

std::string_view name_of(Standard standard);

/// The subject of a path: an endpoint, `/whip/ROOM`, or one resource of it, `/whip/ROOM/ID`.
struct Target {
  Standard standard;
  std::string room;                          ///< decoded
  std::optional<std::string> resource = {};  ///< its id; nothing: the endpoint
};

/// ROOM is percent-encoded (RFC 3986 section 2.1); without one it is kDefaultRoom. Nothing for a
/// path of another form. Error: `bad_room`.
std::optional<std::variant<Target, protocol::Refusal>> target_of(std::string_view path);

/// The path of a resource.
std::string path_of(const Target& target);

/// The first `ice-ufrag` of a session description or of a fragment of one (RFC 8840); empty where
/// it has none.
std::string ice_ufrag_of(std::string_view sdp);

/// True for a description of a peer that answers ICE checks and sends none (RFC 8445 section 2.5):
/// two of them never connect.
bool is_ice_lite(std::string_view sdp);

/// True for what may be a session description (RFC 8866): text that begins with its version.
bool may_be_sdp(std::string_view body);

/// Meaning of a PATCH (RFC 9725 section 4.3).
enum class Patch {
  trickle,               ///< candidates of the client's
  restart,               ///< new credentials: ICE begins anew
  bad_fragment,          ///< 400: it has neither candidates nor credentials
  precondition_missing,  ///< 428: a restart has to say that it is none of an earlier session
  stale,                 ///< 412: `If-Match` names another session
};

/// The state of a resource that a PATCH is judged by.
struct IceSession {
  std::string etag;   ///< with its quotes
  std::string ufrag;  ///< of the client
};

/// `if_match` is the header of that name, empty where there is none. Lenient with trickled
/// candidates: clients send them with `*`, or without the header.
Patch judge_patch(const IceSession& session, std::string_view if_match, std::string_view fragment);

}  // namespace onair::media
