// Routes: paths, their methods, the bodies that they take, and who answers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include <boost/asio/ip/address.hpp>

#include "net/http/gate.hpp"
#include "net/http/message.hpp"
#include "net/http/server_context.hpp"
#include "net/loop/admission.hpp"
#include "net/loop/aliases.hpp"
#include "net/loop/worker.hpp"
#include "net/socketio/socketio_http.hpp"

namespace onair::net {

/// A client of our own protocol, which is to be served over a WebSocket.
struct OwnClient {
  Admission::Client slots;  ///< what it takes at its address
};

/// The WebSocket that a request becomes, and for whom.
using Upgrade = std::variant<OwnClient, NewSession, KnownSession>;

/// Result of a request.
using Outcome = std::variant<Response, Upgrade>;

/// The handlers of one path.
struct Route {
  std::string_view path;
  bool is_prefix = false;  ///< also for all paths that begin with it
  /// Empty where the handler has an answer of its own to each method.
  std::span<const boost::beast::http::verb> methods = {};
  /// The longest body, in bytes, that POST and PATCH may have here. Nothing: no body at all.
  std::size_t (*most_body_bytes)(const Limits& limits) = nullptr;
  /// Pages of the origins that may connect read the answers (the Fetch standard's CORS protocol).
  bool is_cors = false;
  /// Says what HTTP itself refuses (400, 411, 413, 431, 503) in the form of this path's answers.
  /// Nothing: as a sentence.
  Response (*reword)(Response refusal) = nullptr;
  /// Returns a refusal before the body is read, or nothing.
  Task<std::optional<Response>> (*refuse_body)(const Exchange& exchange) = nullptr;
  Response (*answer)(const Exchange& exchange) = nullptr;  ///< at once, or
  Task<Outcome> (*handle)(const Exchange& exchange) = nullptr;
};

/// The route of a target; there is one for each.
const Route& route_of(const Request& request);

/// Why nothing is served to a request of which only the header was read, or nothing: it has a
/// method that is not for this path (405), or a body where none is taken, or one that is too long
/// (413) or of unknown length (411).
std::optional<Response> refusal_of(const Request& header, const Route& route, const Limits& limits);

/// A refusal in the form of the route's answers.
Response in_form_of(const Route& route, Response refusal);

/// Answers a whole request by its route.
Task<Outcome> handle(const Route& route, const Exchange& exchange);

}  // namespace onair::net
