// Reports of viewers about their reception, and the talker's sums of them.
#include <string>

#include <gtest/gtest.h>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class ReceptionTest : public HubFixture {
 protected:
  ReceptionTest() : HubFixture({.talkers_per_room = 2}) { enter(talker, "talk"); }
  void enter(Client& client, const std::string& role, const std::string& more = "") {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
    client.news();
  }
  void report(Client& client, const std::string& quality, int loss, const std::string& of = "id1") {
    send(client, R"({"type":"reception","of":")" + of + R"(","quality":")" + quality +
                     R"(","loss":)" + std::to_string(loss) + "}");
  }
  /// The numbers of good, fair and poor ones in the last message.
  static std::vector<int> sums(const Client& client) {
    const json& last = client.last();
    EXPECT_EQ(last["type"], "audience_reception");
    return {last["good"].get<int>(), last["fair"].get<int>(), last["poor"].get<int>()};
  }
  using Sums = std::vector<int>;

  Client talker, second, watcher, other;
};

TEST_F(ReceptionTest, ATalkerGetsSumsAndTheTenWorst) {
  std::vector<Client> viewers(1'000);
  for (Client& viewer : viewers) enter(viewer, "watch");
  pass(seconds(1));
  talker.news();
  for (std::size_t i = 0; i < 1'000; ++i) {
    const char* const quality = i % 50 == 0 ? "poor" : i % 10 == 0 ? "fair" : "good";
    report(viewers[i], quality, i % 50 == 0 ? static_cast<int>(i) : 20);
  }
  EXPECT_EQ(talker.news(), News{}) << "a thousand reports are one message";
  pass(seconds(2));
  ASSERT_EQ(talker.news(), News{"audience_reception"});
  EXPECT_EQ(sums(talker), (Sums{900, 80, 20}));
  const json& worst = talker.last()["worst"];
  ASSERT_EQ(worst.size(), 10u);
  EXPECT_EQ(worst[0], (json{{"id", viewers[950].id()}, {"quality", "poor"}, {"loss", 950}}));
  EXPECT_EQ(worst[9]["loss"], 500);
  EXPECT_EQ(viewers[0].news(), News{}) << "nobody else learns of it";
}

TEST_F(ReceptionTest, TheLastReportOfAViewerCounts) {
  enter(watcher, "watch");
  for (const char* quality : {"good", "poor", "fair"}) report(watcher, quality, 0);
  pass(seconds(2));
  EXPECT_EQ(sums(talker), (Sums{0, 1, 0}));
}

TEST_F(ReceptionTest, ReportsGrowOldAndTheTalkerLearnsThatThereAreNone) {
  enter(watcher, "watch");
  enter(other, "watch");
  report(watcher, "poor", 80);
  pass(seconds(10));
  report(other, "good", 0);
  pass(seconds(2));
  EXPECT_EQ(sums(talker), (Sums{1, 0, 1}));
  pass(kReportLife - seconds(12));
  EXPECT_EQ(sums(talker), (Sums{1, 0, 0}));
  pass(seconds(10));
  EXPECT_EQ(sums(talker), (Sums{0, 0, 0}));
  talker.news();
  EXPECT_EQ(hub.next_deadline(), std::nullopt) << "and then the hub is quiet";
}

TEST_F(ReceptionTest, AViewerThatHasLeftCountsNoMore) {
  enter(watcher, "watch");
  enter(other, "watch");
  report(watcher, "poor", 80);
  report(other, "good", 0);
  leave(watcher);
  pass(seconds(2));
  EXPECT_EQ(sums(talker), (Sums{1, 0, 0}));
  EXPECT_EQ(talker.last()["worst"].size(), 0u);
  leave(other);
  leave(talker);
  pass(seconds(20));
  EXPECT_EQ(hub.next_deadline(), std::nullopt);
}

TEST_F(ReceptionTest, EachTalkerLearnsOfItsOwnViewers) {
  enter(second, "talk");
  enter(watcher, "watch");
  report(watcher, "fair", 20, "id1");
  report(watcher, "poor", 80, "id2");
  pass(seconds(2));
  EXPECT_EQ(sums(talker), (Sums{0, 1, 0}));
  EXPECT_EQ(sums(second), (Sums{0, 0, 1}));
}

TEST_F(ReceptionTest, ATalkerThatComesBackIsTold) {
  enter(watcher, "watch");
  vanish(talker);
  report(watcher, "fair", 20);
  pass(seconds(2));
  Client back;
  enter(back, "talk", R"(,"resume":"talk id1 lesson","fresh":true)");
  pass(seconds(2));
  EXPECT_EQ(sums(back), (Sums{0, 1, 0}));
}

TEST_F(ReceptionTest, OnlyViewersReportAndOnlyOfTalkers) {
  enter(watcher, "watch");
  enter(other, "watch");
  report(talker, "poor", 80);
  EXPECT_EQ(talker.news().back(), "error wrong_role");
  report(watcher, "poor", 80, "id9");
  report(watcher, "poor", 80, other.id());
  EXPECT_EQ(watcher.news(), News{}) << "its talker may have just left";
  report(watcher, "awful", 80);
  report(watcher, "poor", 1'001);
  EXPECT_EQ(watcher.news(), (News{"error bad_message", "error bad_message"}));
  send(watcher, R"({"type":"audience_reception","good":9,"fair":0,"poor":0,"worst":[]})");
  EXPECT_EQ(watcher.news(), News{"error unknown_type"});
  pass(seconds(30));
  for (const json& frame : talker.frames) EXPECT_NE(frame["type"], "audience_reception");
}

TEST_F(ReceptionTest, AFloodOfReportsIsCutOffLikeAnyOther) {
  enter(watcher, "watch");
  for (int i = 0; i < 20'000 && !watcher.closed; ++i) report(watcher, "good", 0);
  EXPECT_EQ(watcher.closed, protocol::CloseCode::policy_violation);
}

}  // namespace
}  // namespace onair::rooms
