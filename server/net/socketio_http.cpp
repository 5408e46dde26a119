#include "net/socketio_http.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "net/across_workers.hpp"
#include "net/crypto.hpp"
#include "protocol/text.hpp"
#include "socketio/engine_codec.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;
using socketio::Revision;

constexpr std::size_t kIdBytes = 12;
constexpr std::size_t kIdDigits = 2 * kIdBytes;

/// A payload may carry several packets of the greatest length.
constexpr std::size_t kPacketsInPayload = 4;

/// Engine.IO's own errors, by their numbers.
enum class EngineError {
  unknown_transport,
  unknown_sid,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_revision,
};

std::string_view sentence_of(EngineError error) {
  switch (error) {
    case EngineError::unknown_transport: return R"({"code":0,"message":"Transport unknown"})";
    case EngineError::unknown_sid: return R"({"code":1,"message":"Session ID unknown"})";
    case EngineError::bad_handshake_method: return R"({"code":2,"message":"Bad handshake method"})";
    case EngineError::bad_request: return R"({"code":3,"message":"Bad request"})";
    case EngineError::forbidden:
      return R"({"code":4,"message":"Pages of this origin may not connect here"})";
    case EngineError::unsupported_revision:
      return R"({"code":5,"message":"Unsupported protocol version: EIO must be 3 or 4"})";
  }
  return {};
}

Response error_response(EngineError error) {
  Response response = plain_response(
      error == EngineError::forbidden ? http::status::forbidden : http::status::bad_request,
      sentence_of(error));
  response.set(http::field::content_type, "application/json");
  return response;
}

Response payload_response(std::string payload) {
  Response response = plain_response(http::status::ok, {});
  response.body().owner = std::make_shared<const std::string>(std::move(payload));
  response.body().bytes = *response.body().owner;
  return response;
}

/// A parameter of the query, percent-decoded where it can be; nothing where there is none.
std::optional<std::string> parameter(const Request& request, std::string_view name) {
  std::string_view query = view(request.target());
  query.remove_prefix(std::min(query.find('?'), query.size()));
  while (!query.empty()) {
    query.remove_prefix(1);  // the ? or the &
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(part.size());
    const std::size_t equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) != name) continue;
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    return protocol::percent_decode(value).value_or(std::string(value));
  }
  return std::nullopt;
}

/// The end of a sid says on which worker the session is.
std::string make_sid(const Worker& here) {
  return random_hex(kIdBytes) + std::to_string(here.self());
}

Worker* worker_of(std::string_view sid, const Site& site) {
  if (sid.size() <= kIdDigits) return nullptr;
  sid.remove_prefix(kIdDigits);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(sid.data(), sid.data() + sid.size(), number);
  if (error != std::errc() || end != sid.data() + sid.size()) return nullptr;
  return number < site.workers->size() ? (*site.workers)[number].get() : nullptr;
}

/// What a request says of its session.
struct Caller {
  Revision revision = Revision::v4;
  std::string transport;
  std::optional<std::string> sid;
  std::optional<std::string> token;
  std::optional<std::string> counted_as;  ///< see counted_address
};

std::variant<Caller, EngineError> caller_of(const Request& request, TcpStream& connection,
                                            const Site& site) {
  if (!site.origins.allows(view(request[http::field::origin]), view(request[http::field::host]))) {
    return EngineError::forbidden;
  }
  const auto revision = socketio::revision_of(parameter(request, "EIO").value_or(""));
  if (!revision) return EngineError::unsupported_revision;
  Caller caller{*revision,
                parameter(request, "transport").value_or(""),
                parameter(request, "sid"),
                parameter(request, "token"),
                {}};
  if (caller.transport != "polling" && caller.transport != "websocket") {
    return EngineError::unknown_transport;
  }
  // Scripts in place of JSON were for browsers that are gone.
  if (parameter(request, "j")) return EngineError::bad_request;
  error_code error;
  const auto remote = connection.socket().remote_endpoint(error).address();
  caller.counted_as = counted_address(remote, view(request["X-Forwarded-For"]));
  return caller;
}

/// What a new session counts, or why there is none. One that polls counts as a connection too,
/// since it is there while it has none.
std::variant<Places, Response> admit(const Caller& caller, bool polls, Site& site) {
  if (site.draining) {
    return plain_response(http::status::service_unavailable, "This server is about to end.\n");
  }
  Places places;
  if (caller.counted_as) {
    places.address = site.admission.enter(*caller.counted_as);
    if (!places.address) {
      return plain_response(http::status::too_many_requests, "Too many from your address.\n");
    }
  }
  if (polls) {
    places.connection = site.admission.connect();
    if (!places.connection) {
      return plain_response(http::status::service_unavailable, "This server is full.\n");
    }
  }
  return places;
}

NewSession make_session(const Caller& caller, Places places, Worker& here, const Limits& limits) {
  const auto half = limits.idle_time / 2;
  const std::string sid = make_sid(here);
  const bool polls = caller.transport == "polling";
  return std::make_shared<SocketioSession>(
      here,
      socketio::SessionOptions{
          .revision = caller.revision,
          .sid = sid,
          .id = caller.revision == Revision::v3 ? sid : random_hex(kIdBytes),
          .token = caller.token,
          .starts_on_websocket = !polls,
          .ping_interval = half,
          .ping_timeout = half,
          .patience = limits.handshake_time,
          .max_message_bytes = limits.frame_bytes,
          .max_payload_bytes = kPacketsInPayload * limits.frame_bytes,
          .max_queue_bytes = limits.send_queue_bytes,
      },
      std::move(places), caller.counted_as.value_or(""));
}

/// Calls `function` with the caller's session on its worker's thread, or `otherwise` where there is
/// none.
template <typename Function, typename Otherwise>
void with_session(Worker& there, const Caller& caller, Function function, Otherwise otherwise) {
  call_on(there,
          [&there, caller, function = std::move(function), otherwise = std::move(otherwise)] {
            const auto found = there.socketio_sessions.find(*caller.sid);
            const bool fits = found != there.socketio_sessions.end() &&
                              found->second->fits(caller.revision, caller.counted_as.value_or(""));
            if (!fits) return otherwise();
            const auto session = found->second;  // which may end in this
            function(*session);
          });
}

/// Whether the client has closed its end, or the connection is broken.
bool is_closed(TcpStream& connection) {
  char byte = 0;
  const auto read = recv(connection.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return read == 0 || (read < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

Response answer_of_poll(std::optional<std::string> payload) {
  return payload ? payload_response(*std::move(payload)) : error_response(EngineError::bad_request);
}

Task<Response> open_session(const Caller& caller, Worker& here, Site& site) {
  auto admitted = admit(caller, /*polls=*/true, site);
  if (auto* refusal = std::get_if<Response>(&admitted)) co_return std::move(*refusal);
  const auto session =
      make_session(caller, std::move(std::get<Places>(admitted)), here, site.limits);
  Awaited<std::optional<std::string>> payload(here.context());
  here.turn().run([&] {
    session->start();
    session->poll(payload.reply());
  });
  std::optional<std::string> given = co_await payload.value();
  co_return answer_of_poll(std::move(given));
}

/// A client that goes away while it waits has left for good.
Task<Response> poll(const Caller& caller, TcpStream& connection, Worker& here, Worker& there) {
  using Payload = std::optional<std::string>;
  using Answer = std::variant<Payload, EngineError>;
  const auto answer = std::make_shared<Awaited<Answer>>(here.context());
  const auto reply = answer->reply();
  with_session(
      there, caller,
      [reply](SocketioSession& session) {
        session.poll([reply](Payload payload) { reply(std::move(payload)); });
      },
      [reply] { reply(EngineError::unknown_sid); });
  connection.socket().async_wait(
      tcp::socket::wait_read,
      [&connection, &there, caller, reply, waits = std::weak_ptr(answer)](error_code error) {
        if (error || waits.expired() || !is_closed(connection)) return;
        with_session(
            there, caller, [](SocketioSession& session) { session.poll_broken_off(); }, [] {});
        reply(EngineError::bad_request);
      });
  Answer given = co_await answer->value();
  error_code ignored;
  connection.socket().cancel(ignored);
  if (const auto* error = std::get_if<EngineError>(&given)) co_return error_response(*error);
  co_return answer_of_poll(std::get<Payload>(std::move(given)));
}

Task<Response> take_payload(const Caller& caller, const Request& request, Worker& here,
                            Worker& there) {
  using Answer = std::optional<EngineError>;
  Awaited<Answer> answer(here.context());
  const auto reply = answer.reply();
  with_session(
      there, caller,
      [reply, body = request.body()](SocketioSession& session) {
        reply(session.receive_payload(body) ? Answer() : EngineError::bad_request);
      },
      [reply] { reply(EngineError::unknown_sid); });
  const Answer error = co_await answer.value();
  co_return error ? error_response(*error) : plain_response(http::status::ok, "ok");
}

Task<Response> dispatch(const Request& request, TcpStream& connection, Worker& here, Site& site) {
  const auto read = caller_of(request, connection, site);
  if (const auto* error = std::get_if<EngineError>(&read)) co_return error_response(*error);
  const Caller& caller = std::get<Caller>(read);
  if (caller.transport != "polling") co_return error_response(EngineError::bad_request);
  if (!caller.sid) {
    if (request.method() != http::verb::get) {
      co_return error_response(EngineError::bad_handshake_method);
    }
    co_return co_await open_session(caller, here, site);
  }
  Worker* const there = worker_of(*caller.sid, site);
  if (there == nullptr) co_return error_response(EngineError::unknown_sid);
  if (request.method() == http::verb::get) {
    co_return co_await poll(caller, connection, here, *there);
  }
  if (request.method() == http::verb::post) {
    co_return co_await take_payload(caller, request, here, *there);
  }
  co_return error_response(EngineError::bad_request);
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

bool is_socketio_request(const Request& request) {
  const std::string_view path = path_of(request);
  return path == "/socket.io/" || path == "/socket.io";
}

std::size_t most_body_bytes(const Request& request, const Limits& limits) {
  const bool may_have_one = request.method() == http::verb::post && is_socketio_request(request);
  return may_have_one ? kPacketsInPayload * limits.frame_bytes : 0;
}

/// Pages of the origins that may connect read the answers (the Fetch standard's CORS protocol).
Task<Response> answer_socketio(const Request& request, TcpStream& connection, Worker& here,
                               Site& site) {
  const auto origin = request[http::field::origin];
  const bool preflight = request.method() == http::verb::options;
  Response response;
  if (preflight) {
    response = answer_to_preflight(request);
  } else {
    response = co_await dispatch(request, connection, here, site);
  }
  if (!origin.empty() && site.origins.allows(view(origin), view(request[http::field::host]))) {
    response.set(http::field::access_control_allow_origin, origin);
    response.set(http::field::access_control_allow_credentials, "true");
    response.set(http::field::vary, "Origin");
  }
  co_return response;
}

Task<std::variant<Response, NewSession, KnownSession>> session_for_websocket(const Request& request,
                                                                             TcpStream& connection,
                                                                             Worker& here,
                                                                             Site& site) {
  const auto read = caller_of(request, connection, site);
  if (const auto* error = std::get_if<EngineError>(&read)) co_return error_response(*error);
  const Caller& caller = std::get<Caller>(read);
  if (caller.transport != "websocket") co_return error_response(EngineError::bad_request);
  if (!caller.sid) {
    auto admitted = admit(caller, /*polls=*/false, site);
    if (auto* refusal = std::get_if<Response>(&admitted)) co_return std::move(*refusal);
    co_return make_session(caller, std::move(std::get<Places>(admitted)), here, site.limits);
  }
  Worker* const there = worker_of(*caller.sid, site);
  if (there == nullptr) co_return error_response(EngineError::unknown_sid);
  using Answer = std::variant<KnownSession, EngineError>;
  Awaited<Answer> answer(here.context());
  const auto reply = answer.reply();
  with_session(
      *there, caller,
      [reply, there](SocketioSession& session) {
        const auto number = session.probe();
        if (!number) return reply(EngineError::bad_request);
        reply(KnownSession{{session.weak_from_this(), *there}, *number});
      },
      [reply] { reply(EngineError::unknown_sid); });
  Answer given = co_await answer.value();
  if (const auto* error = std::get_if<EngineError>(&given)) co_return error_response(*error);
  co_return std::get<KnownSession>(std::move(given));
}

}  // namespace onair::net
