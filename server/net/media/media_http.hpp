// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) over HTTP.
#pragma once

#include <cstddef>

#include "net/http/exchange.hpp"
#include "net/http/message.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/limits.hpp"

namespace onair::net {

/// The longest session description, in bytes.
std::size_t most_sdp_bytes(const Limits& limits);

/// A refusal of HTTP's own, such as 413, as a problem document that pages of all origins may read.
Response as_problem(Response refusal);

/// Answers a request below `/whip` and `/whep`, whatever its method.
Task<Response> answer_media(const Exchange& exchange);

}  // namespace onair::net
