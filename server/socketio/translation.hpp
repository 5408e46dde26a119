// Between the words of the seed's socket.io clients and ours. Nothing else knows of both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/envelope.hpp"
#include "protocol/error_code.hpp"
#include "protocol/json_scanner.hpp"
#include "rooms/frame.hpp"

namespace onair::socketio {

/// What a client says by its event `message`.
struct Said {
  protocol::Envelope envelope;  ///< `type` is empty where it has none that we could know
  std::string object;           ///< JSON, as the client wrote it but without a `from`
};

/// Reads the arguments of `message`: one object. Its `sendto` names one peer unless it is missing,
/// `_broadcast_all_`, or what is false in JavaScript. Error: `bad_message`.
std::variant<Said, protocol::Refusal> read_message(
    const std::vector<protocol::JsonValue>& arguments);

/// Reads the arguments of `enter`: the room's name, percent-encoded or not, since the seed's pages
/// take it from their address as it stands there; without one the default room. Error: `bad_room`.
std::variant<std::string, protocol::Refusal> read_enter(
    const std::vector<protocol::JsonValue>& arguments);

/// The text of the Engine.IO packet by which a client hears of a frame of the relay: what others
/// say as event `message`, `user_disconnected` as `user disconnected`, `error` as `error`. Nothing
/// where the frame is for clients of our protocol alone.
std::optional<std::string> packet_for(std::string_view frame);

/// The same for many clients in a row, each frame once.
class Translator {
 public:
  const rooms::Frame& packet_for(const rooms::Frame& frame);

 private:
  rooms::Frame frame_;
  rooms::Frame packet_;
};

/// Whether the relay has stamped this frame with who says it: else it is the server's own.
bool is_from_a_peer(std::string_view frame);

}  // namespace onair::socketio
