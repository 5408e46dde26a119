// Members without a socket give way to those with one, and count for whoever they came from.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class AwayMembersTest : public HubFixture {
 protected:
  AwayMembersTest() : HubFixture({.peers_per_room = 4, .rooms = 3}) {}
  void enter(Client& client, const std::string& role, const std::string& room = "lesson",
             const std::string& more = "") {
    send(client, R"({"type":"enter","room":")" + room + R"(","role":")" + role + "\"" + more + "}");
  }
  /// A host with one connection at a time.
  std::string come_and_vanish(const std::string& role, const std::string& room = "lesson",
                              bool on_air = false) {
    Client client;
    enter(client, role, room);
    if (on_air) hub.receive(client, R"({"type":"talk_ready"})", now);
    const std::string id = client.id();
    vanish(client);
    pass(seconds(1));
    return id;
  }

  Client talker, watcher, other;
};

TEST_F(AwayMembersTest, FillNoRoom) {
  enter(talker, "talk");
  for (int i = 0; i < 10; ++i) {
    come_and_vanish("watch");
    EXPECT_LE(hub.census().peers, 8u) << "and at most as many again that are away";
  }
  enter(watcher, "watch");
  EXPECT_EQ(watcher.news(), News{"welcome"});
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"});
  Client third, fourth;
  enter(third, "watch");
  EXPECT_EQ(third.news(), News{"welcome"});
  enter(fourth, "watch");
  EXPECT_EQ(fourth.news(), News{"error room_full"}) << "all of these have sockets";
}

TEST_F(AwayMembersTest, TheOldestMakesWayAndTheOthersMayComeBack) {
  enter(talker, "talk");
  const std::string oldest = come_and_vanish("watch");
  const std::string second = come_and_vanish("watch");
  for (int i = 0; i < 5; ++i) come_and_vanish("watch");
  const std::size_t before = talker.frames.size();
  enter(watcher, "watch");
  ASSERT_GT(talker.frames.size(), before);
  EXPECT_EQ(talker.frames[before]["type"], "user_disconnected");
  EXPECT_EQ(talker.frames[before]["id"], oldest);
  enter(other, "watch", "lesson", R"(,"resume":"watch )" + second + R"( lesson")");
  EXPECT_EQ(other.id(), second);
  EXPECT_EQ(other.peer->id, second);
}

TEST_F(AwayMembersTest, ATalkerOnAirKeepsItsSlot) {
  const std::string id = come_and_vanish("talk", "lesson", true);
  for (int i = 0; i < 10; ++i) come_and_vanish("watch");
  enter(talker, "talk", "lesson", R"(,"resume":"talk )" + id + R"( lesson")");
  EXPECT_EQ(talker.id(), id);
  EXPECT_EQ(talker.frames[0]["talkers"], json::array({id})) << "it was not given up";
}

TEST_F(AwayMembersTest, FillNotAllRooms) {
  for (int i = 0; i < 10; ++i) come_and_vanish(i % 2 == 0 ? "watch" : "talk", std::to_string(i));
  EXPECT_EQ(hub.census().rooms, 3u);
  enter(watcher, "watch", "a");
  enter(talker, "talk", "b");
  enter(other, "watch", "c");
  for (Client* client : {&watcher, &talker, &other}) EXPECT_EQ(client->news().front(), "welcome");
  Client late;
  enter(late, "watch", "d");
  EXPECT_EQ(late.news(), News{"error too_many_rooms"}) << "all of these have somebody";
  leave(other);
  come_and_vanish("talk", "e", true);
  enter(late, "watch", "d");
  EXPECT_EQ(late.news(), News{"error too_many_rooms"}) << "its talker is on air";
}

TEST_F(AwayMembersTest, ARoomOfTheForwarderAloneGivesWay) {
  Client forwarders[3];
  for (const std::size_t i : {0U, 1U, 2U}) {
    hub.enter(forwarders[i],
              {kForwarder, {std::string(1, static_cast<char>('a' + i)), protocol::Role::watch}},
              now);
    pass(seconds(1));
  }
  enter(watcher, "watch", "a");
  enter(talker, "talk", "d");
  EXPECT_EQ(talker.news().front(), "welcome");
  EXPECT_EQ(forwarders[0].closed, std::nullopt) << "somebody is there";
  EXPECT_EQ(forwarders[1].closed, protocol::CloseCode::room_ended);
  EXPECT_EQ(forwarders[2].closed, std::nullopt);
  leave(watcher);
  pass(seconds(1));
  enter(other, "watch", "e");
  enter(watcher, "watch", "f");
  for (Client* client : {&other, &watcher}) EXPECT_EQ(client->last()["type"], "welcome");
  EXPECT_EQ(forwarders[0].closed, protocol::CloseCode::room_ended);
  EXPECT_EQ(forwarders[2].closed, protocol::CloseCode::room_ended);
}

TEST_F(AwayMembersTest, DoNotCountAsViewers) {
  enter(talker, "talk");
  for (int i = 0; i < 3; ++i) come_and_vanish("watch");
  pass(seconds(1));
  EXPECT_EQ(talker.last(), json::parse(R"({"type":"audience","watching":0})"));
  enter(watcher, "watch");
  pass(seconds(1));
  EXPECT_EQ(talker.last()["watching"], 1);
  vanish(watcher);
  pass(seconds(1));
  EXPECT_EQ(talker.last()["watching"], 0);
  enter(other, "watch", "lesson", R"(,"resume":"watch )" + watcher.id() + R"( lesson")");
  pass(seconds(1));
  EXPECT_EQ(talker.last()["watching"], 1);
}

TEST_F(AwayMembersTest, HoldTheSlotOfTheirClientUntilTheyAreGone) {
  const auto slot_for = [](Client& client) {
    client.admission_slot = std::make_shared<int>();
    return std::weak_ptr<void>(client.admission_slot);
  };
  std::optional<Client> client(std::in_place);
  const auto slot = slot_for(*client);
  enter(*client, "watch");
  vanish(*client);
  client.reset();
  EXPECT_FALSE(slot.expired()) << "its socket is gone, its member not";
  pass(seconds(14));
  EXPECT_FALSE(slot.expired());
  pass(seconds(1));
  EXPECT_TRUE(slot.expired());

  client.emplace();
  const auto before = slot_for(*client);
  enter(*client, "watch");
  vanish(*client);
  client.reset();
  const auto after = slot_for(other);
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  EXPECT_TRUE(before.expired()) << "it is back by another socket";
  leave(other);
  other.admission_slot = nullptr;
  EXPECT_TRUE(after.expired());
}

}  // namespace
}  // namespace onair::rooms
