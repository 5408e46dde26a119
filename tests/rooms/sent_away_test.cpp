// Locking a room, sending somebody out of it, ending it, and passes that end.
#include <gtest/gtest.h>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using protocol::CloseCode;
using std::chrono::seconds;

class SentAwayTest : public HubFixture {
 protected:
  SentAwayTest() : HubFixture({}, [this](const auto&) { return answer; }) {
    enter(talker, "talk");
    talker.news();
  }
  void enter(Client& client, const std::string& role, const std::string& more = "") {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }

  std::variant<Pass, protocol::Refusal> answer = Pass{};
  Client talker, watcher, other;
};

TEST_F(SentAwayTest, ALockedRoomLetsNoFurtherWatchersIn) {
  enter(watcher, "watch");
  send(talker, R"({"type":"lock_room","locked":true})");
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  EXPECT_EQ(other.closed, std::nullopt);
  hub.disconnected(watcher, Hub::Leaving::perhaps, now);
  Client back;
  enter(back, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(back.news(), News{"welcome"}) << "who was in may come back";
  send(talker, R"({"type":"lock_room","locked":false})");
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"});
}

TEST_F(SentAwayTest, ATalkerThatComesBackFindsItsLock) {
  send(talker, R"({"type":"lock_room","locked":true})");
  hub.disconnected(talker, Hub::Leaving::perhaps, now);
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  Client back;
  enter(back, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(back.frames[0]["locked"], true);
}

TEST_F(SentAwayTest, ALockGoesWithTheTalker) {
  enter(watcher, "watch");
  send(talker, R"({"type":"lock_room","locked":true})");
  hub.disconnected(talker, Hub::Leaving::for_good, now);
  enter(other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"});
}

TEST_F(SentAwayTest, RemovedMeansRemoved) {
  enter(watcher, "watch");
  watcher.news();
  talker.news();
  send(talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_EQ(watcher.news(), News{"error removed"});
  EXPECT_EQ(watcher.closed, CloseCode::removed);
  EXPECT_EQ(talker.news().front(), "user_disconnected");
  enter(other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), News{"error removed"}) << "the token is void";
  EXPECT_EQ(hub.census().peers, 1u);
}

TEST_F(SentAwayTest, OneWhoIsAwayIsRemovedToo) {
  enter(watcher, "watch");
  hub.disconnected(watcher, Hub::Leaving::perhaps, now);
  send(talker, R"({"type":"remove_peer","id":"id2"})");
  enter(other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), News{"error removed"});
}

TEST_F(SentAwayTest, OnlyATalkerSendsAwayAndNoTalkerIsSentAwayByOne) {
  enter(watcher, "watch");
  enter(other, "watch");
  watcher.news();
  for (const char* frame : {R"({"type":"remove_peer","id":"id3"})",
                            R"({"type":"lock_room","locked":true})", R"({"type":"end_room"})"}) {
    send(watcher, frame);
    EXPECT_EQ(watcher.news(), News{"error wrong_role"}) << frame;
  }
  EXPECT_EQ(other.closed, std::nullopt);
  send(talker, R"({"type":"remove_peer","id":"id1"})");
  EXPECT_EQ(talker.closed, std::nullopt);
  talker.news();
  send(talker, R"({"type":"remove_peer"})");
  send(talker, R"({"type":"lock_room","locked":1})");
  EXPECT_EQ(talker.news(), (News{"error bad_message", "error bad_message"}));
}

TEST_F(SentAwayTest, EndsTheRoomForEveryoneElse) {
  enter(watcher, "watch");
  enter(other, "watch");
  watcher.news();
  send(talker, R"({"type":"end_room"})");
  EXPECT_EQ(watcher.news(), News{"error room_ended"});
  EXPECT_EQ(watcher.closed, CloseCode::room_ended);
  EXPECT_EQ(other.closed, CloseCode::room_ended);
  EXPECT_EQ(talker.closed, std::nullopt);
  Client back;
  enter(back, "watch");
  EXPECT_EQ(back.news(), News{"welcome"}) << "it may begin again";
}

TEST_F(SentAwayTest, InventedIdsAreNotRemembered) {
  for (int i = 0; i < 1'000; ++i) {
    send(talker, R"({"type":"remove_peer","id":"invented)" + std::to_string(i) + "\"}");
    pass(seconds(1));
  }
  enter(other, "watch", R"(,"resume":"watch invented999 lesson")");
  EXPECT_EQ(other.news(), News{"welcome"});
}

TEST_F(SentAwayTest, WhoMayBeAtTheForwarderIsRememberedUntilThatHasSaidWhomItServes) {
  hub.await_forwarder(true);
  send(talker, R"({"type":"remove_peer","id":"id77"})");
  hub.await_forwarder(false);
  send(talker, R"({"type":"remove_peer","id":"id78"})");
  EXPECT_TRUE(hub.is_removed("lesson", "id77"));
  EXPECT_FALSE(hub.is_removed("lesson", "id78"));
}

TEST_F(SentAwayTest, AfterARestartATalkerRemovesThoseAgainWhomTheServerDoesNotKnow) {
  ThreadBus new_bus(0, 1, nullptr);
  Hub restarted({.make_id = [this] { return "id" + std::to_string(++last_id); },
                 .resume_tokens = tokens,
                 .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
                 .began = now},
                new_bus);
  new_bus.serve(restarted);
  Client back, removed;
  restarted.receive(back, R"({"type":"enter","room":"lesson","role":"talk"})", now);
  restarted.receive(back, R"({"type":"remove_peer","id":"id77"})", now);
  restarted.receive(
      removed, R"({"type":"enter","room":"lesson","role":"watch","resume":"watch id77 lesson"})",
      now);
  EXPECT_EQ(removed.news(), News{"error removed"});
}

TEST_F(SentAwayTest, NobodysRemovalsPushThoseOfAnotherOpenRoomOut) {
  RemovedPeers removed([](const std::string& room) { return !room.starts_with("closed"); });
  removed.add("another", "id1", now);
  for (std::size_t i = 0; i <= RemovedPeers::kMostOfARoom; ++i) {
    removed.add("lesson", "id" + std::to_string(i), now);
  }
  EXPECT_FALSE(removed.contains("lesson", "id0")) << "the oldest of the same room";
  EXPECT_TRUE(removed.contains("lesson", "id1"));
  // A client makes many rooms, and many removals in each.
  for (int room = 0; room < 30'000; ++room)
    removed.add("closed" + std::to_string(room), "id1", now);
  EXPECT_TRUE(removed.contains("another", "id1"));
  EXPECT_TRUE(removed.contains("lesson", "id1"));
  for (int room = 0; room < 200; ++room) {
    for (int i = 0; i < 300; ++i) {
      removed.add("loud" + std::to_string(room), "id" + std::to_string(i), now);
    }
  }
  EXPECT_TRUE(removed.contains("another", "id1"));
  EXPECT_LE(removed.size(), RemovedPeers::kMost);
}

TEST_F(SentAwayTest, NobodysRemovalsPushThoseOfAClosedRoomOut) {
  RemovedPeers removed([](const std::string& room) { return room.starts_with("open"); });
  for (int i = 0; i < 10; ++i) removed.add("lesson", "id" + std::to_string(i), now);
  for (const std::string whose : {"open", "closed"}) {
    for (int room = 0; room < 200; ++room) {
      for (int i = 0; i < 300; ++i) {
        removed.add(whose + std::to_string(room), "id" + std::to_string(i), now + seconds(1));
      }
    }
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(removed.contains("lesson", "id" + std::to_string(i))) << whose;
    }
    EXPECT_LE(removed.size(), RemovedPeers::kMost);
  }
  for (int room = 0; room < 30'000; ++room) {
    removed.add("single" + std::to_string(room), "id1", now + seconds(2));
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(removed.contains("lesson", "id" + std::to_string(i))) << "the oldest room stays";
  }
  EXPECT_LE(removed.size(), RemovedPeers::kMost);
}

TEST_F(SentAwayTest, WhoRemovedFirstInManyRoomsPushesNobodysOut) {
  RemovedPeers removed([](const auto&) { return true; });
  const auto fill = [&](const std::string& rooms, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      removed.add(rooms + std::to_string(i / RemovedPeers::kKept), "id" + std::to_string(i), now,
                  "192.0.2.1");
    }
  };
  fill("old", RemovedPeers::kMost - 200);
  pass(seconds(1));
  for (int i = 0; i < 100; ++i) {
    removed.add("lesson", "id" + std::to_string(i), now, "192.0.2.2");
    removed.add("another", "id" + std::to_string(i), now);
  }
  pass(seconds(1));
  fill("new", 3 * RemovedPeers::kMost);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(removed.contains("lesson", "id" + std::to_string(i))) << i;
    EXPECT_TRUE(removed.contains("another", "id" + std::to_string(i))) << i;
  }
  EXPECT_LE(removed.size(), RemovedPeers::kMost);
}

TEST_F(SentAwayTest, ARemovalIsRememberedAsLongAsATokenLives) {
  RemovedPeers removed([](const auto&) { return true; });
  removed.add("lesson", "id1", now);
  const TimePoint later = now + kResumeLifetime;
  for (std::size_t i = 0; i <= RemovedPeers::kMost; ++i) {
    removed.add("room" + std::to_string(i), "id1", later);
  }
  EXPECT_FALSE(removed.contains("lesson", "id1")) << "no token is that old";
}

TEST_F(SentAwayTest, TheOperatorEndsARoomAndSendsPeersAway) {
  enter(watcher, "watch");
  EXPECT_FALSE(hub.remove_peer("lesson", "nobody", now));
  EXPECT_FALSE(hub.remove_peer("another", "id2", now));
  EXPECT_TRUE(hub.remove_peer("lesson", "id2", now));
  EXPECT_EQ(watcher.closed, CloseCode::removed);
  EXPECT_FALSE(hub.end_room("another", now));
  EXPECT_TRUE(hub.end_room("lesson", now));
  EXPECT_EQ(talker.closed, CloseCode::room_ended);
  EXPECT_EQ(hub.census().rooms, 0u);
  EXPECT_EQ(hub.next_deadline(), std::nullopt);
}

TEST_F(SentAwayTest, ReportsTheMembersToTheOperator) {
  answer = Pass{{}, "Hanako"};
  enter(watcher, "watch");
  hub.disconnected(watcher, Hub::Leaving::perhaps, now);
  send(talker, R"({"type":"talk_ready"})");
  const auto rooms = hub.rooms();
  ASSERT_EQ(rooms.size(), 1u);
  EXPECT_EQ(rooms[0].name, "lesson");
  ASSERT_EQ(rooms[0].peers.size(), 2u);
  const bool talker_first = rooms[0].peers[0].id == "id1";
  const PeerReport& seen_talker = rooms[0].peers[talker_first ? 0 : 1];
  const PeerReport& seen_watcher = rooms[0].peers[talker_first ? 1 : 0];
  EXPECT_TRUE(seen_talker.on_air);
  EXPECT_FALSE(seen_talker.away);
  EXPECT_TRUE(seen_watcher.away);
  EXPECT_EQ(seen_watcher.name, "Hanako");
}

TEST_F(SentAwayTest, SendsATalkerTheNameOfAViewerThatAsks) {
  answer = Pass{{}, "Hana\"ko"};
  enter(watcher, "watch");
  send(watcher, R"({"type":"talk_request","sendto":"id1"})");
  EXPECT_EQ(talker.frames.back()["from"], "id2");
  EXPECT_EQ(talker.frames.back()["fromName"], "Hana\"ko");
  send(watcher, R"({"type":"bye","sendto":"id1"})");
  EXPECT_EQ(talker.frames.back()["type"], "bye");
  EXPECT_FALSE(talker.frames.back().contains("fromName"));
  watcher.news();
  send(watcher, R"({"type":"talk_request","sendto":"id1","fromName":"Taro"})");
  EXPECT_EQ(watcher.news(), News{"error forged_from"});
}

TEST_F(SentAwayTest, WhoHasNoPassStaysOutside) {
  answer = protocol::Refusal{protocol::ErrorCode::token_required, "Say who you are."};
  enter(watcher, "watch");
  EXPECT_EQ(watcher.news(), News{"error token_required"});
  EXPECT_EQ(hub.census().peers, 1u);
  enter(other, "watch", R"(,"resume":"watch id7 lesson")");
  EXPECT_EQ(other.news(), News{"error token_required"}) << "a resume token is no pass";
}

TEST_F(SentAwayTest, APassThatEndsEndsTheSession) {
  answer = Pass{seconds(10), "Hanako"};
  enter(watcher, "watch");
  EXPECT_EQ(watcher.frames[0]["name"], "Hanako");
  watcher.news();
  EXPECT_EQ(hub.next_deadline(), now + seconds(10));
  pass(seconds(9));
  EXPECT_EQ(watcher.news(), News{});
  pass(seconds(1));
  EXPECT_EQ(watcher.news(), News{"error token_expired"});
  EXPECT_EQ(watcher.closed, CloseCode::token_expired);
  EXPECT_EQ(hub.census().peers, 1u);
}

TEST_F(SentAwayTest, AFreshPassAtResumeProlongsIt) {
  answer = Pass{seconds(10)};
  enter(watcher, "watch");
  hub.disconnected(watcher, Hub::Leaving::perhaps, now);
  pass(seconds(8));
  enter(other, "watch", R"(,"resume":"watch id2 lesson")");
  pass(seconds(9));
  EXPECT_EQ(other.news(), News{"welcome"});
  pass(seconds(1));
  EXPECT_EQ(other.news(), News{"error token_expired"});
}

}  // namespace
}  // namespace onair::rooms
