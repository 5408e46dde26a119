// The forwarder as a whole, with peers on a network in memory.
#include <array>

#include "sfu/forwarder_fixture.hpp"
#include "sfu/rtp/sender_clock.hpp"

namespace onair::sfu::tests {
namespace {

TEST_F(ForwarderTest, ATalkersPacketsReachItsViewers) {
  RemotePeer& talker = publish('a');
  RemotePeer& chromium = play('b');
  RemotePeer& firefox = play('c', kFirefoxRecvonly);
  EXPECT_TRUE(has_event(control::Connected{"lesson", id('a')}));
  EXPECT_TRUE(has_event(control::Connected{"lesson", id('b')}));

  send_video(talker, 100, kKeyFrame);
  send_video(talker, 101, kDelta);
  ASSERT_EQ(chromium.packets.size(), 2U);
  EXPECT_EQ(chromium.packets[0].payload, kKeyFrame);
  EXPECT_EQ(chromium.packets[1].payload, kDelta);
  EXPECT_EQ(chromium.packets[0].fields.payload_type, 96);
  EXPECT_EQ(chromium.packets[1].fields.timestamp - chromium.packets[0].fields.timestamp, 3'000U);
  ASSERT_EQ(firefox.packets.size(), 2U);
  EXPECT_EQ(firefox.packets[0].fields.payload_type, 120);
  EXPECT_TRUE(has_event(control::MediaChange{"lesson", id('a'), true}));
}

TEST_F(ForwarderTest, AReaderThatWantsADataChannelTooGetsThePicture) {
  RemotePeer& talker = publish('a');
  RemotePeer& reader = play('b', onair::tests::kMediamtxReader);
  EXPECT_EQ(code_of(ask(control::Trickle{
                id('b'),
                "a=ice-ufrag:Jpbd\r\na=ice-pwd:Fus4hRjMrpP46HRkXRz+RPdL\r\n"
                "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\n"
                "a=candidate:1160438246 1 udp 2122260223 192.0.2.7 52133 typ host generation 0 "
                "ufrag Jpbd network-cost 999\r\n"})),
            std::nullopt);
  send_video(talker, 100, kKeyFrame);
  ASSERT_EQ(reader.packets.size(), 1U);
  EXPECT_EQ(reader.packets[0].payload, kKeyFrame);
  EXPECT_EQ(reader.packets[0].fields.payload_type, 96);
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

TEST_F(ForwarderTest, MediaKeepsAPeerThatSendsNoChecks) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  std::uint16_t sequence = 100;
  for (int second = 0; second < 40; ++second) {
    send_video(talker, sequence++, kKeyFrame);
    pass(std::chrono::seconds(1), {&viewer});
  }
  EXPECT_EQ(forwarder_.peers(), 2U);
  pass(kConsentTimeout + std::chrono::seconds(1), {&viewer});
  EXPECT_EQ(forwarder_.peers(), 1U);
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('a'), GoneReason::silent}));
}

TEST_F(ForwarderTest, NoKeyFrameIsAskedForWhileOneComes) {
  RemotePeer& before = publish('a');
  RemotePeer& viewer = play('b');
  send_video(before, 100, kKeyFrame);
  RemotePeer& after = publish('c');
  const std::size_t asked = after.key_frame_requests;
  now_ += std::chrono::seconds(2);  // the request is lost
  give(after,
       after.rtp({.payload_type = 96, .sequence = 7, .timestamp = 3'000, .ssrc = 0x99}, kKeyFrame));
  settle();  // the frame has not ended: it waits for its release
  EXPECT_EQ(after.key_frame_requests, asked);
  pass(std::chrono::milliseconds(100), {&after, &viewer});
  EXPECT_EQ(viewer.packets.size(), 2U);
  EXPECT_EQ(after.key_frame_requests, asked);
}

TEST_F(ForwarderTest, ATalkerThatComesAgainGoesOnForItsViewers) {
  RemotePeer& before = publish('a');
  RemotePeer& viewer = play('b');
  send_video(before, 100, kKeyFrame);
  RemotePeer& after = publish('c');
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('a'), GoneReason::replaced}));
  EXPECT_TRUE(before.is_closed());
  send_video(after, 7'000, kKeyFrame, 0x9999);
  ASSERT_EQ(viewer.packets.size(), 2U);
  EXPECT_EQ(viewer.packets[1].fields.ssrc, viewer.packets[0].fields.ssrc);
  EXPECT_LT(static_cast<std::uint16_t>(viewer.packets[1].fields.sequence -
                                       viewer.packets[0].fields.sequence),
            100U);
}

TEST_F(ForwarderTest, WhatTheTalkerGivesUpIsFollowedByAKeyFrame) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  pass(std::chrono::seconds(1), {&talker, &viewer});
  const std::size_t before = talker.key_frame_requests;
  send_video(talker, 101, kDelta);
  send_video(talker, 103, kDelta);
  pass(MissingPackets::kTimeout - std::chrono::milliseconds(100), {&talker, &viewer});
  EXPECT_EQ(talker.key_frame_requests, before);
  pass(std::chrono::milliseconds(200), {&talker, &viewer});
  EXPECT_EQ(talker.key_frame_requests, before + 1);
  send_video(talker, 104, kKeyFrame);
  pass(std::chrono::seconds(1), {&talker, &viewer});
  EXPECT_EQ(talker.key_frame_requests, before + 1);
}

// Browsers report audio every five seconds. A viewer that waited for the next report would show
// lips out of sync until then.
TEST_F(ForwarderTest, AViewerThatComesLateGetsSenderReportsAtOnce) {
  constexpr std::uint64_t kNtp = 0xe000'0000'4000'0000;
  constexpr std::uint32_t kAudioSsrc = 0x5678;
  constexpr std::uint32_t kVideoSsrc = 0x1234;
  RemotePeer& talker = publish('a');
  const auto send_audio = [&](std::uint16_t sequence) {
    give(talker, talker.rtp({.marker = false,
                             .payload_type = 111,
                             .sequence = sequence,
                             .timestamp = sequence * 960U,
                             .ssrc = kAudioSsrc},
                            "sound"));
    settle();
  };
  send_audio(500);
  send_video(talker, 100, kKeyFrame, kVideoSsrc);
  std::array<std::uint8_t, 200> memory{};
  RtcpWriter writer(memory);
  writer.sender_report({.ssrc = kAudioSsrc, .ntp = kNtp, .timestamp = 500 * 960U});
  writer.sender_report({.ssrc = kVideoSsrc, .ntp = kNtp, .timestamp = 100 * 3'000U});
  give(talker, talker.rtcp(writer));
  pass(std::chrono::seconds(3), {&talker});

  RemotePeer& viewer = play('b');
  send_audio(501);
  send_video(talker, 101, kKeyFrame, kVideoSsrc);
  ASSERT_EQ(viewer.packets.size(), 2U);
  const bool sound_is_first = viewer.packets[0].payload == "sound";
  const PlainRtp& sound = viewer.packets[sound_is_first ? 0 : 1];
  const PlainRtp& picture = viewer.packets[sound_is_first ? 1 : 0];
  const auto report_of = [&](const PlainRtp& packet) {
    const auto found =
        std::ranges::find(viewer.sender_reports, packet.fields.ssrc, &SenderInfo::ssrc);
    return found == viewer.sender_reports.end() ? SenderInfo{} : *found;
  };
  const SenderInfo of_sound = report_of(sound);
  const SenderInfo of_picture = report_of(picture);
  EXPECT_EQ(of_sound.ntp, ntp_duration(now_.time_since_epoch())) << "our clock";
  EXPECT_EQ(of_picture.ntp, of_sound.ntp);
  // The report is of now, 3 s after the packet before; this packet counts on from that one.
  EXPECT_EQ(of_sound.timestamp - sound.fields.timestamp, 3 * 48'000U - 960);
  EXPECT_EQ(of_picture.timestamp - picture.fields.timestamp, 3 * 90'000U - 3'000);
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

TEST_F(ForwarderTest, DescriptionsHaveTheAddressesOfNow) {
  publish('a');
  forwarder_.set_candidates({{Address::v4({192, 0, 2, 99}, 9100)}});
  const std::string offer = remotes_[0]->with_own_certificate(std::string(kChromiumRecvonly));
  const std::string answer = description(ask(control::Play{"lesson", id('b'), offer, ""}));
  EXPECT_NE(answer.find(" 192.0.2.99 9100 typ host"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("192.0.2.1 "), std::string::npos);
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

TEST_F(ForwarderTest, SilenceEndsAPeerAndNothingIsLeft) {
  RemotePeer& talker = publish('a');
  RemotePeer& viewer = play('b');
  send_video(talker, 100, kKeyFrame);
  pass(std::chrono::seconds(3), {&talker, &viewer});
  EXPECT_TRUE(has_event(control::MediaChange{"lesson", id('a'), false}));
  EXPECT_GE(talker.receiver_reports, 2U);
  pass(kConsentTimeout + std::chrono::seconds(2), {&viewer});
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('a'), GoneReason::silent}));
  EXPECT_FALSE(forwarder_.empty());
  pass(kConsentTimeout + std::chrono::seconds(2));
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('b'), GoneReason::silent}));
  EXPECT_TRUE(forwarder_.empty());
  EXPECT_EQ(forwarder_.next_deadline(), std::nullopt);
}

TEST_F(ForwarderTest, AnInvitedPeerThatNeverAnswersIsForgotten) {
  RemotePeer& talker = publish('a');
  ask(control::Invite{"lesson", id('b'), ""});
  pass(kConsentTimeout + std::chrono::seconds(1), {&talker});
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('b'), GoneReason::refused}));
  EXPECT_EQ(forwarder_.peers(), 1U);
}

TEST_F(ForwarderTest, APeerThatClosesIsGoneAtOnce) {
  publish('a');
  RemotePeer& viewer = play('b');
  viewer.close();
  settle();
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('b'), GoneReason::closed}));
  EXPECT_EQ(code_of(ask(control::Close{id('a')})), std::nullopt);
  settle();
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('a'), GoneReason::requested}));
  EXPECT_TRUE(forwarder_.empty());
}

TEST_F(ForwarderTest, AllPeersHearOfItsEnd) {
  const RemotePeer& talker = publish('a');
  const RemotePeer& viewer = play('b');
  forwarder_.close_all(now_);
  settle();
  EXPECT_TRUE(talker.is_closed());
  EXPECT_TRUE(viewer.is_closed());
}

// The next process sends farewells after this one was killed.
TEST_F(ForwarderTest, AFarewellEndsAPeersConnection) {
  EXPECT_TRUE(forwarder_.farewells().empty());
  std::uint64_t changes = forwarder_.farewell_changes();
  const auto has_changed = [&] {
    const std::uint64_t before = std::exchange(changes, forwarder_.farewell_changes());
    return before != changes;
  };
  RemotePeer& talker = publish('a');
  EXPECT_TRUE(has_changed());
  RemotePeer& viewer = play('b');
  EXPECT_TRUE(has_changed());
  viewer.path.remote.port = 4'000;
  give(viewer, viewer.check());
  settle();
  EXPECT_TRUE(has_changed()) << "it goes to the new address";
  const auto farewells = forwarder_.farewells();
  ASSERT_EQ(farewells.size(), 2U);
  EXPECT_EQ(farewells[0].to, talker.path);
  EXPECT_EQ(farewells[1].to, viewer.path);
  viewer.receive(farewells[1].datagram(), now_);
  EXPECT_TRUE(viewer.is_closed());
  EXPECT_FALSE(talker.is_closed());
  EXPECT_FALSE(has_changed());
  settle();
  EXPECT_TRUE(has_changed()) << "the viewer has said that it is gone";
  EXPECT_EQ(forwarder_.farewells().size(), 1U);
}

TEST_F(ForwarderTest, AnotherCertificateThanTheOffersIsRefused) {
  RemotePeer& talker = add_remote();
  const auto answer = ask(control::Publish{"lesson", id('a'), std::string(kChromiumSendonly), ""});
  talker.set_remote(description(answer), now_);
  connect(talker);
  EXPECT_TRUE(has_event(control::Gone{"lesson", id('a'), GoneReason::refused}));
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
  EXPECT_EQ(note_of('b'), "") << "none was given";
  send_video(talker, 100, kKeyFrame);
  EXPECT_EQ(viewer.packets.size(), 1U);
}

TEST_F(ForwarderTest, ARestartMayBringANoteOfItsOwn) {
  publish('a');
  EXPECT_EQ(note_of('a'), "note");
  control::Restart restart{id('a'), "a=ice-ufrag:newufrag\r\na=ice-pwd:newpasswordnewpassword\r\n"};
  description(ask(restart));
  EXPECT_EQ(note_of('a'), "note");
  restart.note = "another";
  description(ask(restart));
  EXPECT_EQ(note_of('a'), "another");
  EXPECT_EQ(code_of(ask(control::Restart{id('a'), "nonsense", "third"})), ErrorCode::bad_sdp);
  EXPECT_EQ(note_of('a'), "another") << "nothing was restarted";
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
