#include "media/note.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

namespace onair::media {
namespace {

using nlohmann::json;

constexpr std::string_view kKinds[] = {"whip", "whep", "feed", "viewer"};

/// Longer than whatever is in a note of ours.
constexpr std::size_t kMostTextBytes = 300;

template <typename Value>
void put(json& object, const char* name, const Value& value) {
  if (value != Value{}) object[name] = value;
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  std::string text = found->get<std::string>();
  return text.size() > kMostTextBytes ? std::string() : text;
}

std::optional<std::int64_t> number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

std::string text_of(const Note& note) {
  json object = {{"kind", kKinds[static_cast<std::size_t>(note.kind)]},
                 {"member", note.member},
                 {"since", note.since}};
  if (note.expires) object["expires"] = *note.expires;
  if (note.name) object["name"] = *note.name;
  put(object, "resource", note.resource);
  put(object, "etag", note.etag);
  put(object, "ufrag", note.ufrag);
  put(object, "key", note.key);
  put(object, "address", note.address);
  put(object, "other", note.other);
  if (note.connection) object["connection"] = *note.connection;
  return protocol::json_text(object);
}

std::optional<Note> note_of(std::string_view text) {
  const json object = protocol::parse_json(text);
  if (!object.is_object()) return std::nullopt;
  const std::string kind_name = text_in(object, "kind");
  const auto* const kind = std::find(std::begin(kKinds), std::end(kKinds), kind_name);
  if (kind == std::end(kKinds)) return std::nullopt;
  Note note;
  note.kind = static_cast<Note::Kind>(kind - std::begin(kKinds));
  note.member = text_in(object, "member");
  if (note.member.empty() || note.member.size() > protocol::kMaxPeerIdBytes) return std::nullopt;
  note.since = number_in(object, "since").value_or(0);
  note.expires = number_in(object, "expires");
  if (object.contains("name")) note.name = text_in(object, "name");
  note.resource = text_in(object, "resource");
  note.etag = text_in(object, "etag");
  note.ufrag = text_in(object, "ufrag");
  note.key = text_in(object, "key");
  note.address = text_in(object, "address");
  note.other = text_in(object, "other");
  const auto connection = number_in(object, "connection");
  if (connection && *connection >= 0 &&
      *connection <= std::numeric_limits<protocol::ConnectionId>::max()) {
    note.connection = static_cast<protocol::ConnectionId>(*connection);
  }
  return note;
}

}  // namespace onair::media
