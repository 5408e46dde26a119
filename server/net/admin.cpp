#include "net/admin.hpp"

#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "net/listener.hpp"
#include "net/metrics.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

constexpr std::chrono::seconds kRequestTime{10};

using TextResponse = http::response<http::string_body>;

TextResponse text_response(http::status status, std::string text) {
  TextResponse response(status, 11);
  response.set(http::field::server, "onair");
  response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(text);
  response.keep_alive(false);
  response.prepare_payload();
  return response;
}

}  // namespace

Admin::Admin(std::uint16_t port, Workers& workers, const Site& site)
    : workers_(workers),
      site_(site),
      acceptor_(listen(workers.front()->context(), "127.0.0.1", port, "--admin-port")) {}

void Admin::start() {
  asio::co_spawn(workers_.front()->context(), accept_connections(), asio::detached);
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
    asio::co_spawn(acceptor_.get_executor(), serve(TcpStream(std::move(socket))), asio::detached);
  }
}

Task<std::string> Admin::metrics() {
  co_return metrics_text(co_await reports_of(workers_), site_.admission.connections());
}

Task<void> Admin::serve(TcpStream stream) {
  stream.expires_after(kRequestTime);
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  auto [error, bytes] = co_await http::async_read(stream, buffer, request, no_throw);
  if (error) co_return;
  TextResponse response = text_response(http::status::not_found, "/metrics, /healthz, /readyz\n");
  if (request.method() != http::verb::get) {
    response = text_response(http::status::method_not_allowed, "Only GET is served.\n");
  } else if (request.target() == "/metrics") {
    response = text_response(http::status::ok, co_await metrics());
  } else if (request.target() == "/healthz") {
    response = text_response(http::status::ok, "ok\n");
  } else if (request.target() == "/readyz") {
    response = site_.draining ? text_response(http::status::service_unavailable, "draining\n")
                              : text_response(http::status::ok, "ready\n");
  }
  co_await http::async_write(stream, response, no_throw);
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace onair::net
