#include "sfu/dtls/handshake_budget.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

using Slots = std::vector<HandshakeBudget::Slot>;

Address v6(std::uint8_t network, std::uint8_t host) {
  return {.ip = {0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host}, .port = 9};
}

/// As many as there is room for.
Slots begin_all(HandshakeBudget& budget, const Address& from) {
  Slots slots;
  for (auto slot = budget.begin(from); slot; slot = budget.begin(from)) {
    slots.push_back(std::move(slot));
  }
  return slots;
}

TEST(HandshakeBudget, BoundsThoseOfOneAddressWhateverThePort) {
  HandshakeBudget budget;
  const Slots slots = begin_all(budget, Address::v4({192, 0, 2, 1}, 1'000));
  EXPECT_EQ(slots.size(), HandshakeBudget::kMaxPerAddress);
  EXPECT_FALSE(budget.begin(Address::v4({192, 0, 2, 1}, 2'000)));
  EXPECT_TRUE(budget.begin(Address::v4({192, 0, 2, 2}, 1'000)));
}

TEST(HandshakeBudget, CountsA64OfIpv6AsOneAddress) {
  HandshakeBudget budget;
  const Slots slots = begin_all(budget, v6(1, 1));
  EXPECT_FALSE(budget.begin(v6(1, 2)));
  EXPECT_TRUE(budget.begin(v6(2, 1)));
}

TEST(HandshakeBudget, BoundsAllTogether) {
  HandshakeBudget budget;
  std::vector<Slots> all;
  for (std::uint8_t host = 1; budget.size() < HandshakeBudget::kMax; ++host) {
    all.push_back(begin_all(budget, Address::v4({192, 0, 2, host}, 1)));
    ASSERT_FALSE(all.back().empty());
  }
  EXPECT_FALSE(budget.begin(Address::v4({198, 51, 100, 1}, 1)));
  all.pop_back();
  EXPECT_TRUE(budget.begin(Address::v4({198, 51, 100, 1}, 1)));
}

TEST(HandshakeBudget, ASlotThatEndsMakesRoom) {
  HandshakeBudget budget;
  const Address from = v6(1, 1);
  Slots slots = begin_all(budget, from);
  slots.pop_back();
  HandshakeBudget::Slot slot = budget.begin(from);
  EXPECT_TRUE(slot);
  HandshakeBudget::Slot taken_over = std::move(slot);
  EXPECT_TRUE(taken_over);
  EXPECT_FALSE(budget.begin(from));
  slots.clear();
  taken_over = {};
  EXPECT_EQ(budget.size(), 0U);
}

}  // namespace
}  // namespace onair::sfu
