// The control socket with servers that are real sockets, and a core that says what it is asked.
#include "sfu/net/control_socket.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "sfu/sockets.hpp"

namespace onair::sfu {
namespace {

namespace fs = std::filesystem;
using control::Done;
using tests::tick_until;

const control::PeerId kPeer(control::kPeerIdDigits, 'a');
const std::string kClose = R"({"id":7,"do":"close","peer":"aaaaaaaaaaaaaaaaaaaaaaaa"})"
                           "\n";
const std::string kClosed = "{\"id\":7,\"ok\":{}}\n";

/// A server's end.
class Server {
 public:
  Server(EventLoop& loop, const fs::path& path) : loop_(loop) {
    socket_ = Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) throw std::runtime_error("no socket");
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    is_connected =
        connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  /// While nobody reads, the loop goes on.
  void send(const std::string& text) {
    std::size_t sent = 0;
    tick_until(loop_, [&] {
      const ssize_t count =
          ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
      return sent == text.size() || (count < 0 && errno != EAGAIN);
    });
  }
  /// The next line, "closed" when the connection is closed, "nothing" after 5 s.
  std::string line() {
    tick_until(loop_, [this] { return read() || received_.find('\n') != std::string::npos; });
    const std::size_t end = received_.find('\n');
    if (end == std::string::npos) return is_closed_ ? "closed" : "nothing";
    const std::string line = received_.substr(0, end + 1);
    received_.erase(0, end + 1);
    return line;
  }

  /// Takes what has come. True when the connection is closed.
  bool read() {
    char bytes[65'536];
    const ssize_t count = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count > 0) received_.append(bytes, static_cast<std::size_t>(count));
    is_closed_ = count == 0 || (count < 0 && errno != EAGAIN);
    return is_closed_;
  }

  bool is_connected = false;

 private:
  EventLoop& loop_;
  Descriptor socket_;
  std::string received_;
  bool is_closed_ = false;
};

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    std::string name = (fs::temp_directory_path() / "onair-control-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = name;
    path = folder / "control.sock";
    open();
  }
  ~ControlSocketTest() override {
    control.reset();
    fs::remove_all(folder);
  }
  void open() {
    control.emplace(loop, path, [this](const control::Request& request, TimePoint) {
      requests.push_back(request);
      if (during_request) during_request();
      return reply;
    });
  }
  std::string error_of_another() {
    try {
      const ControlSocket another(loop, path,
                                  [](const auto&, TimePoint) { return control::Reply(Done{}); });
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  EventLoop loop;
  fs::path folder, path;
  control::Reply reply = Done{};
  std::function<void()> during_request;
  std::vector<control::Request> requests;
  std::optional<ControlSocket> control;
};

TEST_F(ControlSocketTest, AnswersRequests) {
  Server server(loop, path);
  server.send(kClose);
  EXPECT_EQ(server.line(), kClosed);
  EXPECT_EQ(requests, (std::vector<control::Request>{control::Close{kPeer}}));
  reply = control::Error{control::ErrorCode::no_such_peer, "m"};
  server.send(kClose.substr(0, 10));
  server.send(kClose.substr(10) + "x\n" + kClose);
  EXPECT_EQ(server.line(), "{\"error\":\"no_such_peer\",\"id\":7,\"message\":\"m\"}\n");
  EXPECT_NE(server.line().find("bad_request"), std::string::npos);
  EXPECT_NE(server.line().find("no_such_peer"), std::string::npos);
}

TEST_F(ControlSocketTest, IsForItsUserAlone) {
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ControlSocketTest, EveryServerGetsEveryEvent) {
  Server one(loop, path), two(loop, path);
  ASSERT_TRUE(tick_until(loop, [this] { return control->servers() == 2; }));
  control->event(control::Connected{"a", kPeer});
  const std::string line = serialize(control::Event(control::Connected{"a", kPeer}));
  EXPECT_EQ(one.line(), line);
  EXPECT_EQ(two.line(), line);
}

TEST_F(ControlSocketTest, AnEventOfARequestFollowsItsReply) {
  const control::Event gone = control::Gone{"a", kPeer, control::GoneReason::requested};
  during_request = [&] { control->event(gone); };
  Server asks(loop, path), listens(loop, path);
  ASSERT_TRUE(tick_until(loop, [this] { return control->servers() == 2; }));
  asks.send(kClose);
  EXPECT_EQ(asks.line(), kClosed);
  EXPECT_EQ(asks.line(), serialize(gone));
  EXPECT_EQ(listens.line(), serialize(gone));
}

TEST_F(ControlSocketTest, OneExclusiveServerAtATime) {
  const auto hello = [](bool exclusive) {
    return *serialize(control::NumberedRequest{7, control::Hello{.exclusive = exclusive}});
  };
  reply = control::Greeting{};
  const std::string greeting = serialize(control::NumberedReply{7, reply});
  auto first = std::make_unique<Server>(loop, path);
  Server second(loop, path);
  first->send(hello(true));
  EXPECT_EQ(first->line(), greeting);
  first->send(hello(true));
  EXPECT_EQ(first->line(), greeting) << "a server is not in its own way";
  second.send(hello(false));
  EXPECT_EQ(second.line(), greeting) << "one that takes nothing over";
  second.send(hello(true));
  EXPECT_NE(second.line().find("in_use"), std::string::npos);
  EXPECT_EQ(requests.size(), 3u);
  first.reset();
  ASSERT_TRUE(tick_until(loop, [this] { return control->servers() == 1; }));
  second.send(hello(true));
  EXPECT_EQ(second.line(), greeting);
}

TEST_F(ControlSocketTest, AServerThatIsRefusedIsNotTheExclusiveOne) {
  const std::string hello =
      *serialize(control::NumberedRequest{7, control::Hello{.exclusive = true}});
  Server of_another_version(loop, path), server(loop, path);
  reply = control::Error{control::ErrorCode::bad_version, "m"};
  of_another_version.send(hello);
  EXPECT_NE(of_another_version.line().find("bad_version"), std::string::npos);
  reply = control::Greeting{};
  server.send(hello);
  EXPECT_EQ(server.line(), serialize(control::NumberedReply{7, reply}));
}

TEST_F(ControlSocketTest, ALineThatIsTooLongEndsTheConnection) {
  Server server(loop, path);
  server.send(std::string(control::kMaxLineBytes + 1, 'x'));
  EXPECT_EQ(server.line(), "closed");
  EXPECT_TRUE(requests.empty());
}

TEST_F(ControlSocketTest, WhatAServerSentBeforeItClosedIsRead) {
  {
    Server server(loop, path);
    server.send(kClose + kClose);
  }
  EXPECT_TRUE(tick_until(loop, [this] { return requests.size() == 2; }));
  EXPECT_TRUE(tick_until(loop, [this] { return control->servers() == 0; }));
}

TEST_F(ControlSocketTest, AServerThatDoesNotReadIsCutOff) {
  Server deaf(loop, path), other(loop, path);
  ASSERT_TRUE(tick_until(loop, [this] { return control->servers() == 2; }));
  const control::Event event = control::Connected{std::string(100, 'r'), kPeer};
  const std::string line = serialize(event);
  // At most many times what the sockets and the queue hold.
  for (int i = 0; i < 500 && control->servers() == 2; ++i) {
    for (int each = 0; each < 100; ++each) control->event(event);
    for (int each = 0; each < 100; ++each) ASSERT_EQ(other.line(), line);
    loop.tick(Clock::now());
  }
  EXPECT_EQ(control->servers(), 1u);
  other.send(kClose);
  EXPECT_EQ(other.line(), kClosed);
}

TEST_F(ControlSocketTest, RequestsWaitWhileRepliesDo) {
  reply = control::Description{std::string(50'000, 's')};
  const std::string line = serialize(control::NumberedReply{7, reply});
  Server server(loop, path);
  std::string all;
  for (int i = 0; i < 100; ++i) all += kClose;
  server.send(all);
  for (int i = 0; i < 20; ++i) loop.tick(Clock::now());
  EXPECT_LT(requests.size(), 30u) << "of 5 MB of replies, 256 KiB and the sockets' share";
  for (int i = 0; i < 100; ++i) ASSERT_EQ(server.line(), line) << i;
  EXPECT_EQ(requests.size(), 100u);
  EXPECT_EQ(control->servers(), 1u);
}

TEST_F(ControlSocketTest, ATickAnswersAFewRequests) {
  Server server(loop, path);
  std::string all;
  for (int i = 0; i < 100; ++i) all += kClose;
  server.send(all);
  std::size_t most = 0;
  for (int i = 0; i < 200 && requests.size() < 100; ++i) {
    const std::size_t before = requests.size();
    loop.tick(Clock::now());
    most = std::max(most, requests.size() - before);
    server.read();  // a server that takes no replies is sent no more
  }
  EXPECT_EQ(requests.size(), 100u) << "the rest needs no more of the server's bytes";
  EXPECT_LE(most, static_cast<std::size_t>(ControlSocket::kRequestsATick));
}

TEST_F(ControlSocketTest, OneServerTooManyIsClosed) {
  std::vector<std::unique_ptr<Server>> servers;
  for (int i = 0; i < 17; ++i) servers.push_back(std::make_unique<Server>(loop, path));
  EXPECT_EQ(servers.back()->line(), "closed");
  EXPECT_EQ(control->servers(), 16u);
}

TEST_F(ControlSocketTest, ASocketInUseIsAClearError) {
  EXPECT_NE(error_of_another().find("another onair-forwarder uses it"), std::string::npos)
      << error_of_another();
  EXPECT_TRUE(Server(loop, path).is_connected) << "and the first one goes on";
}

TEST_F(ControlSocketTest, AStaleSocketIsReplaced) {
  // A killed process leaves its file, and no lock.
  control.reset();
  EXPECT_FALSE(fs::exists(path));
  {
    const Descriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(fs::exists(path));
  open();
  Server server(loop, path);
  server.send(kClose);
  EXPECT_EQ(server.line(), kClosed);
}

TEST_F(ControlSocketTest, AFileThatIsNoSocketIsLeftAlone) {
  control.reset();
  std::ofstream(path) << "precious";
  EXPECT_NE(error_of_another().find("no socket"), std::string::npos);
  EXPECT_EQ(fs::file_size(path), 8u);
}

TEST_F(ControlSocketTest, AFolderThatIsMissingIsAClearError) {
  path = folder / "nowhere" / "control.sock";
  EXPECT_NE(error_of_another().find("--control"), std::string::npos);
  path = folder / std::string(200, 'x');
  EXPECT_NE(error_of_another().find("bytes"), std::string::npos);
}

}  // namespace
}  // namespace onair::sfu
