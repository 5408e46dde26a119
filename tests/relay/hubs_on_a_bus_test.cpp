// Several hubs that serve one room between them, each on a thread of its own in the server; here
// the test hands over what they tell each other.
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "relay/client.hpp"
#include "relay/hub.hpp"
#include "relay/thread_bus.hpp"
#include "support/world.hpp"

namespace onair::relay {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class HubsOnABusTest : public testing::Test {
 protected:
  HubsOnABusTest() {
    for (HubId id = 0; id < 3; ++id) {
      ends.push_back(
          std::make_unique<ThreadBus>(id, 3, [this, id](HubId to, ThreadBus::Batch batch) {
            ++batches;
            under_way.push_back({id, to, std::move(batch)});
          }));
      hubs.push_back(std::make_unique<Hub>(
          HubOptions{
              .make_id = [this] { return "id" + std::to_string(++last_id); },
              .resume_tokens = tokens,
              .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
              .limits = {.peers_per_room = 4, .talkers_per_room = 2},
          },
          *ends.back()));
      ends.back()->serve(*hubs.back());
    }
  }

  void flush() {
    for (const auto& end : ends) end->flush();
  }
  /// Hands over until there is nothing more to hand over.
  void settle() {
    for (flush(); !under_way.empty(); flush()) {
      Parcel parcel = std::move(under_way.front());
      under_way.pop_front();
      ends[parcel.to]->hear(parcel.from, std::move(parcel.batch), now);
    }
  }
  void say(HubId hub, Client& client, const std::string& frame) {
    hubs[hub]->receive(client, frame, now);
  }
  void enter_unsettled(HubId hub, Client& client, const std::string& role,
                       const std::string& more = "") {
    say(hub, client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void enter(HubId hub, Client& client, const std::string& role, const std::string& more = "") {
    enter_unsettled(hub, client, role, more);
    settle();
  }
  void say_settled(HubId hub, Client& client, const std::string& frame) {
    say(hub, client, frame);
    settle();
  }
  void leave(HubId hub, Client& client) {
    hubs[hub]->disconnected(client, Hub::Leaving::for_good, now);
    settle();
  }
  void pass(Duration duration) {
    now += duration;
    for (const auto& hub : hubs) hub->advance(now);
    settle();
  }
  void expect_empty() {
    pass(seconds(20));
    for (const auto& hub : hubs) {
      EXPECT_EQ(hub->census().peers, 0u);
      EXPECT_EQ(hub->census().rooms, 0u);
      EXPECT_EQ(hub->next_deadline(), std::nullopt);
    }
  }

  struct Parcel {
    HubId from;
    HubId to;
    ThreadBus::Batch batch;
  };
  TimePoint now{seconds(100)};
  tests::PlainTokens tokens;
  int last_id = 0;
  std::size_t batches = 0;
  std::deque<Parcel> under_way;
  std::vector<std::unique_ptr<ThreadBus>> ends;
  std::vector<std::unique_ptr<Hub>> hubs;
  Client talker, watcher, other;
};

TEST_F(HubsOnABusTest, ABroadcastReachesTheWholeRoom) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  say_settled(0, talker, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), (News{"welcome", "talk_ready"}));
  EXPECT_EQ(other.news(), (News{"welcome", "talk_ready"}));
  EXPECT_EQ(watcher.last()["from"], "id1");
  EXPECT_EQ(talker.news(), News{});
}

TEST_F(HubsOnABusTest, WhoComesLateLearnsWhoIsOnAirOnAnotherHub) {
  enter(0, talker, "talk");
  say_settled(0, talker, R"({"type":"talk_ready"})");
  enter_unsettled(1, watcher, "watch");
  EXPECT_EQ(watcher.news(), News{}) << "the welcome waits for what the others know";
  settle();
  EXPECT_EQ(watcher.last()["talkers"], json::array({"id1"}));
  say_settled(0, talker, R"({"type":"end_talk"})");
  enter(1, other, "watch");
  EXPECT_EQ(other.last()["talkers"], json::array());
}

TEST_F(HubsOnABusTest, NobodyMissesATalkerWhoGoesOnAirAtTheSameMoment) {
  enter(0, talker, "talk");
  for (int order = 0; order < 2; ++order) {
    Client late;
    if (order == 0) say(0, talker, R"({"type":"talk_ready"})");
    enter_unsettled(1, late, "watch");
    if (order == 1) say(0, talker, R"({"type":"talk_ready"})");
    settle();
    const bool in_welcome = late.frames[0]["talkers"] == json::array({"id1"});
    const auto said = static_cast<std::size_t>(in_welcome) + late.frames.size() - 1;
    EXPECT_GE(said, 1u) << order;
    leave(1, late);
    say_settled(0, talker, R"({"type":"end_talk"})");
  }
}

TEST_F(HubsOnABusTest, WhatIsSaidBeforeTheWelcomeIsKept) {
  enter(0, talker, "talk");
  talker.news();
  enter_unsettled(1, watcher, "watch");
  say(1, watcher, R"({"type":"talk_request"})");
  settle();
  EXPECT_EQ(talker.news(), (News{"talk_request", "audience"}));
}

TEST_F(HubsOnABusTest, OneWhoIsGoneBeforeTheWelcomeLeavesNothing) {
  enter_unsettled(1, watcher, "watch");
  hubs[1]->disconnected(watcher, Hub::Leaving::perhaps, now);
  settle();
  EXPECT_EQ(watcher.frames.size(), 0u);
  enter_unsettled(1, watcher, "watch");
  hubs[1]->disconnected(watcher, Hub::Leaving::for_good, now);
  enter(1, other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"}) << "a late answer is not taken for this one's";
  leave(1, other);
  expect_empty();
}

TEST_F(HubsOnABusTest, DirectedFramesGoToTheOneHubThatServesThePeer) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  other.news();
  batches = 0;
  say_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(watcher.last()["type"], "offer");
  EXPECT_EQ(watcher.last()["from"], "id1");
  EXPECT_EQ(batches, 1u);
  say_settled(1, watcher, R"({"type":"answer","sdp":"","sendto":"id1"})");
  EXPECT_EQ(talker.news(), News{"answer"});
  EXPECT_EQ(other.news(), News{});
}

TEST_F(HubsOnABusTest, WatchersOfDifferentHubsCantReachEachOther) {
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  watcher.news();
  other.news();
  say_settled(1, watcher, R"({"type":"wave","sendto":"id2"})");
  EXPECT_EQ(watcher.news(), News{"error no_such_peer"});
  say_settled(1, watcher, R"({"type":"wave"})");
  EXPECT_EQ(other.news(), News{});
}

TEST_F(HubsOnABusTest, NothingCrossesRooms) {
  enter(0, talker, "talk");
  say(1, watcher, R"({"type":"enter","room":"another","role":"watch"})");
  settle();
  talker.news();
  watcher.news();
  say_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(talker.news(), News{"error no_such_peer"});
  say_settled(0, talker, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), News{});
}

TEST_F(HubsOnABusTest, TheAudienceIsThatOfTheWholeRoom) {
  enter(0, talker, "talk");
  enter(0, watcher, "watch");
  enter(1, other, "watch");
  Client third;
  enter(2, third, "watch");
  pass(seconds(1));
  EXPECT_EQ(talker.last(), json::parse(R"({"type":"audience","watching":3})"));
  leave(2, third);
  leave(1, other);
  pass(seconds(1));
  EXPECT_EQ(talker.last(), json::parse(R"({"type":"audience","watching":1})"));
}

TEST_F(HubsOnABusTest, WhoLeavesIsToldToThoseConcernedWhereverTheyAre) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  leave(1, watcher);
  EXPECT_EQ(talker.news().front(), "user_disconnected");
  other.news();
  leave(0, talker);
  EXPECT_EQ(other.news(), News{"user_disconnected"});
  leave(2, other);
  expect_empty();
}

TEST_F(HubsOnABusTest, AWatchersWordsGoOnlyToHubsWithTalkers) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  batches = 0;
  say_settled(1, watcher, R"({"type":"talk_request"})");
  EXPECT_EQ(batches, 1u);
  EXPECT_EQ(talker.last()["type"], "talk_request");
}

TEST_F(HubsOnABusTest, ResumingAtAnotherHubEndsTheOldSocketAndNobodyIsTold) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  talker.news();
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.id(), "id2");
  EXPECT_EQ(watcher.closed, protocol::CloseCode::replaced);
  pass(seconds(30));
  EXPECT_EQ(talker.news(), News{});
  say_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(other.news(), (News{"welcome", "offer"}));
}

TEST_F(HubsOnABusTest, OneInItsGraceTimeMayResumeAtAnotherHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  pass(seconds(1));
  talker.news();
  hubs[1]->disconnected(watcher, Hub::Leaving::perhaps, now);
  pass(seconds(5));
  enter(0, other, "watch", R"(,"resume":"watch id2 lesson")");
  pass(seconds(30));
  EXPECT_EQ(talker.news(), News{});
  EXPECT_EQ(hubs[1]->census().peers, 0u);
}

TEST_F(HubsOnABusTest, ATalkerThatResumesAtAnotherHubIsStillOnAir) {
  enter(0, talker, "talk");
  say_settled(0, talker, R"({"type":"talk_ready"})");
  enter(2, watcher, "watch");
  Client moved;
  enter(1, moved, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(moved.frames[0]["talkers"], json::array({"id1"}));
  enter(0, other, "watch");
  EXPECT_EQ(other.frames[0]["talkers"], json::array({"id1"}));
  EXPECT_EQ(watcher.news(), News{"welcome"});
}

TEST_F(HubsOnABusTest, APageThatResumesElsewhereWithoutItsConnectionsIsToldToAll) {
  enter(0, talker, "talk");
  say_settled(0, talker, R"({"type":"talk_ready"})");
  enter(2, watcher, "watch");
  watcher.news();
  enter(1, other, "talk", R"(,"resume":"talk id1 lesson","fresh":true)");
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
  EXPECT_EQ(other.frames[0]["talkers"], json::array());
}

TEST_F(HubsOnABusTest, TheBoundOfARoomHoldsOverAllHubs) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (HubId i = 0; i < 4; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter(i % 3, *crowd.back(), "watch");
  }
  enter(2, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_full"});
}

TEST_F(HubsOnABusTest, OfTalkersWhoEnterAtOnceOnOtherHubsSoManyStayAsMay) {
  enter(0, watcher, "watch");
  std::vector<std::unique_ptr<Client>> talkers;
  for (const HubId hub : {0U, 1U, 2U}) {
    enter_unsettled(hub, *talkers.emplace_back(std::make_unique<Client>()), "talk");
  }
  settle();
  std::size_t stay = 0;
  for (const auto& each : talkers) stay += each->peer != nullptr ? 1 : 0;
  EXPECT_EQ(stay, 2u) << "the bound of this test";
  for (const auto& each : talkers) {
    if (each->peer != nullptr) continue;
    EXPECT_EQ(each->news().back(), "error room_taken");
  }
}

TEST_F(HubsOnABusTest, TheRoomIsTakenOnEveryHubAndMovesWithItsTalker) {
  Client second;
  enter(0, talker, "talk");
  enter(1, second, "talk");
  enter(2, other, "talk");
  EXPECT_EQ(other.news(), News{"error room_taken"});
  say_settled(0, talker, R"({"type":"talk_ready"})");
  leave(0, talker);  // on air: its page may be loading again
  enter(2, other, "talk");
  EXPECT_EQ(other.news(), News{"error room_taken"});
  Client again;
  enter(1, again, "talk", R"(,"resume":"talk id1 lesson","fresh":true)");
  EXPECT_EQ(again.id(), "id1");
  leave(1, again);
  enter(2, other, "talk");
  EXPECT_EQ(other.news().front(), "welcome") << "it was not on air again";
}

TEST_F(HubsOnABusTest, ALockHoldsOnEveryHubAndMovesWithItsTalker) {
  Client moved;
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  say_settled(0, talker, R"({"type":"lock_room","locked":true})");
  enter(2, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  hubs[0]->disconnected(talker, Hub::Leaving::perhaps, now);
  enter(1, moved, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(moved.frames[0]["locked"], true);
  enter(0, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), News{"welcome"}) << "who was in may come back to any hub";
  leave(1, moved);
  Client late;
  enter(0, late, "watch");
  EXPECT_EQ(late.news(), News{"welcome"});
}

TEST_F(HubsOnABusTest, OrdersReachEveryHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  say_settled(0, talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_EQ(watcher.closed, protocol::CloseCode::removed);
  for (const HubId hub : {0U, 1U, 2U}) {
    Client back;
    enter(hub, back, "watch", R"(,"resume":"watch id2 lesson")");
    EXPECT_EQ(back.news(), News{"error removed"});
  }
  say_settled(0, talker, R"({"type":"end_room"})");
  EXPECT_EQ(other.closed, protocol::CloseCode::room_ended);
  leave(0, talker);
  expect_empty();
}

TEST_F(HubsOnABusTest, ABatchOfBroadcastsIsHandedOverOnce) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  watcher.news();
  batches = 0;
  for (int i = 0; i < 32; ++i) say(0, talker, R"({"type":"wave"})");
  settle();
  EXPECT_EQ(batches, 1u);
  EXPECT_EQ(watcher.news(), News(32, "wave"));
}

}  // namespace
}  // namespace onair::relay
