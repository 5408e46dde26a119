// A session without a network: what it does is written down, and time is what the test says.
#include "socketio/session.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "socketio/translation.hpp"

namespace onair::socketio {
namespace {

using protocol::CloseCode;
using std::chrono::seconds;
using Deeds = std::vector<std::string>;

class World final : public SessionHost {
 public:
  explicit World(Revision its_revision, bool websocket = false)
      : revision(its_revision),
        session({.revision = revision,
                 .sid = "sid",
                 .id = "id",
                 .starts_on_websocket = websocket,
                 .ping_interval = seconds(25),
                 .ping_timeout = seconds(20),
                 .step_timeout = seconds(10),
                 .max_message_bytes = 1'000,
                 .max_queue_bytes = 1'000},
                *this, now) {}

  void answer_poll(std::string payload) override { deeds.push_back("answer " + payload); }
  std::size_t websocket_backlog() const override { return backlog; }
  void send_on_websocket(const rooms::Frame& packet) override {
    deeds.push_back("send " + std::string(packet->text()));
  }
  void close_websocket(CloseCode code) override {
    deeds.push_back("close " + std::to_string(static_cast<int>(code)));
  }
  void overflowed() override {
    ++overflows;
    if (closes_what_overflows) session.close(CloseCode::try_again_later, now);
  }
  void ended() override { deeds.emplace_back("ended"); }
  void enter(const rooms::EntryRequest& request) override {
    const protocol::Enter& wish = request.enter;
    deeds.push_back("enter " + wish.room + (wish.token ? " by " + *wish.token : ""));
    entering = rooms_take_time;
    if (refuses_rooms) deliver(R"({"type":"error","code":"room_full","message":"Full."})");
  }
  void send(const protocol::Envelope& envelope, std::string_view object) override {
    deeds.push_back(envelope.sendto.value_or("all") + " < " + std::string(object));
  }
  void leave() override { deeds.emplace_back("leave"); }
  void refuse(const protocol::Refusal& refusal) override {
    deeds.push_back("refuse " + std::string(name_of(refusal.code)));
    if (tells_refusals) deliver(R"({"type":"error","code":"binary_frame","message":"Text."})");
  }
  bool spend(std::size_t) override { return may_speak; }
  bool is_entering() const override { return entering; }

  /// A client that is in the namespace, over polling with a poll that waits or over a WebSocket.
  World& begin() {
    session.start();
    session.poll();
    if (revision == Revision::v4) {
      send("40");
      session.poll();
    }
    session.poll();
    deeds.clear();
    return *this;
  }
  /// The client sends a packet over whatever it has.
  bool send(const std::string& packet) {
    if (!session.is_polling()) return session.receive_on_websocket(packet, now), true;
    PayloadEncoder encoder(revision);
    encoder.add(packet);
    return session.receive_payload(encoder.take(), now);
  }
  /// The relay has a frame for the client. False where that was too much.
  bool deliver(const std::string& frame) {
    const rooms::Frame shared = rooms::SharedFrame::from_wire(frame);
    const int before = overflows;
    session.deliver(*shared, Translator().packet_for(shared));
    return overflows == before;
  }
  void pass(Duration duration) {
    now += duration;
    session.advance(now);
  }
  Deeds news() { return std::exchange(deeds, {}); }

  Revision revision;
  TimePoint now{seconds(1'000)};
  Deeds deeds;
  bool rooms_take_time = false;
  bool entering = false;
  bool refuses_rooms = false;
  bool tells_refusals = false;
  bool may_speak = true;
  std::size_t backlog = 0;
  int overflows = 0;
  bool closes_what_overflows = false;
  Session session;
};

std::string message(const std::string& object) {
  return R"(42["message",)" + object + "]";
}

// Handshakes.

TEST(SocketioSession, Revision4AsksToBeInTheNamespace) {
  World world(Revision::v4);
  world.session.start();
  EXPECT_TRUE(world.session.poll());
  EXPECT_EQ(world.news(),
            Deeds{R"(answer 0{"maxPayload":262144,"pingInterval":25000,"pingTimeout":20000,)"
                  R"("sid":"sid","upgrades":["websocket"]})"});
  EXPECT_TRUE(world.session.poll());
  EXPECT_EQ(world.news(), Deeds{});
  EXPECT_TRUE(world.send("40"));
  world.session.flush();
  EXPECT_EQ(world.news(), (Deeds{"enter _defaultroom", R"(answer 40{"sid":"id"})"}));
}

TEST(SocketioSession, Revision3IsInTheNamespaceAtOnce) {
  World world(Revision::v3);
  world.session.start();
  EXPECT_EQ(world.news(), Deeds{"enter _defaultroom"});
  world.session.poll();
  EXPECT_EQ(
      world.news(),
      Deeds{
          R"(answer 100:0{"maxPayload":262144,"pingInterval":25000,"pingTimeout":20000,"sid":"sid",)"
          R"("upgrades":["websocket"]}2:40)"});
}

TEST(SocketioSession, BeginsOnAWebSocketToo) {
  World world(Revision::v4, /*websocket=*/true);
  world.session.start();
  EXPECT_EQ(world.news(), Deeds{R"(send 0{"maxPayload":262144,"pingInterval":25000,)"
                                R"("pingTimeout":20000,"sid":"sid","upgrades":[]})"});
  world.send(R"(40{"token":"key"})");
  EXPECT_EQ(world.news(), (Deeds{R"(send 40{"sid":"id"})", "enter _defaultroom by key"}));
}

TEST(SocketioSession, KnowsNoOtherNamespace) {
  World world(Revision::v4, true);
  world.begin();
  world.send("40/admin,");
  EXPECT_EQ(world.news(), Deeds{R"(send 44/admin,{"message":"Invalid namespace"})"});
  world.send(R"(42/admin,["message",{}])");
  EXPECT_EQ(world.news(), Deeds{});
}

TEST(SocketioSession, WhoDoesNotConnectIsSentAway) {
  World world(Revision::v4, true);
  world.session.start();
  world.news();
  world.pass(seconds(9));
  EXPECT_EQ(world.news(), Deeds{});
  world.pass(seconds(1));
  EXPECT_EQ(world.news(), (Deeds{"close 1008", "ended"}));
  EXPECT_EQ(world.session.next_deadline(), std::nullopt);
}

TEST(SocketioSession, WhoSpeaksBeforeItConnectsIsSentAway) {
  World world(Revision::v4, true);
  world.session.start();
  world.news();
  world.send(message("{}"));
  EXPECT_EQ(world.news(), (Deeds{"close 1008", "ended"}));
}

TEST(SocketioSession, MayDisconnectAndConnectAgain) {
  World world(Revision::v4, true);
  world.begin();
  world.send("41");
  EXPECT_EQ(world.news(), Deeds{"leave"});
  world.send("40");
  EXPECT_EQ(world.news(), (Deeds{R"(send 40{"sid":"id"})", "enter _defaultroom"}));
  world.send("41");
  world.news();
  world.pass(seconds(10));
  EXPECT_EQ(world.news(), (Deeds{"close 1008", "ended"}));
}

// Heartbeats.

TEST(SocketioSession, InRevision4TheServerAsks) {
  World world(Revision::v4, true);
  world.begin();
  for (int i = 0; i < 3; ++i) {
    world.pass(seconds(24));
    EXPECT_EQ(world.news(), Deeds{});
    world.pass(seconds(1));
    EXPECT_EQ(world.news(), Deeds{"send 2"});
    world.pass(seconds(19));
    world.send("3");
    EXPECT_EQ(world.news(), Deeds{});
  }
  world.pass(seconds(25));
  world.news();
  world.pass(seconds(19));
  world.send(message("{}"));  // shows that it lives as well as an answer does
  world.news();
  world.pass(seconds(19));
  EXPECT_EQ(world.news(), Deeds{});
  world.pass(seconds(1));
  EXPECT_EQ(world.news(), (Deeds{"close 1008", "ended"}));
}

TEST(SocketioSession, InRevision3TheClientAsks) {
  World world(Revision::v3);
  world.begin();
  for (int i = 0; i < 3; ++i) {
    world.pass(seconds(44));
    EXPECT_TRUE(world.send("2probe-like"));
    world.session.flush();
    EXPECT_EQ(world.news(), Deeds{"answer 11:3probe-like"});
    world.session.poll();
  }
  world.pass(seconds(45));
  EXPECT_EQ(world.news(), (Deeds{"answer 1:1", "ended"}));
}

TEST(SocketioSession, InRevision4TheClientMayNotAsk) {
  World world(Revision::v4);
  world.begin();
  EXPECT_FALSE(world.send("2"));
  EXPECT_EQ(world.news(), (Deeds{"answer 1", "ended"}));
}

TEST(SocketioSession, WhoNeverFetchesItsPingExpires) {
  World world(Revision::v4);
  world.session.start();
  world.session.poll();
  world.send("40");
  world.news();
  world.pass(seconds(25));
  world.pass(seconds(20));
  EXPECT_EQ(world.news(), Deeds{"ended"});
  EXPECT_FALSE(world.session.poll());
}

// Polling.

TEST(SocketioSession, GathersWhatComesForOnePoll) {
  World world(Revision::v4);
  world.begin();
  world.deliver(R"({"from":"a","n":1})");
  world.deliver(R"({"type":"user_disconnected","id":"a"})");
  EXPECT_EQ(world.news(), Deeds{});
  world.session.flush();
  EXPECT_EQ(world.news(), Deeds{"answer 42[\"message\",{\"from\":\"a\",\"n\":1}]\x1e"
                                "42[\"user disconnected\",{\"id\":\"a\"}]"});
  world.deliver(R"({"from":"a","n":2})");
  world.session.flush();
  EXPECT_EQ(world.news(), Deeds{});  // no poll waits
  world.session.poll();
  EXPECT_EQ(world.news(), Deeds{R"(answer 42["message",{"from":"a","n":2}])"});
}

TEST(SocketioSession, TwoPollsAtATimeEndIt) {
  World world(Revision::v4);
  world.begin();
  EXPECT_FALSE(world.session.poll());
  EXPECT_EQ(world.news(), (Deeds{"answer 1", "ended"}));
  EXPECT_FALSE(world.session.poll());
  EXPECT_FALSE(world.session.receive_payload(message("{}"), world.now));
}

TEST(SocketioSession, APollThatIsBrokenOffEndsIt) {
  World world(Revision::v4);
  world.begin();
  world.session.poll_broken_off();
  EXPECT_EQ(world.news(), Deeds{"ended"});
}

TEST(SocketioSession, TheClientMayClose) {
  World polling(Revision::v3);
  polling.begin();
  EXPECT_TRUE(polling.send("1"));
  EXPECT_EQ(polling.news(), (Deeds{"answer 1:6", "ended"}));
  World websocket(Revision::v4, true);
  websocket.begin().send("1");
  EXPECT_EQ(websocket.news(), (Deeds{"close 1000", "ended"}));
}

TEST(SocketioSession, WhatIsNotReadIsBounded) {
  World world(Revision::v4);
  world.begin();
  EXPECT_TRUE(world.deliver(R"({"from":"a","x":")" + std::string(800, 'x') + "\"}"));
  EXPECT_FALSE(world.deliver(R"({"from":"a","x":")" + std::string(800, 'x') + "\"}"));
  world.session.close(CloseCode::try_again_later, world.now);
  world.session.flush();
  EXPECT_EQ(world.news(), (Deeds{"answer 1", "ended"}));
}

TEST(SocketioSession, WhatWaitsOnAWebSocketOfAnotherThreadHasTheBoundOfTheQueue) {
  World world(Revision::v4, true);
  world.closes_what_overflows = true;
  world.begin();
  world.backlog = 800;
  EXPECT_TRUE(world.deliver(R"({"from":"a","n":1})"));
  world.backlog = 990;
  EXPECT_FALSE(world.deliver(R"({"from":"a","n":1})"));
  EXPECT_EQ(world.news().back(), "close 1013");
  EXPECT_TRUE(world.deliver(R"({"from":"a","n":1})")) << "it is closed already";
}

TEST(SocketioSession, TheQueueGoesOverToTheWebSocketHoweverMuchWaitsThere) {
  World world(Revision::v4);
  world.closes_what_overflows = true;
  world.begin();
  world.deliver(R"({"from":"a","n":0})");
  world.session.flush();  // answers the poll that waits
  for (int i = 0; i < 3; ++i) world.deliver(R"({"from":"a","n":1})");
  ASSERT_TRUE(world.session.probe(world.now));
  world.session.receive_on_websocket("2probe", world.now);
  world.news();
  world.backlog = 1'000;
  world.session.receive_on_websocket("5", world.now);
  EXPECT_EQ(world.overflows, 0);
  EXPECT_EQ(world.news().size(), 3U);
  world.session.close(CloseCode::policy_violation, world.now);
  const Deeds last = world.news();
  ASSERT_EQ(last.size(), 2U) << "it is told that it shall not come back, beside the bound";
  EXPECT_EQ(last[0], "send 41");
}

TEST(SocketioSession, WhatTheClientItselfCausesIsBoundedToo) {
  for (const Revision revision : {Revision::v3, Revision::v4}) {
    for (const std::string& packet :
         {"2" + std::string(100, 'x'), std::string("2"), "40/" + std::string(100, 'x') + ",",
          std::string("40/x,"), std::string("bAAAA"), std::string("42[\"enter\",7]")}) {
      if (revision == Revision::v4 && packet.front() == '2') continue;  // which it may not
      World world(revision);
      world.tells_refusals = true;
      world.closes_what_overflows = true;
      world.session.start();
      if (revision == Revision::v4) world.send("40");
      for (int i = 0; i < 1'000 && world.overflows == 0; ++i) {
        world.send(packet);
        EXPECT_LE(world.session.queue_bytes(), 1'000u) << packet;
      }
      EXPECT_EQ(world.overflows, 1) << packet;
      world.news();
      EXPECT_TRUE(world.session.poll()) << packet;
      EXPECT_EQ(world.news().back(), "ended") << packet;
    }
  }
}

TEST(SocketioSession, PacketsCountThoughTheyAreEmpty) {
  World world(Revision::v4);
  world.begin();
  int delivered = 0;
  while (world.deliver(R"({"from":"a"})")) ++delivered;
  EXPECT_LT(delivered, 12) << "each costs more than its text";
}

// From polling to a WebSocket.

TEST(SocketioSession, ChangesOverWithoutALoss) {
  World world(Revision::v4);
  world.begin();
  EXPECT_TRUE(world.session.probe(world.now));
  EXPECT_FALSE(world.session.probe(world.now));
  world.session.receive_on_websocket("2probe", world.now);
  EXPECT_EQ(world.news(), (Deeds{"send 3probe", "answer 6"}));
  world.deliver(R"({"from":"a","n":1})");
  EXPECT_TRUE(world.send(message(R"({"n":2})")));  // still over HTTP
  world.session.receive_on_websocket("5", world.now);
  EXPECT_EQ(world.news(), (Deeds{R"(all < {"n":2})", R"(send 42["message",{"from":"a","n":1}])"}));
  EXPECT_FALSE(world.session.is_polling());
  EXPECT_FALSE(world.session.poll());
  world.deliver(R"({"from":"a","n":3})");
  EXPECT_EQ(world.news(), Deeds{R"(send 42["message",{"from":"a","n":3}])"});
  world.pass(seconds(11));
  EXPECT_EQ(world.news(), Deeds{});
}

TEST(SocketioSession, AnswersEachPollWhileItChangesOver) {
  World world(Revision::v3);
  world.begin();
  world.session.probe(world.now);
  world.session.receive_on_websocket("2probe", world.now);
  world.news();
  EXPECT_TRUE(world.session.poll());
  EXPECT_EQ(world.news(), Deeds{"answer 1:6"});
  world.session.receive_on_websocket("5", world.now);
  EXPECT_FALSE(world.session.is_polling());
}

TEST(SocketioSession, StaysWithPollingWhereTheWebSocketFails) {
  for (const int way : {0, 1, 2, 3}) {
    World world(Revision::v4);
    world.begin();
    world.session.probe(world.now);
    if (way == 0) world.session.receive_on_websocket("5", world.now);
    if (way == 1) world.session.receive_on_websocket("garbage", world.now);
    if (way == 2) world.pass(seconds(10));
    EXPECT_EQ(world.news(), way == 3 ? Deeds{} : Deeds{"close 1008"}) << way;
    world.session.websocket_closed();
    EXPECT_EQ(world.news(), Deeds{}) << way;
    world.deliver(R"({"from":"a"})");
    world.session.flush();
    EXPECT_EQ(world.news(), Deeds{R"(answer 42["message",{"from":"a"}])"}) << way;
    EXPECT_TRUE(world.session.probe(world.now)) << way;
  }
}

TEST(SocketioSession, EndsWithItsWebSocket) {
  World world(Revision::v4, true);
  world.begin();
  world.session.websocket_closed();
  EXPECT_EQ(world.news(), Deeds{"ended"});
}

/// All ways into the states of a session, by name.
struct State {
  const char* name;
  bool begins_on_websocket;
  void (*reach)(World&);
};
const State kStates[] = {
    {"polling", false, [](World&) {}},
    {"upgrading", false, [](World& world) { world.session.probe(world.now); }},
    {"upgrading, probed", false,
     [](World& world) {
       world.session.probe(world.now);
       world.session.receive_on_websocket("2probe", world.now);
     }},
    {"websocket", true, [](World&) {}},
    {"websocket, changed over", false,
     [](World& world) {
       world.session.probe(world.now);
       world.session.receive_on_websocket("2probe", world.now);
       world.session.receive_on_websocket("5", world.now);
     }},
    {"closing", false, [](World& world) { world.session.close(CloseCode::removed, world.now); }},
    {"closing while it was upgrading", false,
     [](World& world) {
       world.session.probe(world.now);
       world.session.close(CloseCode::removed, world.now);
     }},
    {"closing on a websocket", true,
     [](World& world) { world.session.close(CloseCode::removed, world.now); }},
};

/// All ways in which a session may end.
struct End {
  const char* name;
  void (*happen)(World&);
};
const End kEnds[] = {
    {"two polls at a time", [](World& world) { world.session.poll(), world.session.poll(); }},
    {"the poll broken off", [](World& world) { world.session.poll_broken_off(); }},
    {"garbage over HTTP", [](World& world) { world.session.receive_payload("x", world.now); }},
    {"closed over HTTP", [](World& world) { world.session.receive_payload("1", world.now); }},
    {"garbage", [](World& world) { world.session.receive_on_websocket("x", world.now); }},
    {"closed", [](World& world) { world.session.receive_on_websocket("1", world.now); }},
    {"closed by the rooms",
     [](World& world) { world.session.close(CloseCode::room_ended, world.now); }},
    {"too slow", [](World& world) { world.session.close(CloseCode::try_again_later, world.now); }},
    {"silence", [](World&) {}},
};

TEST(SocketioSession, HoweverItEndsItsWebSocketIsClosed) {
  for (const State& state : kStates) {
    for (const End& end : kEnds) {
      World world(Revision::v4, state.begins_on_websocket);
      world.begin();
      state.reach(world);
      Deeds deeds = world.news();
      end.happen(world);
      for (int i = 0; i < 10; ++i) world.pass(seconds(10));
      for (const std::string& deed : world.news()) deeds.push_back(deed);
      const std::string name = std::string(state.name) + ", " + end.name;
      EXPECT_EQ(std::count(deeds.begin(), deeds.end(), "ended"), 1) << name;
      EXPECT_EQ(world.session.next_deadline(), std::nullopt) << name;
      const bool has_websocket = state.begins_on_websocket || std::string(state.name) != "polling";
      const auto closes = std::count_if(deeds.begin(), deeds.end(), [](const std::string& deed) {
        return deed.starts_with("close ");
      });
      if (std::string(state.name) == "closing") continue;  // it never had one
      EXPECT_EQ(closes, has_websocket ? 1 : 0) << name;
    }
  }
}

// Malformed packets.

TEST(SocketioSession, GarbageEndsIt) {
  for (const char* garbage : {"x", "7", "0", "4", "4x", "4abc", "42", "42{}", "42[]", "42[1]",
                              "42abc[\"message\"]", "42[\"message\"", "40[", "40[]", "2"}) {
    World world(Revision::v4, true);
    world.begin();
    if (std::string(garbage).starts_with("40")) world.send("41");
    world.news();
    world.send(garbage);
    EXPECT_EQ(world.news(), (Deeds{"close 1008", "ended"})) << garbage;
    world.send(message("{}"));
    EXPECT_EQ(world.news(), Deeds{}) << garbage;
  }
  for (const char* body : {"", "x", "1", "9:4", "-1:4"}) {
    World world(Revision::v3);
    world.begin();
    EXPECT_FALSE(world.session.receive_payload(body, world.now)) << body;
    EXPECT_EQ(world.news(), (Deeds{"answer 1:1", "ended"})) << body;
  }
}

TEST(SocketioSession, RefusesWhatIsBinary) {
  for (const char* packet : {"bAAAA", R"(451-["message",{"_placeholder":true,"num":0}])"}) {
    World world(Revision::v4, true);
    world.begin().send(packet);
    EXPECT_EQ(world.news(), Deeds{"refuse binary_frame"}) << packet;
  }
  World world(Revision::v3);
  world.begin();
  EXPECT_FALSE(world.session.receive_payload("\x01\x02\xff\xff", world.now));
  EXPECT_EQ(world.news(), Deeds{"refuse binary_frame"});
}

TEST(SocketioSession, RefusesWhatIsTooLong) {
  World world(Revision::v4, true);
  world.begin().send(message("\"" + std::string(1'000, 'x') + "\""));
  EXPECT_EQ(world.news(), Deeds{"refuse frame_too_large"});
}

TEST(SocketioSession, AClientThatSendsTooMuchIsReadNoMore) {
  World world(Revision::v4, true);
  world.begin();
  world.may_speak = false;
  world.send(message("{}"));
  EXPECT_EQ(world.news(), Deeds{});
}

// Closing.

TEST(SocketioSession, SentAwayForGoodIsDisconnected) {
  World world(Revision::v4, true);
  world.begin().session.close(CloseCode::removed, world.now);
  EXPECT_EQ(world.news(), (Deeds{"send 41", "close 4002"}));
  world.deliver(R"({"from":"a"})");
  world.send(message("{}"));
  EXPECT_EQ(world.news(), Deeds{});
  world.session.websocket_closed();
  EXPECT_EQ(world.news(), Deeds{"ended"});
}

TEST(SocketioSession, WhoShallComeBackIsNotDisconnected) {
  World world(Revision::v4, true);
  world.begin().session.close(CloseCode::service_restart, world.now);
  EXPECT_EQ(world.news(), Deeds{"close 1012"});
}

TEST(SocketioSession, FetchesWhyItWasClosed) {
  World world(Revision::v4);
  world.begin();
  world.deliver(R"({"from":"a"})");
  world.session.flush();
  world.news();
  world.deliver(R"({"type":"error","code":"removed","message":"Out."})");
  world.session.close(CloseCode::removed, world.now);
  world.session.flush();
  EXPECT_EQ(world.news(), Deeds{});
  EXPECT_TRUE(world.session.poll());
  EXPECT_EQ(world.news(),
            Deeds{"answer 42[\"error\",{\"type\":\"error\",\"code\":\"removed\",\"message\":"
                  "\"Out.\"}]\x1e"
                  "41"});
  EXPECT_TRUE(world.send(message("{}")));
  EXPECT_EQ(world.news(), Deeds{});
  EXPECT_TRUE(world.session.poll());
  EXPECT_EQ(world.news(), (Deeds{"answer 1", "ended"}));
}

TEST(SocketioSession, MayCloseWhenItHasFetchedThat) {
  World world(Revision::v4);
  world.begin().session.close(CloseCode::removed, world.now);
  world.session.flush();
  EXPECT_EQ(world.news(), Deeds{"answer 41"});
  EXPECT_TRUE(world.send("1"));
  EXPECT_EQ(world.news(), Deeds{"ended"});
}

TEST(SocketioSession, IsForgottenWhereItDoesNotFetchThat) {
  World world(Revision::v4);
  world.begin();
  world.deliver(R"({"from":"a"})");
  world.session.flush();
  world.session.close(CloseCode::removed, world.now);
  world.news();
  world.pass(seconds(10));
  EXPECT_EQ(world.news(), Deeds{"ended"});
}

// The seed's words.

TEST(SocketioSession, EntersAndSpeaks) {
  World world(Revision::v4, true);
  world.begin().send(R"(42["enter","lesson"])");
  world.send(message(R"({"type":"talk_ready","from":"forged"})"));
  world.send(message(R"({"type":"offer","sendto":"a"})"));
  world.send(R"(427["message",{}])");
  world.send(R"(42["unknown",1])");
  world.send("430[]");
  EXPECT_EQ(world.news(), (Deeds{"enter lesson", R"(all < {"type":"talk_ready"})",
                                 R"(a < {"type":"offer","sendto":"a"})", "all < {}"}));
  world.send(R"(42["message","text"])");
  world.send(R"(42["enter",7])");
  EXPECT_EQ(world.news(), (Deeds{"refuse bad_message", "refuse bad_room"}));
}

TEST(SocketioSession, WaitsForItsRoomBeforeItSpeaks) {
  World world(Revision::v4, true);
  world.rooms_take_time = true;
  world.begin();
  world.send(R"(42["enter","lesson"])");
  world.send(message(R"({"n":1})"));
  EXPECT_EQ(world.news(), Deeds{});
  EXPECT_TRUE(world.session.awaits_entry());
  world.entering = false;
  world.session.go_on();
  EXPECT_EQ(world.news(), Deeds{"enter lesson"});
  world.session.go_on();
  EXPECT_EQ(world.news(), Deeds{});
  world.entering = false;
  world.session.go_on();
  EXPECT_EQ(world.news(), Deeds{R"(all < {"n":1})"});
  EXPECT_FALSE(world.session.awaits_entry());
}

TEST(SocketioSession, WhatItSaysBeforeThatIsBounded) {
  World world(Revision::v4, true);
  world.rooms_take_time = true;
  world.begin();
  for (int i = 0; i < 64; ++i) world.send(message("{}"));
  EXPECT_EQ(world.news(), Deeds{});
  world.send(message("{}"));
  EXPECT_EQ(world.news(), Deeds{"refuse not_entered"});
}

TEST(SocketioSession, GetsNoErrorWhereTheDefaultRoomIsShut) {
  World world(Revision::v4, true);
  world.refuses_rooms = true;
  world.begin();
  world.send("41");
  world.news();
  world.send("40");
  EXPECT_EQ(world.news(), (Deeds{R"(send 40{"sid":"id"})", "enter _defaultroom"}));
  world.send(R"(42["enter","lesson"])");
  EXPECT_EQ(world.news(),
            (Deeds{"enter lesson",
                   R"(send 42["error",{"type":"error","code":"room_full","message":"Full."}])"}));
}

TEST(SocketioSession, GetsErrorsOfItsOwnWhileItEntersTheDefaultRoom) {
  World world(Revision::v4, true);
  world.rooms_take_time = true;
  world.tells_refusals = true;
  world.session.start();
  world.send("40");
  world.news();
  world.send("bAQID");
  EXPECT_EQ(
      world.news(),
      (Deeds{"refuse binary_frame",
             R"(send 42["error",{"type":"error","code":"binary_frame","message":"Text."}])"}));
}

}  // namespace
}  // namespace onair::socketio
