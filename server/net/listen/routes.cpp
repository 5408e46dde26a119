#include "net/listen/routes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "net/http/pages.hpp"
#include "net/media/media_http.hpp"

namespace onair::net {
namespace {

namespace http = boost::beast::http;
using http::verb;

constexpr std::array kReading = {verb::get, verb::head};
constexpr std::array kReadingOrAsking = {verb::get, verb::head, verb::post};

/// A browser tells a page nothing of why its WebSocket was refused. So the same question by HTTP
/// gets the same refusal. Pages ask by POST, with which browsers send the page's Origin.
Task<Outcome> open_websocket(const Exchange& exchange) {
  const bool upgrades = beast::websocket::is_upgrade(exchange.request);
  std::variant<Admission::Client, Refused> admitted;
  // A page that was refused asks by POST why, since browsers don't say.
  if (upgrades || exchange.request.method() == verb::post) {
    admitted = admit_client(exchange.request, exchange.client, exchange.server);
  }
  if (const auto* refused = std::get_if<Refused>(&admitted)) co_return response_to(*refused);
  if (!upgrades) {
    Response response = plain_response(http::status::upgrade_required, "This is a WebSocket.\n");
    response.set(http::field::upgrade, "websocket");
    co_return response;
  }
  co_return Upgrade(OwnClient{std::get<Admission::Client>(std::move(admitted))});
}

Task<Outcome> serve_socketio(const Exchange& exchange) {
  if (!beast::websocket::is_upgrade(exchange.request)) co_return co_await answer_socketio(exchange);
  auto session = co_await session_for_websocket(exchange);
  if (auto* refusal = std::get_if<Response>(&session)) co_return std::move(*refusal);
  if (auto* known = std::get_if<KnownSession>(&session)) co_return Upgrade(std::move(*known));
  co_return Upgrade(std::get<NewSession>(std::move(session)));
}

constexpr Route socketio_at(std::string_view path) {
  return {.path = path,
          .most_body_bytes = &most_payload_bytes,
          .is_cors = true,
          .refuse_body = &refuse_payload,
          .handle = &serve_socketio};
}

Task<Outcome> serve_media(const Exchange& exchange) {
  co_return co_await answer_media(exchange);
}

/// WHIP or WHEP, with an answer of its own to each method, and to origins.
constexpr Route media_at(std::string_view path, bool is_prefix) {
  return {.path = path,
          .is_prefix = is_prefix,
          .most_body_bytes = &most_sdp_bytes,
          .reword = &as_problem,
          .handle = &serve_media};
}

/// In order: the first that fits counts.
constexpr std::array kRoutes = {
    Route{.path = "/ws", .methods = kReadingOrAsking, .handle = &open_websocket},
    socketio_at("/socket.io"),
    socketio_at("/socket.io/"),
    Route{
        .path = "/socket.io/", .is_prefix = true, .methods = kReading, .answer = &socketio_script},
    media_at("/whip", false),
    media_at("/whip/", true),
    media_at("/whep", false),
    media_at("/whep/", true),
    Route{.path = "/healthz", .methods = kReading, .answer = &health},
    Route{.path = "/readyz", .methods = kReading, .answer = &readiness_of},
    Route{.path = "/addresses", .methods = kReading, .answer = &addresses},
    Route{.path = "/qr.svg", .methods = kReading, .answer = &qr_code},
    Route{.path = "", .is_prefix = true, .methods = kReading, .answer = &page},
};

std::string names_of(std::span<const verb> methods) {
  std::string names;
  for (const verb method : methods) {
    const auto name = http::to_string(method);
    names += (names.empty() ? "" : ", ") + std::string(name.data(), name.size());
  }
  return names;
}

Response answer_to_preflight(const Request& request) {
  Response response = plain_response(http::status::no_content, {});
  response.set("Access-Control-Allow-Methods", "GET, POST");
  const auto headers = request["Access-Control-Request-Headers"];
  if (!headers.empty()) response.set("Access-Control-Allow-Headers", headers);
  response.set("Access-Control-Max-Age", "600");
  return response;
}

}  // namespace

const Route& route_of(const Request& request) {
  const std::string_view path = path_of(request);
  return *std::ranges::find_if(kRoutes, [path](const Route& route) {
    return route.is_prefix ? path.starts_with(route.path) : path == route.path;
  });
}

std::optional<Response> refusal_of(const Request& header, const Route& route,
                                   const Limits& limits) {
  const bool sends = header.method() == verb::post || header.method() == verb::patch;
  const bool may_have_body = sends && route.most_body_bytes != nullptr;
  if (auto refusal = refusal_of_body(header, may_have_body ? route.most_body_bytes(limits) : 0)) {
    return refusal;
  }
  if (route.methods.empty() ||
      std::ranges::find(route.methods, header.method()) != route.methods.end()) {
    return std::nullopt;
  }
  Response response =
      plain_response(http::status::method_not_allowed, "This method is not for this path.\n");
  response.set(http::field::allow, names_of(route.methods));
  return response;
}

Response in_form_of(const Route& route, Response refusal) {
  return route.reword != nullptr ? route.reword(std::move(refusal)) : refusal;
}

Task<Outcome> handle(const Route& route, const Exchange& exchange) {
  if (route.answer != nullptr) co_return route.answer(exchange);
  // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
  Outcome outcome;
  if (route.is_cors && exchange.request.method() == verb::options) {
    outcome = answer_to_preflight(exchange.request);
  } else {
    outcome = co_await route.handle(exchange);
  }
  const auto origin = exchange.request[http::field::origin];
  auto* const response = std::get_if<Response>(&outcome);
  if (response != nullptr && route.is_cors && !origin.empty() &&
      is_welcome_origin(exchange.request, exchange.client, exchange.server)) {
    response->set(http::field::access_control_allow_origin, origin);
    response->set(http::field::access_control_allow_credentials, "true");
    response->set(http::field::vary, "Origin");
  }
  co_return outcome;
}

}  // namespace onair::net
