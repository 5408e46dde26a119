#include "net/listen/http_session.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/write.hpp>
#include <boost/beast/core/detect_ssl.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

#include "net/http/pages.hpp"
#include "net/http/proxies.hpp"
#include "net/http/request_reader.hpp"
#include "net/listen/routes.hpp"
#include "net/socketio/socketio_websocket.hpp"
#include "net/websocket/websocket_session.hpp"

namespace onair::net {
namespace {

namespace http = beast::http;

/// How long a connection over which pages were loaded may wait for the next request.
constexpr std::chrono::seconds kKeepAlive{30};

/// How long a response may take to be written.
constexpr std::chrono::seconds kWriting{30};

/// How long what a refused client still sends is read, so that it sees the answer.
constexpr std::chrono::seconds kLinger{1};

/// Bytes that are read at once, beside what waits to be understood: a connection holds no more
/// before anything counts what it holds.
constexpr std::size_t kReadBytes = 8'192;

/// A connection, with its worker and its server.
template <typename Stream>
struct Connection {
  // Not an aggregate: GCC 12 destroys one twice that is made in a co_await expression.
  Connection(Stream its_stream, beast::flat_buffer its_buffer, const asio::ip::address& its_remote,
             Admission::Slot its_slot, Worker& its_worker, ServerContext& its_server)
      : stream(std::move(its_stream)),
        buffer(std::move(its_buffer)),
        remote(its_remote),
        slot(std::move(its_slot)),
        worker(its_worker),
        server(its_server) {
    buffer.max_size(server.limits.header_bytes + kReadBytes);
  }

  Stream stream;
  beast::flat_buffer buffer;  ///< read and not yet understood
  asio::ip::address remote;
  Admission::Slot slot;
  Worker& worker;
  ServerContext& server;

  TcpStream& tcp_layer() { return beast::get_lowest_layer(stream); }
};

template <typename Stream>
Task<bool> write(Stream& stream, const Request& request, Response response) {
  response.keep_alive(response.keep_alive() && request.keep_alive());
  // A response without content has no length either (RFC 9110 section 8.6).
  const bool has_no_content = response.result() == http::status::no_content;
  if (response.result() != http::status::not_modified && !has_no_content) {
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
        connection.buffer.prepare(kReadBytes), no_throw);
    if (error) break;
    read += bytes;
  }
}

/// A WebsocketSession or a SocketioWebsocket over what is read and written until now by HTTP.
template <template <typename> class Websocket>
std::shared_ptr<Websocket<PlainTransport>> make_websocket(TcpStream& stream,
                                                          std::string_view unread,
                                                          ConnectionSlots slots, Worker& worker) {
  return std::make_shared<Websocket<PlainTransport>>(stream.release_socket(), unread,
                                                     std::move(slots), worker);
}

template <template <typename> class Websocket>
std::shared_ptr<Websocket<TlsTransport>> make_websocket(SslStream& stream, std::string_view unread,
                                                        ConnectionSlots slots, Worker& worker) {
  return std::make_shared<Websocket<TlsTransport>>(std::move(stream), unread, std::move(slots),
                                                   worker);
}

template <template <typename> class Websocket, typename Stream>
auto make_websocket(Connection<Stream>& connection, Admission::Client client) {
  const auto unread = connection.buffer.cdata();
  return make_websocket<Websocket>(
      connection.stream, {static_cast<const char*>(unread.data()), unread.size()},
      {std::move(connection.slot), std::move(client)}, connection.worker);
}

/// Goes on with the connection as a WebSocket, whose upgrade is answered by that.
template <typename Stream>
void upgrade(Connection<Stream>& connection, Request request, Upgrade kind) {
  if (auto* own = std::get_if<OwnClient>(&kind)) {
    const auto session = make_websocket<WebsocketSession>(connection, std::move(own->slots));
    return connection.worker.tick().run([&] { session->start(std::move(request)); });
  }
  const auto websocket = make_websocket<SocketioWebsocket>(connection, {});
  connection.worker.tick().run([&] {
    if (auto* known = std::get_if<KnownSession>(&kind)) {
      return websocket->come_to(std::move(request), known->session, known->number);
    }
    websocket->start(std::move(request), std::get<NewSession>(std::move(kind)));
  });
}

Response response_to(error_code error) {
  if (error == http::error::header_limit) {
    return plain_response(http::status::request_header_fields_too_large, "Too long a header.\n");
  }
  return plain_response(http::status::bad_request, "This is not HTTP/1.1.\n");
}

/// True where the received bytes are no HTTP, and false where they only ended.
bool is_malformed(error_code error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

/// Has browsers use HTTPS alone from now on (RFC 6797). Not for localhost, where other programs
/// serve without it.
void insist_on_https(Response& response, std::string_view host) {
  if (host.starts_with("localhost")) return;
  response.set(http::field::strict_transport_security, "max-age=31536000");
}

/// Tells a client that waits for it to send its body (RFC 9110 section 10.1.1).
template <typename Stream>
Task<error_code> invite_body(Connection<Stream>& connection, const RequestParser& parser) {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const Request& header = parser.get();
  if (header.version() < 11 || !beast::iequals(header[http::field::expect], "100-continue")) {
    co_return error_code();
  }
  const auto [error, bytes] =
      co_await asio::async_write(connection.stream, asio::buffer(kContinue), no_throw);
  co_return error;
}

/// Reads the body, if the header says that there is one. `share` counts it for as long as it is
/// there. Gives an answer where it is not to be read, or an error of the connection.
template <typename Stream>
Task<std::variant<error_code, Response>> take_body(Connection<Stream>& connection,
                                                   RequestParser& parser, const Route& route,
                                                   const ClientOrigin& client, InputShare& share) {
  const auto length = static_cast<std::size_t>(parser.content_length().value_or(0));
  if (length > 0) {
    const Exchange header{parser.get(), client, connection.tcp_layer(), connection.worker,
                          connection.server};
    // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
    std::optional<Response> refusal;
    if (route.refuse_body != nullptr) refusal = co_await route.refuse_body(header);
    if (refusal) co_return std::move(*refusal);
    share.set_bytes(length);
    if (share.gives_way(connection.server.limits.frame_bytes / kInputThatStays)) {
      Response full = plain_response(http::status::service_unavailable, "This server is busy.\n");
      full.set(http::field::retry_after, "5");
      co_return full;
    }
    if (const error_code error = co_await invite_body(connection, parser)) co_return error;
  }
  auto taken = co_await read_body(connection.stream, connection.buffer, parser);
  share.settle();
  co_return taken;
}

/// Reads the header of the next request.
template <typename Stream>
Task<error_code> next_header(Connection<Stream>& connection, RequestParser& parser) {
  std::optional<WaitingConnections::Slot> waits;
  if (std::is_same_v<Stream, SslStream>) {
    waits.emplace(connection.worker.waiting_tls_connections(),
                  [&connection] { connection.tcp_layer().close(); });
  }
  co_return co_await read_header(connection.stream, connection.buffer, parser,
                                 connection.server.limits);
}

template <typename Stream>
Task<void> serve(Connection<Stream>& connection) {
  ServerContext& server = connection.server;
  std::chrono::milliseconds time = server.limits.handshake_time;
  for (bool more = true; more; time = kKeepAlive) {
    connection.tcp_layer().expires_after(time);
    RequestParser parser;
    error_code error = co_await next_header(connection, parser);
    if (error && !is_malformed(error)) co_return;
    const Route& route =
        route_of(parser.get());  // also of a header whose first line alone was read
    if (error) {
      Response refusal = in_form_of(route, response_to(error));
      co_return co_await refuse(connection, std::move(refusal));
    }
    if (auto refusal = refusal_of(parser.get(), route, server.limits)) {
      Response worded = in_form_of(route, std::move(*refusal));
      co_return co_await refuse(connection, std::move(worded));
    }
    // With a certificate, plain HTTP only redirects.
    const bool redirects = std::is_same_v<Stream, TcpStream> && server.certificate;
    const ClientOrigin client = client_origin(connection.remote, parser.get(), server.proxies);
    InputShare body(connection.worker.tick().input_budget,
                    [&connection] { connection.tcp_layer().close(); });
    if (redirects && parser.content_length().value_or(0) > 0) {
      co_return co_await refuse(connection, redirect_to_https(parser.get()));
    }
    auto taken = co_await take_body(connection, parser, route, client, body);
    if (auto* refusal = std::get_if<Response>(&taken)) {
      Response worded = in_form_of(route, std::move(*refusal));
      co_return co_await refuse(connection, std::move(worded));
    }
    if (std::get<error_code>(taken)) co_return;
    Request request = parser.release();
    // Named: GCC 12 destroys twice what a conditional makes within a co_await expression.
    Outcome outcome;
    if (redirects) {
      outcome = redirect_to_https(request);
    } else {
      const Exchange exchange{request, client, connection.tcp_layer(), connection.worker, server};
      outcome = co_await handle(route, exchange);
    }
    if (auto* kind = std::get_if<Upgrade>(&outcome)) {
      co_return upgrade(connection, std::move(request), std::move(*kind));
    }
    Response response = std::get<Response>(std::move(outcome));
    if (std::is_same_v<Stream, SslStream> && server.is_https_for_good) {
      insist_on_https(response, view(request[http::field::host]));
    }
    // Whoever was refused a WebSocket may wait for its answer only.
    if (beast::websocket::is_upgrade(request)) {
      co_return co_await refuse(connection, std::move(response));
    }
    // An answer that the client does not read counts as frames that wait for a client do.
    ByteShare sending(connection.worker.tick().output_budget);
    if (const auto& owned = response.body().owner) sending.set_bytes(owned->capacity());
    if (sending.is_beyond_fair_share()) co_return;
    connection.tcp_layer().expires_after(kWriting);
    more = co_await write(connection.stream, request, std::move(response));
  }
  error_code ignored;
  connection.tcp_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

Task<void> serve_connection(TcpStream stream, asio::ip::address remote, Admission::Slot slot,
                            Worker& worker, ServerContext& server) {
  beast::flat_buffer buffer;
  bool is_tls = false;
  const auto until = std::chrono::steady_clock::now() + server.limits.handshake_time;
  if (server.certificate) {
    stream.expires_at(until);
    auto [error, detected] = co_await beast::async_detect_ssl(stream, buffer, no_throw);
    if (error) co_return;
    is_tls = detected;
  }
  if (!is_tls) {
    Connection<TcpStream> connection(std::move(stream), std::move(buffer), remote, std::move(slot),
                                     worker, server);
    co_return co_await serve(connection);
  }
  auto handshake_slot = co_await worker.handshakes().enter(counted_address(remote), until);
  if (!handshake_slot) co_return;
  const auto context = server.certificate->context();
  SslStream tls(std::move(stream), *context);
  const auto [error, used] =
      co_await worker.handshakes().accept(tls, buffer.data(), *handshake_slot);
  handshake_slot.reset();
  if (error) {
    spdlog::debug("event=tls_handshake_failed error=\"{}\"", error.message());
    co_return;
  }
  buffer.consume(used);
  Connection<SslStream> connection(std::move(tls), std::move(buffer), remote, std::move(slot),
                                   worker, server);
  co_await serve(connection);
}

}  // namespace onair::net
