// Strangers who share a thread: what one says never reaches another's room, nor comes out mixed
// with what others say.
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;
using TlsSocket = asio::ssl::stream<tcp::socket>;

constexpr int kSegments = 6;
constexpr int kFramesInSegment = 4;
constexpr int kFrames = kSegments * kFramesInSegment;
constexpr std::chrono::seconds kLongestRun{60};

// The first byte of a frame (RFC 6455 section 5.2).
constexpr char kText = '\x81';
constexpr char kBegunText = '\x01';
constexpr char kEnd = '\x80';
constexpr char kPing = '\x89';
constexpr char kPong = '\x8a';

/// A client's frame, masked by a key of its own.
std::string frame_with(char first, std::string payload) {
  static std::uint32_t last_key = 0;
  const std::uint32_t key = ++last_key * 2'654'435'761U;
  std::string frame(1, first);
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    frame.push_back('\xfe');
    frame.push_back(static_cast<char>(payload.size() >> 8U));
    frame.push_back(static_cast<char>(payload.size() & 0xffU));
  }
  for (unsigned i = 0; i < 4; ++i) frame.push_back(static_cast<char>(key >> (8 * i)));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ static_cast<char>(key >> (8 * (i % 4))));
  }
  return frame + payload;
}

/// From a few bytes to several kilobytes, all of which name who says it.
std::string text_of(const std::string& name, int number) {
  constexpr int kLengths[] = {1, 30, 9, 400, 2, 150};
  std::string text;
  for (int i = 0; i < kLengths[number % 6]; ++i) text += name + "." + std::to_string(number) + " ";
  return text;
}

/// A client that says who it is in each frame. Throws where anything comes that is not due.
template <typename Socket>
class Stranger {
 public:
  Stranger(asio::io_context& context, Socket socket, int room, const std::string& role)
      : context_(context),
        socket_(std::move(socket)),
        room_("room-" + std::to_string(room)),
        name_(room_ + "-" + role),
        role_(role) {}

  const std::string& name() const { return name_; }
  const std::string& id() const { return id_; }

  void enter() {
    const json enter{{"type", "enter"}, {"room", room_}, {"role", role_}};
    send(upgrade_request() + frame_with(kText, enter.dump()));
    require(take(12) == "HTTP/1.1 101", "was not upgraded");
    while (take(1) != "\r" || take(3) != "\n\r\n") {
    }
    const json welcome = json::parse(receive().payload);
    require(welcome["type"] == "welcome", welcome.dump());
    id_ = welcome["id"];
  }

  /// Several messages by one system call, each with a ping before it, or within where it has two
  /// parts.
  void send_segment(int segment) {
    std::string bytes;
    for (int i = 0; i < kFramesInSegment; ++i) {
      const int number = segment * kFramesInSegment + i;
      const json wave{{"type", "wave"}, {"n", number}, {"text", text_of(name_, number)}};
      const std::string text = wave.dump();
      const std::size_t half = number % 3 == 0 ? text.size() / 2 : 0;
      if (half > 0) bytes += frame_with(kBegunText, text.substr(0, half));
      bytes += frame_with(kPing, name_ + "." + std::to_string(number));
      bytes += frame_with(half > 0 ? kEnd : kText, text.substr(half));
    }
    send(bytes);
  }

  /// Returns when it has received everything from `other`, and a pong for each ping.
  void receive_all_from(const Stranger& other) {
    int waves = 0;
    int pongs = 0;
    while (waves < kFrames || pongs < kFrames) {
      const Frame frame = receive();
      if (frame.first == kPong) {
        require(frame.payload == name_ + "." + std::to_string(pongs++), "pong " + frame.payload);
        continue;
      }
      const json wave = json::parse(frame.payload);
      require(wave["type"] == "wave" && wave["from"] == other.id_ && wave["n"] == waves &&
                  wave["text"] == text_of(other.name_, waves),
              frame.payload);
      ++waves;
    }
  }

 private:
  struct Frame {
    char first;
    std::string payload;
  };

  void require(bool fine, const std::string& what) const {
    if (!fine) throw std::runtime_error(name_ + ": " + what.substr(0, 200));
  }

  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }

  std::string take(std::size_t bytes) {
    while (received_.size() - taken_ < bytes) {
      received_.erase(0, std::exchange(taken_, 0));
      std::array<char, 16'384> part;
      std::optional<std::size_t> size;
      socket_.async_read_some(asio::buffer(part),
                              [&](boost::system::error_code error, std::size_t read) {
                                require(!error, error.message());
                                size = read;
                              });
      context_.restart();
      context_.run_for(kLongestRun);
      require(size.has_value(), "waits in vain");
      received_.append(part.data(), *size);
    }
    return received_.substr(std::exchange(taken_, taken_ + bytes), bytes);
  }

  /// The next message or pong, but no `audience`.
  Frame receive() {
    for (;;) {
      const std::string header = take(2);
      std::size_t size = static_cast<unsigned char>(header[1]);
      if (size == 126) {
        const std::string length = take(2);
        size = static_cast<unsigned char>(length[0]) * 256U + static_cast<unsigned char>(length[1]);
      }
      Frame frame{header[0], take(size)};
      require(frame.first == kText || frame.first == kPong, "was cut off");
      if (!frame.payload.starts_with(R"({"type":"audience")")) return frame;
    }
  }

  asio::io_context& context_;
  Socket socket_;
  std::string room_;
  std::string name_;
  std::string role_;
  std::string id_;
  std::string received_;
  std::size_t taken_ = 0;
};

class StrangersTest : public testing::Test {
 protected:
  StrangersTest() {
    std::string name = (std::filesystem::temp_directory_path() / "onair-tls-XXXXXX").string();
    folder = mkdtemp(name.data());
    rlimit limit{};  // two descriptors a connection
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~StrangersTest() override { std::filesystem::remove_all(folder); }

  /// A single thread, with rates that nobody exceeds.
  static Options crowded() {
    Options options = test_options();
    options.threads = 1;
    options.limits.handshake_time = std::chrono::minutes(5);
    options.limits.idle_time = std::chrono::minutes(10);
    options.room_limits.rates = {1e6, 1e9, std::chrono::seconds(5)};
    return options;
  }

  tcp::socket connect(std::uint16_t port) {
    tcp::socket socket(io);
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    socket.set_option(tcp::no_delay(true));
    return socket;
  }

  /// Two to a room, who speak to each other, all at once.
  template <typename Connect>
  void all_speak(const RunningServer& server, int rooms, Connect make_socket) {
    using Member = Stranger<decltype(make_socket())>;
    std::vector<std::unique_ptr<Member>> members;
    for (int i = 0; i < 2 * rooms; ++i) {
      members.push_back(
          std::make_unique<Member>(io, make_socket(), i / 2, i % 2 == 0 ? "talk" : "watch"));
      members.back()->enter();
    }
    for (int segment = 0; segment < kSegments; ++segment) {
      for (const auto& member : members) member->send_segment(segment);
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
      EXPECT_NO_THROW(members[i]->receive_all_from(*members[i ^ 1U]));
      if (HasFailure()) break;  // the others would wait in vain too
    }
    EXPECT_EQ(server.metric("onair_refused_total{code=\"bad_json\"}"), 0);
  }

  asio::io_context io;
  std::filesystem::path folder;
};

TEST_F(StrangersTest, AThousandOnOneThreadHearTheirOwnRoomAndNothingElse) {
  const RunningServer server(crowded());
  all_speak(server, 500, [&] { return connect(server.port()); });
}

TEST_F(StrangersTest, SoDoThoseWhoComeOverTls) {
  const auto files = net::self_signed_certificate(folder, {"localhost"});
  Options options = crowded();
  options.tls_cert = files.chain;
  options.tls_key = files.key;
  const RunningServer server(options);
  asio::ssl::context context(asio::ssl::context::tls_client);
  all_speak(server, 100, [&] {
    TlsSocket socket(connect(server.port()), context);
    socket.handshake(asio::ssl::stream_base::client);
    return socket;
  });
}

}  // namespace
}  // namespace onair::tests
