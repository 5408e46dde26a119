// The forwarder as a whole, with peers on a network in memory.
#include "sfu/forwarder.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/offers.hpp"
#include "sfu/remote_peer.hpp"
#include "sfu/sdp_support.hpp"

namespace onair::sfu::tests {
namespace {

using control::ErrorCode;
using control::GoneReason;
using onair::tests::kChromiumRecvonly;
using onair::tests::kChromiumSendonly;
using onair::tests::kFirefoxRecvonly;

/// VP8's payload descriptor and the first bytes of a key frame (RFC 7741, sections 4.2 and 4.3).
const std::string kKeyFrame("\x10\x10\x02\x00\x9d\x01\x2a key", 11);
const std::string kDelta("\x10\x11\x02\x00 delta", 10);

class ForwarderTest : public testing::Test, public PacketSink, public EventSink {
 protected:
  static control::PeerId id(char digit) { return std::string(control::kPeerIdDigits, digit); }
  static control::PeerId id(std::size_t number) {
    const std::string digits = std::to_string(number);
    return std::string(control::kPeerIdDigits - digits.size(), 'e') + digits;
  }

  void send(const Path& to, Bytes bytes, std::uint16_t segment_size) override {
    for (Bytes rest = bytes; !rest.empty();) {
      const Bytes datagram = rest.first(
          segment_size == 0 ? rest.size() : std::min<std::size_t>(segment_size, rest.size()));
      under_way_.push_back({to, {datagram.begin(), datagram.end()}});
      rest = rest.subspan(datagram.size());
    }
  }
  void event(const control::Event& event) override { events_.push_back(event); }

  RemotePeer& add_remote() {
    const auto port = static_cast<std::uint16_t>(1'000 + remotes_.size());
    return *remotes_.emplace_back(std::make_unique<RemotePeer>(port));
  }
  void give(const RemotePeer& from, PacketBytes packet) {
    forwarder_.receive(packet, from.path, now_);
  }
  /// What the forwarder has sent arrives, and what the others answer to it.
  void deliver() {
    for (const auto& [to, packet] : std::exchange(under_way_, {})) {
      for (const auto& remote : remotes_) {
        if (remote->path == to) remote->receive(packet, now_);
      }
    }
    for (const auto& remote : remotes_) give_dtls(*remote);
  }
  /// Passes packets on until nobody has any.
  void settle() {
    do {
      forwarder_.advance(now_);
      deliver();
    } while (!under_way_.empty() || forwarder_.next_deadline().value_or(TimePoint::max()) <= now_);
  }
  void give_dtls(RemotePeer& remote) {
    if (!remote.is_checked) return;
    for (const Datagram& datagram : remote.take_dtls()) give(remote, datagram);
  }
  void connect(RemotePeer& remote) {
    give(remote, remote.check());
    settle();
  }
  /// Time passes, and peers that are there consent.
  void pass(Duration duration, const std::vector<RemotePeer*>& checking = {}) {
    for (const TimePoint end = now_ + duration; now_ < end;) {
      now_ += std::chrono::milliseconds(100);
      for (RemotePeer* const remote : checking) give(*remote, remote->check());
      settle();
    }
  }

  control::Reply ask(const control::Request& request) { return forwarder_.handle(request, now_); }
  std::string description(const control::Reply& reply) {
    if (const auto* const error = std::get_if<control::Error>(&reply)) {
      ADD_FAILURE() << error->message;
      return "";
    }
    return std::get<control::Description>(reply).sdp;
  }
  static std::optional<ErrorCode> code_of(const control::Reply& reply) {
    const auto* const error = std::get_if<control::Error>(&reply);
    return error == nullptr ? std::nullopt : std::optional(error->code);
  }

  RemotePeer& publish(char digit, std::string_view offer = kChromiumSendonly) {
    RemotePeer& talker = add_remote();
    const auto sdp = talker.with_own_certificate(std::string(offer));
    talker.set_remote(description(ask(control::Publish{"lesson", id(digit), sdp, "note"})), now_);
    connect(talker);
    EXPECT_TRUE(talker.is_connected());
    return talker;
  }
  RemotePeer& play(char digit, std::string_view offer = kChromiumRecvonly) {
    RemotePeer& viewer = add_remote();
    const auto sdp = viewer.with_own_certificate(std::string(offer));
    viewer.set_remote(description(ask(control::Play{"lesson", id(digit), sdp, ""})), now_);
    connect(viewer);
    EXPECT_TRUE(viewer.is_connected());
    return viewer;
  }
  /// A viewer that has asked for DTLS, and has no answer yet.
  RemotePeer& begin_join(std::size_t number) {
    RemotePeer& viewer = add_remote();
    const auto sdp = viewer.with_own_certificate(std::string(kChromiumRecvonly));
    viewer.set_remote(description(ask(control::Play{"lesson", id(number), sdp, ""})), now_);
    give(viewer, viewer.check());
    return viewer;
  }
  /// A frame of one packet.
  void give_video(RemotePeer& talker, std::uint16_t sequence, const std::string& payload,
                  std::uint32_t ssrc = 0x1234) {
    give(talker, talker.rtp({.marker = true,
                             .payload_type = 96,
                             .sequence = sequence,
                             .timestamp = sequence * 3'000U,
                             .ssrc = ssrc},
                            payload));
  }
  void send_video(RemotePeer& talker, std::uint16_t sequence, const std::string& payload,
                  std::uint32_t ssrc = 0x1234) {
    give_video(talker, sequence, payload, ssrc);
    settle();
  }
  /// How many peers get DTLS by what is under way.
  std::size_t dtls_flights() const {
    std::set<Path> to;
    for (const auto& [path, packet] : under_way_) {
      if (classify(packet) == PacketClass::dtls) to.insert(path);
    }
    return to.size();
  }
  bool was_told(const control::Event& event) const {
    return std::ranges::find(events_, event) != events_.end();
  }

  TimePoint now_ = TimePoint(std::chrono::hours(1));
  Forwarder forwarder_{
      {.candidates = {{Address::v4({192, 0, 2, 1}, 9100), LocalCandidate::Transport::udp}},
       .instance = "test",
       .dtls_timeout = std::chrono::minutes(10)},
      *this,
      *this};
  std::vector<std::unique_ptr<RemotePeer>> remotes_;
  std::vector<std::pair<Path, PacketBytes>> under_way_;
  std::vector<control::Event> events_;
};

TEST_F(ForwarderTest, ATalkersPacketsReachItsViewers) {
  RemotePeer& talker = publish('a');
  RemotePeer& chromium = play('b');
  RemotePeer& firefox = play('c', kFirefoxRecvonly);
  EXPECT_TRUE(was_told(control::Connected{"lesson", id('a')}));
  EXPECT_TRUE(was_told(control::Connected{"lesson", id('b')}));

  send_video(talker, 100, kKeyFrame);
  send_video(talker, 101, kDelta);
  ASSERT_EQ(chromium.packets.size(), 2U);
  EXPECT_EQ(chromium.packets[0].payload, kKeyFrame);
  EXPECT_EQ(chromium.packets[1].payload, kDelta);
  EXPECT_EQ(chromium.packets[0].fields.payload_type, 96);
  EXPECT_EQ(chromium.packets[1].fields.timestamp - chromium.packets[0].fields.timestamp, 3'000U);
  ASSERT_EQ(firefox.packets.size(), 2U);
  EXPECT_EQ(firefox.packets[0].fields.payload_type, 120);
  EXPECT_TRUE(was_told(control::MediaChange{"lesson", id('a'), true}));
}

TEST_F(ForwarderTest, AViewerBeginsAtAKeyFrame) {
  RemotePeer& talker = publish('a');
  send_video(talker, 100, kKeyFrame);
  RemotePeer& viewer = play('b');
  EXPECT_EQ(talker.key_frame_requests, 1U);
  send_video(talker, 101, kDelta);
  EXPECT_TRUE(viewer.packets.empty());
  send_video(talker, 102, kKeyFrame);
  ASSERT_EQ(viewer.packets.size(), 1U);
}

TEST_F(ForwarderTest, ATalkerThatComesAgainGoesOnForItsViewers) {
  RemotePeer& before = publish('a');
  RemotePeer& viewer = play('b');
  send_video(before, 100, kKeyFrame);
  RemotePeer& after = publish('c');
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('a'), GoneReason::replaced}));
  EXPECT_TRUE(before.is_closed());
  send_video(after, 7'000, kKeyFrame, 0x9999);
  ASSERT_EQ(viewer.packets.size(), 2U);
  EXPECT_EQ(viewer.packets[1].fields.ssrc, viewer.packets[0].fields.ssrc);
  EXPECT_LT(static_cast<std::uint16_t>(viewer.packets[1].fields.sequence -
                                       viewer.packets[0].fields.sequence),
            100U);
}

TEST_F(ForwarderTest, APageIsInvitedAndAnswers) {
  RemotePeer& talker = publish('a');
  RemotePeer& page = add_remote();
  const std::string offer = description(ask(control::Invite{"lesson", id('b'), ""}));
  std::string answer = page.with_own_certificate(offer);
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"a=sendonly", "a=recvonly"},
                                 {"a=setup:actpass", "a=setup:active"},
                                 {"a=ice-lite\r\n", ""}}) {
    for (std::size_t at; (at = answer.find(from)) != std::string::npos;) {
      answer.replace(at, from.size(), to);
    }
  }
  EXPECT_EQ(code_of(ask(control::Answer{id('b'), answer})), std::nullopt);
  page.set_remote(offer, now_);
  connect(page);
  ASSERT_TRUE(page.is_connected());
  send_video(talker, 100, kKeyFrame);
  EXPECT_EQ(page.packets.size(), 1U);
  EXPECT_EQ(code_of(ask(control::Answer{id('b'), answer})), ErrorCode::bad_request);
}

TEST_F(ForwarderTest, SaysWhatItRefuses) {
  EXPECT_EQ(code_of(ask(control::Play{"lesson", id('b'), std::string(kChromiumRecvonly), ""})),
            ErrorCode::no_publication);
  EXPECT_EQ(code_of(ask(control::Invite{"lesson", id('b'), ""})), ErrorCode::no_publication);
  EXPECT_EQ(code_of(ask(control::Publish{"lesson", id('a'), "v=0", ""})), ErrorCode::bad_sdp);
  EXPECT_EQ(code_of(ask(control::Close{id('a')})), ErrorCode::no_such_peer);
  EXPECT_EQ(code_of(ask(control::Hello{2})), ErrorCode::bad_version);
  EXPECT_TRUE(forwarder_.empty());
  publish('a');
  EXPECT_EQ(code_of(ask(control::Publish{"other", id('a'), std::string(kChromiumSendonly), ""})),
            ErrorCode::peer_exists);
}

TEST_F(ForwarderTest, SaysWhenItIsFull) {
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
TEST_F(ForwarderTest, AnUnprovenAddressGetsAtMostThreeTimesWhatItSent) {
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

TEST_F(ForwarderTest, RtcpOfOnePeerHasARate) {
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

TEST_F(ForwarderTest, SilenceEndsAPeerAndNothingIsLeft) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  pass(std::chrono::seconds(3), {&talker, &viewer});
  EXPECT_TRUE(was_told(control::MediaChange{"lesson", id('a'), false}));
  EXPECT_GE(talker.receiver_reports, 2U);
  pass(kConsentTimeout + std::chrono::seconds(2), {&viewer});
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('a'), GoneReason::silent}));
  EXPECT_FALSE(forwarder_.empty());
  pass(kConsentTimeout + std::chrono::seconds(2));
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('b'), GoneReason::silent}));
  EXPECT_TRUE(forwarder_.empty());
  EXPECT_EQ(forwarder_.next_deadline(), std::nullopt);
}

TEST_F(ForwarderTest, AnInvitedPeerThatNeverAnswersIsForgotten) {
  RemotePeer& talker = publish('a');
  ask(control::Invite{"lesson", id('b'), ""});
  pass(kConsentTimeout + std::chrono::seconds(1), {&talker});
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('b'), GoneReason::refused}));
  EXPECT_EQ(forwarder_.peers(), 1U);
}

TEST_F(ForwarderTest, AnIdlePeerCostsNothingATurn) {
  RemotePeer& talker = publish('a');
  play('b');
  send_video(talker, 100, kKeyFrame);
  const auto turns_of_a_packet = [&](std::uint16_t sequence) {
    const std::uint64_t before = forwarder_.turns();
    send_video(talker, sequence, kDelta);
    return forwarder_.turns() - before;
  };
  const std::uint64_t turns_with_one = turns_of_a_packet(101);
  for (const char digit : std::string_view("cdef0123456789")) play(digit);
  ask(control::Invite{"lesson", std::string(control::kPeerIdDigits - 1, '0') + "1", ""});
  send_video(talker, 102, kKeyFrame);
  EXPECT_EQ(turns_of_a_packet(103), turns_with_one);
  const std::uint64_t before = forwarder_.turns();
  for (int i = 0; i < 100; ++i) forwarder_.advance(now_);
  EXPECT_EQ(forwarder_.turns(), before);
}

TEST_F(ForwarderTest, ThoseWhoJoinAtOnceDontHoldUpThePicture) {
  constexpr std::size_t kJoining = 200;
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  for (std::size_t i = 0; i < kJoining; ++i) begin_join(i);
  deliver();  // all begin their handshakes before the next turn of the loop
  const auto is_connected = [](const auto& remote) { return remote->is_connected(); };
  std::size_t turns = 0;
  std::uint16_t sequence = 101;
  while (!std::ranges::all_of(remotes_, is_connected) && turns < 2 * kJoining) {
    ++turns;
    now_ += std::chrono::milliseconds(2);
    const std::size_t before = viewer.packets.size();
    give_video(talker, sequence++, kDelta);
    forwarder_.advance(now_);
    EXPECT_LE(dtls_flights(), HandshakeQueue::kFlightsATurn);
    ASSERT_FALSE(under_way_.empty());
    EXPECT_EQ(under_way_.front().first, viewer.path) << "media before handshakes";
    deliver();
    EXPECT_EQ(viewer.packets.size(), before + 1);
  }
  EXPECT_LE(turns, 2 * kJoining / HandshakeQueue::kFlightsATurn + 2);
  EXPECT_EQ(forwarder_.peers(), kJoining + 2);
}

TEST_F(ForwarderTest, TwoHundredWhoJoinInASecondTakeFourKeyFrames) {
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

TEST_F(ForwarderTest, AFlightWhoseConnectionHasClosedIsForgotten) {
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

TEST_F(ForwarderTest, APeerThatClosesIsGoneAtOnce) {
  publish('a');
  RemotePeer& viewer = play('b');
  viewer.close();
  settle();
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('b'), GoneReason::closed}));
  EXPECT_EQ(code_of(ask(control::Close{id('a')})), std::nullopt);
  settle();
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('a'), GoneReason::requested}));
  EXPECT_TRUE(forwarder_.empty());
}

TEST_F(ForwarderTest, AnotherCertificateThanTheOffersIsRefused) {
  RemotePeer& talker = add_remote();
  const auto answer = ask(control::Publish{"lesson", id('a'), std::string(kChromiumSendonly), ""});
  talker.set_remote(description(answer), now_);
  connect(talker);
  EXPECT_TRUE(was_told(control::Gone{"lesson", id('a'), GoneReason::refused}));
  EXPECT_TRUE(forwarder_.empty());
}

TEST_F(ForwarderTest, AViewersNewAddressGetsThePicture) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  viewer.path.remote.port = 4'000;
  give(viewer, viewer.check());
  settle();
  send_video(talker, 101, kDelta);
  EXPECT_EQ(viewer.packets.size(), 2U);
}

TEST_F(ForwarderTest, ARestartKeepsTheConnection) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  const auto fragment = description(ask(
      control::Restart{id('b'), "a=ice-ufrag:newufrag\r\na=ice-pwd:newpasswordnewpassword\r\n"}));
  EXPECT_NE(fragment.find("a=ice-ufrag:"), std::string::npos);
  send_video(talker, 100, kKeyFrame);
  EXPECT_EQ(viewer.packets.size(), 1U);
}

TEST_F(ForwarderTest, ListsWhatThereIsForAServerThatComesLater) {
  publish('a');
  play('b');
  const auto greeting = std::get<control::Greeting>(ask(control::Hello{}));
  ASSERT_EQ(greeting.peers.entries().size(), 2U);
  EXPECT_EQ(greeting.peers.entries()[0].note, "note");
  EXPECT_TRUE(greeting.peers.entries()[0].publishes);
  EXPECT_TRUE(greeting.peers.entries()[1].connected);
}

}  // namespace
}  // namespace onair::sfu::tests
