// Rights, where a room has several talkers or clients of socket.io.
#include <string>

#include <gtest/gtest.h>

#include "protocol/envelope.hpp"
#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using std::chrono::seconds;

class RightsTest : public HubFixture {
 protected:
  RightsTest() : HubFixture({.talkers_per_room = 3}, [this](const auto&) { return token; }) {
    enter(talker, "talk");
    enter(second, "talk");
    for (Client* client : {&talker, &second}) client->news();
  }
  void enter(Client& client, const std::string& role, const std::string& more = "") {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void enter_by_socketio(Client& client, const std::string& id, bool may_talk) {
    token.may_talk = may_talk;
    hub.enter(client, {kSocketioClient, protocol::Enter{"lesson", protocol::Role::none}, id}, now);
    token.may_talk = true;
    client.news();
  }
  void send_by_socketio(Client& client, const std::string& object) {
    const auto envelope = protocol::scan_envelope(object);
    hub.send(client, std::get<protocol::Envelope>(envelope), object, now);
  }

  Pass token;  ///< of whoever enters
  Client talker, second, watcher, anna, bert;
};

TEST_F(RightsTest, NoTalkerVoidsTheTokenOfAnother) {
  send(talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_EQ(talker.news(), News{"error wrong_role"});
  vanish(second);
  send(talker, R"({"type":"remove_peer","id":"id2"})");
  Client back;
  enter(back, "talk", R"(,"resume":"talk id2 lesson")");
  EXPECT_EQ(back.news().front(), "welcome");
  EXPECT_EQ(back.id(), "id2");
}

TEST_F(RightsTest, TheOperatorRemovesATalker) {
  EXPECT_TRUE(hub.remove_peer("lesson", "id2", now));
  Client back;
  enter(back, "talk", R"(,"resume":"talk id2 lesson")");
  EXPECT_EQ(back.news(), News{"error removed"});
}

TEST_F(RightsTest, ALockKeepsFurtherTalkersOut) {
  send(talker, R"({"type":"lock_room","locked":true})");
  Client stranger;
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news(), News{"error room_locked"});
  vanish(second);
  Client back;
  enter(back, "talk", R"(,"resume":"talk id2 lesson")");
  EXPECT_EQ(back.news().front(), "welcome") << "who was in may come back";
  send(talker, R"({"type":"lock_room","locked":false})");
  enter(stranger, "talk");
  EXPECT_EQ(stranger.news().front(), "welcome");
}

TEST_F(RightsTest, AStrangerGetsTurnCredentialsOnlyWhereSomebodyTalks) {
  ice_servers = {{{"stun:s"}, {}, {}}, {{"turn:t"}, "later:id", "secret"}};
  const auto gets_turn = [](const Client& client) {
    return client.last()["iceServers"].size() == 2;
  };
  const std::string empty_room = R"({"type":"enter","room":"empty","role":"watch"})";
  token.may_relay = false;
  send(watcher, empty_room);
  EXPECT_FALSE(gets_turn(watcher));
  send(watcher, R"({"type":"ping"})");
  EXPECT_FALSE(gets_turn(watcher));
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(watcher.news(), (News{"welcome", "pong"})) << "nobody talks here";
  Client holder, late;
  token.may_relay = true;
  send(holder, empty_room);
  EXPECT_TRUE(gets_turn(holder)) << "with a token";

  send(anna, R"({"type":"enter","room":"empty","role":"talk"})");
  token.may_relay = false;
  anna.news();
  send(anna, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), News{"talk_ready"});
  send(watcher, R"({"type":"talk_request","sendto":")" + anna.id() + "\"}");
  EXPECT_EQ(watcher.news(), News{"pong"}) << "before the offer";
  EXPECT_TRUE(gets_turn(watcher));
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(watcher.news(), News{}) << "once";
  send(late, empty_room);
  EXPECT_TRUE(gets_turn(late));
}

TEST_F(RightsTest, WhatOnlyTalkersSendNeedsTheRightToTalkThroughSocketioToo) {
  enter_by_socketio(anna, "anna", false);
  enter_by_socketio(bert, "bert", true);
  for (const std::string type : {"talk_ready", "end_talk", "offer", "talk_declined", "lock_room",
                                 "remove_peer", "end_room"}) {
    for (const char* to : {"", R"(,"sendto":"bert")", R"(,"sendto":"id1")"}) {
      send_by_socketio(anna, R"({"type":")" + type + R"(","sdp":"","reason":"full")" + to + "}");
      EXPECT_EQ(anna.news(), News{"error wrong_role"}) << type << to;
      EXPECT_EQ(bert.news(), News{}) << type << to;
    }
  }
  EXPECT_EQ(talker.news(), News{});
  send_by_socketio(anna, R"({"type":"wave"})");
  EXPECT_EQ(bert.news(), News{"wave"});
  send_by_socketio(bert, R"({"type":"talk_ready"})");
  EXPECT_EQ(anna.news(), News{"talk_ready"});
}

TEST_F(RightsTest, WhoWatchesThroughSocketioLearnsNoViewersId) {
  enter(watcher, "watch");
  watcher.news();
  enter_by_socketio(anna, "anna", true);
  enter_by_socketio(bert, "bert", true);
  talker.news();
  send(watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(talker.news(), News{"talk_request"});
  EXPECT_EQ(anna.news(), News{});
  send(watcher, R"({"type":"wave","sendto":"anna"})");
  EXPECT_EQ(watcher.news(), News{"error no_such_peer"});
  EXPECT_EQ(anna.news(), News{});
  send_by_socketio(bert, R"({"type":"talk_request"})");
  EXPECT_EQ(anna.news(), News{"talk_request"}) << "among themselves they hide nothing";
  send_by_socketio(bert, R"({"type":"talk_ready"})");
  anna.news();
  send(watcher, R"({"type":"talk_request","sendto":"bert"})");
  EXPECT_EQ(bert.news(), News{"talk_request"}) << "a talker learns who asks";
  leave(watcher);
  EXPECT_EQ(anna.news(), News{});
  EXPECT_EQ(bert.news(), News{"user_disconnected"});
}

}  // namespace
}  // namespace onair::rooms
