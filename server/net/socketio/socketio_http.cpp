#include "net/socketio/socketio_http.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include "net/auth/crypto.hpp"
#include "net/http/gate.hpp"
#include "net/loop/across_workers.hpp"
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

/// The end of a sid says on which worker the session is.
std::string make_sid(const Worker& here) {
  return random_hex(kIdBytes) + std::to_string(here.self());
}

Worker* worker_of(std::string_view sid, const ServerContext& server) {
  if (sid.size() <= kIdDigits) return nullptr;
  sid.remove_prefix(kIdDigits);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(sid.data(), sid.data() + sid.size(), number);
  if (error != std::errc() || end != sid.data() + sid.size()) return nullptr;
  return number < server.workers->size() ? (*server.workers)[number].get() : nullptr;
}

/// A request's fields about its session.
struct Caller {
  Revision revision = Revision::v4;
  std::string transport;
  std::optional<std::string> sid;
  std::optional<std::string> token;
  RequestSender sender;
};

/// The session cookie among "name=value; name=value" (RFC 6265 section 4.2.1). Empty where it is
/// none of ours.
std::string session_cookie(std::string_view cookies) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (!pair.starts_with(kSessionCookie) || !pair.substr(kSessionCookie.size()).starts_with('='))
      continue;
    const std::string_view value = pair.substr(kSessionCookie.size() + 1);
    if (value.size() != 2 * kSessionCookieBytes) continue;
    if (value.find_first_not_of(kHexDigits) == std::string_view::npos) return std::string(value);
  }
  return {};
}

std::variant<Caller, EngineError> caller_of(const Exchange& exchange) {
  const Request& request = exchange.request;
  if (!is_welcome_origin(request, exchange.client, exchange.server)) return EngineError::forbidden;
  const auto revision = socketio::revision_of(query_parameter(request, "EIO").value_or(""));
  if (!revision) return EngineError::unsupported_revision;
  Caller caller{*revision, query_parameter(request, "transport").value_or(""),
                query_parameter(request, "sid"), query_parameter(request, "token"),
                RequestSender{exchange.client.counted_as.value_or(""),
                              session_cookie(request[http::field::cookie])}};
  if (caller.transport != "polling" && caller.transport != "websocket") {
    return EngineError::unknown_transport;
  }
  // Scripts in place of JSON were for browsers that are gone.
  if (query_parameter(request, "j")) return EngineError::bad_request;
  return caller;
}

/// Takes the slots of a new session, or says why there is none. A session that polls takes a
/// connection's slot too, since it is there while it has no connection.
std::variant<ConnectionSlots, Refused> admit(const Exchange& exchange, bool polls) {
  auto admitted = admit_client(exchange.request, exchange.client, exchange.server);
  if (const auto* refused = std::get_if<Refused>(&admitted)) return *refused;
  ConnectionSlots slots{{}, std::get<Admission::Client>(std::move(admitted))};
  if (polls) {
    slots.connection = exchange.server.admission.connect(exchange.client.counted_as,
                                                         std::chrono::steady_clock::now());
    if (!slots.connection) {
      return Refused{http::status::service_unavailable, "This server is full.\n"};
    }
  }
  return slots;
}

NewSession make_session(const Caller& caller, ConnectionSlots slots, Worker& here,
                        const Limits& limits) {
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
          .step_timeout = limits.handshake_time,
          .max_message_bytes = limits.frame_bytes,
          .max_payload_bytes = kPacketsInPayload * limits.frame_bytes,
          .max_queue_bytes = limits.send_queue_bytes,
      },
      std::move(slots), caller.sender);
}

/// Calls `function` with the caller's session on its worker's thread, or `otherwise` where there is
/// none.
template <typename Function, typename Otherwise>
void with_session(Worker& there, const Caller& caller, Function function, Otherwise otherwise) {
  call_on(there,
          [&there, caller, function = std::move(function), otherwise = std::move(otherwise)] {
            const auto found = there.socketio_sessions.find(*caller.sid);
            const bool fits = found != there.socketio_sessions.end() &&
                              found->second->fits(caller.revision, caller.sender);
            if (!fits) return otherwise();
            const auto session = found->second;  // which may end in this
            function(*session);
          });
}

/// True where the client has closed its end, or the connection is broken.
bool is_closed(TcpStream& connection) {
  char byte = 0;
  const auto read = recv(connection.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return read == 0 || (read < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

Response answer_of_poll(std::optional<std::string> payload) {
  return payload ? payload_response(*std::move(payload)) : error_response(EngineError::bad_request);
}

Task<Response> open_session(const Caller& caller, const Exchange& exchange) {
  auto admitted = admit(exchange, /*polls=*/true);
  if (const auto* refused = std::get_if<Refused>(&admitted)) co_return response_to(*refused);
  Worker& here = exchange.worker;
  const auto session = make_session(caller, std::move(std::get<ConnectionSlots>(admitted)), here,
                                    exchange.server.limits);
  const std::string cookie = session->owner().new_cookie();
  Awaited<std::optional<std::string>> payload(here.context());
  here.tick().run([&] {
    session->start();
    session->poll(payload.reply());
  });
  std::optional<std::string> given = co_await payload.value();
  Response response = answer_of_poll(std::move(given));
  if (!cookie.empty()) {
    response.set(http::field::set_cookie, std::string(kSessionCookie) + '=' + cookie +
                                              "; Path=/socket.io; HttpOnly; SameSite=Strict" +
                                              (is_https(exchange) ? "; Secure" : ""));
  }
  co_return response;
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

}  // namespace

std::size_t most_payload_bytes(const Limits& limits) {
  return kPacketsInPayload * limits.frame_bytes;
}

Task<std::optional<Response>> refuse_payload(const Exchange& exchange) {
  const auto read = caller_of(exchange);
  if (const auto* error = std::get_if<EngineError>(&read)) co_return error_response(*error);
  const Caller& caller = std::get<Caller>(read);
  if (!caller.sid) co_return error_response(EngineError::bad_handshake_method);
  Worker* const there = worker_of(*caller.sid, exchange.server);
  if (there == nullptr) co_return error_response(EngineError::unknown_sid);
  Awaited<bool> is_known(exchange.worker.context());
  const auto reply = is_known.reply();
  with_session(
      *there, caller, [reply](SocketioSession&) { reply(true); }, [reply] { reply(false); });
  if (!co_await is_known.value()) co_return error_response(EngineError::unknown_sid);
  co_return std::nullopt;
}

Task<Response> answer_socketio(const Exchange& exchange) {
  const auto read = caller_of(exchange);
  if (const auto* error = std::get_if<EngineError>(&read)) co_return error_response(*error);
  const Caller& caller = std::get<Caller>(read);
  if (caller.transport != "polling") co_return error_response(EngineError::bad_request);
  const auto method = exchange.request.method();
  if (!caller.sid) {
    if (method != http::verb::get) co_return error_response(EngineError::bad_handshake_method);
    co_return co_await open_session(caller, exchange);
  }
  Worker* const there = worker_of(*caller.sid, exchange.server);
  if (there == nullptr) co_return error_response(EngineError::unknown_sid);
  if (method == http::verb::get) {
    co_return co_await poll(caller, exchange.connection, exchange.worker, *there);
  }
  if (method == http::verb::post) {
    co_return co_await take_payload(caller, exchange.request, exchange.worker, *there);
  }
  co_return error_response(EngineError::bad_request);
}

Task<std::variant<Response, NewSession, KnownSession>> session_for_websocket(
    const Exchange& exchange) {
  const auto read = caller_of(exchange);
  if (const auto* error = std::get_if<EngineError>(&read)) co_return error_response(*error);
  const Caller& caller = std::get<Caller>(read);
  if (caller.transport != "websocket") co_return error_response(EngineError::bad_request);
  Worker& here = exchange.worker;
  if (!caller.sid) {
    auto admitted = admit(exchange, /*polls=*/false);
    if (const auto* refused = std::get_if<Refused>(&admitted)) co_return response_to(*refused);
    co_return make_session(caller, std::move(std::get<ConnectionSlots>(admitted)), here,
                           exchange.server.limits);
  }
  Worker* const there = worker_of(*caller.sid, exchange.server);
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
