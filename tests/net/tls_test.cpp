#include "net/tls/tls.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using TlsSocket = ssl::stream<asio::ip::tcp::socket>;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "onair-tls-XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~TlsTest() override { std::filesystem::remove_all(folder); }

  net::CertificateFiles make(const std::string& name) {
    return net::self_signed_certificate(folder / name, {"localhost", "127.0.0.1", name});
  }
  Options with(const net::CertificateFiles& files) {
    Options options = test_options();
    options.tls_cert = files.chain;
    options.tls_key = files.key;
    return options;
  }
  /// On one thread, where connections wait as long as a test likes.
  Options patient_with(const net::CertificateFiles& files) {
    Options options = with(files);
    options.threads = 1;
    options.limits.handshake_time = std::chrono::minutes(5);
    return options;
  }
  /// A client that trusts this certificate alone.
  ssl::context trusting(const net::CertificateFiles& files) {
    ssl::context context(ssl::context::tls_client);
    context.load_verify_file(files.chain.string());
    context.set_verify_mode(ssl::verify_peer);
    return context;
  }
  TlsSocket connect(ssl::context& context, std::uint16_t port) {
    TlsSocket socket(io, context);
    socket.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    socket.handshake(ssl::stream_base::client);
    return socket;
  }
  Response get(TlsSocket& socket, const std::string& target, const char* host = "localhost") {
    http::request<http::empty_body> asked(http::verb::get, target, 11);
    asked.set(http::field::host, host);
    http::write(socket, asked);
    beast::flat_buffer buffer;
    Response response;
    http::read(socket, buffer, response);
    return response;
  }

  std::filesystem::path folder;
  asio::io_context io;
};

TEST_F(TlsTest, ServesPagesAndWebSocketsOverTls) {
  const auto files = make("a");
  const RunningServer server(with(files));
  ssl::context context = trusting(files);
  TlsSocket page = connect(context, server.port());
  EXPECT_EQ(get(page, "/").body(), "<!doctype html><title>start</title>");

  beast::websocket::stream<TlsSocket> client(connect(context, server.port()));
  client.handshake("localhost", "/ws");
  client.write(asio::buffer(std::string(R"({"type":"enter","room":"a","role":"talk"})")));
  beast::flat_buffer buffer;
  client.read(buffer);
  EXPECT_EQ(nlohmann::json::parse(beast::buffers_to_string(buffer.data()))["type"], "welcome");
  // Much at once, both ways, so that it takes many TLS records.
  beast::websocket::stream<TlsSocket> watcher(connect(context, server.port()));
  watcher.handshake("localhost", "/ws");
  watcher.write(asio::buffer(std::string(R"({"type":"enter","room":"a","role":"watch"})")));
  buffer.clear();
  watcher.read(buffer);
  const std::string text(50'000, 'x');
  for (int n = 0; n < 20; ++n) {
    client.write(asio::buffer(nlohmann::json{{"type", "wave"}, {"n", n}, {"text", text}}.dump()));
  }
  for (int n = 0; n < 20; ++n) {
    buffer.clear();
    watcher.read(buffer);
    const auto wave = nlohmann::json::parse(beast::buffers_to_string(buffer.data()));
    ASSERT_EQ(wave["n"], n);
    ASSERT_EQ(wave["text"], text);
  }
  client.close(beast::websocket::close_code::normal);
}

TEST_F(TlsTest, HasBrowsersInsistOnHttpsWhereTheyTrustIt) {
  const auto files = make("a");
  ssl::context context = trusting(files);
  constexpr auto field = http::field::strict_transport_security;
  {
    const RunningServer server(with(files));
    TlsSocket page = connect(context, server.port());
    EXPECT_EQ(get(page, "/", "onair.example")[field], "max-age=31536000");
    EXPECT_EQ(get(page, "/", "localhost:9001").count(field), 0u);
    EXPECT_EQ(request(server.port(), http::verb::get, "/").count(field), 0u) << "RFC 6797 7.2";
  }
  Options self_signed = test_options();
  self_signed.tls_self_signed = true;
  self_signed.state_dir = folder / "state";
  const RunningServer server(self_signed);
  ssl::context any(ssl::context::tls_client);
  TlsSocket page = connect(any, server.port());
  EXPECT_EQ(get(page, "/", "onair.local").count(field), 0u);
}

TEST_F(TlsTest, SendsHttpToHttpsOnTheSamePort) {
  const RunningServer server(with(make("a")));
  const Response moved = request(server.port(), http::verb::get, "/talk.html?lesson");
  EXPECT_EQ(moved.result_int(), 308u);
  EXPECT_EQ(request(server.port(), http::verb::post, "/whip/lesson").result_int(), 307u);
  EXPECT_EQ(moved[http::field::location], "https://localhost/talk.html?lesson");
  EXPECT_EQ(upgrade_status(server.port(), {}), 308u) << "nor is a WebSocket in clear";
  EXPECT_EQ(raw_exchange(server.port(), "GET /x HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n")
                .substr(0, 12),
            "HTTP/1.1 400");
}

TEST_F(TlsTest, RefusesWhatIsOlderThanTls12) {
  const auto files = make("a");
  const RunningServer server(with(files));
  ssl::context old = trusting(files);
  SSL_CTX_set_security_level(old.native_handle(), 0);
  SSL_CTX_set_min_proto_version(old.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
  EXPECT_THROW(connect(old, server.port()), boost::system::system_error);
}

TEST_F(TlsTest, TheOldestHandshakeOfAnAddressWithManyGivesWay) {
  const auto files = make("a");
  Options options = patient_with(files);
  options.limits.handshakes = 2;
  const RunningServer server(options);
  const auto stop = [&] {
    // The head of a ClientHello, whose rest does not come.
    static constexpr std::array<unsigned char, 9> kHead = {22, 3, 1, 0, 255, 1, 0, 0, 251};
    asio::ip::tcp::socket socket(io, {asio::ip::make_address("127.0.0.2"), 0});
    socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
    asio::write(socket, asio::buffer(kHead));
    return socket;
  };
  asio::ip::tcp::socket oldest = stop();
  asio::ip::tcp::socket older = stop();
  ssl::context context = trusting(files);
  TlsSocket page = connect(context, server.port());
  EXPECT_EQ(get(page, "/").result_int(), 200u);
  boost::system::error_code ended;
  char byte = 0;
  oldest.read_some(asio::buffer(&byte, 1), ended);
  EXPECT_EQ(ended, asio::error::eof);
  older.non_blocking(true);
  older.read_some(asio::buffer(&byte, 1), ended);
  EXPECT_EQ(ended, asio::error::would_block);
}

TEST_F(TlsTest, ACrowdBeyondTheBoundOnHandshakesGetsInAllTheSame) {
  const auto files = make("a");
  Options options = with(files);
  options.threads = 1;
  options.limits.handshakes = 4;
  const RunningServer server(options);
  ssl::context context = trusting(files);
  constexpr int kClients = 50;
  std::vector<std::unique_ptr<TlsSocket>> crowd;
  int done = 0;
  for (int i = 0; i < kClients; ++i) {
    crowd.push_back(std::make_unique<TlsSocket>(io, context));
    crowd.back()->lowest_layer().connect({asio::ip::make_address("127.0.0.1"), server.port()});
    crowd.back()->async_handshake(ssl::stream_base::client,
                                  [&](boost::system::error_code error) { done += error ? 0 : 1; });
  }
  io.run();
  EXPECT_EQ(done, kClients);
}

TEST_F(TlsTest, TheConnectionThatHasWaitedLongestForARequestGivesWay) {
  const auto files = make("a");
  Options options = patient_with(files);
  options.limits.waiting_tls_connections = 1;
  const RunningServer server(options);
  ssl::context context = trusting(files);
  TlsSocket older = connect(context, server.port());
  EXPECT_EQ(get(older, "/").result_int(), 200u);  // and waits for the next request
  TlsSocket newer = connect(context, server.port());
  EXPECT_EQ(get(newer, "/").result_int(), 200u);
  boost::system::error_code ended;
  char byte = 0;
  older.read_some(asio::buffer(&byte, 1), ended);
  EXPECT_TRUE(ended);
  EXPECT_EQ(get(newer, "/").result_int(), 200u);
}

TEST_F(TlsTest, AReloadIsForNewConnectionsAndDropsNobody) {
  const auto first = make("a");
  const auto second = make("b");
  RunningServer server(with(first));
  ssl::context trusts_first = trusting(first);
  ssl::context trusts_second = trusting(second);
  TlsSocket before = connect(trusts_first, server.port());
  EXPECT_THROW(connect(trusts_second, server.port()), boost::system::system_error);
  std::filesystem::copy_file(second.chain, first.chain,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(second.key, first.key,
                             std::filesystem::copy_options::overwrite_existing);
  server.server().reload_certificate();
  TlsSocket after = connect(trusts_second, server.port());
  EXPECT_EQ(get(after, "/").result_int(), 200u);
  EXPECT_EQ(get(before, "/").result_int(), 200u);
  std::ofstream(first.chain) << "broken";
  server.server().reload_certificate();
  TlsSocket still = connect(trusts_second, server.port());
  EXPECT_EQ(get(still, "/").result_int(), 200u) << "it keeps what it had";
}

TEST_F(TlsTest, ACertificateOfItsOwnIsKeptWhileItFits) {
  const auto read = [](const std::filesystem::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::vector<std::string> names = {"localhost", "192.0.2.7", "::1"};
  const auto files = net::self_signed_certificate(folder, names);
  const std::string first = read(files.chain);
  EXPECT_EQ(read(net::self_signed_certificate(folder, names).chain), first);
  EXPECT_NE(read(net::self_signed_certificate(folder, {"localhost", "192.0.2.8"}).chain), first);
  EXPECT_EQ(std::filesystem::status(files.key).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(TlsTest, ItsKeyIsForItsOwnerAloneWhateverWasThere) {
  using std::filesystem::perms;
  const auto state = folder / "state";
  const auto files = net::self_signed_certificate(state, {"localhost"});
  EXPECT_EQ(std::filesystem::status(state).permissions(), perms::owner_all);
  std::filesystem::remove(files.chain);
  std::filesystem::permissions(files.key, perms::others_read, std::filesystem::perm_options::add);
  net::self_signed_certificate(state, {"localhost"});
  EXPECT_EQ(std::filesystem::status(files.key).permissions(),
            perms::owner_read | perms::owner_write);
}

TEST_F(TlsTest, ItsKeyMustBeForItsOwnerAlone) {
  const auto files = make("a");
  std::filesystem::permissions(files.key, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_THROW(make("a"), std::runtime_error);
}

TEST_F(TlsTest, SaysWhatIsWrongWithACertificate) {
  const auto first = make("a");
  const auto second = make("b");
  EXPECT_THROW(net::Certificate({folder / "none.pem", first.key}), std::runtime_error);
  EXPECT_THROW(net::Certificate({first.chain, second.key}), std::runtime_error);
  EXPECT_THROW(net::self_signed_certificate("/proc/nowhere", {"localhost"}), std::runtime_error);
}

}  // namespace
}  // namespace onair::tests
