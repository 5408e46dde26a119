#include <string>

#include <gtest/gtest.h>

#include "net/client.hpp"
#include "protocol/limits.hpp"

namespace onair::tests {
namespace {

using nlohmann::json;

class WebSocketTest : public testing::Test {
 protected:
  RunningServer server;
};

TEST_F(WebSocketTest, RelaysABroadcastsSignaling) {
  WebSocketClient talker(server.port());
  const std::string talker_id = talker.enter("talk")["id"];
  EXPECT_EQ(talker.receive()["type"], "audience");
  talker.send(R"({"type":"talk_ready"})");

  WebSocketClient watcher(server.port());
  const json welcome = watcher.enter("watch");
  EXPECT_EQ(welcome["talkers"], json::array({talker_id}));
  const std::string watcher_id = welcome["id"];
  EXPECT_EQ(talker.receive(), json::parse(R"({"type":"audience","watching":1})"));

  watcher.send(json{{"type", "talk_request"}, {"sendto", talker_id}}.dump());
  EXPECT_EQ(talker.receive()["from"], watcher_id);
  const std::string sdp(8'000, 'x');
  talker.send(json{{"type", "offer"}, {"sendto", watcher_id}, {"sdp", sdp}}.dump());
  const json offer = watcher.receive();
  EXPECT_EQ(offer["sdp"], sdp);
  EXPECT_EQ(offer["from"], talker_id);

  watcher.close();
  EXPECT_EQ(talker.receive(), json({{"type", "user_disconnected"}, {"id", watcher_id}}));
}

TEST_F(WebSocketTest, KeepsTheOrderOfManyFrames) {
  WebSocketClient talker(server.port());
  talker.enter("talk");
  WebSocketClient watcher(server.port());
  watcher.enter("watch");
  for (int i = 0; i < 1'000; ++i) talker.send(json{{"type", "count"}, {"n", i}}.dump());
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(watcher.receive()["n"], i);
}

TEST_F(WebSocketTest, GivesUnguessableIds) {
  WebSocketClient one(server.port());
  WebSocketClient two(server.port());
  const std::string first = one.enter("watch")["id"];
  const std::string second = two.enter("watch")["id"];
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), 24u);
}

TEST_F(WebSocketTest, ResumesWithTheTokenThatItGave) {
  std::string id;
  std::string token;
  {
    WebSocketClient client(server.port());
    const json welcome = client.enter("watch");
    id = welcome["id"];
    token = welcome["resume"];
    client.cut();
  }
  const auto enter = [this](const std::string& role, const std::string& room,
                            const std::string& resume) -> std::string {
    WebSocketClient client(server.port());
    client.send(json{{"type", "enter"}, {"room", room}, {"role", role}, {"resume", resume}}.dump());
    return client.receive()["id"];
  };
  EXPECT_EQ(enter("watch", "lesson", token), id);
  EXPECT_NE(enter("watch", "another", token), id);
  EXPECT_NE(enter("talk", "lesson", token), id);
  EXPECT_NE(enter("watch", "lesson", token + "0"), id);
  EXPECT_NE(enter("watch", "lesson", "1.x.9"), id);
}

TEST_F(WebSocketTest, ATokenOutlivesTheServer) {
  std::string id;
  std::string token;
  {
    RunningServer first;
    WebSocketClient client(first.port());
    const json welcome = client.enter("watch");
    id = welcome["id"];
    token = welcome["resume"];
  }
  WebSocketClient client(server.port());
  client.send(
      json{{"type", "enter"}, {"room", "lesson"}, {"role", "watch"}, {"resume", token}}.dump());
  EXPECT_EQ(client.receive()["id"], id);
}

TEST_F(WebSocketTest, AnswersBadFramesAndGoesOn) {
  WebSocketClient client(server.port());
  client.send("not json");
  EXPECT_EQ(client.receive()["code"], "bad_json");
  client.send(R"({"type":"talk_ready"})");
  EXPECT_EQ(client.receive()["code"], "not_entered");
  client.send(R"({"type":"enter","room":"","role":"talk"})");
  EXPECT_EQ(client.receive()["code"], "bad_room");
  EXPECT_EQ(client.enter("talk")["type"], "welcome");
}

TEST_F(WebSocketTest, EndsTheConnectionAfterAFrameThatIsTooLarge) {
  WebSocketClient bystander(server.port());
  bystander.enter("talk");
  EXPECT_EQ(bystander.receive()["type"], "audience");
  WebSocketClient client(server.port());
  client.send(std::string(protocol::kMaxFrameBytes, ' '));
  EXPECT_EQ(client.receive()["code"], "bad_json") << "the limit itself is allowed";
  client.send(std::string(protocol::kMaxFrameBytes + 1, ' '));
  EXPECT_EQ(client.receive()["code"], "frame_too_large");
  EXPECT_EQ(client.receive_close(), 1009);
  bystander.send("{}");
  EXPECT_EQ(bystander.receive()["code"], "bad_message") << "the others go on";
}

TEST_F(WebSocketTest, EndsTheConnectionAfterABinaryFrame) {
  WebSocketClient client(server.port());
  client.send_binary(R"({"type":"enter","room":"lesson","role":"talk"})");
  EXPECT_EQ(client.receive()["code"], "binary_frame");
  EXPECT_EQ(client.receive_close(), 1003);
}

TEST_F(WebSocketTest, EndsTheConnectionOnTextThatIsNotUtf8) {
  WebSocketClient client(server.port());
  client.send("\xff\xfe");
  EXPECT_EQ(client.receive_close(), 1007);
}

TEST_F(WebSocketTest, AcceptsUpgradesAtItsOwnPathAlone) {
  const std::string upgrade =
      " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: close, upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  EXPECT_EQ(raw_exchange(server.port(), "GET /index.html" + upgrade).substr(0, 12), "HTTP/1.1 200");
}

}  // namespace
}  // namespace onair::tests
