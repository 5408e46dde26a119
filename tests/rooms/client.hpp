// A client of a hub, without a socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rooms/link.hpp"

namespace onair::rooms {

using News = std::vector<std::string>;

/// A client that remembers its frames.
class Client final : public Link {
 public:
  void send(const Frame& frame) override;
  void close(protocol::CloseCode code) override { closed = code; }
  SendQueue queue() const override { return waiting; }

  /// Reads the frames that waited.
  void read() { waiting.bytes = 0; }

  /// The frames since the last call, each as its type, or `error CODE`.
  News news();
  const nlohmann::json& last() const { return frames.back(); }
  std::string id() const;

  std::vector<nlohmann::json> frames;
  std::optional<protocol::CloseCode> closed;
  bool is_slow = false;  ///< its frames wait until read()
  SendQueue waiting{0, 1'048'576};

 private:
  std::size_t seen_ = 0;
};

/// A client's news but `audience`, since a viewer that moves may count twice for a moment.
News news_of(Client& client);

}  // namespace onair::rooms
