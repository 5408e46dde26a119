// WebSockets over TLS, with clients that use TLS (RFC 8446) as no browser does.
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <gtest/gtest.h>

#include "net/client.hpp"
#include "net/tls/tls.hpp"

namespace onair::tests {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = asio::ssl;
using nlohmann::json;

class TlsWebSocketTest : public testing::Test {
 protected:
  using Tls = ssl::stream<asio::ip::tcp::socket>;
  using WebSocket = beast::websocket::stream<Tls>;

  TlsWebSocketTest() {
    Options options = test_options();
    options.threads = 1;
    const auto files = net::self_signed_certificate(folder(), {"localhost"});
    options.tls_cert = files.chain;
    options.tls_key = files.key;
    server_.emplace(options);
  }
  ~TlsWebSocketTest() override { std::filesystem::remove_all(folder_); }

  RunningServer& server() { return *server_; }

  /// With a receive buffer of so many bytes, or of the system's choosing.
  Tls connect(int receive_buffer = 0) {
    Tls tls(io, trusting);
    auto& socket = tls.next_layer();
    socket.open(asio::ip::tcp::v4());
    if (receive_buffer > 0) {
      socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    }
    socket.connect({asio::ip::make_address("127.0.0.1"), server().port()});
    tls.handshake(ssl::stream_base::client);
    return tls;
  }
  static void send(Tls& tls, const std::string& bytes) { asio::write(tls, asio::buffer(bytes)); }
  static void send(WebSocket& client, const json& message) {
    client.write(asio::buffer(message.dump()));
  }
  static json receive(WebSocket& client) {
    beast::flat_buffer buffer;
    client.read(buffer);
    return json::parse(beast::buffers_to_string(buffer.data()));
  }
  static json enter(WebSocket& client, const std::string& role) {
    client.handshake("localhost", "/ws");
    send(client, {{"type", "enter"}, {"room", "a"}, {"role", role}});
    return receive(client);
  }
  /// Returns all until the server says by TLS that nothing more comes.
  static std::string receive_all(Tls& tls) {
    std::string received;
    boost::system::error_code error;
    asio::read(tls, asio::dynamic_buffer(received), error);
    EXPECT_EQ(error, asio::error::eof) << "a close_notify, not just the end of the connection";
    return received;
  }
  /// Another client comes, on the same thread: it has handled what was sent before.
  void expect_served() {
    WebSocket other(connect());
    EXPECT_EQ(enter(other, "watch")["type"], "welcome");
  }

  asio::io_context io;

 private:
  std::filesystem::path folder() {
    std::string name = (std::filesystem::temp_directory_path() / "onair-wss-XXXXXX").string();
    return folder_ = mkdtemp(name.data());
  }

  std::filesystem::path folder_;
  std::optional<RunningServer> server_;
  ssl::context trusting{ssl::context::tls_client};
};

TEST_F(TlsWebSocketTest, AClientMayGoOnAfterTheServersEnd) {
  const std::string header(4, '\0');  // a mask
  Tls client = connect();
  send(client, upgrade_request());
  send(client, "\x82\x80" + header);  // a binary frame, over which the server closes
  EXPECT_TRUE(receive_all(client).ends_with("\x88\x02\x03\xeb"));
  // The answer, without a close_notify of its own.
  send(client, "\x88\x82" + header + "\x03\xeb");
  expect_served();
  // And more after it, which nobody reads.
  for (int n = 0; n < 3; ++n) {
    send(client, masked_text("{}"));
    expect_served();
  }
  send(client, std::string(100'000, 'x'));
  expect_served();
  boost::system::error_code ignored;
  client.shutdown(ignored);
  client.next_layer().close();
  while (server().metric("onair_websockets") > 0) {
  }
}

TEST_F(TlsWebSocketTest, KeysMayChangeWhileASlowClientIsWrittenTo) {
  constexpr int kWaves = 12;
  WebSocket talker(connect());
  enter(talker, "talk");
  WebSocket watcher(connect(4'096));
  enter(watcher, "watch");
  const std::string text(50'000, 'x');
  for (int n = 0; n < kWaves; ++n) send(talker, {{"type", "wave"}, {"n", n}, {"text", text}});
  // RFC 8446 section 4.6.3: the server answers by an update of its own, amid what it writes.
  const auto update_keys = [&watcher] {
    SSL_key_update(watcher.next_layer().native_handle(), SSL_KEY_UPDATE_REQUESTED);
    send(watcher, {{"type", "ping"}});
  };
  int pings = 0;
  int pongs = 0;
  for (int n = 0; n < kWaves;) {
    for (int times = 0; times < 12; ++times) update_keys();
    pings += 12;
    const json frame = receive(watcher);
    if (frame["type"] == "pong") ++pongs;
    if (frame["type"] != "wave") continue;
    ASSERT_EQ(frame["n"], n++);
    ASSERT_EQ(frame["text"], text);
  }
  while (pongs < pings) pongs += receive(watcher)["type"] == "pong" ? 1 : 0;
}

TEST_F(TlsWebSocketTest, WhatComesWithTheUpgradeIsRead) {
  constexpr int kTexts = 150;
  std::string bytes = upgrade_request();
  for (int n = 0; n < kTexts; ++n) bytes += masked_text(std::string(120, ' '));
  ASSERT_GT(bytes.size(), 16'384u) << "more than a record, of which HTTP reads a part";
  Tls client = connect();
  send(client, bytes);
  std::string received;
  for (int answers = 0; answers < kTexts;) {
    char some[4'096];
    received.append(some, client.read_some(asio::buffer(some)));
    answers = 0;
    for (auto at = received.find("bad_json"); at != std::string::npos; ++answers) {
      at = received.find("bad_json", at + 1);
    }
  }
}

}  // namespace
}  // namespace onair::tests
