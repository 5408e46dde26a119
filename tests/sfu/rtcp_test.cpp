// RTCP packets are read as they are sent and written within the memory given.
#include "sfu/rtp/rtcp.hpp"

#include <array>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/ice/demux.hpp"
#include "sfu/real_packets.hpp"

namespace onair::sfu {
namespace {

using tests::from_hex;

std::vector<RtcpPacket> packets_of(Bytes datagram) {
  std::vector<RtcpPacket> packets;
  for (const RtcpPacket& packet : RtcpCompound(datagram)) packets.push_back(packet);
  return packets;
}

std::vector<std::uint8_t> real(std::size_t i) {
  return tests::kRealRtcp[i].bytes();
}

std::vector<std::uint16_t> lost_of(const Nack& nack) {
  std::vector<std::uint16_t> lost;
  nack.each([&](std::uint16_t sequence) {
    lost.push_back(sequence);
    return true;
  });
  return lost;
}

class RtcpWriterTest : public ::testing::Test {
 protected:
  RtcpPacket only() {
    const auto packets = packets_of(writer.written());
    EXPECT_EQ(packets.size(), 1u);
    return packets.empty() ? RtcpPacket{} : packets[0];
  }

  std::array<std::uint8_t, 1'200> out{};
  RtcpWriter writer{out};
};

TEST(RtcpTest, ReadsWhatEachPeerSends) {
  const std::size_t counts[] = {2, 1, 2, 2, 1, 1, 3, 1, 2, 3, 1};
  for (std::size_t i = 0; i < std::size(tests::kRealRtcp); ++i) {
    const auto bytes = real(i);
    EXPECT_EQ(classify(bytes), PacketClass::rtcp);
    EXPECT_EQ(packets_of(bytes).size(), counts[i]) << tests::kRealRtcp[i].name;
  }
  for (const auto& rtp : tests::kRealRtp) {
    EXPECT_EQ(classify(rtp.bytes()), PacketClass::rtp) << rtp.name;
  }
}

TEST(RtcpTest, ReadsASenderReportAndItsName) {
  const auto bytes = real(0);
  const auto packets = packets_of(bytes);
  ASSERT_EQ(packets.size(), 2u);
  const auto report = read_sender_report(packets[0]);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->info, (SenderInfo{.ssrc = 0x3b9aca07,
                                      .ntp = 0xea3d5b104ccccccd,
                                      .timestamp = 0x8f21c0de,
                                      .packets = 0x123,
                                      .octets = 0x51a2b}));
  EXPECT_TRUE(report->blocks.empty());
  EXPECT_EQ(middle_of(report->info.ntp), 0x5b104cccu);
  const auto name = read_source_name(packets[1]);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->cname, "mS3lqA9n0bL9Kc0d");
}

TEST(RtcpTest, ReadsReportBlocks) {
  const auto bytes = real(2);
  const auto packets = packets_of(bytes);
  const auto report = read_receiver_report(packets[0]);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->blocks.size(), 1u);
  EXPECT_EQ(report->blocks[0], (ReportBlock{.ssrc = 0x3b9aca07,
                                            .fraction_lost = 12,
                                            .lost = 5,
                                            .highest_sequence = 0x15a3c,
                                            .jitter = 0x123,
                                            .last_report = 0x5b104ccc,
                                            .delay = 0x3000}));
  EXPECT_FALSE(read_sender_report(packets[0]));
}

TEST(RtcpTest, ReadsFeedback) {
  const auto nack_bytes = real(2);
  const auto nack = read_nack(packets_of(nack_bytes)[1]);
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->media_ssrc, 0x3b9aca07u);
  EXPECT_EQ(lost_of(*nack), (std::vector<std::uint16_t>{0x5a30, 0x5a31, 0x5a32, 0x5a33, 0x5a40}));

  const auto remb_bytes = real(3);
  const auto remb = read_remb(packets_of(remb_bytes)[1]);
  ASSERT_TRUE(remb);
  EXPECT_EQ(remb->bits_per_second, 1'500'000u);
  ASSERT_EQ(remb->ssrcs.size(), 1u);
  EXPECT_EQ(remb->ssrcs[0], 0x3b9aca07u);

  const auto pli_bytes = real(5);
  const auto pli = read_pli(packets_of(pli_bytes)[0]);
  ASSERT_TRUE(pli);
  EXPECT_EQ(pli->media_ssrc, 0x3b9aca07u);

  const auto fir_bytes = real(7);
  const auto fir = read_fir(packets_of(fir_bytes)[0]);
  ASSERT_TRUE(fir);
  ASSERT_EQ(fir->items.size(), 1u);
  EXPECT_EQ(fir->items[0].ssrc, 0x9e8d7c6bu);
  EXPECT_EQ(fir->items[0].sequence, 5);

  const auto bye_bytes = real(9);
  const auto bye = read_bye(packets_of(bye_bytes)[2]);
  ASSERT_TRUE(bye);
  ASSERT_EQ(bye->size(), 1u);
  EXPECT_EQ((*bye)[0], 0xc6dd1dd2u);
}

TEST(RtcpTest, ReadsTransportFeedback) {
  const auto bytes = real(4);
  const auto feedback = read_transport_feedback(packets_of(bytes)[0]);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->info.base_sequence, 7);
  EXPECT_EQ(feedback->info.packets, 5);
  EXPECT_EQ(feedback->info.reference_time, 1000);
  int calls = 0;
  EXPECT_TRUE(feedback->each([&](std::uint16_t sequence, std::optional<std::int16_t> delta) {
    EXPECT_EQ(sequence, 7 + calls++);
    EXPECT_EQ(delta, 4);
  }));
  EXPECT_EQ(calls, 5);
}

TEST(RtcpTest, AReportWithFewerBlocksThanItCountsIsNone) {
  EXPECT_FALSE(read_receiver_report(packets_of(from_hex("81c9 0001 00000001"))[0]));
  EXPECT_FALSE(read_sender_report(packets_of(from_hex("80c8 0001 00000001"))[0]));
  EXPECT_FALSE(read_bye(packets_of(from_hex("82cb 0001 00000001"))[0]));
}

TEST(RtcpTest, ADatagramThatIsCutHasItsWholePacketsOnly) {
  for (const auto& packet : tests::kRealRtcp) {
    const auto bytes = packet.bytes();
    const std::size_t whole = packets_of(bytes).size();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
      EXPECT_LT(packets_of(cut).size(), whole) << packet.name;
    }
  }
}

TEST(RtcpTest, PaddingOfNoneOrMoreThanThereIsEndsTheList) {
  for (const char* last : {"00", "09", "ff"}) {
    EXPECT_TRUE(packets_of(from_hex(std::string("a0c9 0002 c6dd1dd2 000000") + last)).empty());
  }
  EXPECT_TRUE(packets_of(from_hex("a0c9 0000")).empty());
}

TEST(RtcpTest, AnEstimateBeyondAllNumbersIsTheGreatest) {
  const auto remb_of = [](const char* tail) {
    const auto bytes = from_hex(std::string("8fce 0004 00000001 00000000 52454d42 00 ") + tail);
    return read_remb(packets_of(bytes)[0])->bits_per_second;
  };
  EXPECT_EQ(remb_of("ffffff"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(remb_of("fc0000"), 0u);
  EXPECT_EQ(remb_of("fc0001"), std::uint64_t{1} << 63);
}

TEST(RtcpTest, FeedbackThatCountsMorePacketsThanItHasIsFalse) {
  for (const char* rest : {"0005 000000 00", "0005 000000 00 2005 0404", "0005 000000 00 0000",
                           "0005 000000 00 6005 0404040404"}) {
    auto bytes = from_hex(std::string("8fcd 0000 00000001 00000002 0000 ") + rest);
    while (bytes.size() % 4 != 0) bytes.push_back(0);
    // Zeros that fill it up are no chunk: a run of none.
    bytes[3] = static_cast<std::uint8_t>(bytes.size() / 4 - 1);
    const auto feedback = read_transport_feedback(packets_of(bytes)[0]);
    ASSERT_TRUE(feedback);
    EXPECT_FALSE(feedback->each([](std::uint16_t, std::optional<std::int16_t>) {})) << rest;
  }
}

TEST(RtcpTest, ACallThatSaysFalseEndsTheListOfTheLost) {
  const auto bytes = real(2);
  const auto nack = read_nack(packets_of(bytes)[1]);
  int calls = 0;
  nack->each([&](std::uint16_t) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
}

TEST_F(RtcpWriterTest, WritesReports) {
  const ReportBlock block{.ssrc = 7,
                          .fraction_lost = 255,
                          .lost = -3,
                          .highest_sequence = 0x1ffff,
                          .jitter = 9,
                          .last_report = 10,
                          .delay = 11};
  const SenderInfo info{
      .ssrc = 1, .ntp = 0x123456789abcdef0, .timestamp = 3, .packets = 4, .octets = 5};
  ASSERT_TRUE(writer.sender_report(info, {&block, 1}));
  ASSERT_TRUE(writer.source_name(1, "onair"));
  ASSERT_TRUE(writer.receiver_report(2, {&block, 1}));
  const auto packets = packets_of(writer.written());
  ASSERT_EQ(packets.size(), 3u);
  const auto sent = read_sender_report(packets[0]);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->info, info);
  EXPECT_EQ(sent->blocks[0], block);
  EXPECT_EQ(read_source_name(packets[1])->cname, "onair");
  const auto received = read_receiver_report(packets[2]);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->ssrc, 2u);
  EXPECT_EQ(received->blocks[0], block);
}

TEST_F(RtcpWriterTest, NamesOfEachLengthEndWithAZero) {
  for (std::size_t size = 0; size < 9; ++size) {
    RtcpWriter one(out);
    out.fill(0xff);
    ASSERT_TRUE(one.source_name(1, std::string(size, 'n')));
    EXPECT_EQ(one.size() % 4, 0u);
    EXPECT_EQ(one.written().back(), 0);
    EXPECT_EQ(read_source_name(packets_of(one.written())[0])->cname, std::string(size, 'n'));
  }
  EXPECT_FALSE(writer.source_name(1, std::string(256, 'n')));
}

TEST_F(RtcpWriterTest, WritesTheLostAcrossTheWrap) {
  const std::vector<std::uint16_t> lost{65'530, 65'535, 0, 10, 11, 400};
  ASSERT_TRUE(writer.nack(1, 2, lost));
  const auto nack = read_nack(only());
  ASSERT_TRUE(nack);
  EXPECT_EQ(lost_of(*nack), lost);
  EXPECT_EQ(nack->items.size(), 3u) << "65530 to 10, 11, 400";
  EXPECT_FALSE(writer.nack(1, 2, {}));
}

TEST_F(RtcpWriterTest, WritesFeedback) {
  ASSERT_TRUE(writer.pli(1, 2));
  ASSERT_TRUE(writer.fir(1, 2, 200));
  const std::uint32_t ssrcs[] = {2, 3};
  ASSERT_TRUE(writer.remb(1, 2'500'001, ssrcs));
  ASSERT_TRUE(writer.remb(1, std::numeric_limits<std::uint64_t>::max(), {}));
  ASSERT_TRUE(writer.bye(ssrcs));
  const auto packets = packets_of(writer.written());
  ASSERT_EQ(packets.size(), 5u);
  EXPECT_EQ(read_pli(packets[0])->media_ssrc, 2u);
  EXPECT_EQ(read_fir(packets[1])->items[0].sequence, 200);
  EXPECT_EQ(read_remb(packets[2])->bits_per_second, 2'500'000u);
  EXPECT_EQ(read_remb(packets[2])->ssrcs[1], 3u);
  EXPECT_EQ(read_remb(packets[3])->bits_per_second, std::uint64_t{0x3ffff} << 46);
  EXPECT_EQ(read_bye(packets[4])->size(), 2u);
}

TEST_F(RtcpWriterTest, FillsTransportFeedbackUp) {
  const TransportFeedbackInfo info{1, 2, 65'534, 3, -5, 250};
  const std::uint16_t chunks[] = {0x2003};
  for (std::size_t size = 3; size < 7; ++size) {
    RtcpWriter one(out);
    const std::vector<std::uint8_t> deltas(size, 8);
    ASSERT_TRUE(one.transport_feedback(info, chunks, deltas));
    EXPECT_EQ(one.size() % 4, 0u);
    const auto feedback = read_transport_feedback(packets_of(one.written())[0]);
    ASSERT_TRUE(feedback);
    EXPECT_EQ(feedback->info, info);
    EXPECT_EQ(feedback->chunks_and_deltas.size(), 2 + size);
  }
}

TEST_F(RtcpWriterTest, APacketWithoutRoomIsLeftOutAsAWhole) {
  const auto write = [](RtcpWriter& to) {
    const std::uint16_t lost[] = {1, 100, 200};
    const std::uint32_t ssrcs[] = {1, 2};
    const ReportBlock blocks[2];
    const std::uint16_t chunks[] = {0x2003, 0x2001};
    return to.receiver_report(1, blocks) + to.source_name(1, "onair") + to.nack(1, 2, lost) +
           to.pli(1, 2) + to.fir(1, 2, 3) + to.remb(1, 9, ssrcs) + to.bye(ssrcs) +
           to.sender_report({}, blocks) + to.transport_feedback({}, chunks, from_hex("010203"));
  };
  ASSERT_EQ(write(writer), 9);
  for (std::size_t room = 0; room < writer.size(); ++room) {
    std::vector<std::uint8_t> small(room);
    RtcpWriter to(small);
    EXPECT_LT(write(to), 9);
    std::size_t whole = 0;
    for (const RtcpPacket& packet : packets_of(to.written())) {
      whole += 4 + packet.body.size();
      whole += packet.type == RtcpType::transport_feedback && packet.count == 15 ? 1 : 0;
    }
    EXPECT_EQ(whole, to.size());
  }
}

}  // namespace
}  // namespace onair::sfu
