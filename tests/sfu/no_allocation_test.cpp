// No memory is allocated for a packet, in any way of SRTP.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/allocations.hpp"
#include "sfu/publication/publication.hpp"
#include "sfu/srtp_support.hpp"
#include "sfu/way_out.hpp"

namespace onair::sfu {
namespace {

using namespace test;
using std::chrono::milliseconds;

/// Throws away what is sent.
class NoOutlet : public Outlet {
 public:
  MutableBytes memory(std::size_t) override { return memory_; }
  void send(const DatagramRun& datagrams) override { bytes_ += datagrams.bytes.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(65'000);
  std::size_t bytes_ = 0;
};

const auto kEachProfile =
    testing::Values(SrtpProfile::aead_aes_128_gcm, SrtpProfile::aes128_cm_sha1_80);
std::string name_of_profile(const testing::TestParamInfo<SrtpProfile>& info) {
  return std::string(name_of(info.param));
}

class NoAllocation : public WayOut, public testing::WithParamInterface<SrtpProfile> {
 protected:
  void publish(MediaKind kind, std::uint32_t sequence) {
    MediaPacket* const slot = publication_.take(kind, sequence);
    ASSERT_NE(slot, nullptr);
    slot->payload_size = kind == MediaKind::video ? 1'000 : 100;
    slot->marker = sequence % 6 == 0;
    slot->begins_key_frame = sequence % 600 == 1;
    publication_.publish(kind, sequence, now_);
    publication_.send_due(now_, no_outlet_);
  }
  /// Media, reports and requests of some time.
  void run(std::uint32_t first, std::uint32_t packets) {
    for (std::uint32_t sequence = first; sequence < first + packets; ++sequence) {
      publish(MediaKind::video, sequence);
      if (sequence % 3 == 0) publish(MediaKind::audio, sequence / 3);
      now_ += milliseconds(5);
      publication_.send_due(now_, no_outlet_);
      std::array<std::uint8_t, 100> memory;
      RtcpWriter writer(memory);
      writer.nack(1, kVideoSsrcs.media,
                  std::array{static_cast<std::uint16_t>(sequence - 20),
                             static_cast<std::uint16_t>(sequence - 17)});
      writer.remb(1, 1'000'000, std::array{kVideoSsrcs.media});
      publication_.on_rtcp(viewers_.back()->id, writer.written(), now_, no_outlet_);
    }
  }

  NoOutlet no_outlet_;
};

INSTANTIATE_TEST_SUITE_P(EachProfile, NoAllocation, kEachProfile, name_of_profile);

TEST_P(NoAllocation, PacketsReportsAndResendsTakeNone) {
  ASSERT_TRUE(counts_openssl());
  for (int i = 0; i < 5; ++i) join(i % 2 == 0 ? with_rtx() : without_rtx(), GetParam());
  publication_.set_clock(MediaKind::audio, {.ntp = 1, .timestamp = 0, .at = now_});
  publication_.set_clock(MediaKind::video, {.ntp = 1, .timestamp = 0, .at = now_});
  run(1, 50);
  const std::size_t before = allocations();
  const std::size_t bytes_before = no_outlet_.bytes();
  run(51, 1'000);
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_GT(no_outlet_.bytes() - bytes_before, 5'000'000U);
  EXPECT_GT(publication_.statistics(viewers_.back()->id)->resent, 100U);
}

class SrtpMemory : public testing::TestWithParam<SrtpProfile> {
 protected:
  SrtpMemory() { sender.add_stream(kSsrc, Resends::same_packet); }

  /// Sends a packet of RTP and one of RTCP from end to end.
  void exchange(std::uint16_t number) {
    std::array<std::uint8_t, 1'500> packet;
    constexpr std::array<std::uint8_t, 1'000> kPayload{};
    const std::size_t header = RtpWriter(packet, {.sequence = number, .ssrc = kSsrc}).size();
    const auto sealed = sender.protect_rtp(packet, header, kPayload, number);
    ASSERT_TRUE(receiver.receive_rtp(MutableBytes(packet).first(sealed.size)));

    RtcpWriter rtcp(packet);
    rtcp.receiver_report(1);
    const auto report = sender.protect_rtcp(packet, rtcp.size());
    ASSERT_TRUE(receiver.receive_rtcp(MutableBytes(packet).first(report.size)));
  }

  SrtpCiphers ciphers;
  SrtpSender sender{ciphers, GetParam(), master_key(GetParam())};
  SrtpReceiver receiver{ciphers, GetParam(), master_key(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(EachProfile, SrtpMemory, kEachProfile, name_of_profile);

TEST_P(SrtpMemory, PacketsTakeNoneAtEitherEnd) {
  ASSERT_TRUE(counts_openssl());
  exchange(1);
  const std::size_t before = allocations();
  for (std::uint16_t number = 2; number < 1'000; ++number) exchange(number);
  EXPECT_EQ(allocations() - before, 0U);
}

TEST(SubscriptionMemory, IsSmallWhereEachPacketTouchesIt) {
  EXPECT_LE(sizeof(Subscription), 192U);
}

}  // namespace
}  // namespace onair::sfu
