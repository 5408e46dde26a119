// SRTP from a sender of ours to a receiver of ours.
#include "sfu/srtp/srtp.hpp"

#include <gtest/gtest.h>

#include "sfu/srtp_support.hpp"

namespace onair::sfu::test {
namespace {

class Srtp : public testing::TestWithParam<SrtpProfile> {
 protected:
  Srtp() { sender.add_stream(kSsrc, Resends::none); }

  SrtpReceived receive(Packet packet) { return receiver.receive_rtp(packet); }
  SrtpRefusal receive_rtcp(Packet packet) { return receiver.receive_rtcp(packet).refusal; }

  SrtpCiphers ciphers;
  SrtpSender sender{ciphers, GetParam(), master_key(GetParam())};
  SrtpReceiver receiver{ciphers, GetParam(), master_key(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(EachProfile, Srtp,
                         testing::Values(SrtpProfile::aead_aes_128_gcm,
                                         SrtpProfile::aes128_cm_sha1_80),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST_P(Srtp, APacketArrivesAsItWasSent) {
  const Packet header = rtp_header(kSsrc, 7);
  Packet packet = protect(sender, header, {1, 2, 3, 4, 5}, 7);
  EXPECT_EQ(packet.size(), 17 + tag_size(GetParam()));
  const auto received = receiver.receive_rtp(packet);
  ASSERT_TRUE(received);
  EXPECT_EQ(received.header_size, 12u);
  EXPECT_EQ(received.index, 7u);
  Packet expected = header;
  expected.insert(expected.end(), {1, 2, 3, 4, 5});
  packet.resize(received.size);
  EXPECT_EQ(packet, expected);
}

TEST_P(Srtp, APayloadIsEncryptedInPlaceAsFromAnotherPlace) {
  const Packet apart = protect(sender, 7, {1, 2, 3});
  Packet in_place = rtp_header(kSsrc, 7);
  in_place.insert(in_place.end(), {1, 2, 3});
  in_place.resize(in_place.size() + kMaxRtpOverhead);
  SrtpSender other(ciphers, GetParam(), master_key(GetParam()));
  ASSERT_TRUE(other.add_stream(kSsrc, Resends::none));
  const auto result = other.protect_rtp(in_place, 12, Bytes(in_place).subspan(12, 3), 7);
  in_place.resize(result.size);
  EXPECT_EQ(in_place, apart);
}

TEST_P(Srtp, CsrcsAndExtensionsStayReadable) {
  Packet header = rtp_header(kSsrc, 7);
  header[0] = 0x91;
  header.insert(header.end(), {0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, 0x55, 0, 0});
  Packet packet = protect(sender, header, {1, 2, 3}, 7);
  EXPECT_TRUE(std::equal(header.begin(), header.end(), packet.begin()));
  EXPECT_EQ(receive(packet).header_size, header.size());
}

TEST_P(Srtp, EveryFlippedBitIsNoticed) {
  const Packet packet = protect(sender, 7);
  for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
    Packet other = packet;
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(receive(other)) << bit;
  }
  EXPECT_TRUE(receive(packet)) << "none of them changed the receiver's state";
}

TEST_P(Srtp, EveryShorterPacketIsRefused) {
  const Packet packet = protect(sender, 7);
  const Packet report = protect_rtcp(sender, receiver_report(kSsrc));
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(receive(Packet(packet.begin(), packet.begin() + static_cast<long>(size))));
  }
  for (std::size_t size = 0; size < report.size(); ++size) {
    EXPECT_NE(receive_rtcp(Packet(report.begin(), report.begin() + static_cast<long>(size))),
              SrtpRefusal::none);
  }
}

TEST_P(Srtp, AReplayIsRefused) {
  const Packet first = protect(sender, 7);
  const Packet later = protect(sender, 8);
  EXPECT_TRUE(receive(later));
  EXPECT_TRUE(receive(first)) << "late is not again";
  EXPECT_EQ(receive(first).refusal, SrtpRefusal::repeated);
  EXPECT_EQ(receive(later).refusal, SrtpRefusal::repeated);
}

TEST_P(Srtp, WhatIsOlderThanTheWindowIsRefused) {
  const Packet old = protect(sender, 7);
  const Packet oldest_taken = protect(sender, 8);
  EXPECT_TRUE(receive(protect(sender, 7 + SrtpReceiver::kRtpWindow)));
  EXPECT_EQ(receive(old).refusal, SrtpRefusal::too_old);
  EXPECT_TRUE(receive(oldest_taken));
}

TEST_P(Srtp, TheRollOverCounterIsFollowedThroughLossAndDisorder) {
  EXPECT_EQ(receive(protect(sender, 0x7000)).index, 0x7000u);
  EXPECT_EQ(receive(protect(sender, 0xe000)).index, 0xe000u);
  const Packet before = protect(sender, 0xffff);
  const Packet after = protect(sender, 0x10000);
  EXPECT_EQ(receive(after).index, 0x10000u);
  EXPECT_EQ(receive(before).index, 0xffffu);
  for (std::uint64_t index = 0x17000; index < 0x50000; index += 0x7000) {
    EXPECT_EQ(receive(protect(sender, index)).index, index);
  }
}

TEST_P(Srtp, RtcpArrivesAsItWasSentAndOnce) {
  const Packet plain = receiver_report(kSsrc);
  Packet packet = protect_rtcp(sender, plain);
  const Packet again = packet;
  EXPECT_EQ(packet.size(), plain.size() + tag_size(GetParam()) + 4);
  packet.resize(receiver.receive_rtcp(packet).size);
  EXPECT_EQ(packet, plain);
  EXPECT_EQ(receive_rtcp(again), SrtpRefusal::repeated);
}

TEST_P(Srtp, EveryFlippedBitOfRtcpIsNoticed) {
  const Packet packet = protect_rtcp(sender, receiver_report(kSsrc));
  for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
    Packet other = packet;
    other[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_NE(receive_rtcp(other), SrtpRefusal::none) << bit;
  }
  EXPECT_EQ(receive_rtcp(packet), SrtpRefusal::none);
}

/// Senders may count the SRTCP index for each SSRC. One window for all would drop those that are
/// behind.
TEST_P(Srtp, EachSsrcHasARtcpWindowOfItsOwn) {
  SrtpSender audio(ciphers, GetParam(), master_key(GetParam()));
  for (std::size_t i = 0; i < 2 * SrtpReceiver::kRtcpWindow; ++i) {
    EXPECT_EQ(receive_rtcp(protect_rtcp(sender, receiver_report(kSsrc))), SrtpRefusal::none);
  }
  EXPECT_EQ(receive_rtcp(protect_rtcp(audio, receiver_report(kSsrc + 1))), SrtpRefusal::none);
}

TEST_P(Srtp, SsrcsBeyondTheBoundReplaceTheMostSilent) {
  for (std::uint32_t i = 0; i < SrtpReceiver::kMaxStreams; ++i) {
    SrtpSender one(ciphers, GetParam(), master_key(GetParam()));
    EXPECT_EQ(receive_rtcp(protect_rtcp(one, receiver_report(i))), SrtpRefusal::none);
  }
  SrtpSender newest(ciphers, GetParam(), master_key(GetParam()));
  const Packet packet = protect_rtcp(newest, receiver_report(99));
  EXPECT_EQ(receive_rtcp(packet), SrtpRefusal::none);
  EXPECT_EQ(receive_rtcp(packet), SrtpRefusal::repeated);
  SrtpSender last(ciphers, GetParam(), master_key(GetParam()));
  const Packet replay = protect_rtcp(last, receiver_report(SrtpReceiver::kMaxStreams - 1));
  EXPECT_EQ(receive_rtcp(replay), SrtpRefusal::repeated) << "it was not forgotten";
}

TEST_P(Srtp, AnotherKeyOpensNothing) {
  SrtpMasterKey key = master_key(GetParam());
  key.key[0] ^= 1;
  SrtpReceiver other(ciphers, GetParam(), key);
  Packet packet = protect(sender, 7);
  EXPECT_EQ(other.receive_rtp(packet).refusal, SrtpRefusal::not_authentic);
}

TEST_P(Srtp, TheSenderRefusesWhatReceiversWouldMisjudge) {
  EXPECT_EQ(refusal_to_protect(sender, 0x8000), SrtpRefusal::bad_start);
  EXPECT_EQ(refusal_to_protect(sender, 0x10000), SrtpRefusal::bad_start);
  EXPECT_EQ(refusal_to_protect(sender, 0x7fff), SrtpRefusal::none);
  EXPECT_EQ(refusal_to_protect(sender, 0xffff), SrtpRefusal::jump);
  EXPECT_EQ(refusal_to_protect(sender, 0xfffe), SrtpRefusal::none);
}

TEST_P(Srtp, TheSenderRefusesAHeaderThatContradictsItsArguments) {
  SrtpRefusal refusal{};
  protect(sender, rtp_header(kSsrc, 8), {1}, 7, &refusal);
  EXPECT_EQ(refusal, SrtpRefusal::malformed) << "another sequence number";
  protect(sender, rtp_header(kSsrc + 1, 7), {1}, 7, &refusal);
  EXPECT_EQ(refusal, SrtpRefusal::unknown_stream);
  Packet header = rtp_header(kSsrc, 7);
  header[0] |= 0x10;
  protect(sender, header, {1}, 7, &refusal);
  EXPECT_EQ(refusal, SrtpRefusal::malformed) << "an extension that is not there";
  Packet packet = rtp_header(kSsrc, 7);
  const Packet payload(5);
  EXPECT_EQ(sender.protect_rtp(packet, 12, payload, 7).refusal, SrtpRefusal::no_room);
}

TEST_P(Srtp, StreamsAreBounded) {
  EXPECT_FALSE(sender.add_stream(kSsrc, Resends::same_packet)) << "there already";
  for (std::uint32_t i = 1; i < SrtpSender::kMaxStreams; ++i) {
    EXPECT_TRUE(sender.add_stream(i, Resends::none));
  }
  EXPECT_FALSE(sender.add_stream(99, Resends::none));
}

}  // namespace
}  // namespace onair::sfu::test
