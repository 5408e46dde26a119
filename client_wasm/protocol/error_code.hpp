// Reasons to refuse a frame: a stable name for programs, a sentence for people, a close code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onair::protocol {

enum class ErrorCode {
  bad_json,
  bad_message,
  bad_room,
  not_entered,
  already_entered,
  forged_from,
  wrong_role,
  unknown_type,
  no_such_peer,
  binary_frame,
  frame_too_large,
  rate_limited,
  room_full,
  too_many_rooms,
  room_taken,
  room_locked,
  token_required,
  token_invalid,
  token_expired,
  removed,
  room_ended,
};

inline constexpr ErrorCode kAllErrorCodes[] = {
    ErrorCode::bad_json,      ErrorCode::bad_message,     ErrorCode::bad_room,
    ErrorCode::not_entered,   ErrorCode::already_entered, ErrorCode::forged_from,
    ErrorCode::wrong_role,    ErrorCode::unknown_type,    ErrorCode::no_such_peer,
    ErrorCode::binary_frame,  ErrorCode::frame_too_large, ErrorCode::rate_limited,
    ErrorCode::room_full,     ErrorCode::too_many_rooms,  ErrorCode::room_taken,
    ErrorCode::room_locked,   ErrorCode::token_required,  ErrorCode::token_invalid,
    ErrorCode::token_expired, ErrorCode::removed,         ErrorCode::room_ended,
};

/// WebSocket close codes that the server sends (RFC 6455 section 7.4).
enum class CloseCode : std::uint16_t {
  normal = 1000,
  unsupported_data = 1003,
  policy_violation = 1008,  ///< far above the rate limit, or no `enter` in time
  message_too_big = 1009,
  service_restart = 1012,
  try_again_later = 1013,  ///< the client read too slowly
  replaced = 4000,         ///< the same peer entered over another socket
  token_expired = 4001,
  removed = 4002,     ///< by a talker or the operator
  room_ended = 4003,  ///< by a talker or the operator
};

/// A refusal. `message` names the field or rule, in English.
struct Refusal {
  ErrorCode code;
  std::string message;
};

/// The name on the wire, such as "bad_json". It never changes.
std::string_view name_of(ErrorCode code);

/// The close code of the connection; empty if it stays open.
std::optional<CloseCode> close_code_of(ErrorCode code);

}  // namespace onair::protocol
