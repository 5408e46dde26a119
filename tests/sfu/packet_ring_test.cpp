#include "sfu/rtp/packet_ring.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

constexpr std::size_t kCapacity = 16;

/// Takes, fills and publishes a packet, and marks it as sent.
bool put(PacketRing& ring, std::uint32_t sequence) {
  MediaPacket* const slot = ring.take(sequence);
  if (slot == nullptr) return false;
  slot->payload_size = 1;
  slot->payload_bytes[0] = static_cast<std::uint8_t>(sequence);
  StoredPacket* const packet = ring.publish(sequence);
  if (packet == nullptr) return false;
  packet->state = StoredPacket::State::sent;
  return true;
}

bool has(const PacketRing& ring, std::uint32_t sequence) {
  const StoredPacket* const packet = ring.find_sent(sequence);
  return packet != nullptr && packet->media.sequence == sequence &&
         packet->media.payload_bytes[0] == static_cast<std::uint8_t>(sequence);
}

TEST(PacketRing, FindsPacketsBySequence) {
  PacketRing ring(kCapacity);
  for (std::uint32_t sequence = 100; sequence < 110; ++sequence) EXPECT_TRUE(put(ring, sequence));
  for (std::uint32_t sequence = 100; sequence < 110; ++sequence) EXPECT_TRUE(has(ring, sequence));
  EXPECT_FALSE(has(ring, 99));
  EXPECT_FALSE(has(ring, 110));
}

TEST(PacketRing, IsEmptyAtFirst) {
  const PacketRing ring(kCapacity);
  for (std::uint32_t sequence = 0; sequence < 2 * kCapacity; ++sequence) {
    EXPECT_EQ(ring.find_sent(sequence), nullptr);
  }
}

TEST(PacketRing, NewPacketsReplaceTheOldest) {
  PacketRing ring(kCapacity);
  for (std::uint32_t sequence = 0; sequence < kCapacity + 3; ++sequence) put(ring, sequence);
  EXPECT_FALSE(has(ring, 2));
  EXPECT_TRUE(has(ring, 3));
  EXPECT_TRUE(has(ring, kCapacity + 2));
}

TEST(PacketRing, ALatePacketIsTakenWhileThereIsRoom) {
  PacketRing ring(kCapacity);
  put(ring, 100);
  put(ring, 102);
  EXPECT_FALSE(has(ring, 101));
  EXPECT_TRUE(put(ring, 101));
  EXPECT_TRUE(has(ring, 101));
}

TEST(PacketRing, RefusesWhatIsTooOld) {
  PacketRing ring(kCapacity);
  put(ring, 100);
  put(ring, 100 + kCapacity);
  EXPECT_FALSE(put(ring, 100));
  EXPECT_TRUE(has(ring, 100 + kCapacity));
  EXPECT_TRUE(put(ring, 101));
}

TEST(PacketRing, ANumberIsPublishedOnce) {
  PacketRing ring(kCapacity);
  EXPECT_TRUE(put(ring, 100));
  EXPECT_FALSE(put(ring, 100));
  EXPECT_EQ(ring.publish(100), nullptr);
}

TEST(PacketRing, PublishesOnlyWhatWasTakenAndHasPayload) {
  PacketRing ring(kCapacity);
  EXPECT_EQ(ring.publish(0), nullptr);
  ASSERT_NE(ring.take(5), nullptr);
  EXPECT_EQ(ring.publish(5), nullptr);
  MediaPacket* const slot = ring.take(5);
  ASSERT_NE(slot, nullptr);
  slot->payload_size = kMaxPayload + 1;
  EXPECT_EQ(ring.publish(5), nullptr);
  EXPECT_EQ(ring.publish(5 + kCapacity), nullptr);
}

TEST(PacketRing, WhatWasNotSentYetIsNotFound) {
  PacketRing ring(kCapacity);
  ring.take(7)->payload_size = 1;
  ASSERT_NE(ring.publish(7), nullptr);
  EXPECT_EQ(ring.find_sent(7), nullptr);
}

TEST(PacketRing, NumbersCrossTheRollOverAndTheEndOf32Bits) {
  for (const std::uint32_t end : {0x1'0000U, 0U}) {
    PacketRing ring(kCapacity);
    for (std::uint32_t i = 0; i < 8; ++i) EXPECT_TRUE(put(ring, end - 4 + i));
    for (std::uint32_t i = 0; i < 8; ++i) EXPECT_TRUE(has(ring, end - 4 + i));
    EXPECT_FALSE(put(ring, end - 4));
    EXPECT_TRUE(put(ring, end - 5));
    EXPECT_FALSE(put(ring, end + 3 - kCapacity));
  }
}

TEST(PacketRing, ClearForgetsPacketsButNotThatTheirNumbersWereUsed) {
  PacketRing ring(kCapacity);
  for (std::uint32_t sequence = 100; sequence < 110; ++sequence) put(ring, sequence);
  ASSERT_NE(ring.take(110), nullptr);
  ring.clear();
  EXPECT_EQ(ring.publish(110), nullptr);
  for (std::uint32_t sequence = 100; sequence < 110; ++sequence) {
    EXPECT_FALSE(has(ring, sequence));
    EXPECT_FALSE(put(ring, sequence));
  }
  EXPECT_TRUE(put(ring, 110));
}

}  // namespace
}  // namespace onair::sfu
