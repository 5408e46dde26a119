// The terms on which somebody is let in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/time.hpp"

namespace onair::rooms {

struct Pass {
  std::optional<Duration> holds_for = {};  ///< from now on; nothing: for ever
  std::optional<std::string> name = {};    ///< the holder's name, given by the issuer
  bool may_talk = true;                    ///< for a kind of member whose role is inferred
  /// Gets TURN credentials in a room without a talker too.
  bool may_relay = true;
};

/// Checks the token of somebody who wants to enter, for the first time or again.
/// Errors: `token_required`, `token_invalid`, `token_expired`.
using Doorkeeper = std::function<std::variant<Pass, protocol::Refusal>(const protocol::Enter&)>;

inline std::variant<Pass, protocol::Refusal> let_everyone_in(const protocol::Enter&) {
  return Pass{};
}

}  // namespace onair::rooms
