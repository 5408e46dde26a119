#include <gtest/gtest.h>

#include "sfu/negotiation_fixture.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

Published publication(Codec codec, std::string_view parameters = "") {
  return {StreamFormat{Codec::opus, "useinbandfec=1"},
          StreamFormat{codec, std::string(parameters)}};
}

/// The preferred payload type of the picture; 0 where it is rejected.
int video_type(std::string_view offer, const Published& published) {
  const Negotiated answer = play(offer, published);
  const AgreedMedia* const video = answer.agreed.find(MediaKind::video);
  return video == nullptr ? 0 : video->formats.front().payload_type;
}

TEST(AnswerSubscriber, UsesTheViewersPayloadTypesAndExtensionIds) {
  const Negotiated answer = play(kFirefoxRecvonly, publication(Codec::vp8));
  const AgreedMedia& audio = *answer.agreed.find(MediaKind::audio);
  EXPECT_EQ(audio.formats.front().payload_type, 109);
  EXPECT_EQ(audio.extensions.audio_level, 1);
  const AgreedMedia& video = *answer.agreed.find(MediaKind::video);
  EXPECT_EQ(video.formats.front().payload_type, 120);
  EXPECT_EQ(video.formats.front().rtx_payload_type, 124);
  EXPECT_EQ(video.extensions.abs_send_time, 4);
  EXPECT_EQ(video.extensions.mid, 3);
  EXPECT_EQ(video.extensions.transport_cc, 0);
  const FeedbackKinds& feedback = video.formats.front().feedback;
  EXPECT_TRUE(feedback.nack && feedback.pli && feedback.fir && feedback.remb);
  EXPECT_FALSE(feedback.transport_cc);
  EXPECT_FALSE(contains(answer.text, "transport-cc"));
  EXPECT_FALSE(contains(answer.text, "transport-wide-cc"));
}

TEST(AnswerSubscriber, NamesOurStreams) {
  const Negotiated answer = play(kChromiumRecvonly, publication(Codec::vp8));
  const Sdp sdp = parse(answer.text);
  const Section& audio = sdp.sections[0];
  EXPECT_EQ(audio.direction, Direction::sendonly);
  EXPECT_EQ(audio.msid, "onair audio");
  ASSERT_EQ(audio.sources.size(), 1u);
  EXPECT_EQ(audio.sources[0].ssrc, 101u);
  EXPECT_EQ(audio.sources[0].cname, "onair");
  const Section& video = sdp.sections[1];
  EXPECT_EQ(video.source_groups[0].ssrcs, (std::vector<std::uint32_t>{201, 202}));
  EXPECT_EQ(video.sources.size(), 2u);
  EXPECT_EQ(answer.agreed.find(MediaKind::video)->sources[0].rtx_ssrc, 202u);
}

TEST(AnswerSubscriber, NamesNoRtxStreamWithoutRtx) {
  std::string offer = replaced(kFirefoxRecvonly, "rtx/90000", "other/90000");
  const Negotiated answer = play(offer, publication(Codec::vp8));
  EXPECT_FALSE(contains(answer.text, "FID"));
  EXPECT_EQ(answer.agreed.find(MediaKind::video)->sources[0].rtx_ssrc, 0u);
}

TEST(AnswerSubscriber, MatchesTheProfileOfH264) {
  const auto type = [](std::string_view parameters) {
    return video_type(kChromiumRecvonly, publication(Codec::h264, parameters));
  };
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=42e01f"), 106);
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=42c015"), 106);
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=42001f"), 102);
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=4d0032"), 127);
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=640028"), 112);
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=640c28"), 112);  // part of high
  EXPECT_EQ(type("packetization-mode=1;profile-level-id=f4001f"), 0);
  EXPECT_EQ(type("packetization-mode=0;profile-level-id=42e01f"), 108);
  EXPECT_EQ(type("packetization-mode=1"), 106);
}

TEST(AnswerSubscriber, FirefoxTakesNoHighProfile) {
  const auto high = publication(Codec::h264, "packetization-mode=1;profile-level-id=64001f");
  EXPECT_EQ(video_type(kFirefoxRecvonly, high), 0);
  const auto baseline = publication(Codec::h264, "packetization-mode=1;profile-level-id=42e01f");
  EXPECT_EQ(video_type(kFirefoxRecvonly, baseline), 126);
}

TEST(AnswerSubscriber, MatchesTheProfileOfVp9AndAv1) {
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::vp9, "profile-id=0")), 98);
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::vp9)), 98);
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::vp9, "profile-id=2")), 100);
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::vp9, "profile-id=1")), 0);
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::av1, "profile=0")), 45);
  EXPECT_EQ(video_type(kChromiumRecvonly, publication(Codec::av1, "profile=1")), 0);
}

/// A WHEP player can't renegotiate: the next talker may send another codec.
TEST(AnswerSubscriber, AcceptsThePlayersOtherCodecsToo) {
  const Negotiated answer = play(kChromiumRecvonly, publication(Codec::vp8));
  const AgreedMedia& video = *answer.agreed.find(MediaKind::video);
  EXPECT_EQ(video.formats.front().stream.codec, Codec::vp8);
  const StreamFormat of_obs{Codec::h264, "packetization-mode=1;profile-level-id=42e01f"};
  const AgreedFormat* const h264 = find_format(video, of_obs);
  ASSERT_NE(h264, nullptr);
  EXPECT_EQ(h264->payload_type, 106);
  EXPECT_EQ(h264->rtx_payload_type, 107);
  EXPECT_TRUE(contains(answer.text, "a=rtpmap:106 H264/90000\r\n"));
  EXPECT_EQ(find_format(video, {Codec::vp9, "profile-id=3"}), nullptr);
  const auto only = expect_value(
      try_play(kChromiumRecvonly, publication(Codec::vp8), {.with_other_codecs = false}));
  EXPECT_EQ(only.agreed.find(MediaKind::video)->formats.size(), 1u);
  EXPECT_TRUE(contains(only.text, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
}

TEST(AnswerSubscriber, RejectsADataChannelInOrder) {
  const Negotiated answer = play(kMediamtxReader, publication(Codec::vp8));
  EXPECT_TRUE(contains(answer.text,
                       "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                       "c=IN IP4 0.0.0.0\r\na=mid:2\r\na=inactive\r\n"));
  EXPECT_TRUE(contains(answer.text, "a=group:BUNDLE 0 1\r\n"));
  EXPECT_EQ(parse(answer.text).sections.size(), 3u);
}

TEST(AnswerSubscriber, RejectsWhatIsNotPublished) {
  Published only_audio = publication(Codec::vp8);
  only_audio[index_of(MediaKind::video)].reset();
  const Negotiated answer = play(kEyevinnRecvonly, only_audio);
  EXPECT_EQ(answer.agreed.find(MediaKind::video), nullptr);
  EXPECT_TRUE(contains(answer.text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
  EXPECT_TRUE(contains(answer.text, "a=group:BUNDLE 1\r\n"));
}

/// RFC 8829 section 5.2.1: what is bundled into another section may leave out what that one says.
TEST(AnswerSubscriber, RtcpMuxIsInTheSectionWithTheTransport) {
  std::string offer(kFirefoxRecvonly);
  offer.replace(offer.rfind("a=rtcp-mux\n"), 11, "");
  EXPECT_TRUE(play(offer, publication(Codec::vp8)).agreed.media[index_of(MediaKind::video)]);
  const auto none =
      try_play(replaced(kFirefoxRecvonly, "a=rtcp-mux", "a=x"), publication(Codec::vp8));
  EXPECT_EQ(error_of(none), "no_rtcp_mux");
}

TEST(AnswerSubscriber, APlayerMayWantOneKindOnly) {
  std::string offer = replaced(kFirefoxRecvonly, "BUNDLE 0 1", "BUNDLE 0");
  offer.resize(offer.find("m=video"));
  EXPECT_TRUE(play(offer, publication(Codec::vp8)).agreed.media[index_of(MediaKind::audio)]);
}

TEST(AnswerSubscriber, GivesTheSoundAloneWhereThePictureSharesNoCodec) {
  const Negotiated answer = play(kFirefoxRecvonly, publication(Codec::av1));
  EXPECT_NE(answer.agreed.find(MediaKind::audio), nullptr);
  EXPECT_EQ(answer.agreed.find(MediaKind::video), nullptr);
}

TEST(AnswerSubscriber, NoSharedCodecHasACodeOfItsOwn) {
  Published published = publication(Codec::av1);
  published[index_of(MediaKind::audio)].reset();
  const auto result = try_play(kFirefoxRecvonly, published);
  EXPECT_EQ(error_of(result), "no_codec");
  EXPECT_EQ(control_code_of(std::get<SdpError>(result).code), control::ErrorCode::no_codec);
  EXPECT_EQ(error_of(try_play(kObsSendonly, publication(Codec::h264))), "no_media");
}

TEST(AnswerSubscriber, SaysThatTwoChannelsCome) {
  Published stereo = publication(Codec::vp8);
  stereo[index_of(MediaKind::audio)]->parameters = "useinbandfec=1;sprop-stereo=1";
  EXPECT_TRUE(contains(play(kChromiumRecvonly, stereo).text,
                       "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1\r\n"));
  EXPECT_TRUE(contains(play(kChromiumRecvonly, publication(Codec::vp8)).text,
                       "a=fmtp:111 minptime=10;useinbandfec=1\r\n"));
}

TEST(AnswerSubscriber, EveryKnownPlayerPlaysEveryKnownBroadcast) {
  for (const std::string_view broadcast : {kChromiumSendonly, kObsSendonly, kGstreamerSendrecv}) {
    for (const std::string_view player :
         {kChromiumRecvonly, kFirefoxRecvonly, kMediamtxReader, kEyevinnRecvonly}) {
      const Negotiated answer = play(player, published(broadcast));
      EXPECT_NE(answer.agreed.find(MediaKind::audio), nullptr);
      EXPECT_NE(answer.agreed.find(MediaKind::video), nullptr);
      EXPECT_EQ(parse(answer.text).sections.size(), parse(player).sections.size());
    }
  }
}

}  // namespace
}  // namespace onair::tests
