#include "net/loop/admission.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/loop/rate_limiter.hpp"

namespace onair::net {
namespace {

constexpr RateLimiter::TimePoint kNow{std::chrono::hours(1)};

Limits bounds(std::size_t connections, std::size_t per_address, std::size_t clients) {
  Limits limits;
  limits.connections = connections;
  limits.connections_per_address = per_address;
  limits.peers_per_address = clients;
  return limits;
}

TEST(Admission, BoundsConnectionsInAll) {
  Admission admission(bounds(2, 10, 10));
  auto first = admission.connect(std::nullopt, kNow);
  const auto second = admission.connect("192.0.2.1", kNow);
  EXPECT_FALSE(admission.connect("192.0.2.2", kNow));
  EXPECT_FALSE(admission.connect(std::nullopt, kNow));
  EXPECT_EQ(admission.connections(), 2u);
  first.reset();
  EXPECT_TRUE(admission.connect(std::nullopt, kNow));
  EXPECT_EQ(admission.connections(), 1u) << "that slot was not held";
}

TEST(Admission, BoundsConnectionsFromOneAddress) {
  Admission admission(bounds(10, 2, 10));
  const auto first = admission.connect("192.0.2.1", kNow);
  auto second = admission.connect("192.0.2.1", kNow);
  EXPECT_FALSE(admission.connect("192.0.2.1", kNow));
  EXPECT_EQ(admission.connections(), 2u) << "who was refused counts nowhere";
  EXPECT_TRUE(admission.connect("192.0.2.2", kNow));
  second.reset();
  EXPECT_TRUE(admission.connect("192.0.2.1", kNow));
}

TEST(Admission, BoundsHowOftenAnAddressConnects) {
  Admission admission(bounds(10, 2, 10));
  const auto connects = [&](const std::optional<std::string>& address, auto now) {
    return admission.connect(address, now) != nullptr;  // and ends
  };
  int at_once = 0;
  while (at_once < 1'000 && connects("192.0.2.1", kNow)) ++at_once;
  EXPECT_EQ(at_once, 102);
  EXPECT_TRUE(connects("192.0.2.2", kNow)) << "others have their own";
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(connects(std::nullopt, kNow)) << "a proxy has none";
  EXPECT_TRUE(connects("192.0.2.1", kNow + std::chrono::milliseconds(100)));
  EXPECT_FALSE(connects("192.0.2.1", kNow + std::chrono::milliseconds(100)));
}

TEST(Admission, BoundsHowOftenClientsOfAnAddressAreNew) {
  Admission admission(bounds(10, 2, 10));
  int at_once = 0;
  while (at_once < 1'000 && admission.enter("192.0.2.1", kNow)) ++at_once;  // each leaves again
  EXPECT_EQ(at_once, 110) << "though their connections are a proxy's, which has no bound";
  EXPECT_TRUE(admission.enter("192.0.2.2", kNow));
  EXPECT_TRUE(admission.readmit("192.0.2.1"));
  EXPECT_TRUE(admission.enter("192.0.2.1", kNow + std::chrono::milliseconds(100)));
}

TEST(Admission, BoundsClientsFromOneAddress) {
  Admission admission(bounds(10, 10, 2));
  const auto first = admission.enter("192.0.2.1", kNow);
  auto second = admission.enter("192.0.2.1", kNow);
  EXPECT_FALSE(admission.enter("192.0.2.1", kNow));
  EXPECT_TRUE(admission.enter("192.0.2.2", kNow));
  second = {};
  EXPECT_TRUE(admission.enter("192.0.2.1", kNow));
}

TEST(Admission, AMemberThatIsAwayCountsUntilItIsGone) {
  Admission admission(bounds(10, 10, 2));
  std::vector<Admission::Slot> away;
  for (int i = 0; i < 4; ++i) {
    auto client = admission.enter("192.0.2.1", kNow);
    ASSERT_TRUE(client) << i;
    away.push_back(client.member);
  }
  EXPECT_FALSE(admission.enter("192.0.2.1", kNow)) << "one connection at a time makes four members";
  EXPECT_TRUE(admission.enter("192.0.2.2", kNow));
  away.pop_back();
  auto back = admission.enter("192.0.2.1", kNow);
  EXPECT_TRUE(back);
  back = {};
  EXPECT_TRUE(admission.enter("192.0.2.1", kNow)) << "what it took is given back whole";
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

TEST(RateLimiter, NobodyCanChooseWhoseBucketItShares) {
  RateLimiter::TimePoint now = kNow;
  const auto share = [&](RateLimiter& limiter, const std::string& other) {
    now += std::chrono::hours(1);
    return limiter.allow("victim", now) && !limiter.allow(other, now);
  };
  RateLimiter own(1, 1);
  std::vector<std::string> chosen;
  for (int i = 0; chosen.size() < 4 && i < 100'000; ++i) {
    if (share(own, std::to_string(i))) chosen.push_back(std::to_string(i));
  }
  ASSERT_EQ(chosen.size(), 4u);
  RateLimiter attacked(1, 1);
  std::size_t hits = 0;
  for (const std::string& other : chosen) hits += share(attacked, other) ? 1 : 0;
  EXPECT_LT(hits, chosen.size());
}

}  // namespace
}  // namespace onair::net
