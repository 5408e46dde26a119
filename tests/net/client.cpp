#include "net/client.hpp"

#include <fstream>
#include <optional>
#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

namespace onair::tests {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kBound{20};

std::filesystem::path make_site() {
  std::string folder = (std::filesystem::temp_directory_path() / "onair-test-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  const std::filesystem::path site(folder);
  std::ofstream(site / "index.html") << "<!doctype html><title>start</title>";
  std::ofstream(site / "watch.html") << "<!doctype html>";
  std::ofstream(site / "talk.html") << "<meta property=\"og:image\" content=\"share.png\">";
  std::ofstream(site / "talk.html.gz") << "not really gzip";
  std::ofstream(site / "onair.webmanifest") << "{}";
  std::ofstream(site / "page.mjs") << "export const page = 1;";
  std::ofstream(site / "page.mjs.gz") << "not really gzip";
  std::ofstream(site / "page.mjs.br") << "not really brotli";
  std::ofstream(site / "client.wasm") << '\0' << "asm";
  return site;
}

asio::ip::tcp::endpoint endpoint(std::uint16_t port) {
  return {asio::ip::make_address("127.0.0.1"), port};
}

/// Runs until the operation ended or the bound is over.
void run(asio::io_context& context, const std::optional<error_code>& result) {
  context.restart();
  context.run_for(kBound);
  if (!result) throw std::runtime_error("nothing came within the bound");
}

}  // namespace

Options test_options() {
  Options options;
  options.threads = 3;
  options.admin_port = 0;
  return options;
}

RunningServer::RunningServer(Options options) : site_(make_site()) {
  if (options.resume_secret.empty()) options.resume_secret = "a secret of the tests";
  if (options.admin_key.empty()) options.admin_key = "a key of the tests";
  options.address = "127.0.0.1";
  options.port = 0;
  options.web = site_;
  server_ = std::make_unique<Server>(options);
  // As main does before there are threads: spdlog makes its logger when it is first used, in code
  // of its library that ThreadSanitizer can't see into.
  spdlog::default_logger_raw();
  thread_ = std::thread([this] { server_->run(); });
}

RunningServer::~RunningServer() {
  server_->stop();
  if (thread_.joinable()) thread_.join();
  std::filesystem::remove_all(site_);
}

double RunningServer::metric(const std::string& name) const {
  const std::string text = request(admin_port(), http::verb::get, "/metrics").body();
  const std::size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) throw std::runtime_error("no metric " + name + " in\n" + text);
  return std::stod(text.substr(at + name.size() + 2));
}

Response request(std::uint16_t port, http::verb method, const std::string& target,
                 const std::vector<std::pair<std::string, std::string>>& headers,
                 const std::string& body) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  stream.connect(endpoint(port));
  http::request<http::string_body> asked(method, target, 11);
  asked.set(http::field::host, "localhost");
  for (const auto& [name, value] : headers) asked.set(name, value);
  if (!body.empty()) {
    asked.body() = body;
    asked.prepare_payload();
  }
  http::write(stream, asked);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  if (method == http::verb::head) parser.skip(true);
  http::read(stream, buffer, parser);
  return parser.release();
}

unsigned upgrade_status(std::uint16_t port,
                        const std::vector<std::pair<std::string, std::string>>& headers) {
  auto all = headers;
  all.insert(all.end(), {{"Connection", "Upgrade"},
                         {"Upgrade", "websocket"},
                         {"Sec-WebSocket-Version", "13"},
                         {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  return request(port, http::verb::get, "/ws", all).result_int();
}

std::string raw_exchange(std::uint16_t port, const std::string& bytes) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect(endpoint(port));
  asio::write(socket, asio::buffer(bytes));
  std::string answer;
  error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

RawConnection::RawConnection(std::uint16_t port) : socket_(context_) {
  socket_.connect(endpoint(port));
}

void RawConnection::send(const std::string& bytes) {
  asio::write(socket_, asio::buffer(bytes));
}

std::string RawConnection::receive(std::size_t bytes) {
  std::string received(bytes, '\0');
  std::optional<error_code> result;
  asio::async_read(socket_, asio::buffer(received),
                   [&result](error_code error, std::size_t) { result = error; });
  run(context_, result);
  if (*result) throw boost::system::system_error(*result);
  return received;
}

std::string RawConnection::receive_all() {
  std::string received;
  std::optional<error_code> result;
  asio::async_read(socket_, asio::dynamic_buffer(received),
                   [&result](error_code error, std::size_t) { result = error; });
  run(context_, result);
  return received;
}

std::string upgrade_request(const std::string& more_headers) {
  return "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" +
         more_headers +
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

std::string masked_text(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(0x80 | text.size())) + std::string(4, '\0') +
         text;
}

WebSocketClient::WebSocketClient(std::uint16_t port, const std::string& target)
    : socket_(context_) {
  beast::get_lowest_layer(socket_).connect(endpoint(port));
  socket_.handshake("localhost", target);
}

WebSocketClient::WebSocketClient(std::uint16_t port, const std::string& target,
                                 const std::string& address)
    : socket_(context_) {
  beast::get_lowest_layer(socket_).connect(endpoint(port));
  socket_.set_option(websocket::stream_base::decorator(
      [address](websocket::request_type& request) { request.set("X-Forwarded-For", address); }));
  socket_.handshake("localhost", target);
}

WebSocketClient::WebSocketClient(std::uint16_t port, int receive_buffer) : socket_(context_) {
  auto& socket = beast::get_lowest_layer(socket_).socket();
  socket.open(asio::ip::tcp::v4());
  socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
  socket.connect(endpoint(port));
  socket_.handshake("localhost", "/ws");
}

nlohmann::json WebSocketClient::enter(const std::string& role, const std::string& room) {
  send(nlohmann::json{{"type", "enter"}, {"room", room}, {"role", role}}.dump());
  return receive();
}

void WebSocketClient::send(const std::string& text) {
  socket_.text(true);
  socket_.write(asio::buffer(text));
}

void WebSocketClient::send_binary(const std::string& bytes) {
  socket_.binary(true);
  socket_.write(asio::buffer(bytes));
}

std::string WebSocketClient::receive_text() {
  beast::flat_buffer buffer;
  std::optional<error_code> result;
  socket_.async_read(buffer, [&result](error_code error, std::size_t) { result = error; });
  run(context_, result);
  if (*result) throw boost::system::system_error(*result);
  return beast::buffers_to_string(buffer.data());
}

nlohmann::json WebSocketClient::receive() {
  return nlohmann::json::parse(receive_text());
}

nlohmann::json WebSocketClient::receive_type(const std::string& type) {
  const auto end = std::chrono::steady_clock::now() + kBound;
  for (;;) {
    nlohmann::json frame = receive();
    if (frame["type"] == type) return frame;
    if (std::chrono::steady_clock::now() >= end) throw std::runtime_error("no " + type + " came");
  }
}

int WebSocketClient::receive_close() {
  for (;;) {
    beast::flat_buffer buffer;
    std::optional<error_code> result;
    socket_.async_read(buffer, [&result](error_code error, std::size_t) { result = error; });
    run(context_, result);
    if (*result == websocket::error::closed) return socket_.reason().code;
    if (*result) throw boost::system::system_error(*result);
  }
}

void WebSocketClient::close() {
  socket_.close(websocket::close_code::normal);
}

void WebSocketClient::cut() {
  beast::get_lowest_layer(socket_).close();
}

}  // namespace onair::tests
