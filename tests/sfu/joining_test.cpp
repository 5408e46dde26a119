// Many viewers who join at once.
#include "sfu/forwarder_fixture.hpp"

namespace onair::sfu::tests {
namespace {

class Joining : public ForwarderTest {};

TEST_F(Joining, ThoseWhoJoinAtOnceDontHoldUpThePicture) {
  constexpr std::size_t kJoining = 200;
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  for (std::size_t i = 0; i < kJoining; ++i) begin_join(i);
  deliver();  // all begin their handshakes before the next tick of the loop
  const auto is_connected = [](const auto& remote) { return remote->is_connected(); };
  std::size_t ticks = 0;
  std::uint16_t sequence = 101;
  while (!std::ranges::all_of(remotes_, is_connected) && ticks < 2 * kJoining) {
    ++ticks;
    now_ += std::chrono::milliseconds(2);
    const std::size_t before = viewer.packets.size();
    give_video(talker, sequence++, kDelta);
    forwarder_.advance(now_);
    EXPECT_LE(dtls_flights(), HandshakeQueue::kFlightsATick);
    ASSERT_FALSE(under_way_.empty());
    EXPECT_EQ(under_way_.front().first, viewer.path) << "media before handshakes";
    deliver();
    EXPECT_EQ(viewer.packets.size(), before + 1);
  }
  EXPECT_LE(ticks, 2 * kJoining / HandshakeQueue::kFlightsATick + 2);
  EXPECT_EQ(forwarder_.peers(), kJoining + 2);
}

TEST_F(Joining, TwoHundredWhoJoinInASecondTakeFourKeyFrames) {
  RemotePeer& talker = publish('a');
  send_video(talker, 100, kKeyFrame);
  const std::size_t before = talker.key_frame_requests;
  std::size_t obeyed = before;
  std::uint16_t sequence = 101;
  for (std::size_t millisecond = 0; millisecond < 2'000; ++millisecond) {
    now_ += std::chrono::milliseconds(1);
    if (millisecond < 1'000 && millisecond % 5 == 0) begin_join(millisecond);
    if (millisecond % 33 == 0) {
      const bool is_asked = obeyed != talker.key_frame_requests;
      obeyed = talker.key_frame_requests;
      give_video(talker, sequence++, is_asked ? kKeyFrame : kDelta);
    }
    forwarder_.advance(now_);
    deliver();
  }
  EXPECT_LE(talker.key_frame_requests - before, 4U);
  ASSERT_EQ(remotes_.size(), 201U);
  for (const auto& remote : remotes_) {
    if (remote.get() == &talker) continue;
    ASSERT_FALSE(remote->packets.empty());
    EXPECT_EQ(remote->packets.front().payload, kKeyFrame);
  }
}

TEST_F(Joining, AFlightWhoseConnectionHasClosedIsForgotten) {
  publish('a');
  RemotePeer& viewer = add_remote();
  viewer.path.connection = 1;
  const auto sdp = viewer.with_own_certificate(std::string(kChromiumRecvonly));
  viewer.set_remote(description(ask(control::Play{"lesson", id('b'), sdp, ""})), now_);
  give(viewer, viewer.check());
  deliver();
  forwarder_.connection_closed(1, now_);
  settle();
  EXPECT_FALSE(viewer.is_connected());
  viewer.path.connection = 2;
  give(viewer, viewer.check());
  EXPECT_EQ(code_of(ask(control::Close{id('b')})), std::nullopt);
  EXPECT_EQ(forwarder_.peers(), 1U);
}

}  // namespace
}  // namespace onair::sfu::tests
