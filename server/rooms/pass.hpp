// On what terms somebody is let in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "protocol/error_code.hpp"
#include "protocol/message.hpp"
#include "rooms/allowance.hpp"

namespace onair::rooms {

struct Pass {
  std::optional<Duration> holds_for = {};  ///< from now on; nothing: for ever
  std::optional<std::string> name = {};    ///< what the one who gave it calls its holder
  bool may_talk = true;                    ///< of one without a role: whether it may go on air
};

/// Looks at the token of somebody who wants to enter, whether for the first time or again.
/// Errors: `token_required`, `token_invalid`, `token_expired`.
using Doorkeeper = std::function<std::variant<Pass, protocol::Refusal>(const protocol::Enter&)>;

inline std::variant<Pass, protocol::Refusal> let_everyone_in(const protocol::Enter&) {
  return Pass{};
}

}  // namespace onair::rooms
