#include "net/media/answer.hpp"

#include <algorithm>
#include <iterator>

#include "protocol/json_text.hpp"

namespace onair::net {
namespace {

namespace control = sfu::control;
using boost::beast::http::status;
using protocol::ErrorCode;

constexpr unsigned kSoon = 2;
constexpr unsigned kLater = 10;

struct Rule {
  status answer;
  unsigned retry_after = 0;
};

Rule rule_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::room_taken: return {status::conflict};
    case ErrorCode::token_required:
    case ErrorCode::token_invalid:
    case ErrorCode::token_expired: return {status::unauthorized};
    case ErrorCode::room_locked:
    case ErrorCode::removed:
    case ErrorCode::room_ended:
    case ErrorCode::wrong_role: return {status::forbidden};
    case ErrorCode::room_full:
    case ErrorCode::too_many_rooms: return {status::service_unavailable, kLater};
    case ErrorCode::rate_limited: return {status::too_many_requests, kLater};
    default: return {status::bad_request};
  }
}

}  // namespace

MediaAnswer problem(status answer, std::string_view code, std::string_view detail,
                    unsigned retry_after) {
  const auto title = boost::beast::http::obsolete_reason(answer);
  return {.status = answer,
          .body = protocol::json_text({{"type", "about:blank"},
                                       {"title", std::string(title.data(), title.size())},
                                       {"status", static_cast<unsigned>(answer)},
                                       {"code", code},
                                       {"detail", detail}}),
          .content_type = "application/problem+json",
          .retry_after = retry_after};
}

MediaAnswer problem_of(std::string_view code, std::string_view message) {
  const auto* const known = std::ranges::find_if(
      protocol::kAllErrorCodes, [code](ErrorCode each) { return name_of(each) == code; });
  if (known == std::end(protocol::kAllErrorCodes)) {
    return problem(status::bad_request, code, message);
  }
  const Rule rule = rule_of(*known);
  return problem(rule.answer, code, message, rule.retry_after);
}

MediaAnswer not_on_air() {
  return problem(status::conflict, "not_on_air", "Nobody is on air in this room.", kSoon);
}

MediaAnswer problem_of(const ForwarderClient::Result& result) {
  if (!result) {
    return problem(status::service_unavailable, "forwarder_away",
                   "The media server does not answer.", kSoon);
  }
  const auto* const error = std::get_if<control::Error>(&*result);
  if (error == nullptr) {
    return problem(status::bad_gateway, "forwarder_failed",
                   "The media server sent an invalid answer.");
  }
  switch (error->code) {
    case control::ErrorCode::bad_sdp:
      return problem(status::bad_request, "bad_sdp", error->message);
    case control::ErrorCode::no_codec:
      return problem(status::unprocessable_entity, "no_codec", error->message);
    case control::ErrorCode::no_publication: return not_on_air();
    case control::ErrorCode::no_such_peer:
      return problem(status::not_found, "no_such_resource", "This session has ended.");
    case control::ErrorCode::full:
      return problem(status::service_unavailable, "forwarder_full",
                     "The media server can't take more.", kLater);
    case control::ErrorCode::bad_request:
    case control::ErrorCode::bad_version:
    case control::ErrorCode::in_use:
    case control::ErrorCode::peer_exists:
      return problem(status::unprocessable_entity, "unsupported", error->message);
  }
  return problem(status::bad_gateway, "forwarder_failed", error->message);
}

}  // namespace onair::net
