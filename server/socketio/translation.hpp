// Translates between the events of socket.io clients, as the original JavaScript program had them,
// and our protocol. Nothing else knows both.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "protocol/json_scanner.hpp"
#include "rooms/frame.hpp"

namespace onair::socketio {

/// A client's event `message`.
struct ClientMessage {
  protocol::Envelope envelope;  ///< `type` is empty where it is no string that we could know
  std::string object;           ///< JSON, as the client wrote it but without a `from`
};

/// Reads the arguments of `message`: one object. Its `sendto` names one peer unless it is missing,
/// `_broadcast_all_`, or what is false in JavaScript. Error: `bad_message`.
std::variant<ClientMessage, protocol::Refusal> read_message(
    const std::vector<protocol::JsonValue>& arguments);

/// Reads the arguments of `enter`: the room's name, percent-encoded or not, since the pages of the
/// original JavaScript program take it from their address as it stands there; without one the
/// default room. Error: `bad_room`.
std::variant<std::string, protocol::Refusal> read_enter(
    const std::vector<protocol::JsonValue>& arguments);

/// The text of the Engine.IO packet for a frame: frames of peers become the event `message`,
/// `user_disconnected` becomes `user disconnected`, `error` becomes `error`. Nothing where the
/// frame is for clients of our protocol alone.
std::optional<std::string> packet_for(const rooms::SharedFrame& frame);

/// The same for many clients in a row, each frame once.
class Translator {
 public:
  const rooms::Frame& packet_for(const rooms::Frame& frame);

 private:
  rooms::Frame frame_;
  rooms::Frame packet_;
};

}  // namespace onair::socketio
