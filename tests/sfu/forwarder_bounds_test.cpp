// Bounds of what peers can make the forwarder do.
#include <array>

#include "sfu/forwarder_fixture.hpp"

namespace onair::sfu::tests {
namespace {

class ForwarderBounds : public ForwarderTest {
 protected:
  /// Sends an authentic check of the peer's from an address that is not its own.
  void forge(RemotePeer& forger, const Path& from) {
    PacketBytes check = forger.check();
    forwarder_.receive(check, from, now_);
    settle();
  }
};

TEST_F(ForwarderBounds, SaysWhenItIsFull) {
  Forwarder small({.candidates = {}, .instance = "small", .max_peers = 2, .max_rooms = 1}, *this,
                  *this);
  const auto refusal_of = [&](const control::Request& request) {
    return code_of(small.handle(request, now_));
  };
  const std::string offer(kChromiumSendonly);
  EXPECT_EQ(refusal_of(control::Publish{"lesson", id('a'), offer, ""}), std::nullopt);
  EXPECT_EQ(refusal_of(control::Publish{"other", id('b'), offer, ""}), ErrorCode::full);
  EXPECT_EQ(refusal_of(control::Invite{"lesson", id('b'), ""}), std::nullopt);
  EXPECT_EQ(refusal_of(control::Invite{"lesson", id('c'), ""}), ErrorCode::full);
  EXPECT_EQ(refusal_of(control::Close{id('b')}), std::nullopt);
  EXPECT_EQ(refusal_of(control::Invite{"lesson", id('c'), ""}), std::nullopt);
}

/// By UDP and by TCP, for which a forged address is harder to come by and the rule is the same.
TEST_F(ForwarderBounds, AnUnprovenAddressGetsAtMostThreeTimesWhatItSent) {
  publish('a');
  RemotePeer& viewer = add_remote();
  const auto sdp = viewer.with_own_certificate(std::string(kChromiumRecvonly));
  viewer.set_remote(description(ask(control::Play{"lesson", id('b'), sdp, ""})), now_);
  const Datagrams hello = viewer.take_dtls();
  ASSERT_FALSE(hello.empty());
  for (const std::uint32_t connection : {0U, 1U}) {
    now_ += std::chrono::seconds(5);  // refusals have a rate
    const Path forged{.remote = Address::v4({203, 0, 113, 5}, 5), .connection = connection};
    std::size_t in = 0;
    std::size_t out = 0;
    const auto give_forged = [&](PacketBytes packet) {
      in += packet.size();
      forwarder_.receive(packet, forged, now_);
      forwarder_.advance(now_);
      for (const auto& [to, bytes] : std::exchange(under_way_, {})) {
        if (to == forged) out += bytes.size();
      }
      EXPECT_LE(out, kMaxAmplification * in);
    };
    for (int i = 0; i < 50; ++i) {
      give_forged(viewer.check("a-password-that-is-wrong"));
      give_forged(hello.front());
      give_forged(PacketBytes(100, 0x80));
    }
    EXPECT_GT(out, 0U) << "refusals of checks";
    out = 0;
    give_forged(hello.front());
    EXPECT_EQ(out, 0U) << "DTLS goes to a proven address alone";
  }
}

TEST_F(ForwarderBounds, APeerDoesNotGetThePacketsOfAnAddressThatItForges) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  RemotePeer& forger = begin_join(3);
  send_video(talker, 100, kKeyFrame);
  const auto received = [&viewer] { return viewer.packets.size(); };
  ASSERT_EQ(received(), 1U);
  forge(forger, talker.path);
  send_video(talker, 101, kDelta);
  EXPECT_EQ(received(), 2U) << "the talker has just checked its own address";

  // A NAT gives the address to somebody else.
  pass(kPathStale, {&viewer, &forger});
  forge(forger, talker.path);
  send_video(talker, 102, kDelta);
  EXPECT_EQ(received(), 2U);
  give(talker, talker.check());
  send_video(talker, 103, kDelta);
  EXPECT_EQ(received(), 3U) << "it was the talker's all the time";
}

TEST_F(ForwarderBounds, APeerThatMovesKeepsItsNewAddressToo) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  RemotePeer& forger = begin_join(3);
  send_video(talker, 100, kKeyFrame);
  talker.path.remote.port = 4'000;  // by a NAT
  give(talker, talker.check());
  send_video(talker, 101, kDelta);
  ASSERT_EQ(viewer.packets.size(), 2U);
  forge(forger, talker.path);
  send_video(talker, 102, kDelta);
  EXPECT_EQ(viewer.packets.size(), 3U);
}

TEST_F(ForwarderBounds, MediaFromElsewhereHoldsNoAddress) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  RemotePeer& forger = add_remote();
  const std::string offer = forger.with_own_certificate(std::string(kChromiumSendonly));
  forger.set_remote(description(ask(control::Publish{"other", id('c'), offer, ""})), now_);
  connect(forger);
  Path next = talker.path;
  next.remote.port = 4'000;
  forge(forger, next);
  std::uint16_t sequence = 0;
  for (TimePoint end = now_ + kPathStale; now_ <= end;) {
    give_video(forger, ++sequence, kDelta);
    pass(std::chrono::seconds(1), {&talker, &viewer});
  }
  talker.path = next;
  give(talker, talker.check());
  const std::size_t before = viewer.packets.size();
  send_video(talker, 100, kKeyFrame);
  EXPECT_EQ(viewer.packets.size(), before + 1);
}

TEST_F(ForwarderBounds, RtcpOfOnePeerHasARate) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  pass(std::chrono::seconds(1), {&talker, &viewer});
  std::array<std::uint8_t, 100> memory{};
  for (std::uint32_t i = 0; i < kRtcpRate.burst; ++i) {
    RtcpWriter report(memory);
    report.receiver_report(1);
    give(viewer, viewer.rtcp(report));
  }
  const auto ask_for_key_frame = [&] {
    RtcpWriter pli(memory);
    pli.pli(1, viewer.packets.at(0).fields.ssrc);
    const std::size_t before = talker.key_frame_requests;
    give(viewer, viewer.rtcp(pli));
    settle();
    return talker.key_frame_requests - before;
  };
  EXPECT_EQ(ask_for_key_frame(), 0U);
  now_ += kRtcpRate.spacing;
  EXPECT_EQ(ask_for_key_frame(), 1U);
}

TEST_F(ForwarderBounds, AnIdlePeerCostsNothingATick) {
  RemotePeer& talker = publish('a');
  play('b');
  send_video(talker, 100, kKeyFrame);
  const auto handled_for_a_packet = [&](std::uint16_t sequence) {
    const std::uint64_t before = forwarder_.handled();
    send_video(talker, sequence, kDelta);
    return forwarder_.handled() - before;
  };
  const std::uint64_t handled_with_one = handled_for_a_packet(101);
  for (const char digit : std::string_view("cdef0123456789")) play(digit);
  ask(control::Invite{"lesson", std::string(control::kPeerIdDigits - 1, '0') + "1", ""});
  send_video(talker, 102, kKeyFrame);
  EXPECT_EQ(handled_for_a_packet(103), handled_with_one);
  const std::uint64_t before = forwarder_.handled();
  for (int i = 0; i < 100; ++i) forwarder_.advance(now_);
  EXPECT_EQ(forwarder_.handled(), before);
}

}  // namespace
}  // namespace onair::sfu::tests
