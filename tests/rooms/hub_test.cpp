#include "rooms/hub.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

class HubTest : public HubFixture {
 protected:
  HubTest()
      : HubFixture({.rates = {100, 10'000, seconds(2)},
                    .peers_per_room = 1'500,
                    .rooms = 3,
                    .talkers_per_room = 2}) {}
  void enter(Client& client, const std::string& role, const std::string& room = "lesson",
             const std::string& more = "") {
    send(client, R"({"type":"enter","room":")" + room + R"(","role":")" + role + "\"" + more + "}");
  }
  void enter_quietly(Client& client, const std::string& role, const std::string& room = "lesson") {
    enter(client, role, room);
    client.news();
  }

  Client talker, watcher, other;
};

TEST_F(HubTest, WelcomesWithAnIdTheRoomATokenAndWhoIsOnAir) {
  ice_servers = {{{"stun:s"}, std::nullopt, std::nullopt}};
  enter(talker, "talk");
  EXPECT_EQ(talker.frames[0], json::parse(R"({"type":"welcome","id":"id1","room":"lesson",
      "resume":"talk id1 lesson","iceServers":[{"urls":["stun:s"]}],"talkers":[],
      "talkersPerRoom":2})"));
  send(talker, R"({"type":"talk_ready"})");
  enter(watcher, "watch");
  EXPECT_EQ(watcher.last()["talkers"], json::array({"id1"}));
  EXPECT_NE(watcher.id(), talker.id());
}

TEST_F(HubTest, ForgetsWhoIsOnAirAtEndTalkAndWhenTheTalkerLeaves) {
  enter(talker, "talk");
  send(talker, R"({"type":"talk_ready"})");
  send(talker, R"({"type":"end_talk"})");
  enter(watcher, "watch");
  EXPECT_EQ(watcher.last()["talkers"], json::array());
  send(talker, R"({"type":"talk_ready"})");
  leave(talker);
  enter(other, "watch");
  EXPECT_EQ(other.last()["talkers"], json::array());
}

TEST_F(HubTest, EndTalkToOneViewerIsNotOffAir) {
  enter(talker, "talk");
  enter(watcher, "watch");
  send(talker, R"({"type":"talk_ready"})");
  send(talker, R"({"type":"end_talk","sendto":")" + watcher.id() + "\"}");
  enter(other, "watch");
  EXPECT_EQ(other.last()["talkers"], json::array({talker.id()}));
}

TEST_F(HubTest, RelaysToOneWithTheSendersIdAndEveryFieldAsItWas) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  enter_quietly(other, "watch");
  talker.news();
  send(talker, R"({"type":"offer","sendto":")" + watcher.id() + R"(","sdp":"v=0","new":[1,null]})");
  EXPECT_EQ(watcher.last(), json::parse(R"({"type":"offer","from":"id1","sendto":"id2",
      "sdp":"v=0","new":[1,null]})"));
  EXPECT_EQ(other.news(), News{});
  EXPECT_EQ(talker.news(), News{});
}

TEST_F(HubTest, ATalkersWordsToTheRoomGoToEveryoneElse) {
  Client second_talker;
  enter_quietly(talker, "talk");
  enter_quietly(second_talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  second_talker.news();
  send(talker, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), News{"talk_ready"});
  EXPECT_EQ(second_talker.news(), News{"talk_ready"});
  EXPECT_EQ(talker.news(), News{});
  EXPECT_EQ(watcher.last()["from"], talker.id());
}

TEST_F(HubTest, AWatchersWordsToTheRoomGoToTheTalkersAlone) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  enter_quietly(other, "watch");
  talker.news();
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(talker.news(), News{"talk_request"});
  EXPECT_EQ(other.news(), News{});
}

TEST_F(HubTest, WatchersCantReachEachOther) {
  enter_quietly(watcher, "watch");
  enter_quietly(other, "watch");
  send(watcher, R"({"type":"wave","sendto":")" + other.id() + "\"}");
  EXPECT_EQ(watcher.news(), News{"error no_such_peer"});
  EXPECT_EQ(other.news(), News{});
}

TEST_F(HubTest, NothingCrossesRooms) {
  enter_quietly(talker, "talk", "here");
  enter_quietly(watcher, "watch", "there");
  send(talker, R"({"type":"talk_ready"})");
  send(talker, R"({"type":"offer","sdp":"","sendto":")" + watcher.id() + "\"}");
  EXPECT_EQ(talker.news(), News{"error no_such_peer"});
  EXPECT_EQ(watcher.news(), News{});
  leave(talker);
  EXPECT_EQ(watcher.news(), News{});
}

TEST_F(HubTest, UnknownKindsAreRelayedBetweenPeers) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  send(watcher, R"({"type":"wave","sendto":")" + talker.id() + "\"}");
  EXPECT_EQ(talker.news(), News{"wave"});
}

TEST_F(HubTest, TheRoleDecidesWhichMessagesAreAccepted) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  for (const char* frame :
       {R"({"type":"talk_ready"})", R"({"type":"end_talk"})", R"({"type":"offer","sdp":""})",
        R"({"type":"talk_declined","reason":"full"})"}) {
    send(watcher, frame);
    EXPECT_EQ(watcher.news(), News{"error wrong_role"}) << frame;
  }
  for (const char* frame :
       {R"({"type":"talk_request"})", R"({"type":"answer","sdp":""})", R"({"type":"bye"})"}) {
    send(talker, frame);
    EXPECT_EQ(talker.news(), News{"error wrong_role"}) << frame;
  }
  EXPECT_EQ(talker.news(), News{});
}

TEST_F(HubTest, RefusesWhatOnlyTheServerSays) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  for (const char* frame :
       {R"({"type":"audience","watching":1})", R"({"type":"user_disconnected","id":"id2"})",
        R"({"type":"error","code":"x","message":"y"})"}) {
    send(talker, frame);
    EXPECT_EQ(talker.news().back(), "error unknown_type") << frame;
  }
  EXPECT_EQ(watcher.news(), News{});
}

TEST_F(HubTest, RefusesFramesBeforeEnterASecondEnterAndAForgedSender) {
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(watcher.news(), News{"error not_entered"});
  send(watcher, R"({"type":"enter","room":"lesson","role":"watch","from":"id9"})");
  EXPECT_EQ(watcher.news(), News{"error forged_from"});
  enter_quietly(talker, "talk");
  enter(watcher, "watch");
  EXPECT_EQ(watcher.news(), News{"welcome"});
  talker.news();
  enter(watcher, "watch", "another");
  EXPECT_EQ(watcher.news(), News{"error already_entered"});
  send(watcher, R"({"type":"talk_request","from":"id1"})");
  EXPECT_EQ(watcher.news(), News{"error forged_from"});
  send(watcher, "[]");
  EXPECT_EQ(watcher.news(), News{"error bad_json"});
  EXPECT_EQ(talker.news(), News{});
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(talker.news(), News{"talk_request"}) << "the connection goes on";
}

TEST_F(HubTest, ClosesWhereTheCodeSaysSo) {
  hub.refuse(watcher, {protocol::ErrorCode::binary_frame, "Frames must be text."});
  EXPECT_EQ(watcher.news(), News{"error binary_frame"});
  EXPECT_EQ(watcher.closed, protocol::CloseCode::unsupported_data);
  hub.refuse(other, {protocol::ErrorCode::no_such_peer, "Nobody."});
  EXPECT_EQ(other.closed, std::nullopt);
}

TEST_F(HubTest, AnnouncesAWatcherThatLeavesToTalkersAndATalkerToEveryone) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  enter_quietly(other, "watch");
  talker.news();
  leave(other);
  EXPECT_EQ(talker.news().front(), "user_disconnected");
  EXPECT_EQ(watcher.news(), News{});
  leave(talker);
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
  EXPECT_EQ(watcher.last()["id"], "id1");
}

TEST_F(HubTest, SendsTheAudienceAtMostOnceASecond) {
  enter(talker, "talk");
  EXPECT_EQ(talker.news(), (News{"welcome", "audience"}));
  EXPECT_EQ(talker.last()["watching"], 0);
  enter(watcher, "watch");
  EXPECT_EQ(talker.news(), News{"audience"});
  enter(other, "watch");
  pass(milliseconds(999));
  EXPECT_EQ(talker.news(), News{});
  pass(milliseconds(1));
  EXPECT_EQ(talker.news(), News{"audience"});
  EXPECT_EQ(talker.last()["watching"], 2);
  leave(other);
  enter(other, "watch");
  pass(seconds(5));
  EXPECT_EQ(talker.news(), News{"user_disconnected"}) << "the number is what it was";
  EXPECT_EQ(hub.next_deadline(), std::nullopt);
}

TEST_F(HubTest, APeerThatResumesIsTheSameAndIsNoNews) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  vanish(watcher);
  pass(seconds(14));
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.id(), "id2");
  pass(seconds(100));
  EXPECT_EQ(news_of(talker), News{});
  send(talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(other.news(), (News{"welcome", "offer"}));
  EXPECT_EQ(hub.census().peers, 2u);
}

TEST_F(HubTest, FramesForAPeerThatIsAwayComeInOrderWhenItIsBack) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  vanish(watcher);
  send(talker, R"({"type":"talk_ready"})");
  send(talker, R"({"type":"wave","n":1,"sendto":"id2"})");
  send(talker, R"({"type":"wave","n":2})");
  EXPECT_GT(hub.census().kept_bytes, 0u);
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), (News{"welcome", "talk_ready", "wave", "wave"}));
  EXPECT_EQ(other.frames[2]["n"], 1);
  EXPECT_EQ(other.frames[3]["n"], 2);
  EXPECT_EQ(hub.census().kept_bytes, 0u);
}

TEST_F(HubTest, APageThatWasLoadedAgainGetsNoFramesForItsOldConnections) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  vanish(watcher);
  send(talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson","fresh":true)");
  EXPECT_EQ(other.news(), News{"welcome"});
  EXPECT_EQ(hub.census().kept_bytes, 0u);
}

TEST_F(HubTest, ATalkerThatWasAwayLearnsWhoLeftButGetsNoOldNumbers) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  vanish(talker);
  pass(seconds(1));
  send(watcher, R"({"type":"talk_request"})");
  leave(watcher);
  enter(other, "talk", "lesson", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(other.news(), (News{"welcome", "audience", "talk_request", "user_disconnected"}));
  EXPECT_EQ(other.frames[1]["watching"], 0);
}

TEST_F(HubTest, NothingIsKeptOfTooMuch) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  vanish(watcher);
  for (int i = 0; i < 1'025; ++i) {
    send(talker, R"({"type":"wave","sendto":"id2"})");
    pass(milliseconds(10));
  }
  EXPECT_EQ(hub.census().kept_bytes, 0u);
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  send(talker, R"({"type":"wave","sendto":"id2"})");
  EXPECT_EQ(other.news(), (News{"welcome", "wave"}));
}

TEST_F(HubTest, WhatIsKeptGoesWithTheGraceTime) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  vanish(watcher);
  send(talker, R"({"type":"wave","sendto":"id2"})");
  EXPECT_GT(hub.census().kept_bytes, 0u);
  pass(seconds(15));
  EXPECT_EQ(hub.census().kept_bytes, 0u);
}

TEST_F(HubTest, FramesOfAPeerThatIsSentOffCountToTheLastAndItGetsItsOwnWhenItIsBack) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  hub.send_off(watcher, now);
  EXPECT_EQ(hub.census().sent_off, 1u);
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(talker.news(), News{"talk_request"});
  send(talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(watcher.news(), News{});
  vanish(watcher);
  EXPECT_EQ(hub.census().sent_off, 1u);
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), (News{"welcome", "offer"}));
  EXPECT_EQ(hub.census().sent_off, 0u);
  pass(seconds(20));
  EXPECT_EQ(talker.news(), News{});
}

TEST_F(HubTest, OneThatIsSentOffAndStaysIsGoneAfterTheGraceTime) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  hub.send_off(watcher, now);
  pass(seconds(15));
  EXPECT_EQ(talker.news(), (News{"user_disconnected", "audience"}));
  send(watcher, R"({"type":"wave"})");
  EXPECT_EQ(watcher.news(), News{"error not_entered"});
  vanish(watcher);
}

TEST_F(HubTest, ATalkerThatResumesIsStillOnAir) {
  enter_quietly(talker, "talk");
  send(talker, R"({"type":"talk_ready"})");
  vanish(talker);
  enter(other, "talk", "lesson", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(other.frames[0]["talkers"], json::array({"id1"}));
}

TEST_F(HubTest, ResumingReplacesAHalfOpenSocket) {
  enter_quietly(watcher, "watch");
  enter(other, "watch", "lesson", R"(,"resume":"watch id1 lesson")");
  EXPECT_EQ(other.id(), "id1");
  EXPECT_EQ(watcher.closed, protocol::CloseCode::replaced);
  vanish(watcher);  // the old socket's end is nobody's end
  pass(seconds(100));
  EXPECT_EQ(hub.census().peers, 1u);
}

TEST_F(HubTest, APageThatResumesWithoutItsConnectionsIsAnnouncedAsGone) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  send(talker, R"({"type":"talk_ready"})");
  watcher.news();
  vanish(talker);
  enter(other, "talk", "lesson", R"(,"resume":"talk id1 lesson","fresh":true)");
  EXPECT_EQ(other.id(), "id1");
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
  EXPECT_EQ(watcher.last()["id"], "id1");
  EXPECT_EQ(other.frames[0]["talkers"], json::array()) << "it is not on air any more";
}

TEST_F(HubTest, AServerThatForgotAnnouncesItToo) {
  enter_quietly(watcher, "watch");
  enter(talker, "talk", "lesson", R"(,"resume":"talk id77 lesson","fresh":true)");
  EXPECT_EQ(talker.id(), "id77");
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
}

TEST_F(HubTest, AnswersAPingToTheOneWhoAsked) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  ice_servers = {{{"turn:t"}, "later:id2", "secret"}};
  send(watcher, R"({"type":"ping"})");
  EXPECT_EQ(watcher.last(), json::parse(R"({"type":"pong","iceServers":[{"urls":["turn:t"],
      "username":"later:id2","credential":"secret"}]})"));
  EXPECT_EQ(talker.news(), News{});
  send(other, R"({"type":"ping"})");
  EXPECT_EQ(other.news(), News{"error not_entered"});
}

TEST_F(HubTest, AfterTheGraceTimeThePeerIsGone) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  talker.news();
  vanish(watcher);
  send(talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(talker.news(), News{}) << "it may come back";
  pass(seconds(1));
  EXPECT_EQ(talker.news(), News{"audience"}) << "it does not watch now";
  EXPECT_EQ(hub.next_deadline(), now + seconds(14));
  pass(seconds(14));
  EXPECT_EQ(talker.news(), News{"user_disconnected"});
  send(talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(talker.news(), News{"error no_such_peer"});
}

TEST_F(HubTest, AServerThatForgotKnowsTheIdFromTheToken) {
  enter(watcher, "watch", "lesson", R"(,"resume":"watch id77 lesson")");
  EXPECT_EQ(watcher.id(), "id77");
}

TEST_F(HubTest, ATokenThatDoesNotHoldMakesANewPeer) {
  enter_quietly(watcher, "watch");
  enter(other, "watch", "lesson", R"(,"resume":"watch id1 another")");
  EXPECT_EQ(other.id(), "id2");
  Client third;
  enter(third, "talk", "lesson", R"(,"resume":"watch id1 lesson")");
  EXPECT_EQ(third.id(), "id3");
  EXPECT_FALSE(watcher.closed.has_value());
}

TEST_F(HubTest, KeepsNothingOfThoseWhoLeft) {
  for (int i = 0; i < 3; ++i) {
    enter(talker, "talk");
    enter(watcher, "watch");
    enter(other, "watch", "another");
    EXPECT_EQ(hub.census().rooms, 2u);
    EXPECT_EQ(hub.census().peers, 3u);
    leave(watcher);
    leave(other);
    vanish(talker);
    pass(seconds(15));
    EXPECT_EQ(hub.census().rooms, 0u);
    EXPECT_EQ(hub.next_deadline(), std::nullopt);
  }
}

TEST_F(HubTest, WhatAViewerOfAFullHouseDoesCostsOneDelivery) {
  enter_quietly(talker, "talk");
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter_quietly(*crowd.back(), "watch");
  }
  pass(seconds(1));
  talker.news();
  for (const auto& client : crowd) leave(*client);
  pass(seconds(1));
  std::size_t deliveries = talker.news().size();
  for (const auto& client : crowd) deliveries += client->news().size();
  EXPECT_LE(deliveries, 1002u) << "one user_disconnected for each, and the audience";
}

TEST_F(HubTest, AClientThatSendsTooMuchIsWarnedAndAtLastCutOff) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  const std::string wave = R"({"type":"wave"})";
  for (int i = 0; i < 199; ++i) send(talker, wave);
  EXPECT_EQ(talker.news(), News{"audience"}) << "two seconds' worth may come at once";
  send(talker, wave);
  EXPECT_EQ(talker.news(), News{"error rate_limited"});
  for (int i = 0; i < 199; ++i) send(talker, wave);
  EXPECT_EQ(talker.news(), News{}) << "it is announced once";
  EXPECT_EQ(watcher.news().size(), 399u) << "and no frame is lost";
  EXPECT_FALSE(talker.closed);
  send(talker, wave);
  send(talker, wave);
  EXPECT_EQ(talker.closed, protocol::CloseCode::policy_violation);
  EXPECT_EQ(watcher.news().size(), 0u);
  EXPECT_GT(hub.counters().rate_cuts, 0u);
}

TEST_F(HubTest, ItsBytesCountToo) {
  enter_quietly(talker, "talk");
  const std::string large = R"({"type":"wave","x":")" + std::string(9'000, 'x') + "\"}";
  send(talker, large);
  send(talker, large);
  EXPECT_EQ(talker.news(), News{});
  send(talker, large);
  EXPECT_EQ(talker.news(), News{"error rate_limited"});
  pass(seconds(3));
  send(talker, large);
  EXPECT_EQ(talker.news(), News{}) << "after a pause it may again";
}

/// A client that reads nothing but its welcome, since a thousand of them are sent much.
class Listener final : public Link {
 public:
  void send(const Frame& frame) override {
    if (frames++ == 0) id = json::parse(frame->text())["id"];
  }
  void close(protocol::CloseCode) override {}
  SendQueue queue() const override { return {0, 1'048'576}; }

  std::size_t frames = 0;
  std::string id;
};

/// A room of 1,000 viewers at the rates that a server has by default.
class FullHouseTest : public HubTest {
 protected:
  FullHouseTest() {
    big_bus.serve(big);
    big.receive(talker, R"({"type":"enter","room":"lesson","role":"talk"})", now);
    for (int i = 0; i < 1'000; ++i) {
      crowd.push_back(std::make_unique<Listener>());
      big.receive(*crowd.back(), R"({"type":"enter","room":"lesson","role":"watch"})", now);
    }
    talker.news();
  }
  void send(const std::string& frame) { big.receive(talker, frame, now); }
  bool was_warned() {
    const News news = talker.news();
    return std::find(news.begin(), news.end(), "error rate_limited") != news.end();
  }

  ThreadBus big_bus{0, 1, nullptr};
  Hub big{{
              .make_id = [this] { return "id" + std::to_string(++last_id); },
              .resume_tokens = tokens,
              .ice_servers = [this](const auto&) { return ice_servers; },
          },
          big_bus};
  std::vector<std::unique_ptr<Listener>> crowd;
};

class BusyAddressTest : public HubFixture {};  // with the default rates

TEST_F(BusyAddressTest, ThoseAreCutOffThatSendMuch) {
  const auto address = std::make_shared<ClientAddress>(ClientAddress{"192.0.2.1"});
  Client honest;
  Client stranger;  // at another address
  honest.address = address;
  stranger.address = std::make_shared<ClientAddress>(ClientAddress{"192.0.2.2"});
  std::vector<std::unique_ptr<Client>> flooders;
  const auto enter = [this](Client& client) {
    hub.receive(client, R"({"type":"enter","room":"lesson","role":"watch"})", now);
  };
  enter(honest);
  enter(stranger);
  for (int i = 0; i < 20; ++i) {
    flooders.push_back(std::make_unique<Client>());
    flooders.back()->address = address;
    enter(*flooders.back());
  }
  for (int second = 0; second < 5; ++second) {
    for (int frame = 0; frame < 900; ++frame) {
      for (const auto& flooder : flooders) {
        if (!flooder->closed) hub.receive(*flooder, R"({"type":"wave"})", now);
      }
    }
    for (int frame = 0; frame < 5; ++frame) {
      for (Client* client : {&honest, &stranger}) hub.receive(*client, R"({"type":"wave"})", now);
    }
    now += std::chrono::seconds(1);
  }
  for (const auto& flooder : flooders) {
    EXPECT_EQ(flooder->closed, protocol::CloseCode::policy_violation) << "none is above its own";
  }
  for (Client* client : {&honest, &stranger}) {
    EXPECT_EQ(client->closed, std::nullopt);
    EXPECT_EQ(client->news(), News{"welcome"});
  }
}

TEST(ClientAddresses, AreThoseThatSomebodyHolds) {
  ClientAddresses addresses;
  EXPECT_EQ(addresses.of(""), nullptr);
  const auto held = addresses.of("192.0.2.1");
  for (int i = 0; i < 1'000; ++i) addresses.of("192.0.2." + std::to_string(i));
  EXPECT_EQ(addresses.of("192.0.2.1"), held);
  EXPECT_LE(addresses.size(), 64u);
}

TEST_F(FullHouseTest, ChangingRoomsCostsMoreThanAFrame) {
  Client wanderer;
  for (int i = 0; i < 205 && !wanderer.closed; ++i) {
    const std::string room = i % 2 == 0 ? "lesson" : "other";
    big.enter(wanderer, {kSocketioClient, {room, protocol::Role::none}}, now);
    if (i == 98) {
      EXPECT_EQ(wanderer.news().back(), "welcome") << "many at once are fine";
    }
  }
  EXPECT_EQ(wanderer.closed, protocol::CloseCode::policy_violation);
}

TEST_F(FullHouseTest, ANewcomersFramesAreNotDecodedUnlessTheyEnter) {
  Client newcomer;
  const auto answer_to = [&](const std::string& frame) {
    big.receive(newcomer, frame, now);
    return newcomer.news().back();
  };
  const std::string much(protocol::kMaxEnterBytes, ' ');
  EXPECT_EQ(answer_to(R"({"type":"offer"})"), "error not_entered");
  EXPECT_EQ(answer_to(R"({"type":"enter","room":"lesson","role":"watch"})" + much),
            "error bad_message");
  EXPECT_EQ(answer_to(R"({"type":"enter","room":"lesson","role":"watch"})"), "welcome");
}

TEST_F(FullHouseTest, ATalkerPaysForDeliveries) {
  for (int i = 0; i < 300; ++i) send(R"({"type":"wave"})");
  EXPECT_FALSE(was_warned());
  for (int i = 0; i < 50; ++i) send(R"({"type":"wave"})");
  EXPECT_TRUE(was_warned());
  for (int i = 0; i < 300; ++i) send(R"({"type":"wave"})");
  EXPECT_EQ(talker.closed, protocol::CloseCode::policy_violation);
  EXPECT_LT(crowd.front()->frames, 650u);
}

TEST_F(FullHouseTest, AndForTheirBytes) {
  const std::string large = R"({"type":"wave","x":")" + std::string(60'000, 'x') + "\"}";
  for (int i = 0; i < 60; ++i) send(large);
  EXPECT_EQ(talker.closed, protocol::CloseCode::policy_violation);
}

TEST_F(FullHouseTest, AnHonestTalkerIsNeverWarned) {
  const std::string sdp(8'000, 'x');
  std::size_t next = 0;
  for (int second = 0; second < 30; ++second) {
    send(second % 2 == 0 ? R"({"type":"talk_ready"})" : R"({"type":"end_talk"})");
    for (int i = 0; i < 60; ++i, ++next) {
      const std::string to = R"(,"sendto":")" + crowd[next % crowd.size()]->id + "\"}";
      send(std::string(R"({"type":"offer","sdp":")").append(sdp).append("\"").append(to));
      for (int n = 0; n < 14; ++n) send(R"({"type":"candidate","candidate":"x")" + to);
    }
    now += seconds(1);
    big.advance(now);
    ASSERT_FALSE(was_warned()) << second;
  }
}

TEST_F(FullHouseTest, GoingFromRoomToRoomCostsItsDeliveries) {
  std::vector<std::unique_ptr<Listener>> equals;
  const auto enter = [&](Link& client, const std::string& id, const std::string& room) {
    big.enter(client, {kSocketioClient, protocol::Enter{room, protocol::Role::none}, id}, now);
  };
  for (int i = 0; i < 1'000; ++i) {
    equals.push_back(std::make_unique<Listener>());
    enter(*equals.back(), "equal" + std::to_string(i), "equals");
  }
  for (int i = 0; i < 1'000 && !other.closed; ++i) {
    enter(other, "other", "equals");
    big.send(other, {.type = "wave", .sendto = "nobody"}, R"({"type":"wave","sendto":"nobody"})",
             now);
    enter(other, "other", "another");
  }
  EXPECT_EQ(other.closed, protocol::CloseCode::policy_violation);
}

TEST_F(HubTest, ARoomHasABound) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 1'500; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter(*crowd.back(), "watch");
    ASSERT_EQ(crowd.back()->news(), News{"welcome"});
  }
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"error room_full"});
  enter(other, "watch", "another");
  EXPECT_EQ(other.news(), News{"welcome"});
  vanish(*crowd[0]);
  enter(watcher, "watch", "lesson", R"(,"resume":"watch id1 lesson")");
  EXPECT_EQ(watcher.news(), News{"welcome"}) << "a member that was in keeps its slot";
  leave(watcher);
  enter(talker, "talk");
  EXPECT_EQ(talker.news().front(), "welcome") << "a slot is free";
}

TEST_F(HubTest, TheNumberOfRoomsHasABound) {
  enter_quietly(talker, "talk", "1");
  enter_quietly(watcher, "watch", "2");
  Client third;
  enter_quietly(third, "watch", "3");
  enter(other, "watch", "4");
  EXPECT_EQ(other.news(), News{"error too_many_rooms"});
  enter(other, "watch", "1");
  EXPECT_EQ(other.news(), News{"welcome"});
  leave(third);
  enter(third, "watch", "4");
  EXPECT_EQ(third.news(), News{"welcome"});
}

TEST_F(HubTest, CountsWhatItDoes) {
  enter_quietly(talker, "talk");
  enter_quietly(watcher, "watch");
  send(talker, R"({"type":"talk_ready"})");
  send(talker, R"({"type":"wave"})");
  send(talker, "[]");
  vanish(watcher);
  enter(other, "watch", "lesson", R"(,"resume":"watch id2 lesson")");
  const Counters& counters = hub.counters();
  EXPECT_EQ(counters.relayed.at(protocol::kind_index("talk_ready")).frames, 1u);
  EXPECT_EQ(counters.relayed.back().frames, 1u);
  EXPECT_EQ(counters.relayed.back().bytes, 15u);
  EXPECT_EQ(counters.refused.at(static_cast<std::size_t>(protocol::ErrorCode::bad_json)), 1u);
  EXPECT_EQ(counters.entered, 3u);
  EXPECT_EQ(counters.resumed, 1u);
  EXPECT_EQ(hub.census().peers, 2u);
  EXPECT_EQ(hub.census().rooms_on_air, 1u);
}

}  // namespace
}  // namespace onair::rooms
