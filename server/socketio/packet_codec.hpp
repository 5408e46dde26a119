// Socket.IO's packets, which travel in Engine.IO's messages. See
// https://github.com/socketio/socket.io-protocol: revision 4 over Engine.IO 3, 5 over Engine.IO 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/json_scanner.hpp"
#include "socketio/engine_codec.hpp"

namespace onair::socketio {

struct Packet {
  enum class Kind { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };
  Kind kind;
  std::string_view name_space = "/";
  std::string_view data = {};  ///< JSON, not read
};

/// Reads one packet, in text that is UTF-8 and outlives it.
std::variant<Packet, Fault> decode(std::string_view text);

/// The content of an event's packet.
struct Event {
  std::string name;
  std::vector<protocol::JsonValue> arguments;  ///< in the packet's text
};

std::optional<Event> decode_event(std::string_view data);

/// An event of the server in the default namespace. `argument` is JSON.
std::string encode_event(std::string_view name, std::string_view argument);

/// The answer to a client that may join the default namespace.
std::string encode_connect(Revision revision, std::string_view id);

/// The answer to a client that asked for an unknown namespace.
std::string encode_unknown_namespace(Revision revision, std::string_view name_space);

/// Disconnects the client from the default namespace.
std::string encode_disconnect();

}  // namespace onair::socketio
