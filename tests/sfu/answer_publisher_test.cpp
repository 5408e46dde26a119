#include <gtest/gtest.h>

#include "sfu/negotiation_fixture.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

const AgreedMedia& media_of(const Negotiated& answer, MediaKind kind) {
  return *answer.agreed.find(kind);
}

const AgreedFormat& format_of(const Negotiated& answer, MediaKind kind) {
  return media_of(answer, kind).formats.front();
}

TEST(AnswerPublisher, AgreesWithChromium) {
  const Negotiated answer = publish(kChromiumSendonly);
  const AgreedFormat& audio = format_of(answer, MediaKind::audio);
  EXPECT_EQ(audio.payload_type, 111);
  EXPECT_TRUE(audio.feedback.transport_cc);
  EXPECT_EQ(media_of(answer, MediaKind::audio).extensions.audio_level, 1);
  const AgreedFormat& video = format_of(answer, MediaKind::video);
  EXPECT_EQ(video.stream.codec, Codec::vp8);
  EXPECT_EQ(video.payload_type, 96);
  EXPECT_EQ(video.rtx_payload_type, 97);
  EXPECT_TRUE(video.feedback.nack && video.feedback.pli && video.feedback.fir);
  EXPECT_TRUE(video.feedback.transport_cc);
  EXPECT_FALSE(video.feedback.remb);
  const ExtensionIds& ids = media_of(answer, MediaKind::video).extensions;
  EXPECT_EQ(ids.transport_cc, 3);
  EXPECT_EQ(ids.video_orientation, 13);
  EXPECT_EQ(ids.mid, 4);
  EXPECT_EQ(ids.abs_send_time, 0);
  const auto& sources = media_of(answer, MediaKind::video).sources;
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_EQ(sources[0].ssrc, 1166063112u);
  EXPECT_EQ(sources[0].rtx_ssrc, 3457838051u);
  EXPECT_EQ(answer.agreed.remote.ufrag, "Jpbd");
  EXPECT_FALSE(answer.agreed.begins_dtls);
}

TEST(AnswerPublisher, WritesTheWholeAnswer) {
  EXPECT_EQ(publish(kObsSendonly).text,
            "v=0\r\n"
            "o=- 1 1 IN IP4 127.0.0.1\r\n"
            "s=-\r\n"
            "t=0 0\r\n"
            "a=ice-lite\r\n"
            "a=ice-options:trickle ice2\r\n"
            "a=group:BUNDLE 0 1\r\n"
            "a=msid-semantic:WMS *\r\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
            "c=IN IP4 0.0.0.0\r\n"
            "a=mid:0\r\n"
            "a=recvonly\r\n"
            "a=ice-ufrag:ourufrag\r\n"
            "a=ice-pwd:ourpasswordourpassword\r\n"
            "a=fingerprint:" +
                our_transport().fingerprint +
                "\r\n"
                "a=setup:passive\r\n"
                "a=rtcp-mux\r\n"
                "a=rtpmap:111 opus/48000/2\r\n"
                "a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=96000;stereo=1\r\n"
                "a=candidate:u0 1 udp 2130706431 192.0.2.1 9100 typ host\r\n"
                "a=candidate:u1 1 udp 2130706175 2001:db8::1 9100 typ host\r\n"
                "a=candidate:t0 1 tcp 1526726655 192.0.2.1 9100 typ host tcptype passive\r\n"
                "a=end-of-candidates\r\n"
                "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                "c=IN IP4 0.0.0.0\r\n"
                "a=mid:1\r\n"
                "a=recvonly\r\n"
                "a=ice-ufrag:ourufrag\r\n"
                "a=ice-pwd:ourpasswordourpassword\r\n"
                "a=fingerprint:" +
                our_transport().fingerprint +
                "\r\n"
                "a=setup:passive\r\n"
                "a=rtcp-mux\r\n"
                "a=rtpmap:96 H264/90000\r\n"
                "a=rtcp-fb:96 nack\r\n"
                "a=rtcp-fb:96 nack pli\r\n"
                "a=rtcp-fb:96 goog-remb\r\n"
                "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1;"
                "x-google-start-bitrate=1300\r\n");
}

TEST(AnswerPublisher, GivesObsRembAndNoRtx) {
  const Negotiated answer = publish(kObsSendonly);
  const AgreedFormat& video = format_of(answer, MediaKind::video);
  EXPECT_TRUE(video.feedback.remb && video.feedback.nack);
  EXPECT_FALSE(video.feedback.transport_cc);
  EXPECT_FALSE(video.rtx_payload_type);
  EXPECT_EQ(media_of(answer, MediaKind::video).sources[0].ssrc, 1093423613u);
  EXPECT_TRUE(is_stereo(format_of(answer, MediaKind::audio).stream));
}

TEST(AnswerPublisher, AgreesWithGstreamer) {
  const Negotiated answer = publish(kGstreamerSendrecv);
  const AgreedFormat& video = format_of(answer, MediaKind::video);
  EXPECT_EQ(video.stream.codec, Codec::h264);
  EXPECT_TRUE(video.feedback.transport_cc);
  EXPECT_EQ(video.rtx_payload_type, 97);
  EXPECT_EQ(media_of(answer, MediaKind::video).sources[0].rtx_ssrc, 1234567890u);
  EXPECT_FALSE(contains(answer.text, "sprop-parameter-sets"));
  EXPECT_TRUE(contains(answer.text, "a=group:BUNDLE video0 audio1\r\n"));
  EXPECT_TRUE(contains(answer.text, "m=audio 9 UDP/TLS/RTP/SAVPF 98\r\n"));
  EXPECT_TRUE(contains(answer.text, "a=fmtp:98 stereo=1\r\n"));
  EXPECT_EQ(format_of(answer, MediaKind::audio).payload_type, 98);
}

TEST(AnswerPublisher, TakesTheOfferersOrderAmongTheAllowed) {
  EXPECT_EQ(format_of(publish(kSafariSendonly), MediaKind::video).stream.codec, Codec::h264);
  const auto only_vp8 = expect_value(answer_publisher(parse(kSafariSendonly), our_transport(),
                                                      {.codecs = {Codec::opus, Codec::vp8}}));
  EXPECT_EQ(format_of(only_vp8, MediaKind::video).payload_type, 100);
}

TEST(AnswerPublisher, OfH264TakesWhatAllBrowsersDecode) {
  EXPECT_EQ(format_of(publish(kSafariSendonly), MediaKind::video).stream.parameters,
            "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
  const std::string only_high =
      replaced(kSafariSendonly, "profile-level-id=42e01f", "profile-level-id=640032");
  EXPECT_EQ(format_of(publish(only_high), MediaKind::video).stream.parameters,
            "profile-level-id=640c1f;packetization-mode=1;level-asymmetry-allowed=1");
}

TEST(AnswerPublisher, TakesPacketizationModeOneBeforeZero) {
  const std::string offer =
      replaced(kChromiumSendonly, "SAVPF 96 97 102 103 104 105", "SAVPF 104 105 102 103 96 97");
  EXPECT_EQ(format_of(publish(offer), MediaKind::video).payload_type, 106);
}

TEST(AnswerPublisher, RejectsSectionsThatSendNothingInOrder) {
  std::string offer(kSeveralOfAKind);
  const std::size_t second = offer.find("a=sendonly", offer.find("a=mid:1"));
  const Negotiated answer = publish(offer.replace(second, 10, "a=inactive"));
  const Sdp sdp = parse(answer.text);
  ASSERT_EQ(sdp.sections.size(), 3u);
  EXPECT_TRUE(sdp.sections[0].in_use());
  EXPECT_FALSE(sdp.sections[1].in_use());
  EXPECT_EQ(sdp.sections[1].mid, "1");
  EXPECT_EQ(sdp.sections[1].direction, Direction::inactive);
  EXPECT_TRUE(sdp.sections[2].in_use());
  EXPECT_EQ(sdp.bundles, (std::vector<std::vector<std::string>>{{"0", "2"}}));
}

TEST(AnswerPublisher, SaysNoStartBitrateWithoutOne) {
  const auto answer = expect_value(
      answer_publisher(parse(kChromiumSendonly), our_transport(), {.start_bitrate = 0}));
  EXPECT_FALSE(contains(answer.text, "x-google"));
}

TEST(AnswerPublisher, WhatIsPublishedSaysNothingOfTheStartBitrate) {
  const auto video = published(kChromiumSendonly)[index_of(MediaKind::video)];
  EXPECT_EQ(video->parameters, "");
}

TEST(AnswerPublisher, IsActiveForThoseWhoAreNot) {
  const Negotiated answer = publish(replaced(kObsSendonly, "setup:actpass", "setup:passive"));
  EXPECT_TRUE(answer.agreed.begins_dtls);
  EXPECT_TRUE(contains(answer.text, "a=setup:active\r\n"));
  EXPECT_FALSE(publish(replaced(kObsSendonly, "setup:actpass", "setup:active")).agreed.begins_dtls);
}

TEST(AnswerPublisher, TransportCcNeedsItsExtension) {
  const std::string offer = replaced(kChromiumSendonly, "transport-wide-cc", "other");
  const AgreedFormat video = format_of(publish(offer), MediaKind::video);
  EXPECT_FALSE(video.feedback.transport_cc);
  EXPECT_TRUE(video.feedback.remb);
  EXPECT_EQ(media_of(publish(offer), MediaKind::video).extensions.abs_send_time, 2);
}

TEST(AnswerPublisher, TakesNoExtensionThatNeedsTwoBytesOrFlowsTheOtherWay) {
  const auto orientation = [](std::string_view map) {
    const std::string offer = replaced(kChromiumSendonly, "a=extmap:13 ", map);
    return media_of(publish(offer), MediaKind::video).extensions.video_orientation;
  };
  EXPECT_EQ(orientation("a=extmap:15 "), 0);
  EXPECT_EQ(orientation("a=extmap:12/recvonly "), 0);
  EXPECT_EQ(orientation("a=extmap:12/sendonly "), 12);
  EXPECT_TRUE(
      contains(publish(replaced(kChromiumSendonly, "a=extmap:13 ", "a=extmap:12/sendonly ")).text,
               "a=extmap:12/recvonly urn:3gpp:video-orientation\r\n"));
}

TEST(AnswerPublisher, ABrowserGoesOnWithoutSimulcastAndObsGetsTheReason) {
  EXPECT_FALSE(contains(publish(kChromiumSimulcast).text, "simulcast"));
  EXPECT_TRUE(media_of(publish(kChromiumSimulcast), MediaKind::video).sources.empty());
  EXPECT_EQ(error_of(answer_publisher(parse(kObsSimulcast), our_transport())), "simulcast");
}

/// RFC 8843 section 7.3: when the tagged section is rejected, the next one's transport is in use.
TEST(AnswerPublisher, UsesTheTransportOfWhatItAccepts) {
  const std::string offer = replaced(
      replaced(replaced(kObsSendonly, "opus/48000", "G722/8000"), "m=video 9", "m=video 10"),
      "a=mid:0\na=sendonly", "a=mid:0\na=recvonly");
  std::string other = offer;
  other.replace(other.rfind("Vh4R"), 4, "vide");
  const Negotiated answer = publish(other);
  EXPECT_EQ(answer.agreed.remote.ufrag, "vide");
  EXPECT_TRUE(contains(answer.text, "a=group:BUNDLE 1\r\n"));
  EXPECT_TRUE(parse(answer.text).sections[1].transport.end_of_candidates);
}

TEST(AnswerPublisher, RefusesByNameWhatItCannotAccept) {
  const auto refusal = [](std::string_view offer) {
    return error_of(answer_publisher(parse(offer), our_transport()));
  };
  EXPECT_EQ(refusal(kChromiumRecvonly), "no_media");
  EXPECT_EQ(refusal(kSeveralOfAKind), "too_many") << "one picture would be seen by nobody";
  EXPECT_EQ(refusal(replaced(kObsSendonly, "a=mid:1", "a=mid:1\na=ssrc-group:SIM 1 2 3")),
            "simulcast");
  EXPECT_EQ(refusal(replaced(replaced(kObsSendonly, "H264", "H265"), "opus", "PCMX")), "no_codec");
  EXPECT_EQ(refusal(replaced(kObsSendonly, "H264", "H265")), "no_codec")
      << "not half a broadcast: viewers would hear and not see";
  EXPECT_EQ(refusal(replaced(kObsSendonly, "opus", "PCMX")), "no_codec");
  EXPECT_EQ(refusal(replaced(kObsSendonly, "96", "72")), "no_codec")
      << "with the marker bit it looks like RTCP";
  EXPECT_EQ(refusal(without_line(kObsSendonly, "a=rtcp-mux")), "no_rtcp_mux");
  EXPECT_EQ(refusal(without_line(kObsSendonly, "a=group:BUNDLE 0 1")), "no_bundle");
  EXPECT_EQ(refusal(without_line(kObsSendonly, "a=ice-ufrag:Vh4R")), "no_ice");
  EXPECT_EQ(refusal(replaced(kObsSendonly, "a=fingerprint", "a=other")), "no_fingerprint");
  EXPECT_EQ(refusal(replaced(kObsSendonly, "a=ice-options", "a=ice-lite\na=ice-options")),
            "no_ice");
  EXPECT_EQ(refusal(replaced(kObsSendonly, "UDP/TLS/RTP/SAVPF", "RTP/AVP")), "no_media");
}

TEST(AnswerPublisher, OneSectionNeedsNoBundle) {
  std::string offer = without_line(kObsSendonly, "a=group:BUNDLE 0 1");
  offer.resize(offer.find("m=video"));
  const Negotiated answer = publish(offer);
  EXPECT_FALSE(contains(answer.text, "BUNDLE"));
  EXPECT_TRUE(contains(answer.text, "a=end-of-candidates"));
}

TEST(AnswerPublisher, EveryKnownOfferThatSendsIsAnsweredWithItsSections) {
  for (const std::string_view offer :
       {kChromiumSendonly, kChromiumSimulcast, kSafariSendonly, kObsSendonly, kGstreamerSendrecv}) {
    const Sdp asked = parse(offer);
    const Sdp answered = parse(publish(offer).text);
    ASSERT_EQ(answered.sections.size(), asked.sections.size());
    EXPECT_TRUE(answered.ice_lite);
    for (std::size_t at = 0; at < asked.sections.size(); ++at) {
      EXPECT_EQ(answered.sections[at].mid, asked.sections[at].mid);
      EXPECT_EQ(answered.sections[at].protocol, asked.sections[at].protocol);
    }
  }
}

}  // namespace
}  // namespace onair::tests
