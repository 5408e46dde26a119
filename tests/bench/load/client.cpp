#include "load/client.hpp"

#include <cstdlib>
#include <iostream>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace onair::load {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << "load: " << what << "\n";
  std::exit(1);
}

/// The value of a text field that needs no unescaping.
std::string field(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + key.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

/// A client's text frame (RFC 6455 section 5.2). Its mask is zero, so that the text stays as it is.
std::string frame_of(std::string_view text, char opcode = '\x81') {
  std::string frame(1, opcode);
  if (text.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | text.size()));
  } else {
    if (text.size() > 0xffff) fail("a frame is too long");
    frame.push_back(static_cast<char>(0x80 | 126));
    frame.push_back(static_cast<char>(text.size() >> 8));
    frame.push_back(static_cast<char>(text.size()));
  }
  return frame.append(4, '\0').append(text);
}

}  // namespace

Client::Client(asio::io_context& context, Dialect dialect) : socket_(context), dialect_(dialect) {}

void Client::join(std::uint16_t port, const std::string& room, bool talks,
                  std::function<void()> joined) {
  room_ = room;
  talks_ = talks;
  joined_ = std::move(joined);
  upgraded_ = false;
  reads_ = true;
  writing_ = false;
  unread_.clear();
  unwritten_.clear();
  socket_ = Tcp::socket(socket_.get_executor(), Tcp::v4());
  if (buffers_little_) socket_.set_option(asio::socket_base::receive_buffer_size(4'096));
  socket_.async_connect({asio::ip::make_address("127.0.0.1"), port}, [this](error_code error) {
    if (error == asio::error::operation_aborted) return;
    if (error) fail("connect: " + error.message());
    socket_.non_blocking(true);
    socket_.set_option(Tcp::no_delay(true));
    const std::string path =
        dialect_ == Dialect::onair ? "/ws" : "/socket.io/?EIO=4&transport=websocket";
    write("GET " + path +
          " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    read();
  });
}

void Client::send_message(std::string_view fields, std::string_view to) {
  std::string object = "{";
  object.append(fields);
  if (!to.empty()) object.append(",\"sendto\":\"").append(to).append("\"");
  object.append("}");
  send(dialect_ == Dialect::onair ? object : "42[\"message\"," + object + "]");
}

void Client::cut() {
  error_code ignored;
  socket_.close(ignored);
}

void Client::leave() {
  write(frame_of("\x03\xe8", '\x88'));  // 1000, "normal"
  cut();
}

void Client::reject(const std::string& why) {
  if (!rejected) fail(why);
  cut();
  rejected();
}

void Client::read() {
  socket_.async_wait(Tcp::socket::wait_read, [this](error_code error) {
    static std::vector<char> area(262'144);
    if (error || !socket_.is_open() || !reads_) return;
    const std::size_t size = socket_.read_some(asio::buffer(area), error);
    if (error == asio::error::would_block) return read();
    if (error) return reject("the server closed: " + error.message());
    take({area.data(), size});
    if (socket_.is_open()) read();
  });
}

void Client::take(std::string_view bytes) {
  unread_.append(bytes);
  if (!upgraded_ && !take_response()) return;
  while (socket_.is_open() && take_frame()) {
  }
}

bool Client::take_response() {
  const std::size_t end = unread_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  if (!unread_.starts_with("HTTP/1.1 101")) fail("no upgrade: " + unread_.substr(0, 60));
  unread_.erase(0, end + 4);
  upgraded_ = true;
  if (dialect_ == Dialect::onair) {
    send("{\"type\":\"enter\",\"room\":\"" + room_ + "\",\"role\":\"" +
         (talks_ ? "talk" : "watch") + "\"" + more_of_enter + "}");
  }
  return true;
}

bool Client::take_frame() {
  if (unread_.size() < 2) return false;
  std::size_t length = static_cast<unsigned char>(unread_[1]) & 0x7f;
  std::size_t header = 2;
  if (length == 126) {
    if (unread_.size() < 4) return false;
    length = static_cast<std::size_t>(static_cast<unsigned char>(unread_[2])) << 8 |
             static_cast<unsigned char>(unread_[3]);
    header = 4;
  } else if (length == 127) {
    fail("a frame is too long");
  }
  if (unread_.size() < header + length) return false;
  const int opcode = unread_[0] & 0xf;
  const std::string text = unread_.substr(header, length);
  unread_.erase(0, header + length);
  if (opcode == 1) {
    message(text);
  } else if (opcode == 9) {
    write(frame_of(text, '\x8a'));
  } else if (opcode == 8) {
    reject("the server closed the WebSocket: " +
           std::to_string(static_cast<unsigned char>(text[0]) << 8 |
                          static_cast<unsigned char>(text[1])));
  }
  return true;
}

void Client::message(std::string_view text) {
  if (dialect_ == Dialect::onair) {
    onair_message(text);
  } else {
    socketio_message(text);
  }
}

void Client::onair_message(std::string_view text) {
  const std::string type = field(text, "type");
  if (type == "error" && !rejected) fail(std::string(text));
  if (type == "welcome") {
    id_ = field(text, "id");
    return joined_();
  }
  if (on_frame) on_frame(text);
}

void Client::socketio_message(std::string_view text) {
  if (text.starts_with('0')) return send("40");
  if (text == "2") return send("3");
  if (text.starts_with("40")) {
    id_ = field(text, "sid");
    send("42[\"enter\",\"" + room_ + "\"]");
    return joined_();
  }
  if (text.starts_with("42") && on_frame) on_frame(text);
}

void Client::send(std::string_view text) {
  if (!upgraded_) return;
  write(frame_of(text));
}

void Client::write(std::string bytes) {
  if (!socket_.is_open()) return;
  if (unwritten_.empty()) {
    error_code error;
    const std::size_t written = socket_.write_some(asio::buffer(bytes), error);
    if (error && error != asio::error::would_block) return reject("write: " + error.message());
    bytes.erase(0, written);
  }
  unwritten_.append(bytes);
  if (unwritten_.empty() || std::exchange(writing_, true)) return;
  socket_.async_wait(Tcp::socket::wait_write, [this](error_code error) {
    writing_ = false;
    if (!error) write(std::exchange(unwritten_, {}));
  });
}

}  // namespace onair::load
