// SRTP and SRTCP both ways against libsrtp2, packet by packet.
#include "sfu/srtp/srtp.hpp"

#include <random>

#include <gtest/gtest.h>

#include "sfu/libsrtp.hpp"
#include "sfu/srtp_support.hpp"

namespace onair::sfu::test {
namespace {

class AgainstLibsrtp : public testing::TestWithParam<SrtpProfile> {
 protected:
  AgainstLibsrtp() { sender.add_stream(kSsrc, Resends::same_packet); }

  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); }
  Packet bytes(std::size_t size) {
    Packet random_bytes(size);
    for (auto& byte : random_bytes) byte = static_cast<std::uint8_t>(random());
    return random_bytes;
  }
  Packet header(std::uint64_t index) {
    Packet made = rtp_header(kSsrc, index);
    const std::uint32_t csrcs = below(4);
    made[0] = static_cast<std::uint8_t>(0x80 | csrcs);
    const Packet listed = bytes(std::size_t{4} * csrcs);
    made.insert(made.end(), listed.begin(), listed.end());
    if (below(2) == 0) return made;
    made[0] |= 0x10;
    const std::uint32_t words = below(5);
    made.insert(made.end(), {0xbe, 0xde, 0, static_cast<std::uint8_t>(words)});
    const Packet extension = bytes(std::size_t{4} * words);
    made.insert(made.end(), extension.begin(), extension.end());
    return made;
  }

  std::mt19937 random{3711};
  SrtpCiphers ciphers;
  SrtpSender sender{ciphers, GetParam(), master_key(GetParam())};
  SrtpReceiver receiver{ciphers, GetParam(), master_key(GetParam())};
  Libsrtp their_sender{GetParam(), master_key(GetParam()), Libsrtp::Direction::send};
  Libsrtp their_receiver{GetParam(), master_key(GetParam()), Libsrtp::Direction::receive};
};

INSTANTIATE_TEST_SUITE_P(EachProfile, AgainstLibsrtp,
                         testing::Values(SrtpProfile::aead_aes_128_gcm,
                                         SrtpProfile::aes128_cm_sha1_80),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

constexpr int kPackets = 5'000;

TEST_P(AgainstLibsrtp, RtpBothWaysThroughSeveralTurnsOfTheSequenceNumber) {
  std::uint64_t index = below(0x8000);
  for (int i = 0; i < kPackets; ++i) {
    const Packet head = header(index);
    const Packet payload = bytes(1 + below(1'200));
    Packet plain = head;
    plain.insert(plain.end(), payload.begin(), payload.end());

    const Packet ours = protect(sender, head, payload, index);
    Packet theirs = plain;
    ASSERT_TRUE(their_sender.protect_rtp(theirs));
    ASSERT_EQ(ours, theirs) << index;

    Packet opened_by_them = ours;
    ASSERT_TRUE(their_receiver.receive_rtp(opened_by_them)) << index;
    ASSERT_EQ(opened_by_them, plain);
    const auto received = receiver.receive_rtp(theirs);
    ASSERT_TRUE(received) << index;
    ASSERT_EQ(received.index, index);
    ASSERT_EQ(received.header_size, head.size());
    theirs.resize(received.size);
    ASSERT_EQ(theirs, plain);
    index += below(20) == 0 ? 1 + below(1'000) : 1 + below(40);
  }
  EXPECT_GT(index, 0x20000u) << "the roll-over counter was used";
}

/// Loss and disorder within libsrtp's window, and replays: both ends judge alike.
TEST_P(AgainstLibsrtp, LossDisorderAndReplaysAreJudgedAlike) {
  int refused = 0;
  std::uint64_t top = 0x7f00;
  std::vector<Packet> sent;
  for (int i = 0; i < kPackets; ++i) {
    top += below(12);
    if (below(3) != 0) {
      const std::uint64_t index = top - below(100);
      const Packet packet = protect(sender, rtp_header(kSsrc, index),
                                    {static_cast<std::uint8_t>(index), 2, 3}, index);
      if (!packet.empty()) sent.push_back(packet);
    }
    if (sent.empty()) continue;
    const std::size_t back = std::min<std::size_t>(sent.size(), 50);
    Packet ours = sent[sent.size() - 1 - below(static_cast<std::uint32_t>(back))];
    Packet theirs = ours;
    const auto received = receiver.receive_rtp(ours);
    ASSERT_EQ(their_receiver.receive_rtp(theirs), static_cast<bool>(received)) << i;
    refused += received ? 0 : 1;
  }
  EXPECT_GT(refused, 500) << "replays were tried";
}

TEST_P(AgainstLibsrtp, RtcpBothWaysOfSeveralSsrcs) {
  for (int i = 0; i < kPackets; ++i) {
    Packet plain = receiver_report(below(5));
    const Packet more = bytes(std::size_t{4} * below(60));
    plain.insert(plain.end(), more.begin(), more.end());
    Packet ours = protect_rtcp(sender, plain);
    Packet theirs = plain;
    ASSERT_TRUE(their_sender.protect_rtcp(theirs));
    ASSERT_EQ(ours.size(), theirs.size());

    ASSERT_TRUE(their_receiver.receive_rtcp(ours)) << i;
    ASSERT_EQ(ours, plain);
    const auto received = receiver.receive_rtcp(theirs);
    ASSERT_TRUE(received) << i;
    theirs.resize(received.size);
    ASSERT_EQ(theirs, plain);
  }
}

TEST_P(AgainstLibsrtp, AResendIsTakenByAPeerThatLostTheFirst) {
  protect(sender, 7);
  Packet later = protect(sender, 8);
  Packet again = protect(sender, 7);
  EXPECT_TRUE(their_receiver.receive_rtp(later));
  EXPECT_TRUE(their_receiver.receive_rtp(again));
}

}  // namespace
}  // namespace onair::sfu::test
