#include "protocol/codec.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/chat.hpp"
#include "protocol/json_scanner.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/room_name.hpp"
#include "protocol/text.hpp"

namespace onair::protocol {
namespace {

using nlohmann::json;

/// Reads fields of one JSON object and keeps the first refusal. The caller reads all fields of a
/// kind and checks `refusal` once, at the end.
class FieldReader {
 public:
  explicit FieldReader(const json& object) : object_(object) {}

  std::string text(const char* name) {
    const json* field = find(name);
    if (field != nullptr && field->is_string()) return field->get_ref<const std::string&>();
    refuse(name, "must be a string");
    return {};
  }

  /// Absent and null are both empty, as in the dictionaries of webrtc-pc.
  std::optional<std::string> optional_text(const char* name) {
    const json* field = find(name);
    if (field == nullptr || field->is_null()) return std::nullopt;
    return text(name);
  }

  std::optional<PeerId> optional_peer(const char* name) {
    std::optional<PeerId> peer = optional_text(name);
    if (peer) check_peer(name, *peer);
    return peer;
  }

  void check_peer(const char* name, const PeerId& peer) {
    if (!peer.empty() && peer.size() <= kMaxPeerIdBytes) return;
    refuse(name, "must be a peer id of 1 to " + std::to_string(kMaxPeerIdBytes) + " bytes");
  }

  PeerId peer(const char* name) {
    std::optional<PeerId> peer = optional_peer(name);
    if (!peer) refuse(name, "is missing");
    return peer.value_or(PeerId{});
  }

  bool needed_flag(const char* name) {
    if (find(name) == nullptr) refuse(name, "is missing");
    return flag(name);
  }

  /// Absent is false.
  bool flag(const char* name) {
    const json* field = find(name);
    if (field == nullptr) return false;
    if (!field->is_boolean()) refuse(name, "must be true or false");
    return field->is_boolean() && field->get<bool>();
  }

  template <typename Unsigned>
  std::optional<Unsigned> optional_number(const char* name) {
    const json* field = find(name);
    if (field == nullptr || field->is_null()) return std::nullopt;
    if (field->is_number_unsigned()) {
      const auto value = field->get<std::uint64_t>();
      if (value <= std::numeric_limits<Unsigned>::max()) return static_cast<Unsigned>(value);
    }
    refuse(name, "must be a whole number from 0 to " +
                     std::to_string(std::numeric_limits<Unsigned>::max()));
    return std::nullopt;
  }

  template <typename Unsigned>
  Unsigned number(const char* name) {
    if (find(name) == nullptr) refuse(name, "is missing");
    return optional_number<Unsigned>(name).value_or(0);
  }

  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> result;
    const json* field = find(name);
    if (field == nullptr || !field->is_array()) {
      refuse(name, "must be an array of strings");
      return result;
    }
    for (const json& element : *field) {
      if (!element.is_string()) {
        refuse(name, "must be an array of strings");
        return result;
      }
      result.push_back(element.get_ref<const std::string&>());
    }
    return result;
  }

  /// At most `most` of them; absent is none.
  std::vector<std::string> optional_texts(const char* name, std::size_t most) {
    if (find(name) == nullptr) return {};
    std::vector<std::string> result = texts(name);
    if (result.size() > most) {
      refuse(name, "must have at most " + std::to_string(most) + " entries");
    }
    return result;
  }

  const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  void refuse(const std::string& name, const std::string& why,
              ErrorCode code = ErrorCode::bad_message) {
    if (!refusal_) refusal_ = Refusal{code, "`" + name + "` " + why};
  }

  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  const json& object_;
  std::optional<Refusal> refusal_;
};

Enter read_enter(FieldReader& fields) {
  Enter enter{fields.text("room"),
              Role::watch,
              fields.optional_text("resume"),
              fields.flag("fresh"),
              fields.optional_text("token"),
              fields.optional_texts("caps", kMaxCaps)};
  if (!fields.refusal()) {
    if (const auto why = room_name_fault(enter.room)) {
      fields.refuse("room", *why, ErrorCode::bad_room);
    }
  }
  const std::string role = fields.text("role");
  if (role == name_of(Role::talk)) {
    enter.role = Role::talk;
  } else if (role != name_of(Role::watch)) {
    fields.refuse("role", "must be \"talk\" or \"watch\"");
  }
  return enter;
}

IceServer read_ice_server(FieldReader& message, const json& element) {
  FieldReader fields(element);
  const json* urls = fields.find("urls");
  IceServer server;
  // RTCIceServer allows a single string, so an operator may use one.
  if (urls != nullptr && urls->is_string()) {
    server.urls.push_back(urls->get_ref<const std::string&>());
  } else {
    server.urls = fields.texts("urls");
  }
  server.username = fields.optional_text("username");
  server.credential = fields.optional_text("credential");
  if (const auto& refusal = fields.refusal()) {
    message.refuse("iceServers", "has an entry whose " + refusal->message);
  }
  return server;
}

std::vector<IceServer> read_ice_servers(FieldReader& fields) {
  std::vector<IceServer> result;
  const json* servers = fields.find("iceServers");
  if (servers == nullptr || !servers->is_array()) {
    fields.refuse("iceServers", "must be an array");
    return result;
  }
  for (const json& element : *servers) {
    if (!element.is_object()) {
      fields.refuse("iceServers", "must hold objects");
      break;
    }
    result.push_back(read_ice_server(fields, element));
  }
  return result;
}

Welcome read_welcome(FieldReader& fields) {
  Welcome welcome;
  welcome.id = fields.text("id");
  welcome.room = fields.text("room");
  welcome.resume = fields.text("resume");
  welcome.talkers = fields.texts("talkers");
  welcome.ice_servers = read_ice_servers(fields);
  welcome.turn_only = fields.flag("relayOnly");
  welcome.name = fields.optional_text("name");
  welcome.talkers_per_room = fields.optional_number<std::uint32_t>("talkersPerRoom").value_or(1);
  welcome.locked = fields.flag("locked");
  welcome.forward = fields.optional_text("forward");
  return welcome;
}

TalkDeclined read_talk_declined(FieldReader& fields) {
  const std::string reason = fields.text("reason");
  for (const DeclineReason known :
       {DeclineReason::not_on_air, DeclineReason::full, DeclineReason::failed}) {
    if (reason == name_of(known)) return {known};
  }
  fields.refuse("reason", "must be \"not_on_air\", \"full\" or \"failed\"");
  return {DeclineReason::not_on_air};
}

Candidate read_candidate(FieldReader& fields) {
  if (fields.find("candidate") == nullptr) fields.refuse("candidate", "is missing");
  return {fields.optional_text("candidate"), fields.optional_text("sdpMid"),
          fields.optional_number<std::uint16_t>("sdpMLineIndex"),
          fields.optional_number<ConnectionId>("connection")};
}

InviteWatchers read_invite(FieldReader& fields) {
  InviteWatchers invite{fields.optional_texts("peers", kMaxInvited)};
  if (invite.peers.empty()) fields.refuse("peers", "must name at least one peer");
  for (const PeerId& peer : invite.peers) fields.check_peer("peers", peer);
  return invite;
}

ChatMessages read_chat(FieldReader& fields) {
  ChatMessages chat;
  const json* messages = fields.find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty() ||
      messages->size() > kMaxChatMessages) {
    fields.refuse("messages",
                  "must be an array of 1 to " + std::to_string(kMaxChatMessages) + " messages");
    return chat;
  }
  for (const json& element : *messages) {
    auto message = decode_chat(json_text(element));
    if (!message) {
      fields.refuse("messages", "has an entry that is no message of the chat");
      break;
    }
    chat.messages.push_back(*std::move(message));
  }
  return chat;
}

ReceptionFigures read_figures(FieldReader& fields) {
  ReceptionFigures figures;
  const std::string quality = fields.text("quality");
  for (const Quality known : {Quality::fair, Quality::poor}) {
    if (quality == name_of(known)) figures.quality = known;
  }
  if (quality != name_of(figures.quality)) {
    fields.refuse("quality", "must be \"good\", \"fair\" or \"poor\"");
  }
  figures.loss = fields.optional_number<std::uint16_t>("loss").value_or(0);
  if (figures.loss > 1'000) fields.refuse("loss", "must be at most 1000");
  figures.latency_ms = fields.optional_number<std::uint32_t>("latency");
  return figures;
}

AudienceReception read_audience_reception(FieldReader& fields) {
  AudienceReception sums{fields.number<std::uint32_t>("good"), fields.number<std::uint32_t>("fair"),
                         fields.number<std::uint32_t>("poor")};
  const json* worst = fields.find("worst");
  if (worst == nullptr || !worst->is_array() || worst->size() > kMaxWorst) {
    fields.refuse("worst", "must be an array of at most " + std::to_string(kMaxWorst));
    return sums;
  }
  for (const json& element : *worst) {
    FieldReader watcher(element);
    sums.worst.push_back({watcher.peer("id"), read_figures(watcher)});
    if (const auto& refusal = watcher.refusal()) {
      fields.refuse("worst", "has an entry whose " + refusal->message);
    }
  }
  return sums;
}

Body read_body(const std::string& type, FieldReader& fields) {
  if (type == "enter") return read_enter(fields);
  if (type == "welcome") return read_welcome(fields);
  if (type == "talk_ready") return TalkReady{fields.optional_peer("of"), fields.flag("direct")};
  if (type == "talk_request") {
    return TalkRequest{fields.optional_number<ConnectionId>("connection"),
                       fields.optional_text("fromName"),
                       fields.optional_texts("fromCaps", kMaxCaps), fields.flag("direct")};
  }
  if (type == "talk_declined") return read_talk_declined(fields);
  if (type == "offer") {
    return Offer{fields.text("sdp"), fields.optional_number<ConnectionId>("connection")};
  }
  if (type == "answer") {
    return Answer{fields.text("sdp"), fields.optional_number<ConnectionId>("connection")};
  }
  if (type == "candidate") return read_candidate(fields);
  if (type == "bye") return Bye{};
  if (type == "end_talk") return EndTalk{};
  if (type == "lock_room") return LockRoom{fields.needed_flag("locked")};
  if (type == "remove_peer") return RemovePeer{fields.peer("id")};
  if (type == "end_room") return EndRoom{};
  if (type == "ping") return Ping{};
  if (type == "pong") return Pong{read_ice_servers(fields)};
  if (type == "user_disconnected") return UserDisconnected{fields.text("id")};
  if (type == "audience") return Audience{fields.number<std::uint32_t>("watching")};
  if (type == "players") return Players{fields.number<std::uint32_t>("players")};
  if (type == "use_forwarder") return UseForwarder{fields.needed_flag("on")};
  if (type == "invite_watchers") return read_invite(fields);
  if (type == "watching_via") {
    return WatchingVia{fields.peer("via"), fields.optional_text("fromName"),
                       fields.optional_texts("fromCaps", kMaxCaps)};
  }
  if (type == "chat_messages") return read_chat(fields);
  if (type == "reception") return Reception{fields.peer("of"), read_figures(fields)};
  if (type == "audience_reception") return read_audience_reception(fields);
  if (type == "error") return Error{fields.text("code"), fields.text("message")};
  return Unknown{type};
}

template <typename Value>
void put(json& object, const char* name, const std::optional<Value>& value) {
  if (value) object[name] = *value;
}

/// An empty list is left out.
void put(json& object, const char* name, const std::vector<std::string>& list) {
  if (!list.empty()) object[name] = list;
}

/// False is left out.
void put(json& object, const char* name, bool flag) {
  if (flag) object[name] = true;
}

void write(json& object, const Enter& enter) {
  object["room"] = enter.room;
  object["role"] = name_of(enter.role);
  put(object, "resume", enter.resume);
  put(object, "fresh", enter.fresh);
  put(object, "token", enter.token);
  put(object, "caps", enter.caps);
}

void write_ice_servers(json& object, const std::vector<IceServer>& ice_servers) {
  json& servers = object["iceServers"] = json::array();
  for (const IceServer& server : ice_servers) {
    json entry = {{"urls", server.urls}};
    put(entry, "username", server.username);
    put(entry, "credential", server.credential);
    servers.push_back(std::move(entry));
  }
}

void write(json& object, const Welcome& welcome) {
  object["id"] = welcome.id;
  object["room"] = welcome.room;
  object["resume"] = welcome.resume;
  object["talkers"] = welcome.talkers;
  write_ice_servers(object, welcome.ice_servers);
  put(object, "relayOnly", welcome.turn_only);
  put(object, "name", welcome.name);
  if (welcome.talkers_per_room != 1) object["talkersPerRoom"] = welcome.talkers_per_room;
  put(object, "locked", welcome.locked);
  put(object, "forward", welcome.forward);
}

void write(json& object, const TalkDeclined& declined) {
  object["reason"] = name_of(declined.reason);
}

void write(json& object, const Offer& offer) {
  object["sdp"] = offer.sdp;
  put(object, "connection", offer.connection);
}

void write(json& object, const Answer& answer) {
  object["sdp"] = answer.sdp;
  put(object, "connection", answer.connection);
}

void write(json& object, const Candidate& candidate) {
  object["candidate"] = nullptr;
  put(object, "candidate", candidate.candidate);
  put(object, "sdpMid", candidate.sdp_mid);
  put(object, "sdpMLineIndex", candidate.sdp_m_line_index);
  put(object, "connection", candidate.connection);
}

void write(json& object, const TalkRequest& request) {
  put(object, "connection", request.connection);
  put(object, "fromName", request.name);
  put(object, "fromCaps", request.caps);
  put(object, "direct", request.direct);
}

void write(json& object, const TalkReady& ready) {
  put(object, "of", ready.of);
  put(object, "direct", ready.direct);
}

void write(json& object, const LockRoom& lock) {
  object["locked"] = lock.locked;
}
void write(json& object, const RemovePeer& remove) {
  object["id"] = remove.id;
}
void write(json& object, const Pong& pong) {
  write_ice_servers(object, pong.ice_servers);
}
void write(json& object, const UserDisconnected& gone) {
  object["id"] = gone.id;
}
void write(json& object, const Audience& audience) {
  object["watching"] = audience.watching;
}
void write(json& object, const Players& players) {
  object["players"] = players.players;
}

void write(json& object, const UseForwarder& forward) {
  object["on"] = forward.on;
}
void write(json& object, const InviteWatchers& invite) {
  object["peers"] = invite.peers;
}

void write(json& object, const WatchingVia& moved) {
  object["via"] = moved.via;
  put(object, "fromName", moved.name);
  put(object, "fromCaps", moved.caps);
}

void write(json& object, const ChatMessages& chat) {
  json& messages = object["messages"] = json::array();
  for (const ChatMessage& message : chat.messages) {
    messages.push_back(parse_json(encode_chat(message)));
  }
}

void write(json& object, const ReceptionFigures& figures) {
  object["quality"] = name_of(figures.quality);
  object["loss"] = figures.loss;
  put(object, "latency", figures.latency_ms);
}

void write(json& object, const Reception& reception) {
  object["of"] = reception.of;
  write(object, reception.figures);
}

void write(json& object, const AudienceReception& reception) {
  object["good"] = reception.good;
  object["fair"] = reception.fair;
  object["poor"] = reception.poor;
  json& worst = object["worst"] = json::array();
  for (const auto& [id, figures] : reception.worst) {
    json& watcher = worst.emplace_back(json{{"id", id}});
    write(watcher, figures);
  }
}

void write(json& object, const Error& error) {
  object["code"] = error.code;
  object["message"] = error.message;
}

void write(json&, const Bye&) {}
void write(json&, const EndTalk&) {}
void write(json&, const EndRoom&) {}
void write(json&, const Ping&) {}
void write(json&, const Unknown&) {}

/// The fields that our messages have. A frame may have others, which are not looked at.
constexpr std::string_view kFields[] = {"candidate",  "caps",
                                        "code",       "connection",
                                        "credential", "direct",
                                        "fair",       "forward",
                                        "fresh",      "from",
                                        "fromCaps",   "fromName",
                                        "good",       "iceServers",
                                        "id",         "latency",
                                        "locked",     "loss",
                                        "message",    "messages",
                                        "name",       "of",
                                        "on",         "peers",
                                        "players",    "poor",
                                        "quality",    "reason",
                                        "relayOnly",  "resume",
                                        "role",       "room",
                                        "sdp",        "sdpMLineIndex",
                                        "sdpMid",     "sendto",
                                        "talkers",    "talkersPerRoom",
                                        "token",      "type",
                                        "via",        "watching",
                                        "worst"};

/// The frame's fields of these names. Nothing where it is not one JSON object in UTF-8. Of a field
/// that is nested too deep remains that it is no text: building a tree of it would cost too much,
/// as it would for the fields of other names.
std::optional<json> known_fields(std::string_view frame) {
  const auto members = is_utf8(frame) ? members_of(frame) : std::nullopt;
  if (!members) return std::nullopt;
  json object = json::object();
  for (const JsonMember& member : *members) {
    if (std::find(std::begin(kFields), std::end(kFields), member.name) == std::end(kFields)) {
      continue;
    }
    json value = parse_json(member.value.text);
    object[member.name] = value.is_discarded() ? json::array() : std::move(value);
  }
  return object;
}

}  // namespace

Decoded decode(std::string_view frame) {
  const std::optional<json> object = known_fields(frame);
  if (!object) return Refusal{ErrorCode::bad_json, "A frame must be one JSON object in UTF-8."};
  FieldReader fields(*object);
  const std::string type = fields.text("type");
  if (!fields.refusal() && (type.empty() || type.size() > kMaxTypeBytes)) {
    fields.refuse("type", "must have 1 to " + std::to_string(kMaxTypeBytes) + " bytes");
  }
  Message message{Unknown{}, fields.optional_peer("from"), fields.optional_peer("sendto")};
  if (!fields.refusal()) message.body = read_body(type, fields);
  if (const auto& refusal = fields.refusal()) return *refusal;
  return message;
}

std::string encode(const Message& message) {
  json object = {{"type", type_of(message.body)}};
  put(object, "from", message.from);
  put(object, "sendto", message.sendto);
  std::visit([&object](const auto& body) { write(object, body); }, message.body);
  return json_text(object);
}

std::string with_sender(std::string_view frame, const std::optional<std::string>& name,
                        const std::vector<std::string>& caps) {
  json sender = json::object();
  put(sender, "fromName", name);
  put(sender, "fromCaps", caps);
  if (sender.empty()) return std::string(frame);
  const std::string members = json_text(sender);
  const std::size_t inside = frame.find('{') + 1;
  const bool is_empty = frame[frame.find_first_not_of(" \t\n\r", inside)] == '}';
  return std::string(frame.substr(0, inside)) + members.substr(1, members.size() - 2) +
         (is_empty ? "" : ",") + std::string(frame.substr(inside));
}

}  // namespace onair::protocol
