// Socket.IO inside the session: the namespace, and the client's events.
#include <utility>

#include <nlohmann/json.hpp>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "socketio/session.hpp"
#include "socketio/translation.hpp"

namespace onair::socketio {

using protocol::ErrorCode;
using Kind = EnginePacket::Kind;

namespace {

/// Bound of the events that a client may send before it is in its room. They also have at most the
/// bytes of one payload.
constexpr std::size_t kMaxPending = 64;

}  // namespace

bool Session::receive_message(std::string_view text, TimePoint now) {
  const auto decoded = decode(text);
  if (const auto* fault = std::get_if<Fault>(&decoded)) {
    if (*fault == Fault::malformed) return false;
    refuse({ErrorCode::binary_frame, "Packets must be text."});
    return true;
  }
  const Packet& packet = std::get<Packet>(decoded);
  if (packet.kind == Packet::Kind::connect) return connect(packet);
  if (!connected_) return options_.revision == Revision::v3;  // it may not know yet
  if (packet.name_space != "/") return true;
  if (packet.kind == Packet::Kind::disconnect) disconnect(now);
  return packet.kind != Packet::Kind::event || receive_event(packet.data);
}

bool Session::connect(const Packet& packet) {
  if (packet.name_space != "/") {
    send(Kind::message, encode_unknown_namespace(options_.revision, packet.name_space));
    return true;
  }
  if (connected_) return true;
  if (packet.data.size() > protocol::kMaxEnterBytes) return false;
  if (!packet.data.empty()) {
    const auto auth = protocol::parse_json(packet.data);
    if (!auth.is_object()) return false;
    const auto token = auth.find("token");
    if (token != auth.end() && token->is_string()) options_.token = token->get<std::string>();
  }
  connected_ = true;
  connect_until_.reset();
  send(Kind::message, encode_connect(options_.revision, options_.id));
  enter_default_room();
  return true;
}

/// Silent, since most clients name another room at once.
void Session::enter_default_room() {
  entering_default_room_ = true;
  enter_room(protocol::kDefaultRoom);
  entering_default_room_ = host_.is_entering();
}

void Session::enter_room(const std::string& room) {
  protocol::Enter enter{room, protocol::Role::none};
  enter.token = options_.token;
  host_.enter({rooms::kSocketioClient, std::move(enter), options_.id});
}

void Session::disconnect(TimePoint now) {
  connected_ = false;
  connect_until_ = now + options_.step_timeout;
  pending_.clear();
  pending_bytes_ = 0;
  host_.leave();
}

bool Session::receive_event(std::string_view data) {
  const auto event = decode_event(data);
  if (!event) return false;
  if (host_.is_entering()) {
    const bool fits =
        pending_.size() < kMaxPending && pending_bytes_ + data.size() <= options_.max_payload_bytes;
    if (fits) {
      pending_bytes_ += data.size();
      return pending_.emplace_back(data), true;
    }
    refuse({ErrorCode::not_entered, "Wait until you are in the room."});
  } else if (event->name == "enter") {
    enter(*event);
  } else if (event->name == "message") {
    send_message(*event);
  }
  return true;  // the server of the original JavaScript program ignores other events too
}

void Session::go_on() {
  if (host_.is_entering()) return;
  entering_default_room_ = false;
  while (!pending_.empty() && !host_.is_entering() && is_open()) {
    const std::string data = std::move(pending_.front());
    pending_.pop_front();
    pending_bytes_ -= data.size();
    receive_event(data);
  }
}

void Session::enter(const Event& event) {
  const auto room = read_enter(event.arguments);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&room)) {
    return refuse(*refusal);
  }
  enter_room(std::get<std::string>(room));
}

void Session::send_message(const Event& event) {
  const auto read = read_message(event.arguments);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&read)) {
    return refuse(*refusal);
  }
  const ClientMessage& message = std::get<ClientMessage>(read);
  host_.send(message.envelope, message.object);
}

}  // namespace onair::socketio
