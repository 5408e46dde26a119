#include "sfu/control/control.hpp"

#include <algorithm>
#include <array>
#include <concepts>

#include <nlohmann/json.hpp>

#include "sfu/control/control_fields.hpp"

namespace onair::sfu::control {
namespace {

template <typename Value, typename... Values>
concept OneOf = (std::same_as<std::remove_const_t<Value>, Values> || ...);

// The fields of each message, once for reader and writer.

template <typename Visitor, OneOf<Hello> Message>
void visit(Visitor& fields, Message& message) {
  fields.number("version", message.version);
  if (fields.wants("exclusive", message.exclusive)) fields.flag("exclusive", message.exclusive);
}
template <typename Visitor, OneOf<Publish, Play> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
  fields.text("sdp", message.sdp);
  fields.note("note", message.note);
}
template <typename Visitor, OneOf<Invite> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
  fields.note("note", message.note);
}
template <typename Visitor, OneOf<Answer, Trickle> Message>
void visit(Visitor& fields, Message& message) {
  fields.peer("peer", message.peer);
  fields.text("sdp", message.sdp);
}
template <typename Visitor, OneOf<Restart> Message>
void visit(Visitor& fields, Message& message) {
  fields.peer("peer", message.peer);
  fields.text("sdp", message.sdp);
  fields.note("note", message.note);
}
template <typename Visitor, OneOf<Close> Message>
void visit(Visitor& fields, Message& message) {
  fields.peer("peer", message.peer);
}
template <typename Visitor, OneOf<List> Message>
void visit(Visitor& fields, Message& message) {
  if (fields.wants("after", !message.after.empty())) fields.peer("after", message.after);
}
template <typename Visitor, OneOf<Stats> Message>
void visit(Visitor& fields, Message& message) {
  if (fields.wants("after", !message.after.empty())) fields.room("after", message.after);
}
template <typename Visitor, OneOf<PeerInfo> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
  fields.flag("publishes", message.publishes);
  fields.flag("connected", message.connected);
  fields.flag("media", message.media);
  fields.note("note", message.note);
}
template <typename Visitor, OneOf<Traffic> Message>
void visit(Visitor& fields, Message& message) {
  fields.number("viewers", message.viewers);
  fields.number("slow_viewers", message.slow_viewers);
  fields.number("packets_in", message.packets_in);
  fields.number("packets_out", message.packets_out);
  fields.number("bytes_in", message.bytes_in);
  fields.number("bytes_out", message.bytes_out);
  fields.number("key_frames_asked", message.key_frames_asked);
}
template <typename Visitor, OneOf<RoomTraffic> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  visit(fields, message.traffic);
}
template <typename Visitor, OneOf<Done> Message>
void visit(Visitor&, Message&) {}
template <typename Visitor, OneOf<Description> Message>
void visit(Visitor& fields, Message& message) {
  fields.text("sdp", message.sdp);
}

/// The array of a page, and `more` where it is not the last.
template <typename Visitor, typename List>
void visit_page(Visitor& fields, const char* name, List& page) {
  const auto entry = [](Visitor& inner, auto& each) { visit(inner, each); };
  fields.page(name, page, entry);
}
template <typename Visitor, OneOf<Greeting> Message>
void visit(Visitor& fields, Message& message) {
  fields.number("version", message.version);
  fields.text("instance", message.instance);
  visit_page(fields, "peers", message.peers);
}
template <typename Visitor, OneOf<PeerList> Message>
void visit(Visitor& fields, Message& message) {
  visit_page(fields, "peers", message.peers);
}
template <typename Visitor, OneOf<Report> Message>
void visit(Visitor& fields, Message& message) {
  visit_page(fields, "rooms", message.rooms);
  fields.object("total", [&](Visitor& inner) { visit(inner, message.total); });
  fields.number("packets_dropped", message.packets_dropped);
  fields.real("cpu_seconds", message.cpu_seconds);
}
template <typename Visitor, OneOf<Connected> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
}
template <typename Visitor, OneOf<MediaChange> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
  fields.flag("on", message.on);
}

// Names on the wire, each list in the order of its enum or variant.

constexpr std::array<std::string_view, std::variant_size_v<Request>> kRequestNames = {
    "hello", "publish", "play", "invite", "answer", "trickle", "restart", "close", "list", "stats"};
constexpr std::array<std::string_view, std::variant_size_v<Event>> kEventNames = {"connected",
                                                                                  "media", "gone"};
constexpr std::array<std::string_view, 9> kErrorNames = {
    "bad_request",  "bad_version", "bad_sdp", "no_codec", "no_publication",
    "no_such_peer", "peer_exists", "full",    "in_use"};
constexpr std::array<std::string_view, 5> kGoneNames = {"closed", "silent", "refused", "replaced",
                                                        "requested"};

template <std::size_t kCount>
std::optional<std::size_t> index_of(const std::array<std::string_view, kCount>& names,
                                    std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <typename Visitor, OneOf<Gone> Message>
void visit(Visitor& fields, Message& message) {
  fields.room("room", message.room);
  fields.peer("peer", message.peer);
  fields.name("reason", kGoneNames, message.reason);
}

/// Reads the alternative with this index.
template <typename Variant, std::size_t kIndex = 0>
Variant read_alternative(FieldReader& fields, std::size_t index) {
  if constexpr (kIndex + 1 < std::variant_size_v<Variant>) {
    if (index != kIndex) return read_alternative<Variant, kIndex + 1>(fields, index);
  }
  std::variant_alternative_t<kIndex, Variant> message;
  visit(fields, message);
  return message;
}

/// Which reply `ok` holds shows by its fields.
Reply read_ok(FieldReader& ok) {
  const auto read = [&ok]<typename Message>(Message message) -> Reply {
    visit(ok, message);
    return message;
  };
  if (ok.has("instance")) return read(Greeting{});
  if (ok.has("peers")) return read(PeerList{});
  if (ok.has("rooms")) return read(Report{});
  if (ok.has("sdp")) return read(Description{});
  return Done{};
}

std::string message_of(const Error& error) {
  constexpr std::size_t kMaxMessageBytes = 512;
  return error.message.substr(0, kMaxMessageBytes);
}

json to_json(const NumberedReply& reply) {
  json object = {{"id", reply.id}};
  if (const auto* error = std::get_if<Error>(&reply.reply)) {
    object["error"] = kErrorNames[static_cast<std::size_t>(error->code)];
    object["message"] = message_of(*error);
    return object;
  }
  json& ok = object["ok"] = json::object();
  FieldWriter fields(ok);
  std::visit(
      [&fields](const auto& message) {
        if constexpr (!std::is_same_v<decltype(message), const Error&>) visit(fields, message);
      },
      reply.reply);
  return object;
}

NumberedReply refusal(RequestId id, std::string why) {
  return {id, Error{ErrorCode::bad_request, std::move(why)}};
}

}  // namespace

std::size_t size_in_line(const PeerInfo& entry) {
  json object = json::object();
  FieldWriter fields(object);
  visit(fields, entry);
  return text_of(object).size();
}

std::size_t size_in_line(const RoomTraffic& entry) {
  json object = json::object();
  FieldWriter fields(object);
  visit(fields, entry);
  return text_of(object).size();
}

std::variant<NumberedRequest, NumberedReply> parse_request(std::string_view line) {
  const json object = parsed(line);
  FieldReader fields(object);
  RequestId id = 0;
  std::string name;
  fields.number("id", id);
  if (!fields.fine() || id == 0) return refusal(0, "Give each request a number (id) from 1.");
  fields.text("do", name);
  const auto index = index_of(kRequestNames, name);
  if (!index) return refusal(id, "There is no such request (do).");
  Request request = read_alternative<Request>(fields, *index);
  if (!fields.fine()) return refusal(id, name + " needs a valid " + fields.fault() + ".");
  return NumberedRequest{id, std::move(request)};
}

std::optional<std::variant<NumberedReply, Event>> parse_message(std::string_view line) {
  const json object = parsed(line);
  FieldReader fields(object);
  std::string name;
  if (fields.has("event")) {
    fields.text("event", name);
    const auto index = index_of(kEventNames, name);
    if (!index) return std::nullopt;
    Event event = read_alternative<Event>(fields, *index);
    if (!fields.fine()) return std::nullopt;
    return event;
  }
  NumberedReply reply;
  fields.number("id", reply.id);
  if (fields.has("error")) {
    Error error;
    fields.name("error", kErrorNames, error.code);
    fields.any_text("message", error.message);
    reply.reply = std::move(error);
  } else {
    fields.object("ok", [&](FieldReader& ok) { reply.reply = read_ok(ok); });
  }
  if (!fields.fine()) return std::nullopt;
  return reply;
}

std::optional<std::string> serialize(const NumberedRequest& request) {
  json object = {{"id", request.id}, {"do", kRequestNames[request.request.index()]}};
  FieldWriter fields(object);
  std::visit([&fields](const auto& message) { visit(fields, message); }, request.request);
  std::string line = text_of(object) + '\n';
  if (line.size() > kMaxLineBytes) return std::nullopt;
  return line;
}

std::string serialize(const NumberedReply& reply) {
  std::string line = text_of(to_json(reply)) + '\n';
  if (line.size() <= kMaxLineBytes) return line;
  return text_of(to_json({reply.id, Error{ErrorCode::bad_sdp, "The SDP does not fit."}})) + '\n';
}

std::string serialize(const Event& event) {
  json object = {{"event", kEventNames[event.index()]}};
  FieldWriter fields(object);
  std::visit([&fields](const auto& message) { visit(fields, message); }, event);
  return text_of(object) + '\n';
}

}  // namespace onair::sfu::control
