// A real HTTP and WebSocket client against a real server on another thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>

#include "server.hpp"

namespace onair::tests {

/// A server on a port of the system's choosing, with a small site, until the end of the scope.
class RunningServer {
 public:
  explicit RunningServer(Options options = {});
  ~RunningServer();
  std::uint16_t port() const { return server_->port(); }

 private:
  std::filesystem::path site_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

using Response = boost::beast::http::response<boost::beast::http::string_body>;

/// One request on a connection of its own, with further headers as "Name: value".
Response request(std::uint16_t port, boost::beast::http::verb method, const std::string& target,
                 const std::vector<std::pair<std::string, std::string>>& headers = {});

/// Sends bytes as they are and gives everything until the server closes.
std::string raw_exchange(std::uint16_t port, const std::string& bytes);

/// Every wait has a bound, after which the test fails by an exception.
class WebSocketClient {
 public:
  explicit WebSocketClient(std::uint16_t port);

  /// Enters and gives the welcome.
  nlohmann::json enter(const std::string& role, const std::string& room = "lesson");

  void send(const std::string& text);
  void send_binary(const std::string& bytes);
  nlohmann::json receive();
  /// Reads until the server closes, and gives its close code.
  int receive_close();
  /// With a close frame.
  void close();
  /// Without one, as when a network breaks.
  void cut();

 private:
  boost::asio::io_context context_;
  boost::beast::websocket::stream<boost::beast::tcp_stream> socket_;
};

}  // namespace onair::tests
