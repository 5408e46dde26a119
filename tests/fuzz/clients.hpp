// Clients of hubs for fuzz targets, and the tokens by which they come back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/targets.hpp"
#include "protocol/codec.hpp"
#include "rooms/hub.hpp"

namespace onair::fuzz {

/// Tokens that name the peer in clear.
class PlainTokens final : public rooms::ResumeTokens {
 public:
  std::string issue(const rooms::Identity& identity) override { return identity.id; }
  std::optional<rooms::Resumption> redeem(std::string_view token, std::string_view,
                                          protocol::Role) override {
    if (!token.starts_with("id") || token.size() > 8) return std::nullopt;
    return rooms::Resumption{protocol::PeerId(token), std::chrono::seconds(1)};
  }
};

class Client final : public rooms::Link {
 public:
  void send(const rooms::Frame& frame) override {
    const auto decoded = protocol::decode(frame->text());
    const auto* const refusal = std::get_if<protocol::Refusal>(&decoded);
    check(refusal == nullptr || refusal->code != protocol::ErrorCode::bad_json,
          "what is sent is JSON");
    if (!is_slow) return;
    const bool is_talker = peer != nullptr && peer->effective_role == rooms::EffectiveRole::talker;
    const std::size_t after = waiting.bytes + frame->text().size();
    if (is_talker && waiting.bytes > 0 && !frame->from().empty()) {
      check(after <= waiting.bound / 2, "others leave half of a talker's queue to the server");
    }
    waiting.bytes = after;
    if (after > waiting.bound) closed = true;  // as the socket layer does
  }
  void close(protocol::CloseCode) override { closed = true; }
  rooms::SendQueue queue() const override { return waiting; }
  rooms::SendQueue waiting{0, 4'000};
  bool is_slow = false;  ///< nothing is read until the next change
  bool closed = false;
};

}  // namespace onair::fuzz
