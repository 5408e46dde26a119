// A room whose members are spread over several threads.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

using nlohmann::json;

class ThreadsTest : public testing::Test {
 protected:
  /// Connections go to the threads one after the other.
  WebSocketClient& add() {
    return *clients.emplace_back(std::make_unique<WebSocketClient>(server.port()));
  }

  RunningServer server;
  std::vector<std::unique_ptr<WebSocketClient>> clients;
};

TEST_F(ThreadsTest, EveryoneGetsEveryFrameOnceAndInOrder) {
  WebSocketClient& talker = add();
  const std::string talker_id = talker.enter("talk")["id"];
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(add().enter("watch")["id"]);
  for (int n = 0; n < 200; ++n) {
    talker.send(json{{"type", "wave"}, {"n", n}}.dump());
    talker.send(json{{"type", "note"}, {"n", n}, {"sendto", ids[n % 7]}}.dump());
  }
  for (int i = 0; i < 7; ++i) {
    for (int n = 0; n < 200; ++n) {
      const json wave = clients[i + 1]->receive();
      ASSERT_EQ(wave["type"], "wave");
      ASSERT_EQ(wave["n"], n);
      ASSERT_EQ(wave["from"], talker_id);
      if (n % 7 == i) {
        ASSERT_EQ(clients[i + 1]->receive()["type"], "note");
      }
    }
  }
  for (int i = 0; i < 7; ++i) clients[i + 1]->send(R"({"type":"talk_request"})");
  std::set<std::string> requests;
  while (requests.size() < 7) requests.insert(talker.receive_type("talk_request")["from"]);
}

TEST_F(ThreadsTest, LateViewersLearnWhoIsOnAir) {
  WebSocketClient& talker = add();
  const std::string id = talker.enter("talk")["id"];
  talker.send(R"({"type":"talk_ready"})");
  talker.send(R"({"type":"ping"})");
  talker.receive_type("pong");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(add().enter("watch")["talkers"], json::array({id}));
}

TEST_F(ThreadsTest, ThePeerThatResumesElsewhereIsTheSame) {
  WebSocketClient& talker = add();
  talker.enter("talk");
  const json welcome = add().enter("watch");
  for (int i = 0; i < 4; ++i) {
    WebSocketClient& again = add();
    again.send(json{
        {"type", "enter"}, {"room", "lesson"}, {"role", "watch"}, {"resume", welcome["resume"]}}
                   .dump());
    EXPECT_EQ(again.receive()["id"], welcome["id"]);
    EXPECT_EQ(clients[clients.size() - 2]->receive_close(), 4000);
    talker.send(json{{"type", "wave"}, {"sendto", welcome["id"]}}.dump());
    EXPECT_EQ(again.receive()["type"], "wave");
  }
  talker.send(R"({"type":"ping"})");
  for (json frame = talker.receive(); frame["type"] != "pong"; frame = talker.receive()) {
    EXPECT_EQ(frame["type"], "audience") << "a peer that is the same is no news";
  }
  EXPECT_EQ(server.metric("onair_peers"), 2);
}

TEST_F(ThreadsTest, TheAudienceCountsAllThreads) {
  WebSocketClient& talker = add();
  talker.enter("talk");
  for (int i = 0; i < 5; ++i) add().enter("watch");
  while (talker.receive_type("audience")["watching"] != 5) {
  }
}

TEST_F(ThreadsTest, NothingIsLeftOfThoseWhoLeft) {
  for (int i = 0; i < 6; ++i) add().enter(i == 0 ? "talk" : "watch");
  EXPECT_EQ(server.metric("onair_peers"), 6);
  for (const auto& client : clients) client->close();
  while (server.metric("onair_websockets") > 0) {
  }
  EXPECT_EQ(server.metric("onair_peers"), 0);
  EXPECT_EQ(server.metric("onair_rooms"), 0);
  EXPECT_EQ(server.metric("onair_send_queue_bytes"), 0);
}

}  // namespace
}  // namespace onair::tests
