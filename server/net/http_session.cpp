#include "net/http_session.hpp"

#include <limits>
#include <memory>
#include <utility>

#include <boost/beast/core/detect_ssl.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

#include "net/http_answer.hpp"
#include "net/socketio_http.hpp"
#include "net/socketio_websocket.hpp"
#include "net/websocket_session.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

/// How long a connection over which pages were loaded may wait for the next request.
constexpr std::chrono::seconds kKeepAlive{30};

/// How long a response may take to be written.
constexpr std::chrono::seconds kWriting{30};

/// How long what a refused client still sends is read, so that it sees the answer.
constexpr std::chrono::seconds kLinger{1};

/// One connection and what it belongs to.
template <typename Stream>
struct Connection {
  // Not an aggregate: GCC 12 destroys one twice that is made in a co_await expression.
  Connection(Stream its_stream, beast::flat_buffer its_buffer, Admission::Place its_place,
             Worker& its_worker, Site& its_site)
      : stream(std::move(its_stream)),
        buffer(std::move(its_buffer)),
        place(std::move(its_place)),
        worker(its_worker),
        site(its_site) {}

  Stream stream;
  beast::flat_buffer buffer;  ///< read and not yet understood
  Admission::Place place;
  Worker& worker;
  Site& site;

  TcpStream& tcp_layer() { return beast::get_lowest_layer(stream); }
};

template <typename Stream>
Task<bool> write(Stream& stream, const Request& request, Response response) {
  response.keep_alive(response.keep_alive() && request.keep_alive());
  if (response.result() != http::status::not_modified) {
    response.content_length(response.body().bytes.size());
  }
  const bool keep_alive = response.keep_alive();
  http::response_serializer<SharedBody> serializer{response};
  if (request.method() == http::verb::head) {
    auto [error, bytes] = co_await http::async_write_header(stream, serializer, no_throw);
    co_return !error && keep_alive;
  }
  auto [error, bytes] = co_await http::async_write(stream, serializer, no_throw);
  co_return !error && keep_alive;
}

/// Answers what is no request that can be served, and ends.
template <typename Stream>
Task<void> refuse(Connection<Stream>& connection, Response response) {
  response.keep_alive(false);
  connection.tcp_layer().expires_after(kLinger);
  // NOLINTNEXTLINE(bugprone-use-after-move): clang-tidy 14 takes co_await for a loop
  co_await write(connection.stream, Request{}, std::move(response));
  error_code ignored;
  connection.tcp_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
  for (std::size_t read = 0; read < 1'048'576;) {
    connection.buffer.clear();
    auto [error, bytes] = co_await connection.tcp_layer().async_read_some(
        connection.buffer.prepare(65'536), no_throw);
    if (error) break;
    read += bytes;
  }
}

/// A WebsocketSession or a SocketioWebsocket over what is read and written until now by HTTP.
template <template <typename> class Websocket>
std::shared_ptr<Websocket<PlainTransport>> make_websocket(TcpStream& stream,
                                                          std::string_view unread, Places places,
                                                          Worker& worker) {
  return std::make_shared<Websocket<PlainTransport>>(stream.release_socket(), unread,
                                                     std::move(places), worker);
}

template <template <typename> class Websocket>
std::shared_ptr<Websocket<TlsTransport>> make_websocket(SslStream& stream, std::string_view unread,
                                                        Places places, Worker& worker) {
  beast::get_lowest_layer(stream).expires_never();  // the WebSocket has time-outs of its own
  return std::make_shared<Websocket<TlsTransport>>(std::move(stream), unread, std::move(places),
                                                   worker);
}

template <template <typename> class Websocket, typename Stream>
auto make_websocket(Connection<Stream>& connection, Places places) {
  const auto unread = connection.buffer.cdata();
  return make_websocket<Websocket>(connection.stream,
                                   {static_cast<const char*>(unread.data()), unread.size()},
                                   std::move(places), connection.worker);
}

template <typename Stream>
Task<void> upgrade(Connection<Stream>& connection, Request& request) {
  if (auto refusal = refusal_of_websocket(request, connection.site)) {
    co_return co_await refuse(connection, std::move(*refusal));
  }
  Places places{std::move(connection.place), {}};
  error_code error;
  const auto remote = connection.tcp_layer().socket().remote_endpoint(error).address();
  const auto forwarded = request["X-Forwarded-For"];
  if (const auto address = counted_address(remote, {forwarded.data(), forwarded.size()})) {
    places.address = connection.site.admission.enter(*address);
    if (!places.address) {
      co_return co_await refuse(connection, plain_response(http::status::too_many_requests,
                                                           "Too many from your address.\n"));
    }
  }
  const auto session = make_websocket<WebsocketSession>(connection, std::move(places));
  connection.worker.turn().run([&] { session->start(std::move(request)); });
}

template <typename Stream>
Task<void> upgrade_to_socketio(Connection<Stream>& connection, Request& request) {
  auto session = co_await session_for_websocket(request, connection.tcp_layer(), connection.worker,
                                                connection.site);
  if (auto* refusal = std::get_if<Response>(&session)) {
    co_return co_await refuse(connection, std::move(*refusal));
  }
  const auto websocket =
      make_websocket<SocketioWebsocket>(connection, {std::move(connection.place), {}});
  connection.worker.turn().run([&] {
    if (auto* known = std::get_if<KnownSession>(&session)) {
      return websocket->come_to(std::move(request), known->session, known->number);
    }
    websocket->start(std::move(request), std::get<NewSession>(std::move(session)));
  });
}

Response response_to(error_code error) {
  if (error == http::error::header_limit) {
    return plain_response(http::status::request_header_fields_too_large, "Too long a header.\n");
  }
  if (error == http::error::body_limit) {
    return plain_response(http::status::payload_too_large, "No body is taken.\n");
  }
  return plain_response(http::status::bad_request, "This is not HTTP/1.1.\n");
}

/// First the header, since it says how long a body there may be.
template <typename Stream>
Task<error_code> read_request(Connection<Stream>& connection,
                              http::request_parser<http::string_body>& parser) {
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  auto [failed, header] =
      co_await http::async_read_header(connection.stream, connection.buffer, parser, no_throw);
  if (failed) co_return failed;
  parser.body_limit(most_body_bytes(parser.get(), connection.site.limits));
  const auto length = parser.content_length();
  if (length && *length > most_body_bytes(parser.get(), connection.site.limits)) {
    co_return make_error_code(http::error::body_limit);
  }
  auto [error, bytes] =
      co_await http::async_read(connection.stream, connection.buffer, parser, no_throw);
  co_return error;
}

template <typename Stream>
Task<void> serve(Connection<Stream>& connection) {
  const Limits& limits = connection.site.limits;
  std::chrono::milliseconds time = limits.handshake_time;
  for (bool more = true; more; time = kKeepAlive) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits.header_bytes);
    connection.tcp_layer().expires_after(time);
    const error_code error = co_await read_request(connection, parser);
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      co_return co_await refuse(connection, response_to(error));
    }
    if (error) co_return;
    Request request = parser.release();
    const bool redirect = std::is_same_v<Stream, TcpStream> && connection.site.certificate;
    if (!redirect && is_websocket_request(request)) {
      co_return co_await upgrade(connection, request);
    }
    const bool is_socketio = !redirect && is_socketio_request(request);
    if (is_socketio && beast::websocket::is_upgrade(request)) {
      co_return co_await upgrade_to_socketio(connection, request);
    }
    // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
    Response response;
    if (is_socketio) {
      response = co_await answer_socketio(request, connection.tcp_layer(), connection.worker,
                                          connection.site);
    } else {
      response = redirect ? redirect_to_https(request) : answer(request, connection.site);
    }
    connection.tcp_layer().expires_after(kWriting);
    more = co_await write(connection.stream, request, std::move(response));
  }
  error_code ignored;
  connection.tcp_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

Task<void> serve_connection(TcpStream stream, Admission::Place place, Worker& worker, Site& site) {
  beast::flat_buffer buffer;
  bool is_tls = false;
  if (site.certificate) {
    stream.expires_after(site.limits.handshake_time);
    auto [error, detected] = co_await beast::async_detect_ssl(stream, buffer, no_throw);
    if (error) co_return;
    is_tls = detected;
  }
  if (!is_tls) {
    Connection<TcpStream> connection(std::move(stream), std::move(buffer), std::move(place), worker,
                                     site);
    co_return co_await serve(connection);
  }
  const auto context = site.certificate->context();
  SslStream tls(std::move(stream), *context);
  auto [failed, used] =
      co_await tls.async_handshake(asio::ssl::stream_base::server, buffer.data(), no_throw);
  if (failed) {
    spdlog::debug("event=tls_handshake_failed error=\"{}\"", failed.message());
    co_return;
  }
  buffer.consume(used);
  Connection<SslStream> connection(std::move(tls), std::move(buffer), std::move(place), worker,
                                   site);
  co_await serve(connection);
}

}  // namespace onair::net
