// How much memory a viewer takes for as long as it watches.
#include <malloc.h>

#include "sfu/allocations.hpp"
#include "sfu/forwarder_fixture.hpp"

namespace onair::sfu::tests {
namespace {

class ViewerMemory : public ForwarderTest {
 protected:
  /// Memory of the forwarder, by the counting allocator and by the system's (0 under a sanitizer).
  struct Taken {
    std::size_t counted = 0;
    std::size_t of_system = 0;
  };

  /// Measures a talker and so many viewers with this offer.
  Taken taken_with(std::size_t viewers, std::string_view offer) {
    RemotePeer& talker = publish('a');
    for (std::size_t i = 0; i < viewers; ++i) {
      begin_join(i, offer);
      settle();
    }
    send_video(talker, 100, kKeyFrame);
    EXPECT_EQ(forwarder_.peers(), viewers + 1);
    const auto is_connected = [](const auto& remote) { return remote->is_connected(); };
    EXPECT_TRUE(std::ranges::all_of(remotes_, is_connected));
    const Taken before = now_taken();
    ask(control::Close{id('a')});
    for (std::size_t i = 0; i < viewers; ++i) ask(control::Close{id(i)});
    EXPECT_TRUE(forwarder_.empty());
    const Taken after = now_taken();
    remotes_.clear();
    return {before.counted - after.counted, before.of_system - after.of_system};
  }
  Taken by_each_of(std::size_t viewers, std::string_view offer) {
    const Taken none = taken_with(0, offer);
    const Taken all = taken_with(viewers, offer);
    return {(all.counted - none.counted) / viewers, (all.of_system - none.of_system) / viewers};
  }

 private:
  Taken now_taken() {
    under_way_ = {};  // what the test itself keeps
    events_ = {};
    return {test::allocated_bytes(), mallinfo2().uordblks};
  }
};

TEST_F(ViewerMemory, IsFarFrom64Kilobytes) {
  ASSERT_TRUE(test::counts_openssl());
  const Taken taken = by_each_of(500, kChromiumRecvonly);
  RecordProperty("bytes", static_cast<int>(taken.counted));
  RecordProperty("bytes_of_system", static_cast<int>(taken.of_system));
  EXPECT_LE(taken.counted, 16U * 1'024);
  EXPECT_LE(taken.of_system, 16U * 1'024);
}

TEST_F(ViewerMemory, IsNoMoreForOneWithManyCandidates) {
  std::string offer(kChromiumRecvonly);
  std::string candidates;
  for (int i = 1; i <= 200; ++i) {
    candidates += "a=candidate:" + std::to_string(i) + " 1 udp 2122260223 192.0.2.200 " +
                  std::to_string(50'000 + i) + " typ host\r\n";
  }
  offer.insert(offer.find("a=rtcp-mux"), candidates);
  EXPECT_LE(by_each_of(50, offer).counted, 16U * 1'024);
}

}  // namespace
}  // namespace onair::sfu::tests
