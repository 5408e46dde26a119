// Speech and music: how the microphone is asked for, and how its sound is negotiated.
#include <gtest/gtest.h>

#include "session/opus.hpp"
#include "session/talk/talk_session.hpp"
#include "session/watch/watch_session.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kSdp =
    "v=0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
    "a=rtpmap:96 VP8/90000\r\n";

TEST(Opus, StereoIsAnnouncedByTheOfferAndAskedForByTheAnswer) {
  EXPECT_FALSE(announces_stereo(kSdp));
  const std::string offer = announcing_stereo(kSdp);
  EXPECT_NE(offer.find("a=fmtp:111 minptime=10;useinbandfec=1;sprop-stereo=1\r\n"), offer.npos);
  EXPECT_TRUE(announces_stereo(offer));
  EXPECT_EQ(announcing_stereo(offer), offer);
  const std::string answer = receiving_stereo(kSdp);
  EXPECT_NE(answer.find("useinbandfec=1;stereo=1\r\n"), answer.npos);
  EXPECT_FALSE(announces_stereo(answer)) << "that is another parameter";
}

TEST(Opus, TheTalkerSendsMusicAlsoToAViewerThatDidNotAsk) {
  const std::string asked = sending_music(receiving_stereo(kSdp));
  EXPECT_NE(asked.find("useinbandfec=1;stereo=1;maxaveragebitrate=128000\r\n"), asked.npos);
  EXPECT_EQ(sending_music(kSdp), asked);
  EXPECT_EQ(sending_music(asked), asked);
}

TEST(Opus, LeavesAloneWhatIsNoSdpAndWhatHasNoOpus) {
  for (const std::string text :
       {"", "offer", "m=audio ", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n",
        "m=audio 9 X 111\na=rtpmap:"}) {
    EXPECT_EQ(announcing_stereo(text), text);
    EXPECT_EQ(sending_music(text), text);
    EXPECT_FALSE(announces_stereo(text));
  }
}

class Music : public testing::Test {
 protected:
  void go_on_air(SoundMode sound) {
    talk.feed(MediaChosen{{"", "", PictureSize::standard, sound}});
    talk.join();
    talk.feed(StartRequested{MediaSource::camera});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  void choose(SoundMode sound) { talk.feed(MediaChosen{{"", "", PictureSize::standard, sound}}); }
  std::string offered() const {
    return std::get<protocol::Offer>(talk.all<SendMessage>().at(0).message.body).sdp;
  }
  ConnectionKey negotiate() {
    talk.receive(protocol::TalkRequest{}, "v");
    const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
    talk.feed(LocalDescriptionMade{key, kSdp});
    talk.receive(protocol::Answer{kSdp, key.generation}, "v");
    talk.feed(RemoteDescriptionApplied{key});
    talk.feed(TransportChanged{key, TransportState::connected});
    return key;
  }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(TalkOptions{"lesson"})};
};

TEST_F(Music, IsOfferedInStereoAndSentWithMoreBits) {
  go_on_air(SoundMode::music);
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(LocalDescriptionMade{key, kSdp});
  EXPECT_TRUE(announces_stereo(offered()));
  talk.receive(protocol::Answer{kSdp, key.generation}, "v");
  const std::string applied = talk.all<ApplyRemoteDescription>().at(0).sdp;
  EXPECT_NE(applied.find("stereo=1;maxaveragebitrate=128000"), applied.npos);
}

TEST_F(Music, SpeechIsNegotiatedAsEver) {
  go_on_air(SoundMode::speech);
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(LocalDescriptionMade{key, kSdp});
  EXPECT_EQ(offered(), kSdp);
  talk.receive(protocol::Answer{kSdp, key.generation}, "v");
  const std::string applied = talk.all<ApplyRemoteDescription>().at(0).sdp;
  EXPECT_EQ(applied.find("stereo"), applied.npos);
}

TEST_F(Music, ASwitchOnAirAsksForTheMicrophoneAloneAndOffersAnew) {
  go_on_air(SoundMode::speech);
  const ConnectionKey key = negotiate();
  choose(SoundMode::music);
  const auto asked = talk.all<AcquireMedia>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_TRUE(asked[0].microphone && !asked[0].picture);
  EXPECT_EQ(asked[0].choice.sound, SoundMode::music);
  EXPECT_TRUE(talk.all<MakeLocalDescription>().empty()) << "speech is still sent";
  talk.feed(MediaReady{2});
  EXPECT_EQ(talk.all<ReplaceTracks>().at(0).key, key);
  EXPECT_EQ(talk.all<MakeLocalDescription>().at(0).key, key);
  talk.feed(LocalDescriptionMade{key, kSdp});
  EXPECT_TRUE(announces_stereo(offered()));
  talk.receive(protocol::Answer{kSdp, key.generation}, "v");
  talk.feed(RemoteDescriptionApplied{key});
  EXPECT_TRUE(talk.all<MakeLocalDescription>().empty()) << "once is enough";
  choose(SoundMode::speech);
  talk.feed(MediaReady{3});
  talk.feed(LocalDescriptionMade{key, kSdp});
  EXPECT_EQ(offered(), kSdp);
}

TEST_F(Music, ASwitchDuringANegotiationIsMadeGoodAfterIt) {
  go_on_air(SoundMode::speech);
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(LocalDescriptionMade{key, kSdp});
  choose(SoundMode::music);
  talk.feed(MediaReady{2});
  EXPECT_TRUE(talk.all<MakeLocalDescription>().empty());
  talk.receive(protocol::Answer{kSdp, key.generation}, "v");
  talk.feed(RemoteDescriptionApplied{key});
  talk.feed(TransportChanged{key, TransportState::connected});
  EXPECT_EQ(talk.all<MakeLocalDescription>().at(0).key, key);
}

TEST_F(Music, AMicrophoneThatCantDoItStaysWithSpeech) {
  go_on_air(SoundMode::speech);
  choose(SoundMode::music);
  talk.feed(MediaFailed{2, Notice::media_failed});
  EXPECT_EQ(talk.session.view().choice.sound, SoundMode::speech);
  EXPECT_EQ(talk.session.view().notice, Notice::switch_failed);
}

TEST(MusicOfAViewer, StereoIsAskedForWhereItIsAnnounced) {
  tests::Stepper<WatchSession, WatchInput, WatchOutput> watch{WatchSession(WatchOptions{"lesson"})};
  watch.join({"t"});
  const ConnectionKey key = watch.all<CreateConnection>().at(0).key;
  for (const bool stereo : {false, true, false}) {
    const std::string sdp = stereo ? announcing_stereo(kSdp) : kSdp;
    watch.receive(protocol::Offer{sdp, 7}, "t");
    watch.feed(RemoteDescriptionApplied{key});
    EXPECT_EQ(watch.all<MakeLocalDescription>().at(0).stereo, stereo);
    watch.feed(LocalDescriptionMade{key, kSdp});
    EXPECT_EQ(watch.sent(), Lines{"answer to t"});
  }
}

}  // namespace
}  // namespace onair::session
