// No memory is allocated for a packet. This file replaces operator new for the whole program.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/publication/publication.hpp"
#include "sfu/way_out.hpp"

namespace {
std::atomic<std::size_t> allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// Without it, ASan's own would be called, whose memory ours must not free.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

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

class NoAllocation : public WayOut {
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

TEST_F(NoAllocation, PacketsReportsAndResendsTakeNone) {
  for (int i = 0; i < 5; ++i) join(i % 2 == 0 ? with_rtx() : without_rtx());
  publication_.set_clock(MediaKind::audio, {.ntp = 1, .timestamp = 0, .at = now_});
  publication_.set_clock(MediaKind::video, {.ntp = 1, .timestamp = 0, .at = now_});
  run(1, 50);
  const std::size_t before = allocations;
  const std::size_t bytes_before = no_outlet_.bytes();
  run(51, 1'000);
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_GT(no_outlet_.bytes() - bytes_before, 5'000'000U);
  EXPECT_GT(publication_.statistics(viewers_.back()->id)->resent, 100U);
}

TEST(ViewerMemory, IsFarFrom64Kilobytes) {
  constexpr std::size_t kSize =
      sizeof(Subscription) + sizeof(SubscriptionHistory) + sizeof(Agreement);
  EXPECT_LE(sizeof(Subscription), 192U) << "touched by each packet";
  EXPECT_LE(kSize, 4'096U);
}

}  // namespace
}  // namespace onair::sfu
