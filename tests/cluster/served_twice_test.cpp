// A peer that came back at another process while its own was cut off: both serve it, until they
// know of each other again. Then the one to which it came earlier lets go of it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "support/cluster.hpp"
#include "support/world.hpp"

namespace onair::cluster {
namespace {

using protocol::CloseCode;
using rooms::Client;
using rooms::News;
using std::chrono::seconds;

class ServedTwiceTest : public testing::Test {
 protected:
  void send(std::size_t process, Client& client, const std::string& frame) {
    cluster.hub(process).receive(client, frame, cluster.now);
    cluster.settle();
  }
  void enter(std::size_t process, Client& client, const std::string& role,
             const std::string& id = "") {
    const std::string resume = id.empty() ? "" : R"(,"resume":")" + role + " " + id + R"( lesson")";
    send(process, client,
         R"({"type":"enter","room":"lesson","role":")" + role + "\"" + resume + "}");
    cluster.pass(seconds(1));  // until a process that is cut off is no longer waited for
  }
  /// The processes that have a member with this id.
  std::vector<std::size_t> serving(const std::string& id) {
    std::vector<std::size_t> processes;
    for (std::size_t i = 0; i < cluster.hubs(); ++i) {
      for (const rooms::RoomReport& room : cluster.hub(i).rooms()) {
        for (const rooms::PeerReport& peer : room.peers) {
          if (peer.id == id) processes.push_back(i);
        }
      }
    }
    return processes;
  }
  using Processes = std::vector<std::size_t>;

  tests::PlainTokens tokens;
  int last_id = 0;
  tests::Cluster cluster{
      {1, 1, 1}, [this] {
        return rooms::HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id); },
            .resume_tokens = tokens,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
        };
      }};
  Client talker, first, second, third;
};

TEST_F(ServedTwiceTest, AViewerStaysWhereItCameLast) {
  for (const std::size_t old : {0U, 1U}) {
    const std::size_t other = 1 - old;
    Client caller, at_old, at_other;
    enter(2, caller, "talk");
    enter(old, at_old, "watch");
    const std::string id = at_old.id();
    cluster.cut(old);
    cluster.pass(seconds(1));
    enter(other, at_other, "watch", id);
    EXPECT_EQ(at_other.id(), id);
    EXPECT_EQ(serving(id), (Processes{0, 1})) << "nobody can know better";
    caller.news();
    cluster.mend(old);
    cluster.pass(seconds(1));
    EXPECT_EQ(serving(id), Processes{other});
    EXPECT_EQ(at_old.closed, CloseCode::replaced);
    EXPECT_EQ(at_other.closed, std::nullopt);
    send(2, caller, R"({"type":"wave","sendto":")" + id + "\"}");
    EXPECT_EQ(at_other.news(), (News{"welcome", "wave"}));
    cluster.pass(seconds(30));
    EXPECT_EQ(news_of(caller), News{}) << "it is there";
    cluster.hub(other).disconnected(at_other, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.settle();
    EXPECT_EQ(news_of(caller), News{"user_disconnected"});
    cluster.hub(2).disconnected(caller, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.pass(seconds(20));
  }
}

TEST_F(ServedTwiceTest, ATalkerStaysWhereItCameLast) {
  for (const std::size_t old : {0U, 1U}) {
    const std::size_t other = 1 - old;
    Client at_old, at_other, viewer;
    enter(2, viewer, "watch");
    enter(old, at_old, "talk");
    send(old, at_old, R"({"type":"talk_ready"})");
    const std::string id = at_old.id();
    cluster.cut(old);
    cluster.pass(seconds(1));
    enter(other, at_other, "talk", id);
    EXPECT_EQ(at_other.id(), id);
    cluster.pass(seconds(1));
    viewer.news();
    cluster.mend(old);
    cluster.pass(seconds(10));
    EXPECT_EQ(serving(id), Processes{other});
    EXPECT_EQ(at_old.closed, CloseCode::replaced);
    EXPECT_EQ(at_other.closed, std::nullopt);
    EXPECT_EQ(viewer.news(), News{}) << "it is on air all the time";
    cluster.hub(other).disconnected(at_other, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.hub(2).disconnected(viewer, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.pass(seconds(20));
  }
}

TEST_F(ServedTwiceTest, APeerThatHasGoneBackStaysThere) {
  for (const std::size_t old : {0U, 1U}) {
    const std::size_t other = 1 - old;
    Client at_old, at_other, back;
    enter(old, at_old, "watch");
    const std::string id = at_old.id();
    cluster.cut(old);
    cluster.pass(seconds(1));
    enter(other, at_other, "watch", id);
    cluster.pass(seconds(1));
    enter(old, back, "watch", id);
    EXPECT_EQ(at_old.closed, CloseCode::replaced);
    cluster.pass(seconds(1));
    cluster.mend(old);
    cluster.pass(seconds(1));
    EXPECT_EQ(serving(id), Processes{old});
    EXPECT_EQ(at_other.closed, CloseCode::replaced);
    EXPECT_EQ(back.closed, std::nullopt);
    cluster.hub(old).disconnected(back, rooms::Hub::Leaving::for_good, cluster.now);
    cluster.pass(seconds(20));
  }
}

TEST_F(ServedTwiceTest, OfThreeTheLastStays) {
  enter(1, first, "watch");
  cluster.cut(1);
  cluster.pass(seconds(1));
  enter(2, second, "watch", "id1");
  cluster.cut(2);
  cluster.pass(seconds(1));
  enter(0, third, "watch", "id1");
  EXPECT_EQ(serving("id1"), (Processes{0, 1, 2}));
  cluster.pass(seconds(1));
  cluster.mend(1);
  cluster.mend(2);
  cluster.pass(seconds(1));
  EXPECT_EQ(serving("id1"), Processes{0});
  EXPECT_EQ(third.closed, std::nullopt);
}

TEST_F(ServedTwiceTest, AProcessThatWasCutOffForLongIsNoException) {
  enter(0, first, "watch");
  cluster.cut(0);
  cluster.pass(seconds(1));
  enter(1, second, "watch", "id1");
  cluster.pass(seconds(300));
  cluster.mend(0);
  cluster.pass(seconds(1));
  EXPECT_EQ(serving("id1"), Processes{1});
}

TEST_F(ServedTwiceTest, AProcessWhoseSubscriptionIsUnderWayIsAskedOnceMore) {
  enter(0, talker, "talk");
  enter(1, third, "watch");
  cluster.process(0).wire->hold();
  enter(0, first, "watch");
  const std::string id = first.id();
  Client back;
  enter(1, back, "watch", id);
  EXPECT_EQ(serving(id), (Processes{0, 1}));
  cluster.process(0).wire->let_go();
  cluster.pass(seconds(6));
  EXPECT_EQ(serving(id), Processes{1});
  EXPECT_EQ(first.closed, CloseCode::replaced);
}

TEST_F(ServedTwiceTest, MessagesOfAStrangerLoseNobody) {
  enter(0, first, "watch");
  Gateway& gateway = *cluster.process(0).gateway;
  const std::string older = R"({"kind":"served_too","room":"lesson","from":"","reach":"all",)";
  for (const std::string& message :
       {older + R"("process":"a b","age":0})", older + R"("process":"","age":0})",
        older + R"("process":"zz"})", older + R"("process":"zz","age":-1})",
        older + R"("process":"process0","age":0})"}) {
    gateway.on_message("onair.peer.id1", message, "", cluster.now);
    gateway.on_message("onair.process.process0.claimed.id1", message, "", cluster.now);
    cluster.settle();
    EXPECT_EQ(serving("id1"), Processes{0}) << message;
  }
}

}  // namespace
}  // namespace onair::cluster
