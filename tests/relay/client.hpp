// A client of a hub, without a socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "relay/link.hpp"

namespace onair::relay {

/// A client that remembers what it was sent.
class Client final : public Link {
 public:
  void send(const Frame& frame) override { frames.push_back(nlohmann::json::parse(frame->text())); }
  void close(protocol::CloseCode code) override { closed = code; }

  /// What came since the last call, each as its type, or `error CODE`.
  std::vector<std::string> news() {
    std::vector<std::string> types;
    for (; seen_ < frames.size(); ++seen_) {
      const nlohmann::json& frame = frames[seen_];
      std::string type = frame["type"];
      if (type == "error") type += " " + frame["code"].get<std::string>();
      types.push_back(type);
    }
    return types;
  }
  const nlohmann::json& last() const { return frames.back(); }
  std::string id() const { return frames.front()["id"]; }

  std::vector<nlohmann::json> frames;
  std::optional<protocol::CloseCode> closed;

 private:
  std::size_t seen_ = 0;
};

using News = std::vector<std::string>;

}  // namespace onair::relay
