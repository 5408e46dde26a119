// The retry queue of frames to single peers.
#include "cluster/deliveries.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::cluster {
namespace {

using rooms::Reach;
using std::chrono::seconds;

class DeliveriesTest : public testing::Test {
 protected:
  DeliveryNumber add_to(const protocol::PeerId& peer, const protocol::PeerId& from = "me") {
    return deliveries.add({"lesson", peer, from, Reach::everyone, frame}, now + seconds(15));
  }
  /// Adds so many that wait.
  std::vector<DeliveryNumber> fill(int count, const protocol::PeerId& from) {
    std::vector<DeliveryNumber> numbers;
    for (int i = 0; i < count; ++i) {
      numbers.push_back(add_to("anna", from));
      deliveries.wait(numbers.back(), now + seconds(1));
    }
    return numbers;
  }
  std::size_t kept(const std::vector<DeliveryNumber>& numbers) const {
    return static_cast<std::size_t>(std::count_if(
        numbers.begin(), numbers.end(),
        [this](DeliveryNumber number) { return deliveries.find(number) != nullptr; }));
  }

  rooms::Frame frame = std::make_shared<const rooms::SharedFrame>("{}");
  TimePoint now{};
  Deliveries deliveries;
};

TEST_F(DeliveriesTest, CountTheTries) {
  const DeliveryNumber number = add_to("anna");
  deliveries.note_sent(number);
  deliveries.note_sent(number);
  ASSERT_NE(deliveries.find(number), nullptr);
  EXPECT_EQ(deliveries.find(number)->tries, 2);
  EXPECT_EQ(deliveries.find(number)->directed.to, "anna");
}

TEST_F(DeliveriesTest, AFrameThatDoesNotComeBackWasDelivered) {
  const DeliveryNumber number = add_to("anna");
  deliveries.note_sent(number);
  deliveries.assume_delivered();
  EXPECT_NE(deliveries.find(number), nullptr) << "the answer may be on its way";
  deliveries.assume_delivered();
  EXPECT_EQ(deliveries.find(number), nullptr);
}

TEST_F(DeliveriesTest, WhatIsSentAgainMayComeBackAgain) {
  const DeliveryNumber number = add_to("anna");
  deliveries.assume_delivered();
  deliveries.note_sent(number);
  deliveries.assume_delivered();
  EXPECT_NE(deliveries.find(number), nullptr);
}

TEST_F(DeliveriesTest, AreTakenWhenTheyAreDueInThatOrder) {
  const DeliveryNumber late = add_to("anna");
  const DeliveryNumber early = add_to("ben");
  deliveries.wait(late, now + seconds(2));
  deliveries.wait(early, now + seconds(1));
  EXPECT_EQ(deliveries.next_due(), now + seconds(1));
  EXPECT_EQ(deliveries.take_due(now), std::nullopt);
  EXPECT_EQ(deliveries.take_due(now + seconds(2)), early);
  EXPECT_EQ(deliveries.take_due(now + seconds(2)), late);
  EXPECT_EQ(deliveries.take_due(now + seconds(2)), std::nullopt);
  EXPECT_EQ(deliveries.next_due(), std::nullopt);
  EXPECT_NE(deliveries.find(late), nullptr) << "it is about to be sent";
}

TEST_F(DeliveriesTest, AreHurriedForOnePeerInTheirOrder) {
  const DeliveryNumber first = add_to("anna");
  const DeliveryNumber second = add_to("anna");
  const DeliveryNumber other = add_to("ben");
  for (const DeliveryNumber number : {first, second, other}) {
    deliveries.wait(number, now + seconds(1));
  }
  deliveries.retry_now("anna", now);
  deliveries.retry_now("nobody", now);
  EXPECT_EQ(deliveries.take_due(now), first);
  EXPECT_TRUE(deliveries.any_waits_for("anna"));
  EXPECT_EQ(deliveries.take_due(now), second);
  EXPECT_FALSE(deliveries.any_waits_for("anna"));
  EXPECT_TRUE(deliveries.any_waits_for("ben"));
  EXPECT_EQ(deliveries.take_due(now), std::nullopt);
}

TEST_F(DeliveriesTest, WaitForNothingOnceErased) {
  const DeliveryNumber number = add_to("anna");
  deliveries.wait(number, now);
  deliveries.erase(number);
  EXPECT_FALSE(deliveries.any_waits_for("anna"));
  EXPECT_EQ(deliveries.take_due(now), std::nullopt);
}

TEST_F(DeliveriesTest, HaveABoundInBytesAndInNumber) {
  frame = std::make_shared<const rooms::SharedFrame>(std::string(60'000, 'x'));
  const auto large = fill(1'000, "me");
  EXPECT_GT(kept(large), 200u);
  EXPECT_LE(kept(large) * frame->cost(), 16u << 20);
  EXPECT_EQ(deliveries.find(large.back()), nullptr) << "the oldest stay, in their order";
  frame = std::make_shared<const rooms::SharedFrame>("{}");
  EXPECT_LE(kept(fill(100'000, "me")), 40'000u) << "small ones cost more than their text";
}

TEST_F(DeliveriesTest, CountWhereTheyWereSentAndNotAnswered) {
  frame = std::make_shared<const rooms::SharedFrame>(std::string(60'000, 'x'));
  std::vector<DeliveryNumber> sent;
  for (int i = 0; i < 1'000; ++i) {
    sent.push_back(add_to("anna"));
    deliveries.note_sent(sent.back());
  }
  EXPECT_LE(kept(sent) * frame->cost(), 16u << 20);
  deliveries.assume_delivered();
  deliveries.assume_delivered();
  EXPECT_GT(kept(fill(1'000, "me")), 200u) << "what was delivered counts no more";
}

TEST_F(DeliveriesTest, WhoHasTheMostGivesWayToOthers) {
  frame = std::make_shared<const rooms::SharedFrame>(std::string(60'000, 'x'));
  const auto loud = fill(1'000, "loud");
  const auto quiet = fill(20, "quiet");
  EXPECT_EQ(kept(quiet), 20u);
  EXPECT_GT(kept(loud), 200u);
  const auto more = fill(1'000, "loud");
  EXPECT_EQ(kept(more), 0u);
  EXPECT_EQ(kept(quiet), 20u);
}

}  // namespace
}  // namespace onair::cluster
