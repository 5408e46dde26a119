// A member that moves between hubs whose messages are late.
#include <list>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "rooms/hub.hpp"
#include "rooms/thread_bus.hpp"
#include "support/world.hpp"

namespace onair::rooms {
namespace {

using std::chrono::milliseconds;

class MovesTest : public testing::Test {
 protected:
  static constexpr HubId kHubs = 3;

  MovesTest() {
    for (HubId id = 0; id < kHubs; ++id) {
      ends.push_back(
          std::make_unique<ThreadBus>(id, kHubs, [this, id](HubId to, ThreadBus::Batch batch) {
            under_way.push_back({id, to, std::move(batch)});
          }));
      hubs.push_back(std::make_unique<Hub>(
          HubOptions{
              .make_id = [this] { return "id" + std::to_string(++last_id); },
              .resume_tokens = tokens,
              .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
          },
          *ends.back()));
      ends.back()->serve(*hubs.back());
    }
  }
  void enter(HubId hub, Client& client, const std::string& more = "") {
    hubs[hub]->receive(client, R"({"type":"enter","room":"lesson","role":"watch")" + more + "}",
                       now);
  }
  /// Delivers whatever one hub has sent to another, or all to all.
  void deliver(HubId from, HubId to) {
    for (const auto& end : ends) end->flush();
    for (auto it = under_way.begin(); it != under_way.end();) {
      if (it->from != from || it->to != to) {
        ++it;
        continue;
      }
      Parcel parcel = std::move(*it);
      it = under_way.erase(it);
      ends[to]->deliver(from, std::move(parcel.batch), now);
    }
  }
  void settle() {
    do {
      for (HubId from = 0; from < kHubs; ++from) {
        for (HubId to = 0; to < kHubs; ++to) deliver(from, to);
      }
    } while (!under_way.empty());
  }

  struct Parcel {
    HubId from;
    HubId to;
    ThreadBus::Batch batch;
  };
  TimePoint now{std::chrono::seconds(100)};
  tests::PlainTokens tokens;
  int last_id = 0;
  std::list<Parcel> under_way;
  std::vector<std::unique_ptr<ThreadBus>> ends;
  std::vector<std::unique_ptr<Hub>> hubs;
};

TEST_F(MovesTest, WhoComesBackWhileItsFramesAreAwaitedIsWaitedForOnce) {
  const std::string resume = R"(,"resume":"watch id1 lesson")";
  Client first, second, third, fourth, one, two;
  enter(0, first);
  enter(1, one);
  enter(2, two);
  settle();
  enter(1, second, resume);  // hub 0 has not been asked for its frames
  deliver(1, 2);
  enter(2, third, resume);
  deliver(2, 1);
  deliver(1, 0);
  deliver(0, 1);  // hub 1 may let go, but for the frames of hub 0
  now += milliseconds(100);
  enter(1, fourth, resume);
  ASSERT_NE(fourth.peer, nullptr);
  EXPECT_FALSE(fourth.peer->is<Present>());
  now += std::chrono::seconds(2);
  hubs[1]->advance(now);
  EXPECT_TRUE(fourth.peer->is<Present>());
}

TEST_F(MovesTest, LateNewsOfAMoveDoesNotOutliveThePeer) {
  Client first, second, one, two;
  enter(0, first);
  enter(1, one);
  enter(2, two);
  settle();
  enter(1, second, R"(,"resume":"watch id1 lesson")");
  deliver(1, 2);
  deliver(1, 0);
  hubs[1]->disconnected(second, Hub::Leaving::for_good, now);
  deliver(1, 2);
  ASSERT_EQ(ends[2]->hub_of("id1"), std::nullopt);
  settle();  // the first hub's news of the move
  EXPECT_EQ(ends[2]->hub_of("id1"), std::nullopt) << "it has left";
}

TEST(FrameNumbers, BeginAnewForEachHubThatIsMadeFromTheSameOptions) {
  tests::PlainTokens tokens;
  FrameNumber next = 0;
  const HubOptions options{
      .make_id = [] { return std::string("id"); },
      .resume_tokens = tokens,
      .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
      .first_frame = [&next] { return next += 1'000; },
  };
  ThreadBus bus(0, 1, nullptr);
  const Hub one(options, bus);
  const Hub other(options, bus);
  EXPECT_EQ(next, 2'000u) << "frames of two threads that had the same number counted as one";
}

}  // namespace
}  // namespace onair::rooms
