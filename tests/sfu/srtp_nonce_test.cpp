// No key and index ever encrypt two texts.
#include <map>
#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "sfu/srtp/srtp.hpp"
#include "sfu/srtp_support.hpp"

namespace onair::sfu::test {
namespace {

class SrtpNonce : public testing::TestWithParam<SrtpProfile> {
 protected:
  SrtpSender make_sender(Resends resends) {
    SrtpSender sender(ciphers, GetParam(), master_key(GetParam()));
    sender.add_stream(kSsrc, resends);
    return sender;
  }
  SrtpCiphers ciphers;
};

INSTANTIATE_TEST_SUITE_P(EachProfile, SrtpNonce,
                         testing::Values(SrtpProfile::aead_aes_128_gcm,
                                         SrtpProfile::aes128_cm_sha1_80),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST_P(SrtpNonce, AnIndexIsUsedOnceWithoutResends) {
  SrtpSender sender = make_sender(Resends::none);
  EXPECT_FALSE(protect(sender, 7).empty());
  EXPECT_EQ(refusal_to_protect(sender, 7), SrtpRefusal::repeated);
  EXPECT_EQ(refusal_to_protect(sender, 7, {9}), SrtpRefusal::repeated);
}

TEST_P(SrtpNonce, AResendIsTheSamePacketByteForByte) {
  SrtpSender sender = make_sender(Resends::same_packet);
  const Packet first = protect(sender, 7);
  protect(sender, 8);
  EXPECT_EQ(protect(sender, 7), first);
}

TEST_P(SrtpNonce, AnotherPayloadUnderTheSameIndexIsRefusedAndWiped) {
  SrtpSender sender = make_sender(Resends::same_packet);
  protect(sender, 7, {1, 2, 3});
  Packet packet = rtp_header(kSsrc, 7);
  packet.resize(12 + 3 + kMaxRtpOverhead, 0xff);
  const auto result = sender.protect_rtp(packet, 12, Packet{1, 2, 4}, 7);
  EXPECT_EQ(result.refusal, SrtpRefusal::differs);
  const auto behind = Bytes(packet).subspan(12, 3 + tag_size(GetParam()));
  EXPECT_TRUE(std::ranges::all_of(behind, [](auto byte) { return byte == 0; }));
}

TEST_P(SrtpNonce, AnotherHeaderUnderTheSameIndexIsRefused) {
  SrtpSender sender = make_sender(Resends::same_packet);
  Packet header = rtp_header(kSsrc, 7);
  protect(sender, header, {1, 2, 3}, 7);
  header[1] |= 0x80;
  SrtpRefusal refusal{};
  protect(sender, header, {1, 2, 3}, 7, &refusal);
  EXPECT_EQ(refusal, SrtpRefusal::differs);
}

TEST_P(SrtpNonce, WhatLeftTheWindowIsRefused) {
  SrtpSender sender = make_sender(Resends::same_packet);
  protect(sender, 7);
  protect(sender, 7 + SrtpSender::kWindow);
  EXPECT_EQ(refusal_to_protect(sender, 7), SrtpRefusal::too_old);
}

/// A caller that makes every mistake there is: what comes out under one SSRC and index is always
/// the same packet.
TEST_P(SrtpNonce, ACarelessCallerNeverGetsTwoPacketsOfOneIndex) {
  std::mt19937 random(22);
  const auto below = [&](std::uint32_t end) { return random() % end; };
  SrtpSender sender = make_sender(Resends::same_packet);
  sender.add_stream(1, Resends::none);
  sender.add_stream(2, Resends::same_packet);
  std::map<std::pair<std::uint32_t, std::uint64_t>, Packet> sent;
  std::uint64_t top = 0;
  int again = 0;
  int refused = 0;
  for (int i = 0; i < 30'000; ++i) {
    if (below(3) == 0) top += below(400) == 0 ? below(0x3000) : below(3);
    const std::uint64_t index = top - std::min<std::uint64_t>(top, below(1'100) / (1 + below(50)));
    const std::uint32_t ssrc = std::array{kSsrc, 1u, 2u}[below(3)];
    const Packet payload(1 + below(2), static_cast<std::uint8_t>(below(2)));
    const Packet packet = protect(sender, rtp_header(ssrc, index), payload, index);
    refused += packet.empty() ? 1 : 0;
    if (packet.empty()) continue;
    const auto [known, added] = sent.try_emplace({ssrc, index}, packet);
    again += added ? 0 : 1;
    ASSERT_EQ(known->second, packet) << ssrc << " " << index;
  }
  EXPECT_GT(sent.size(), 1'000u);
  EXPECT_GT(again, 1'000) << "resends were tried";
  EXPECT_GT(refused, 1'000) << "and mistakes";
}

TEST_P(SrtpNonce, EachRtcpPacketHasAnIndexOfItsOwn) {
  SrtpSender sender = make_sender(Resends::none);
  const std::size_t behind = GetParam() == SrtpProfile::aead_aes_128_gcm ? 0 : tag_size(GetParam());
  for (std::uint32_t i = 0; i < 100; ++i) {
    const Packet packet = protect_rtcp(sender, receiver_report(i % 3));
    EXPECT_EQ(read_u32(&packet[packet.size() - 4 - behind]), 0x8000'0000u + i);
  }
}

}  // namespace
}  // namespace onair::sfu::test
