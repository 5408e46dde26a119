#include "net/loop/admission.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "net/loop/rate_limiter.hpp"

namespace onair::net {
namespace {

Limits bounds(std::size_t connections, std::size_t per_address, std::size_t clients) {
  Limits limits;
  limits.connections = connections;
  limits.connections_per_address = per_address;
  limits.peers_per_address = clients;
  return limits;
}

TEST(Admission, BoundsConnectionsInAll) {
  Admission admission(bounds(2, 10, 10));
  auto first = admission.connect(std::nullopt);
  const auto second = admission.connect("192.0.2.1");
  EXPECT_FALSE(admission.connect("192.0.2.2"));
  EXPECT_FALSE(admission.connect(std::nullopt));
  EXPECT_EQ(admission.connections(), 2u);
  first.reset();
  EXPECT_TRUE(admission.connect(std::nullopt));
  EXPECT_EQ(admission.connections(), 1u) << "that slot was not held";
}

TEST(Admission, BoundsConnectionsFromOneAddress) {
  Admission admission(bounds(10, 2, 10));
  const auto first = admission.connect("192.0.2.1");
  auto second = admission.connect("192.0.2.1");
  EXPECT_FALSE(admission.connect("192.0.2.1"));
  EXPECT_EQ(admission.connections(), 2u) << "who was refused counts nowhere";
  EXPECT_TRUE(admission.connect("192.0.2.2"));
  second.reset();
  EXPECT_TRUE(admission.connect("192.0.2.1"));
}

TEST(Admission, BoundsClientsFromOneAddress) {
  Admission admission(bounds(10, 10, 2));
  const auto first = admission.enter("192.0.2.1");
  auto second = admission.enter("192.0.2.1");
  EXPECT_FALSE(admission.enter("192.0.2.1"));
  EXPECT_TRUE(admission.enter("192.0.2.2"));
  second = {};
  EXPECT_TRUE(admission.enter("192.0.2.1"));
}

TEST(Admission, AMemberThatIsAwayCountsUntilItIsGone) {
  Admission admission(bounds(10, 10, 2));
  std::vector<Admission::Slot> away;
  for (int i = 0; i < 4; ++i) {
    auto client = admission.enter("192.0.2.1");
    ASSERT_TRUE(client) << i;
    away.push_back(client.member);
  }
  EXPECT_FALSE(admission.enter("192.0.2.1")) << "one connection at a time makes four members";
  EXPECT_TRUE(admission.enter("192.0.2.2"));
  away.pop_back();
  auto back = admission.enter("192.0.2.1");
  EXPECT_TRUE(back);
  back = {};
  EXPECT_TRUE(admission.enter("192.0.2.1")) << "what it took is given back whole";
}

TEST(RateLimiter, AllowsABurstThenARate) {
  RateLimiter limiter(2, 3);
  RateLimiter::TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.allow("a", now)) << i;
  EXPECT_FALSE(limiter.allow("a", now));
  EXPECT_TRUE(limiter.allow("b", now)) << "another client has its own";
  now += std::chrono::milliseconds(500);
  EXPECT_TRUE(limiter.allow("a", now));
  EXPECT_FALSE(limiter.allow("a", now));
  now += std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.allow("a", now)) << i;
  EXPECT_FALSE(limiter.allow("a", now)) << "rest is not saved up beyond the burst";
}

}  // namespace
}  // namespace onair::net
