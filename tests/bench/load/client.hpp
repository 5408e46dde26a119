// A client of a server under load: a WebSocket of its own making, as cheap as can be, and either
// of two dialects of the same protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace onair::load {

enum class Dialect {
  onair,    ///< /ws, see PROTOCOL.md
  socketio  ///< Engine.IO 4, events `enter` and `message` as in the original JavaScript program
};

class Client {
 public:
  using Tcp = boost::asio::ip::tcp;

  Client(boost::asio::io_context& context, Dialect dialect);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Connects and enters; `joined` is called when the server has let it in.
  void join(std::uint16_t port, const std::string& room, bool talks, std::function<void()> joined);

  /// `fields` is the inside of a JSON object, e.g. `"type":"offer"`. Without `to` for the room.
  /// Does nothing before the connection is a WebSocket.
  void send_message(std::string_view fields, std::string_view to = {});

  /// Without a closing handshake, as a browser that is killed.
  void cut();

  /// With a close frame, as a page that is left.
  void leave();

  /// Further fields of its `enter` over /ws, e.g. `,"caps":["forwarded"]`.
  std::string more_of_enter;

  /// From now on nothing is read.
  void stop_reading() { reads_ = false; }

  /// Little is buffered for this client in its next connection.
  void buffer_little() { buffers_little_ = true; }

  bool is_open() const { return socket_.is_open(); }

  const std::string& id() const { return id_; }

  /// Called for each frame of another peer or about one, that is, all but answers to its own.
  std::function<void(std::string_view)> on_frame;

  /// Called where the server ends the connection, or refuses something; without it that is an error
  /// that ends the program.
  std::function<void()> rejected;

 private:
  void read();
  void take(std::string_view bytes);
  bool take_response();
  bool take_frame();
  void message(std::string_view text);
  void onair_message(std::string_view text);
  void socketio_message(std::string_view text);
  void send(std::string_view text);
  void write(std::string bytes);
  void reject(const std::string& why);

  Tcp::socket socket_;
  Dialect dialect_;
  std::string room_;
  bool talks_ = false;
  std::function<void()> joined_;
  std::string id_;
  bool upgraded_ = false;
  std::string unread_;
  std::string unwritten_;
  bool writing_ = false;
  bool reads_ = true;
  bool buffers_little_ = false;
};

}  // namespace onair::load
