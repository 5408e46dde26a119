// A cluster of processes: what goes beyond the promises of the bus, which are tested with it
// (rooms/hubs_on_a_bus_test.cpp).
#include "cluster/gateway.hpp"

#include <string>

#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "support/cluster.hpp"
#include "support/world.hpp"

namespace onair::cluster {
namespace {

using nlohmann::json;
using rooms::Client;
using rooms::News;
using std::chrono::milliseconds;
using std::chrono::seconds;

class GatewayTest : public testing::Test {
 protected:
  void send(std::size_t hub, Client& client, const std::string& frame) {
    cluster.hub(hub).receive(client, frame, cluster.now);
    cluster.settle();
  }
  void enter(std::size_t hub, Client& client, const std::string& role,
             const std::string& more = "") {
    send(hub, client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void go_on_air(std::size_t hub, Client& client) {
    enter(hub, client, "talk");
    send(hub, client, R"({"type":"talk_ready"})");
  }

  tests::PlainTokens tokens;
  int last_id = 0;
  rooms::Duration grace = seconds(15);
  tests::Cluster::MakeOptions make_options = [this] {
    return rooms::HubOptions{
        .make_id = [this] { return "id" + std::to_string(++last_id); },
        .resume_tokens = tokens,
        .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
        .grace = grace,
    };
  };
  tests::Cluster cluster{{1, 2, 1}, make_options};
  Client talker, watcher, other;
};

TEST_F(GatewayTest, ABroadcastCrossesOnceForEachProcessWithMembers) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  Client second;
  enter(2, second, "watch");  // of the same process
  cluster.pass(milliseconds(100));
  cluster.network.delivered.clear();
  send(0, talker, R"({"type":"wave"})");
  EXPECT_EQ(cluster.network.delivered.size(), 1u);
  EXPECT_EQ(cluster.network.delivered[0].payload, R"({"from":"id1","type":"wave"})");
  enter(3, other, "watch");
  cluster.pass(milliseconds(100));
  cluster.network.delivered.clear();
  send(0, talker, R"({"type":"wave"})");
  EXPECT_EQ(cluster.network.delivered.size(), 2u);
  send(1, watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(cluster.network.delivered.size(), 3u);
}

TEST_F(GatewayTest, OfTalkersWhoEnterAtOnceTheOneWithTheLeaseStays) {
  const auto enter_unsettled = [this](std::size_t hub, Client& client) {
    cluster.hub(hub).receive(client, R"({"type":"enter","room":"lesson","role":"talk"})",
                             cluster.now);
  };
  enter_unsettled(0, talker);
  enter_unsettled(1, other);
  cluster.settle();
  EXPECT_EQ((talker.peer != nullptr) + (other.peer != nullptr), 1);
  Client& loser = talker.peer == nullptr ? talker : other;
  EXPECT_EQ(loser.last()["code"], "room_taken");
  cluster.pass(seconds(30));
  EXPECT_EQ((talker.peer != nullptr) + (other.peer != nullptr), 1);
}

TEST_F(GatewayTest, ALeaseGoesWithItsTalkerAndIsFreeAfterIt) {
  go_on_air(0, talker);
  enter(1, other, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(other.peer->id, "id1");
  cluster.pass(seconds(30));
  EXPECT_NE(other.peer, nullptr);
  send(1, other, R"({"type":"end_talk"})");
  cluster.hub(1).disconnected(other, rooms::Hub::Leaving::for_good, cluster.now);
  cluster.settle();
  Client next;
  enter(3, next, "talk");
  cluster.settle();
  EXPECT_NE(next.peer, nullptr);
}

TEST_F(GatewayTest, ATalkerThatWasCutOffLosesItsSlotToAnother) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.cut(0);
  cluster.pass(seconds(10));
  EXPECT_NE(talker.peer, nullptr) << "it goes on where it is";
  EXPECT_EQ(news_of(watcher), (News{"welcome"})) << "its grace time is not over";
  cluster.pass(seconds(15));
  EXPECT_EQ(news_of(watcher), (News{"user_disconnected"}));
  enter(1, other, "talk");
  EXPECT_NE(other.peer, nullptr);
  cluster.mend(0);
  cluster.pass(seconds(5));
  EXPECT_EQ(talker.peer, nullptr);
  EXPECT_EQ(talker.last()["code"], "room_taken");
  EXPECT_NE(other.peer, nullptr);
}

TEST_F(GatewayTest, ASlotIsNotFreeBeforeItsLeaseIs) {
  grace = milliseconds(500);
  tests::Cluster two({1, 1}, make_options);
  const auto enter_at = [&](std::size_t hub, Client& client, const std::string& role) {
    two.hub(hub).receive(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"}",
                         two.now);
    two.settle();
  };
  enter_at(0, talker, "talk");
  enter_at(1, watcher, "watch");
  watcher.news();
  two.pass(seconds(1));         // it says that it lives,
  two.pass(milliseconds(667));  // renews its lease,
  two.cut(0);                   // and falls silent
  while (news_of(watcher).empty()) two.pass(milliseconds(100));
  enter_at(1, other, "talk");
  EXPECT_EQ(news_of(other), News{"welcome"});
  EXPECT_NE(other.peer, nullptr);
}

TEST_F(GatewayTest, WhoEntersWhileATalkersProcessIsSlowKnowsThatItIsOnAir) {
  cluster.process(0).wire->hold();
  enter(0, talker, "talk");
  cluster.pass(milliseconds(300));  // in vain it waits for the others
  enter(1, watcher, "watch");       // which do not know of it
  EXPECT_EQ(watcher.last()["talkers"], json::array());
  send(0, talker, R"({"type":"talk_ready"})");
  cluster.process(0).wire->let_go();
  cluster.settle();
  EXPECT_EQ(news_of(watcher), (News{"welcome", "talk_ready"}));
  enter(2, other, "watch");
  EXPECT_EQ(other.last()["talkers"], json::array({"id1"}));
}

TEST_F(GatewayTest, RefusesAnAddresseeThatIsNoIdBeforeItReachesTheWire) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.pass(seconds(1));
  for (const char* const id : {"a b", "a.b", ">", "*", R"(a 0\r\n\r\nPUB x 5\r\nhello\r\nPUB q)",
                               R"(\u0000)", "\xc3\xa4"}) {
    for (Client* const sender : {&talker, &watcher}) {
      sender->news();
      cluster.network.delivered.clear();
      send(sender == &talker ? 0 : 1, *sender,
           R"({"type":"wave","sendto":")" + std::string(id) + "\"}");
      EXPECT_EQ(sender->news(), News{"error no_such_peer"}) << id;
      EXPECT_TRUE(cluster.network.delivered.empty()) << id;
    }
  }
}

TEST_F(GatewayTest, WhoWasCutOffForAMomentGoesOn) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  watcher.news();
  for (std::size_t process = 0; process < 3; ++process) cluster.cut(process);
  cluster.pass(seconds(30));
  for (std::size_t process = 0; process < 3; ++process) cluster.mend(process);
  cluster.pass(seconds(10));
  EXPECT_NE(talker.peer, nullptr);
  EXPECT_EQ(news_of(watcher), News{});
  send(1, watcher, R"({"type":"talk_request","sendto":"id1"})");
  EXPECT_EQ(news_of(talker).back(), "talk_request");
}

TEST_F(GatewayTest, WhatWasMissedWhileTheWireWasAwayIsMadeGood) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(3, other, "watch");
  watcher.news();
  other.news();
  const auto cut_all = [this] {
    for (std::size_t process = 0; process < 3; ++process) cluster.cut(process);
  };
  const auto mend_all = [this] {
    for (std::size_t process = 0; process < 3; ++process) cluster.mend(process);
    cluster.pass(seconds(5));
  };
  cut_all();
  send(0, talker, R"({"type":"talk_ready"})");
  cluster.pass(seconds(30));
  mend_all();
  EXPECT_EQ(news_of(watcher), News{"talk_ready"});
  EXPECT_EQ(watcher.last()["from"], "id1");
  EXPECT_EQ(news_of(other), News{"talk_ready"});
  cut_all();
  cluster.pass(seconds(30));
  mend_all();
  EXPECT_EQ(news_of(watcher), News{}) << "nothing is sent twice";
  cut_all();
  send(0, talker, R"({"type":"end_talk"})");
  cluster.hub(3).disconnected(other, rooms::Hub::Leaving::for_good, cluster.now);
  cluster.pass(seconds(30));
  talker.news();
  mend_all();
  EXPECT_EQ(news_of(watcher), News{"end_talk"});
  EXPECT_EQ(news_of(talker), News{}) << "it may be at another";
  cluster.pass(seconds(20));
  EXPECT_EQ(news_of(talker), News{"user_disconnected"});
  cut_all();
  cluster.hub(0).disconnected(talker, rooms::Hub::Leaving::for_good, cluster.now);
  mend_all();
  cluster.pass(seconds(20));
  EXPECT_EQ(news_of(watcher), News{"user_disconnected"});
}

TEST_F(GatewayTest, AProcessThatWasAwayForAMomentSendsTheOthersItsNews) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  cluster.pass(seconds(5));
  watcher.news();
  cluster.cut(0);
  send(0, talker, R"({"type":"talk_ready"})");
  send(0, talker, R"({"type":"wave","sendto":"id2"})");
  cluster.mend(0);
  cluster.pass(seconds(1));
  EXPECT_EQ(news_of(watcher), (News{"talk_ready", "wave"}));
}

TEST_F(GatewayTest, WhoMovedWhileTheWireWasAwayIsNotGone) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  talker.news();
  for (std::size_t process = 0; process < 3; ++process) cluster.cut(process);
  cluster.hub(1).disconnected(watcher, rooms::Hub::Leaving::perhaps, cluster.now);
  Client back;
  enter(3, back, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(back.id(), "id2");
  for (std::size_t process = 0; process < 3; ++process) cluster.mend(process);
  cluster.pass(seconds(30));
  EXPECT_EQ(news_of(talker), News{});
  EXPECT_EQ(cluster.hub(1).census().peers, 0u);
  send(0, talker, R"({"type":"wave","sendto":"id2"})");
  EXPECT_EQ(back.news().back(), "wave");
}

TEST_F(GatewayTest, AnOrderIsObeyedWhenTheWireIsThereAgain) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.cut(0);
  send(0, talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_NE(watcher.peer, nullptr);
  cluster.mend(0);
  EXPECT_EQ(watcher.closed, protocol::CloseCode::removed);
}

TEST_F(GatewayTest, InventedIdsAreRememberedNowhere) {
  go_on_air(0, talker);
  send(0, talker, R"({"type":"remove_peer","id":"invented"})");
  for (const std::size_t hub : {0U, 1U, 3U}) {
    Client stranger;
    enter(hub, stranger, "watch", R"(,"resume":"watch invented lesson")");
    EXPECT_EQ(stranger.news().front(), "welcome") << "hub " << hub;
    cluster.hub(hub).disconnected(stranger, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.settle();
  }
}

TEST_F(GatewayTest, AMemberWhoseProcessDiedIsRemovedEverywhere) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.pass(seconds(1));
  cluster.cut(1);
  cluster.pass(seconds(5));
  send(0, talker, R"({"type":"remove_peer","id":"id2"})");
  for (const std::size_t hub : {0U, 3U}) {
    Client back;
    enter(hub, back, "watch", R"(,"resume":"watch id2 lesson")");
    EXPECT_EQ(back.news(), News{"error removed"}) << "hub " << hub;
  }
}

TEST_F(GatewayTest, OrdersOfOneRoomLeaveThoseOfAnotherWhileTheWireIsAway) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.cut(0);
  for (int i = 0; i < 2'000; ++i) {
    const std::string peer = "id" + std::to_string(1'000 + i);
    cluster.process(0).gateway->on_order({rooms::Order::Kind::remove_peer, "another", peer},
                                         cluster.now);
  }
  send(0, talker, R"({"type":"remove_peer","id":"id2"})");
  cluster.mend(0);
  EXPECT_EQ(watcher.closed, protocol::CloseCode::removed);
}

TEST_F(GatewayTest, FramesForAPeerWhoseProcessDiedAreBufferedForItsGraceTime) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  enter(1, other, "watch");
  cluster.pass(seconds(1));
  talker.news();
  cluster.cut(1);
  send(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  cluster.pass(seconds(2));
  send(0, talker, R"({"type":"candidate","candidate":null,"sendto":"id2"})");
  send(0, talker, R"({"type":"offer","sdp":"","sendto":"id3"})");
  cluster.pass(seconds(4));
  Client back;
  enter(3, back, "watch", R"(,"resume":"watch id2 lesson")");
  cluster.pass(seconds(1));
  EXPECT_EQ(news_of(back), (News{"welcome", "offer", "candidate"}));
  EXPECT_EQ(news_of(talker), News{});
  cluster.pass(seconds(20));
  EXPECT_EQ(news_of(talker), (News{"error no_such_peer", "user_disconnected"}));
}

TEST_F(GatewayTest, OneThatStoodStillIsOneOfThemAgain) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  cluster.pass(seconds(1));
  talker.news();
  watcher.news();
  cluster.process(1).wire->is_cut = true;  // and neither side is delivered
  cluster.pass(seconds(8));
  EXPECT_EQ(cluster.process(0).gateway->processes(), 1u);
  cluster.process(1).wire->is_cut = false;
  cluster.pass(seconds(3));
  EXPECT_EQ(cluster.process(0).gateway->processes(), 2u);
  send(0, talker, R"({"type":"wave"})");
  EXPECT_EQ(news_of(watcher), News{"wave"});
  send(1, watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(news_of(talker), News{"talk_request"});
  enter(2, other, "watch");
  EXPECT_EQ(other.frames[0]["talkers"], json::array({"id1"}));
  cluster.pass(seconds(30));
  EXPECT_EQ(news_of(talker), News{}) << "nobody was lost";
  EXPECT_EQ(news_of(watcher), News{});
}

TEST_F(GatewayTest, MembersOfAProcessThatDiesMayComeBackAtAnother) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  enter(1, other, "watch");
  cluster.pass(seconds(1));
  talker.news();
  cluster.cut(1);
  cluster.pass(seconds(5));
  Client back;
  enter(3, back, "watch", R"(,"resume":"watch id2 lesson")");
  cluster.pass(seconds(20));
  EXPECT_EQ(news_of(talker), News{"user_disconnected"});
  EXPECT_EQ(cluster.process(0).gateway->processes(), 1u);
}

TEST_F(GatewayTest, ATalkerWhoComesLaterLearnsWhichEarlierMembersLeave) {
  enter(1, watcher, "watch");
  enter(0, talker, "talk");
  cluster.pass(seconds(1));
  talker.news();
  cluster.cut(1);
  cluster.pass(seconds(30));
  EXPECT_EQ(news_of(talker), News{"user_disconnected"});
}

TEST_F(GatewayTest, CountsWhatIsForeignAndGoesOn) {
  go_on_air(0, talker);
  enter(1, watcher, "watch");
  watcher.news();
  Gateway& gateway = *cluster.process(1).gateway;
  for (const char* subject : {"onair.room.6c6573736f6e.all", "onair.room.6c6573736f6e.parts",
                              "onair.room.6c6573736f6e.members", "onair.room.6c6.all",
                              "onair.peer.id2", "onair.orders", "onair", "other.orders"}) {
    for (const char* payload : {"", "x", "[]", "{\"process\":1}", "{\"kind\":\"frame\"}\n{}"}) {
      gateway.on_message(subject, payload, "", cluster.now);
    }
  }
  cluster.settle();
  EXPECT_EQ(gateway.counters().foreign, 40u);
  send(0, talker, R"({"type":"wave"})");
  EXPECT_EQ(news_of(watcher), News{"wave"});
}

}  // namespace
}  // namespace onair::cluster
