#include "net/http_session.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/version.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <spdlog/spdlog.h>

#include "net/websocket_session.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

using Request = http::request<http::string_body>;
using Response = http::response<http::span_body<const char>>;

constexpr std::chrono::seconds kRequestTimeout{30};
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;

/// Nothing is loaded from elsewhere, no inline code runs, and WebAssembly may compile.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'";

bool accepts_gzip(const Request& request) {
  return request[http::field::accept_encoding].find("gzip") != beast::string_view::npos;
}

void set_common_headers(Response& response) {
  response.set(http::field::server, "onair");
  response.set("Content-Security-Policy", kContentSecurityPolicy);
  response.set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
}

Response plain(http::status status, std::string_view sentence) {
  Response response(status, 11);
  set_common_headers(response);
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.body() = {sentence.data(), sentence.size()};
  return response;
}

Response file_response(const Request& request, const StaticFile& file) {
  Response response(http::status::ok, 11);
  set_common_headers(response);
  response.set(http::field::etag, file.etag);
  response.set(http::field::cache_control, "no-cache");
  response.set(http::field::vary, "Accept-Encoding");
  const auto known = request[http::field::if_none_match];
  if (known.find(file.etag) != beast::string_view::npos) {
    response.result(http::status::not_modified);
    return response;
  }
  response.set(http::field::content_type, file.content_type);
  const bool compressed = file.gzip && accepts_gzip(request);
  if (compressed) response.set(http::field::content_encoding, "gzip");
  const std::string& body = compressed ? *file.gzip : file.body;
  response.body() = {body.data(), body.size()};
  return response;
}

/// Answers any request but an upgrade.
Response answer(const Request& request, const StaticFiles& files) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response = plain(http::status::method_not_allowed, "Only GET and HEAD are served.\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  const std::string_view target(request.target().data(), request.target().size());
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/ws") {
    Response response = plain(http::status::upgrade_required, "This is a WebSocket.\n");
    response.set(http::field::upgrade, "websocket");
    return response;
  }
  const StaticFile* file = files.find(path);
  if (file == nullptr) return plain(http::status::not_found, "There is no such page.\n");
  return file_response(request, *file);
}

Task<bool> write_answer(TcpStream& stream, const Request& request, const StaticFiles& files) {
  Response response = answer(request, files);
  response.keep_alive(request.keep_alive());
  if (response.result() != http::status::not_modified) {
    response.content_length(response.body().size());
  }
  const bool keep_alive = response.keep_alive();
  http::response_serializer<http::span_body<const char>> serializer{response};
  if (request.method() == http::verb::head) {
    auto [error, bytes] = co_await http::async_write_header(stream, serializer, no_throw);
    co_return !error && keep_alive;
  }
  auto [error, bytes] = co_await http::async_write(stream, serializer, no_throw);
  co_return !error && keep_alive;
}

bool is_websocket_request(const Request& request) {
  const std::string_view target(request.target().data(), request.target().size());
  return beast::websocket::is_upgrade(request) && target.substr(0, target.find('?')) == "/ws";
}

}  // namespace

Task<void> serve_http(TcpStream stream, HubRunner& hub, const StaticFiles& files) {
  beast::flat_buffer buffer;
  for (bool more = true; more;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(0);
    stream.expires_after(kRequestTimeout);
    auto [error, bytes] = co_await http::async_read(stream, buffer, parser, no_throw);
    if (error) {
      if (error != http::error::end_of_stream) spdlog::debug("http read: {}", error.message());
      break;
    }
    Request request = parser.release();
    if (is_websocket_request(request)) {
      stream.expires_never();  // the WebSocket has time-outs of its own
      const auto session = std::make_shared<WebsocketSession>(std::move(stream), hub);
      co_await session->run(std::move(request));
      co_return;
    }
    more = co_await write_answer(stream, request, files);
  }
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace onair::net
