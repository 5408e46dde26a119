// Engine.IO: packets as text, and several of them as the body of an HTTP request or response. See
// https://github.com/socketio/engine.io-protocol; binary packets are recognised and not read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace onair::socketio {

/// Socket.io 2.x uses revision 3 of Engine.IO; 3.x and 4.x use revision 4.
enum class Revision { v3 = 3, v4 = 4 };

/// Reads the `EIO` of a request's query; nothing for another revision.
std::optional<Revision> revision_of(std::string_view eio);

struct EnginePacket {
  enum class Kind { open, close, ping, pong, message, upgrade, noop };
  Kind kind;
  std::string_view data = {};
  bool operator==(const EnginePacket&) const = default;
};

enum class Fault {
  malformed,
  binary,  ///< well-formed as far as it was read, but not text
};

/// Reads one packet. `text` is UTF-8 and outlives it.
std::variant<EnginePacket, Fault> decode_packet(std::string_view text);

/// Reads a request's body, which is UTF-8 and outlives the packets; at least one.
std::variant<std::vector<EnginePacket>, Fault> decode_payload(Revision revision,
                                                              std::string_view body);

std::string encode_packet(const EnginePacket& packet);

/// Builds a response's body from packets of `encode_packet`, each in valid UTF-8.
class PayloadEncoder {
 public:
  /// The payload will have about so many bytes.
  explicit PayloadEncoder(Revision revision, std::size_t bytes = 0) : revision_(revision) {
    payload_.reserve(bytes);
  }
  void add(std::string_view packet);
  std::string take() { return std::move(payload_); }

 private:
  Revision revision_;
  std::string payload_;
};

}  // namespace onair::socketio
