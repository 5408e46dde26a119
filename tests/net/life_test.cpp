// The end of a server's life, and what an operator sees of it.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

using boost::beast::http::verb;

/// Never answers the close frame, and so keeps a draining server waiting.
class StubbornClient {
 public:
  explicit StubbornClient(std::uint16_t port) : connection_(port) {
    connection_.send(upgrade_request());
    EXPECT_EQ(connection_.receive(12), "HTTP/1.1 101");
  }

 private:
  RawConnection connection_;
};

TEST(Life, ADrainAsksClientsToComeBackAndEnds) {
  RunningServer server;
  WebSocketClient talker(server.port());
  talker.enter("talk");
  WebSocketClient watcher(server.port());
  watcher.enter("watch");
  server.server().drain();
  EXPECT_EQ(watcher.receive_close(), 1012);
  EXPECT_EQ(talker.receive_close(), 1012);
  EXPECT_THROW(request(server.port(), verb::get, "/"), boost::system::system_error)
      << "nobody new gets in";
  server.join();
}

TEST(Life, WhileDrainingItIsNotReady) {
  Options options = test_options();
  options.drain_time = std::chrono::seconds(20);
  RunningServer server(options);
  const StubbornClient stubborn(server.port());
  EXPECT_EQ(request(server.admin_port(), verb::get, "/readyz").result_int(), 200u);
  server.server().drain();
  EXPECT_EQ(request(server.admin_port(), verb::get, "/readyz").result_int(), 503u);
  EXPECT_EQ(request(server.admin_port(), verb::get, "/healthz").result_int(), 200u);
}

TEST(Life, APageThatAsksOverItsOldConnectionLearnsThatTheServerEnds) {
  Options options = test_options();
  options.drain_time = std::chrono::seconds(20);
  RunningServer server(options);
  const StubbornClient stubborn(server.port());
  RawConnection page(server.port());
  const std::string question =
      "POST /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 0\r\n";
  page.send(question + "\r\n");
  EXPECT_EQ(page.receive(12), "HTTP/1.1 426");
  server.server().drain();
  page.send(question + "Connection: close\r\n\r\n");
  const std::string answers = page.receive_all();
  EXPECT_NE(answers.find("HTTP/1.1 503"), std::string::npos) << answers;
}

TEST(Life, ADrainEndsAfterItsTime) {
  Options options = test_options();
  options.drain_time = std::chrono::milliseconds(100);
  RunningServer server(options);
  const StubbornClient stubborn(server.port());
  server.server().drain();
  server.join();
}

TEST(Life, MetricsTellWhatHappens) {
  RunningServer server;
  WebSocketClient talker(server.port());
  talker.enter("talk");
  talker.send(R"({"type":"talk_ready"})");
  talker.send("[]");
  talker.receive_type("error");
  WebSocketClient watcher(server.port());
  watcher.enter("watch");
  EXPECT_EQ(server.metric("onair_peers"), 2);
  EXPECT_EQ(server.metric("onair_rooms_on_air"), 1);
  EXPECT_EQ(server.metric("onair_frames_total{type=\"talk_ready\"}"), 1);
  EXPECT_EQ(server.metric("onair_frame_bytes_total{type=\"talk_ready\"}"), 21);
  EXPECT_EQ(server.metric("onair_refused_total{code=\"bad_json\"}"), 1);
  EXPECT_EQ(server.metric("onair_entered_total"), 2);
  EXPECT_EQ(server.metric("onair_resumed_total"), 0);
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"slow_consumer\"}"), 0);
  EXPECT_GE(server.metric("onair_connections"), 2);
  EXPECT_EQ(request(server.admin_port(), verb::get, "/talk.html").result_int(), 404u);
  EXPECT_EQ(request(server.admin_port(), verb::post, "/metrics").result_int(), 405u);
  EXPECT_EQ(request(server.port(), verb::get, "/metrics").result_int(), 404u) << "not for everyone";
}

}  // namespace
}  // namespace onair::tests
