// A real HTTP and WebSocket client against a real server on another thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>

#include "server.hpp"

namespace onair::tests {

/// Several threads, so that what is tested holds where a room is spread over them.
Options test_options();

/// A server on a port of the system's choosing, with a small site, until the end of the scope.
class RunningServer {
 public:
  explicit RunningServer(Options options = test_options());
  ~RunningServer();
  std::uint16_t port() const { return server_->port(); }
  std::uint16_t admin_port() const { return server_->admin_port(); }
  Server& server() { return *server_; }
  /// Waits until the server has ended by itself.
  void join() { thread_.join(); }

  /// A number from /metrics, by its name and labels as they stand there.
  double metric(const std::string& name) const;

 private:
  std::filesystem::path site_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

using Response = boost::beast::http::response<boost::beast::http::string_body>;

/// Sends a request on a connection of its own, with further headers as "Name: value".
Response request(std::uint16_t port, boost::beast::http::verb method, const std::string& target,
                 const std::vector<std::pair<std::string, std::string>>& headers = {},
                 const std::string& body = {});

/// The status with which an upgrade at /ws is answered, with further headers.
unsigned upgrade_status(std::uint16_t port,
                        const std::vector<std::pair<std::string, std::string>>& headers);

/// Sends bytes as they are and gives everything until the server closes.
std::string raw_exchange(std::uint16_t port, const std::string& bytes);

/// A TCP connection that sends just the bytes that it is given.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  void send(const std::string& bytes);
  /// Returns `bytes` bytes, within a bound of time.
  std::string receive(std::size_t bytes);
  /// All until the server ends the connection, within a bound.
  std::string receive_all();

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
};

/// The request for a WebSocket, as a RawConnection may send it, with further header lines.
std::string upgrade_request(const std::string& more_headers = {});

/// A client's text frame.
std::string masked_text(const std::string& text);

/// Every wait has a bound, after which the test fails by an exception.
class WebSocketClient {
 public:
  explicit WebSocketClient(std::uint16_t port, const std::string& target = "/ws");
  /// Of a client at this address, for a server behind a proxy.
  WebSocketClient(std::uint16_t port, const std::string& target, const std::string& address);
  /// With a receive buffer of so many bytes.
  WebSocketClient(std::uint16_t port, int receive_buffer);

  /// Enters and gives the welcome.
  nlohmann::json enter(const std::string& role, const std::string& room = "lesson");

  void send(const std::string& text);
  void send_binary(const std::string& bytes);
  std::string receive_text();
  nlohmann::json receive();
  /// Reads on until there is one of this type.
  nlohmann::json receive_type(const std::string& type);
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
