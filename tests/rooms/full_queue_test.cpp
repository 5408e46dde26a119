// The sender that fills a queue pays for it: no viewer gets a talker closed. A member that comes
// back gets buffered frames as fast as it reads.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using protocol::CloseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBound = 1'048'576;

class FullQueueTest : public HubFixture {
 protected:
  FullQueueTest() : HubFixture({.rates = {1e6, 1e9, seconds(5)}, .talkers_per_room = 2}) {
    enter(talker, "talk");
    enter(watcher, "watch");
    enter(other, "watch");
    for (Client* client : {&talker, &watcher, &other}) client->news();
  }
  void enter(Client& client, const std::string& role, const std::string& more = "") {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void send_much(Client& client, const std::string& more, std::size_t bytes, int times) {
    for (int n = 0; n < times; ++n) {
      send(client, R"({"type":"wave","n":)" + std::to_string(n) + more + R"(,"x":")" +
                       std::string(bytes, 'x') + "\"}");
    }
  }
  /// So many viewers, one after the other. Their ids.
  std::vector<std::string> come_and_go(int viewers) {
    std::vector<std::string> ids;
    for (int i = 0; i < viewers; ++i) {
      Client passer_by;
      enter(passer_by, "watch");
      ids.push_back(passer_by.id());
      leave(passer_by);
    }
    return ids;
  }
  static std::size_t count(const News& news, const std::string& type) {
    return static_cast<std::size_t>(std::count(news.begin(), news.end(), type));
  }

  Client talker, watcher, other;
};

const std::string kToTheTalker = R"(,"sendto":"id1")";
const std::string kToTheRoom;

TEST_F(FullQueueTest, WhatAViewerSaysGetsNoTalkerClosed) {
  for (const std::string& to : {kToTheTalker, kToTheRoom}) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{8'000}, std::size_t{60'000}}) {
      talker.is_slow = true;
      send_much(watcher, to, bytes, 3'000'000 / static_cast<int>(bytes + 100));
      EXPECT_EQ(talker.closed, std::nullopt) << bytes;
      EXPECT_LE(talker.waiting.bytes, kBound / 4) << bytes;
      EXPECT_EQ(watcher.news().back(), "error rate_limited") << bytes;
      talker.news();
      send_much(other, kToTheTalker, 8'000, 10);
      EXPECT_EQ(talker.news(), News(10, "wave")) << "another has its own share; " << bytes;
      EXPECT_EQ(other.news(), News{});
      talker.read();
      send_much(watcher, kToTheTalker, 8'000, 1);
      EXPECT_EQ(talker.news(), News{"wave"}) << "what was read is forgotten";
      EXPECT_EQ(watcher.news(), News{});
    }
  }
}

TEST_F(FullQueueTest, ManyViewersLeaveRoomForTheServer) {
  std::vector<std::unique_ptr<Client>> crowd;
  talker.is_slow = true;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter(*crowd.back(), "watch");
    send_much(*crowd.back(), kToTheTalker, 8'000, 20);
  }
  EXPECT_EQ(talker.closed, std::nullopt);
  EXPECT_LE(talker.waiting.bytes, kBound * 3 / 4);
  talker.news();
  hub.disconnected(*crowd.back(), Hub::Leaving::for_good, now);
  EXPECT_EQ(talker.news().front(), "user_disconnected");
}

TEST_F(FullQueueTest, OneTalkerGetsNoOtherClosed) {
  Client second;
  enter(second, "talk");
  talker.is_slow = true;
  send_much(second, kToTheTalker, 8'000, 300);
  send_much(second, kToTheRoom, 8'000, 300);
  EXPECT_EQ(talker.closed, std::nullopt);
  EXPECT_EQ(second.news().back(), "error rate_limited");
}

TEST_F(FullQueueTest, AViewerThatDoesNotReadWhatItsTalkerSaysIsCutOff) {
  watcher.is_slow = true;
  send_much(talker, kToTheRoom, 8'000, 200);
  EXPECT_EQ(watcher.closed, CloseCode::try_again_later);
  EXPECT_EQ(count(other.news(), "wave"), 200u);
}

TEST_F(FullQueueTest, AnHonestResumeGetsAllBufferedFramesAsFastAsItReads) {
  vanish(talker);
  for (int i = 0; i < 10; ++i) {
    Client viewer;
    enter(viewer, "watch");
    send_much(viewer, kToTheTalker, 8'000, 13);
    EXPECT_EQ(viewer.news(), News{"welcome"});
    vanish(viewer);
  }
  Client back;
  back.is_slow = true;
  enter(back, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(back.frames.front()["type"], "welcome");
  EXPECT_EQ(back.closed, std::nullopt);
  EXPECT_LE(back.waiting.bytes, kBound / 2);
  EXPECT_LT(count(back.news(), "wave"), 130u);
  send_much(watcher, kToTheTalker, 0, 1);
  for (int i = 0; i < 3; ++i) {
    back.read();
    pass(milliseconds(20));
  }
  std::vector<int> numbers;
  for (const json& frame : back.frames) {
    if (frame["type"] == "wave") numbers.push_back(frame["n"]);
  }
  ASSERT_EQ(numbers.size(), 131u);
  for (int i = 0; i < 131; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i % 13) << i;
  EXPECT_EQ(hub.census().kept_bytes, 0u);
  EXPECT_EQ(back.last()["type"], "audience") << "numbers that changed meanwhile";
  send_much(watcher, kToTheTalker, 0, 1);
  EXPECT_EQ(back.last()["type"], "wave") << "it is present";
}

TEST_F(FullQueueTest, WhoDoesNotReadWhatWasBufferedIsCutOff) {
  vanish(watcher);
  send_much(talker, R"(,"sendto":"id2")", 8'000, 130);
  Client back;
  back.is_slow = true;
  enter(back, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(back.closed, std::nullopt);
  send_much(talker, R"(,"sendto":"id2")", 0, 1'100);
  pass(milliseconds(20));
  EXPECT_EQ(back.closed, CloseCode::try_again_later);
  EXPECT_EQ(hub.census().kept_bytes, 0u);
}

TEST_F(FullQueueTest, AViewerDropsNoFramesOfOthersForATalkerThatIsAway) {
  vanish(talker);
  send_much(other, kToTheTalker, 8'000, 2);
  send_much(watcher, kToTheTalker, 0, 2'000);
  EXPECT_EQ(watcher.news().back(), "error rate_limited");
  send_much(watcher, kToTheTalker, 60'000, 2'000);
  send_much(other, kToTheTalker, 8'000, 1);
  EXPECT_EQ(other.news(), News{});
  Client back;
  enter(back, "talk", R"(,"resume":"talk id1 lesson")");
  std::size_t of_other = 0;
  for (const json& frame : back.frames) of_other += frame.value("from", "") == "id3" ? 1 : 0;
  EXPECT_EQ(of_other, 3u);
}

TEST_F(FullQueueTest, ViewersThatComeAndGoGetNoTalkerClosed) {
  talker.is_slow = true;
  come_and_go(3'000);
  leave(other);
  come_and_go(3'000);
  EXPECT_EQ(talker.closed, std::nullopt);
  EXPECT_LE(talker.waiting.bytes, kBound / 4);
  talker.news();
  send_much(watcher, kToTheTalker, 8'000, 10);
  EXPECT_EQ(talker.news(), News(10, "wave")) << "the others have their shares";
  EXPECT_EQ(watcher.news(), News{});
  talker.read();
  send_much(watcher, kToTheTalker, 0, 1);
  const News news = talker.news();
  EXPECT_GT(count(news, "user_disconnected"), 100u) << "what found no room comes when there is";
  EXPECT_LT(count(news, "user_disconnected"), 1'024u);
  EXPECT_EQ(news.back(), "wave");
}

TEST_F(FullQueueTest, OneThatIsBackIsNotTakenForGone) {
  talker.is_slow = true;
  const std::vector<std::string> ids = come_and_go(5'000);
  // The first of whom it was not told.
  const std::string id = ids[count(talker.news(), "user_disconnected")];
  const auto tells_of_it = [&id](const json& frame) { return frame.value("id", "") == id; };
  ASSERT_FALSE(std::any_of(talker.frames.begin(), talker.frames.end(), tells_of_it));
  Client back;
  enter(back, "watch", R"(,"resume":"watch )" + id + R"( lesson")");
  send_much(back, kToTheTalker, 0, 1);
  ASSERT_EQ(talker.last()["from"], id);
  EXPECT_TRUE(tells_of_it(talker.frames[talker.frames.size() - 2]));
  talker.read();
  send_much(watcher, kToTheTalker, 0, 1);
  EXPECT_EQ(std::count_if(talker.frames.begin(), talker.frames.end(), tells_of_it), 1);
}

TEST_F(FullQueueTest, OneThatIsBackBeforeTheTalkerIsIsNotTakenForGone) {
  talker.is_slow = true;
  const std::vector<std::string> ids = come_and_go(5'000);
  const std::string id = ids[count(talker.news(), "user_disconnected")];
  vanish(talker);
  Client back;
  enter(back, "watch", R"(,"resume":"watch )" + id + R"( lesson")");
  send_much(back, kToTheTalker, 0, 1);
  Client talker_is_back;
  enter(talker_is_back, "talk", R"(,"resume":"talk id1 lesson")");
  send_much(back, kToTheTalker, 0, 1);
  EXPECT_EQ(count(talker_is_back.news(), "wave"), 2u);
  for (const json& frame : talker_is_back.frames) EXPECT_NE(frame.value("id", ""), id);
}

TEST_F(FullQueueTest, ViewersThatComeAndGoDropNoFramesForATalkerThatIsAway) {
  vanish(talker);
  send_much(other, kToTheTalker, 8'000, 2);
  come_and_go(5'000);
  send_much(other, kToTheTalker, 8'000, 1);
  Client back;
  enter(back, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(count(back.news(), "wave"), 3u);
}

TEST_F(FullQueueTest, OneMembersBufferLeavesRoomForTheOthers) {
  BufferBudget budget;
  Mailbox one(budget);
  const auto frame = std::make_shared<const SharedFrame>(std::string(60'000, 'x'));
  std::size_t most = 0;
  for (int i = 0; i < 1'000; ++i) {
    one.put(frame);
    most = std::max(most, budget.bytes);
  }
  EXPECT_LE(most, budget.most_bytes / 4);
}

}  // namespace
}  // namespace onair::rooms
