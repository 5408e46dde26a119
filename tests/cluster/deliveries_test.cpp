// The retry queue of frames to single peers.
#include "cluster/deliveries.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace onair::cluster {
namespace {

using rooms::Reach;
using std::chrono::seconds;

class DeliveriesTest : public testing::Test {
 protected:
  DeliveryNumber add_to(const protocol::PeerId& peer) {
    return deliveries.add({"lesson", peer, "me", Reach::everyone, nullptr}, now + seconds(15));
  }

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

TEST_F(DeliveriesTest, AreLostWhereTooManyWait) {
  DeliveryNumber number = 0;
  for (int i = 0; i < 4'096; ++i) {
    number = add_to("anna");
    deliveries.wait(number, now + seconds(1));
  }
  EXPECT_NE(deliveries.find(number), nullptr);
  const DeliveryNumber one_more = add_to("anna");
  deliveries.wait(one_more, now + seconds(1));
  EXPECT_EQ(deliveries.find(one_more), nullptr);
  deliveries.wait(number, now + seconds(2));  // it waits already
  EXPECT_NE(deliveries.find(number), nullptr);
}

}  // namespace
}  // namespace onair::cluster
