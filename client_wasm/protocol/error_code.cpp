#include "protocol/error_code.hpp"

namespace onair::protocol {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_json: return "bad_json";
    case ErrorCode::bad_message: return "bad_message";
    case ErrorCode::bad_room: return "bad_room";
    case ErrorCode::not_entered: return "not_entered";
    case ErrorCode::already_entered: return "already_entered";
    case ErrorCode::forged_from: return "forged_from";
    case ErrorCode::wrong_role: return "wrong_role";
    case ErrorCode::unknown_type: return "unknown_type";
    case ErrorCode::no_such_peer: return "no_such_peer";
    case ErrorCode::binary_frame: return "binary_frame";
    case ErrorCode::frame_too_large: return "frame_too_large";
    case ErrorCode::rate_limited: return "rate_limited";
    case ErrorCode::room_full: return "room_full";
    case ErrorCode::too_many_rooms: return "too_many_rooms";
    case ErrorCode::room_taken: return "room_taken";
    case ErrorCode::room_locked: return "room_locked";
    case ErrorCode::token_required: return "token_required";
    case ErrorCode::token_invalid: return "token_invalid";
    case ErrorCode::token_expired: return "token_expired";
    case ErrorCode::removed: return "removed";
    case ErrorCode::room_ended: return "room_ended";
  }
  return "unknown";
}

std::optional<CloseCode> close_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::binary_frame: return CloseCode::unsupported_data;
    case ErrorCode::frame_too_large: return CloseCode::message_too_big;
    case ErrorCode::token_expired: return CloseCode::token_expired;
    case ErrorCode::removed: return CloseCode::removed;
    case ErrorCode::room_ended: return CloseCode::room_ended;
    default: return std::nullopt;
  }
}

}  // namespace onair::protocol
