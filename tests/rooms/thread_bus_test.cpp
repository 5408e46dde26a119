#include "rooms/thread_bus.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

/// A gateway that has to learn each room first.
class Learner final : public BusMember {
 public:
  bool knows(const std::string&) const override { return false; }
  void on_room_ready(const std::string&, TimePoint) override {}
  std::optional<RoomShare> share_of(const std::string&) const override { return RoomShare(); }
  void on_share(const std::string&, HubId, std::optional<RoomShare>, TimePoint) override {}
  void on_broadcast(const std::string&, Reach, const Frame&) override {}
  bool on_directed(const DirectedFrame&, TimePoint) override { return false; }
  void on_order(const Order&, TimePoint) override {}
  void on_undelivered(const Undelivered&) override {}
  void on_taken_over(const std::string&, const protocol::PeerId&, HubId, TimePoint) override {}
  void on_handed_over(const HandOver&, TimePoint) override {}
};

class ThreadBusTest : public testing::Test {
 protected:
  ThreadBusTest() { bus.serve(member); }

  /// Answers the joins that wait; how many messages each hub gets by it.
  std::map<HubId, std::size_t> learn(const std::string& room) {
    bus.flush();
    sent.clear();
    bus.answer_joins(room);
    bus.flush();
    return std::exchange(sent, {});
  }

  static constexpr HubId kGateway = 2;
  Learner member;
  std::map<HubId, std::size_t> sent;
  ThreadBus bus{kGateway, kGateway + 1,
                [this](HubId to, const ThreadBus::Batch& batch) { sent[to] += batch.size(); },
                kGateway};
};

TEST_F(ThreadBusTest, AHubThatHasLeftIsNotAnsweredAndNotRemembered) {
  bus.deliver(0, {ThreadBus::Join{"lesson", 1}}, {});
  bus.deliver(1, {ThreadBus::Join{"lesson", 1}, ThreadBus::Leave{"lesson"}}, {});
  EXPECT_EQ(learn("lesson"), (std::map<HubId, std::size_t>{{0, 1}}));

  // It comes again.
  bus.deliver(
      1, {ThreadBus::Join{"lesson", 2}, ThreadBus::Leave{"lesson"}, ThreadBus::Join{"lesson", 3}},
      {});
  EXPECT_EQ(learn("lesson"), (std::map<HubId, std::size_t>{{1, 1}}));
}

}  // namespace
}  // namespace onair::rooms
