// Talk slots of a room: one unless the operator allows more.
#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "support/world.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

class OneTalkerTest : public testing::Test {
 protected:
  OneTalkerTest() { start(); }

  /// A server that has just begun.
  void start() {
    began = now;
    bus = std::make_unique<ThreadBus>(0, 1, nullptr);
    hub = std::make_unique<Hub>(
        HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id); },
            .resume_tokens = tokens,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
            .began = began,
        },
        *bus);
    bus->serve(*hub);
  }
  void enter(Client& client, const std::string& role, const std::string& more = "") {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void resume(Client& client, const std::string& id, const std::string& more = "") {
    enter(client, "talk", R"(,"resume":"talk )" + id + R"( lesson")" + more);
  }
  void send(Client& client, const std::string& frame) { hub->receive(client, frame, now); }
  void go_on_air(Client& client) {
    enter(client, "talk");
    send(client, R"({"type":"talk_ready"})");
    client.news();
  }
  void leave(Client& client) { hub->disconnected(client, Hub::Leaving::for_good, now); }
  void vanish(Client& client) { hub->disconnected(client, Hub::Leaving::perhaps, now); }
  void pass(Duration duration) {
    now += duration;
    hub->advance(now);
  }

  TimePoint now{minutes(100)};
  TimePoint began;
  tests::PlainTokens tokens;
  int last_id = 0;
  std::unique_ptr<ThreadBus> bus;
  std::unique_ptr<Hub> hub;
  Client talker, stranger, watcher;
};

TEST_F(OneTalkerTest, ASecondOneGetsAnError) {
  enter(talker, "talk");
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news(), News{"error room_taken"});
  EXPECT_EQ(stranger.closed, std::nullopt);
  enter(stranger, "watch");
  EXPECT_EQ(stranger.news(), News{"welcome"}) << "the same socket may watch";
}

TEST_F(OneTalkerTest, TheRoomIsFreeWhenTheTalkerHasGone) {
  enter(talker, "talk");
  leave(talker);
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news().front(), "welcome");
}

TEST_F(OneTalkerTest, WhoLostTheConnectionKeepsTheRoomForTheGraceTime) {
  go_on_air(talker);
  vanish(talker);
  pass(seconds(14));
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news(), News{"error room_taken"});
  pass(seconds(1));
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news().front(), "welcome");
}

TEST_F(OneTalkerTest, APageOnAirThatIsLoadedAgainKeepsTheRoom) {
  go_on_air(talker);
  enter(watcher, "watch");
  watcher.news();
  leave(talker);
  EXPECT_EQ(watcher.news(), News{"user_disconnected"}) << "viewers need not wait for it";
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news(), News{"error room_taken"});
  send(watcher, R"({"type":"talk_request","sendto":"id1"})");
  EXPECT_EQ(watcher.news(), News{"error no_such_peer"});
  Client again;
  resume(again, "id1", R"(,"fresh":true)");
  EXPECT_EQ(again.id(), "id1");
  EXPECT_EQ(watcher.news(), News{}) << "they know";
  send(again, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), News{"talk_ready"});
}

TEST_F(OneTalkerTest, TheSlotIsKeptForTheGraceTimeAlone) {
  go_on_air(talker);
  enter(watcher, "watch");
  leave(talker);
  watcher.news();
  pass(seconds(15));
  EXPECT_EQ(watcher.news(), News{}) << "they know";
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news().front(), "welcome");
  Client late;
  resume(late, "id1");
  EXPECT_EQ(late.news(), News{"error room_taken"}) << "an old token takes no room away";
}

TEST_F(OneTalkerTest, AfterARestartTheTalkerGetsTheRoomBackFromAStranger) {
  pass(minutes(5));
  start();
  enter(stranger, "talk");
  send(stranger, R"({"type":"talk_ready"})");
  enter(watcher, "watch");
  watcher.news();
  stranger.news();
  pass(seconds(2));
  tokens.age = seconds(30);
  resume(talker, "id77");
  EXPECT_EQ(talker.id(), "id77");
  EXPECT_EQ(stranger.news(), News{"error room_taken"});
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
  EXPECT_EQ(hub->census().peers, 2u);
  enter(stranger, "watch");
  EXPECT_EQ(stranger.news(), News{"welcome"}) << "it is a stranger again";
}

TEST_F(OneTalkerTest, NotWithATokenOfThisServersOwnTime) {
  start();
  pass(seconds(10));
  enter(stranger, "talk");
  tokens.age = seconds(9);
  resume(talker, "id77");
  EXPECT_EQ(talker.news(), News{"error room_taken"});
}

TEST_F(OneTalkerTest, NotLongAfterTheRestart) {
  start();
  enter(stranger, "talk");
  pass(seconds(60));
  tokens.age = minutes(2);
  resume(talker, "id77");
  EXPECT_EQ(talker.news(), News{"error room_taken"});
}

TEST_F(OneTalkerTest, OfTwoFromBeforeTheRestartTheLaterOneHoldsTheRoom) {
  start();
  tokens.age = minutes(9);
  Client former;
  resume(former, "id1");
  former.news();
  tokens.age = minutes(3);
  resume(talker, "id2");
  EXPECT_EQ(talker.news().front(), "welcome");
  EXPECT_EQ(former.news(), News{"error room_taken"});
  tokens.age = minutes(8);
  resume(former, "id1");
  EXPECT_EQ(former.news(), News{"error room_taken"});
}

}  // namespace
}  // namespace onair::rooms
