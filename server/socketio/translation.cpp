#include "socketio/translation.hpp"

#include <algorithm>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/room_name.hpp"
#include "protocol/text.hpp"
#include "socketio/packet_codec.hpp"

namespace onair::socketio {

using protocol::ErrorCode;
using protocol::JsonMember;
using protocol::JsonToken;
using protocol::JsonValue;
using protocol::Refusal;

namespace {

constexpr std::string_view kToTheRoom = "_broadcast_all_";

/// True for a JSON value that is falsy in JavaScript.
bool is_false(const JsonValue& value) {
  if (value.token.kind == JsonToken::Kind::string) return value.token.raw.empty();
  if (value.text == "null" || value.text == "false") return true;
  const bool is_number =
      value.text.front() == '-' || (value.text.front() >= '0' && value.text.front() <= '9');
  return is_number && std::strtod(std::string(value.text).c_str(), nullptr) == 0;
}

std::optional<protocol::PeerId> addressee(const JsonValue& sendto) {
  if (is_false(sendto)) return std::nullopt;
  // A value that is no string is no peer's id either, in whatever form it is written.
  if (sendto.token.kind != JsonToken::Kind::string) return protocol::PeerId(sendto.text);
  std::string id = text_of(sendto.token);
  if (id == kToTheRoom) return std::nullopt;
  return id;
}

std::string without_from(const std::vector<JsonMember>& members) {
  std::string object;
  for (const JsonMember& member : members) {
    if (protocol::is_of_server(member.name)) continue;
    object.append(object.empty() ? "{" : ",");
    object.append(protocol::json_text(member.name));
    object.append(":").append(member.value.text);
  }
  return object.empty() ? "{}" : object + "}";
}

bool ends_the_candidates(std::string_view frame) {
  // Nearly all frames have no null, and are scanned no further.
  if (frame.find("null") == std::string_view::npos) return false;
  const auto envelope = protocol::scan_envelope(frame);
  const auto* const known = std::get_if<protocol::Envelope>(&envelope);
  if (known == nullptr || known->type != protocol::type_of(protocol::Candidate{})) return false;
  const auto members = protocol::members_of(frame);
  if (!members) return false;
  const auto candidate = std::find_if(members->begin(), members->end(), [](const JsonMember& each) {
    return each.name == "candidate";
  });
  return candidate != members->end() && candidate->value.token.kind == JsonToken::Kind::null;
}

std::optional<std::string> event_for_own_frame(std::string_view frame) {
  const protocol::Decoded decoded = protocol::decode(frame);
  const auto* message = std::get_if<protocol::Message>(&decoded);
  if (message == nullptr) return std::nullopt;
  if (const auto* gone = std::get_if<protocol::UserDisconnected>(&message->body)) {
    return encode_event("user disconnected", protocol::json_text({{"id", gone->id}}));
  }
  if (std::holds_alternative<protocol::Error>(message->body)) return encode_event("error", frame);
  return std::nullopt;
}

}  // namespace

std::variant<ClientMessage, Refusal> read_message(const std::vector<JsonValue>& arguments) {
  const auto members =
      arguments.empty() ? std::nullopt : protocol::members_of(arguments.front().text);
  if (!members) return Refusal{ErrorCode::bad_message, "A `message` must be an object."};
  ClientMessage message;
  message.object = arguments.front().text;
  for (const JsonMember& member : *members) {
    if (protocol::is_of_server(member.name)) message.envelope.has_from = true;
    if (member.name == "sendto") message.envelope.sendto = addressee(member.value);
    if (member.name != "type") continue;
    message.envelope.type.clear();
    if (member.value.token.kind != JsonToken::Kind::string) continue;
    message.envelope.type = text_of(member.value.token);
    if (message.envelope.type.size() > protocol::kMaxTypeBytes) message.envelope.type.clear();
  }
  if (std::exchange(message.envelope.has_from, false)) message.object = without_from(*members);
  return message;
}

std::variant<std::string, Refusal> read_enter(const std::vector<JsonValue>& arguments) {
  if (arguments.empty() || is_false(arguments.front())) return protocol::kDefaultRoom;
  const JsonToken& name = arguments.front().token;
  if (name.kind != JsonToken::Kind::string) {
    return Refusal{ErrorCode::bad_room, "A room's name must be a string."};
  }
  std::string room = text_of(name);
  auto decoded = protocol::percent_decode(room);
  if (decoded && !protocol::room_name_fault(*decoded)) room = *std::move(decoded);
  if (const auto fault = protocol::room_name_fault(room)) {
    return Refusal{ErrorCode::bad_room, "A room's name " + *fault + "."};
  }
  return room;
}

std::optional<std::string> packet_for(const rooms::SharedFrame& frame) {
  std::optional<std::string> packet;
  if (frame.from().empty()) {
    packet = event_for_own_frame(frame.text());
  } else if (!ends_the_candidates(frame.text())) {
    // Such clients know no end of candidates, and a browser throws over one without a media
    // section.
    packet = encode_event("message", frame.text());
  }
  if (!packet) return std::nullopt;
  return encode_packet({EnginePacket::Kind::message, *packet});
}

const rooms::Frame& Translator::packet_for(const rooms::Frame& frame) {
  if (frame != frame_) {
    frame_ = frame;
    const auto packet = socketio::packet_for(*frame);
    packet_ = packet ? std::make_shared<const rooms::SharedFrame>(*packet) : nullptr;
  }
  return packet_;
}

}  // namespace onair::socketio
