// Engine.IO: packets as text, and several of them as the body of an HTTP request or response. See
// https://github.com/socketio/engine.io-protocol; what is binary is told apart and not read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace onair::socketio {

/// Revision 3 of Engine.IO is what socket.io 2.x speaks, 4 what 3.x and 4.x do.
enum class Revision { v3 = 3, v4 = 4 };

/// What the `EIO` of a request's query says, or nothing where that is another revision.
std::optional<Revision> revision_of(std::string_view eio);

struct EnginePacket {
  enum class Kind { open, close, ping, pong, message, upgrade, noop };
  Kind kind;
  std::string_view data = {};
  bool operator==(const EnginePacket&) const = default;
};

enum class Fault {
  malformed,
  binary,  ///< well-formed as far as that was looked at, but not text
};

/// One packet. `text` is UTF-8 and outlives it.
std::variant<EnginePacket, Fault> decode_packet(std::string_view text);

/// The packets of a request's body, which is UTF-8 and outlives them; at least one.
std::variant<std::vector<EnginePacket>, Fault> decode_payload(Revision revision,
                                                              std::string_view body);

std::string encode_packet(const EnginePacket& packet);

/// What a response carries: packets as `encode_packet` makes them, each in valid UTF-8.
class PayloadEncoder {
 public:
  explicit PayloadEncoder(Revision revision) : revision_(revision) {}
  void add(std::string_view packet);
  std::string take() { return std::move(payload_); }

 private:
  Revision revision_;
  std::string payload_;
};

}  // namespace onair::socketio
