#include "net/admin/admin.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

#include "net/admin/metrics.hpp"
#include "net/auth/crypto.hpp"
#include "net/http/gate.hpp"
#include "net/http/pages.hpp"
#include "net/http/request_reader.hpp"
#include "net/listen/listener.hpp"
#include "net/loop/across_workers.hpp"
#include "net/loop/run_guarded.hpp"
#include "net/media/media.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

constexpr std::chrono::seconds kRequestTime{10};
constexpr std::string_view kPlain = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kJson = "application/json";

http::response<http::string_body> response_with(http::status status, std::string text,
                                                std::string_view type) {
  http::response<http::string_body> response(status, 11);
  response.set(http::field::server, "onair");
  response.set(http::field::cache_control, "no-store");
  if (status != http::status::no_content) response.set(http::field::content_type, type);
  response.body() = std::move(text);
  return response;
}

http::response<http::string_body> refusal(http::status status, std::string_view code,
                                          std::string_view message) {
  return response_with(status, error_json(code, message), kJson);
}

}  // namespace

Admin::Admin(std::uint16_t port, std::string key, Workers& workers, const ServerContext& server)
    : key_(std::move(key)),
      workers_(workers),
      server_(server),
      acceptor_(listen(workers.front()->context(), "127.0.0.1", port, "--admin-port")) {}

void Admin::start() {
  asio::co_spawn(workers_.front()->context(), accept_connections(), end_of_service);
}

Task<void> Admin::accept_connections() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(no_throw);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      Timer pause(acceptor_.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(no_throw);
      continue;
    }
    asio::co_spawn(acceptor_.get_executor(), serve(TcpStream(std::move(socket))),
                   end_of_connection);
  }
}

Task<void> Admin::serve(TcpStream stream) {
  stream.expires_after(kRequestTime);
  beast::flat_buffer buffer;
  RequestParser parser;
  error_code error = co_await read_header(stream, buffer, parser, server_.limits);
  if (error) co_return;
  // Headers of proxies do not count: a rebound page can set them.
  const ClientOrigin client{
      {}, std::string(view(parser.get()[http::field::host])), {}, /*is_in_private_network=*/true};
  // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
  Response response;
  if (may_be_rebound(parser.get(), client, server_)) {
    response = refusal(http::status::forbidden, "wrong_origin",
                       "Use localhost: this public name may be DNS rebinding.");
  } else if (const auto no_body = refusal_of_body(parser.get(), 0)) {
    response = refusal(no_body->result(), "no_body", "No body is taken here.");
  } else {
    error = co_await read_body(stream, buffer, parser);
    if (error) co_return;
    response = co_await answer(parser.get());
  }
  response.keep_alive(false);
  response.prepare_payload();
  co_await http::async_write(stream, response, no_throw);
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

Task<Admin::Response> Admin::answer(const Request& request) {
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  if (const auto named = api_path(path)) co_return co_await answer_api(request, *named);
  if (request.method() != http::verb::get) {
    co_return refusal(http::status::method_not_allowed, "method_not_allowed",
                      "Only GET is served here.");
  }
  if (path == "/metrics") {
    const auto reports = co_await reports_of(workers_);
    const auto forwarder = co_await ask_forwarder();
    co_return response_with(http::status::ok, metrics_text(reports, forwarder, server_), kPlain);
  }
  if (path == "/healthz") co_return response_with(http::status::ok, "ok\n", kPlain);
  if (path == "/readyz") {
    const auto ready = readiness(server_);
    co_return response_with(ready.result(), std::string(ready.body().bytes), kPlain);
  }
  if (path == "/openapi.json") {
    co_return response_with(http::status::ok, std::string(openapi()), kJson);
  }
  co_return refusal(http::status::not_found, "not_found",
                    "There are /v1/rooms, /metrics, /healthz, /readyz and /openapi.json.");
}

Task<std::optional<sfu::control::Report>> Admin::ask_forwarder() {
  if (server_.media == nullptr) co_return std::nullopt;
  Awaited<Media::ForwarderReport> answer(workers_.front()->context());
  Media& media = *server_.media;
  auto ask = [&media, reply = answer.reply()]() mutable { media.ask_report(std::move(reply)); };
  call_on(media.worker(), std::move(ask));
  co_return co_await answer.value();
}

Task<Admin::Response> Admin::answer_api(const Request& request, const ApiPath& path) {
  if (!is_authorized(request)) {
    Response response =
        refusal(http::status::unauthorized, "unauthorized", "The bearer key is missing or wrong.");
    response.set(http::field::www_authenticate, "Bearer realm=\"onair\"");
    co_return response;
  }
  if (request.method() == http::verb::get && !path.peer) co_return co_await show(path);
  if (request.method() == http::verb::delete_ && path.room) co_return co_await remove(path);
  co_return refusal(http::status::method_not_allowed, "method_not_allowed",
                    "See /openapi.json for what can be done here.");
}

bool Admin::is_authorized(const Request& request) const {
  const auto field = request[http::field::authorization];
  const std::string_view given(field.data(), field.size());
  constexpr std::string_view scheme = "bearer ";
  return given.size() > scheme.size() && beast::iequals(given.substr(0, scheme.size()), scheme) &&
         equal_in_constant_time(given.substr(scheme.size()), key_);
}

Task<Admin::Response> Admin::show(const ApiPath& path) {
  const auto reports =
      co_await ask_each(workers_, [](const Worker& worker) { return worker.rooms(); });
  const std::vector<rooms::RoomReport> rooms = joined(reports);
  if (!path.room) co_return response_with(http::status::ok, rooms_json(rooms), kJson);
  const auto found = std::ranges::find(rooms, *path.room, &rooms::RoomReport::name);
  if (found == rooms.end()) {
    co_return refusal(http::status::not_found, "not_found", "There is no such room.");
  }
  co_return response_with(http::status::ok, room_json(*found), kJson);
}

Task<Admin::Response> Admin::remove(const ApiPath& path) {
  const auto done = co_await ask_each(workers_, [&path](Worker& worker) {
    return path.peer ? worker.remove_peer(*path.room, *path.peer) : worker.end_room(*path.room);
  });
  if (std::ranges::find(done, true) == done.end()) {
    co_return refusal(http::status::not_found, "not_found", "There is no such room or peer.");
  }
  spdlog::info("event={}", path.peer ? "peer_removed by=operator" : "room_ended by=operator");
  co_return response_with(http::status::no_content, "", kJson);
}

}  // namespace onair::net
