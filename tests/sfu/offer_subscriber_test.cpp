#include <gtest/gtest.h>

#include "sfu/negotiation_fixture.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

SubscriberOffer offer_of(std::string_view broadcast) {
  static const LocalStreams streams = our_streams();
  return offer_subscriber(our_transport(), published(broadcast), streams);
}

/// As a browser answers: what it knows of the offer, with its own transport.
std::string browser_answer(std::string_view offer) {
  std::string answer = replaced(offer, "\r\n", "\n");
  answer = replaced(answer, "a=ice-lite\n", "");
  answer = replaced(answer, "a=ice-ufrag:ourufrag", "a=ice-ufrag:Wxyz");
  answer = replaced(answer, "a=setup:actpass", "a=setup:active");
  return replaced(answer, "a=sendonly", "a=recvonly");
}

SdpResult<Agreed> read(std::string_view answer, const SubscriberOffer& offer) {
  return read_answer(parse(answer), offer);
}

TEST(OfferSubscriber, OffersWhatIsPublished) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  const Sdp sdp = parse(offer.text);
  EXPECT_TRUE(sdp.ice_lite);
  ASSERT_EQ(sdp.sections.size(), 2u);
  EXPECT_EQ(sdp.bundles, (std::vector<std::vector<std::string>>{{"0", "1"}}));
  for (const Section& section : sdp.sections) {
    EXPECT_EQ(section.transport.setup, Setup::actpass);
    EXPECT_EQ(section.direction, Direction::sendonly);
    EXPECT_TRUE(section.rtcp_mux);
  }
  EXPECT_EQ(sdp.sections[0].formats.size(), 1u);
  EXPECT_EQ(sdp.sections[0].formats[0].payload_type, 111);
  EXPECT_EQ(sdp.sections[1].find_format(96)->codec, "VP8");
  EXPECT_EQ(sdp.sections[1].find_rtx_of(96)->payload_type, 97);
  EXPECT_EQ(sdp.sections[0].transport.candidates.size(), 3u);
  EXPECT_TRUE(sdp.sections[0].transport.end_of_candidates);
  EXPECT_TRUE(sdp.sections[1].transport.candidates.empty());
  EXPECT_TRUE(contains(offer.text, "a=ssrc-group:FID 201 202\r\n"));
}

TEST(OfferSubscriber, KeepsTheFormatOfTheBroadcast) {
  const std::string text = offer_of(kObsSendonly).text;
  EXPECT_TRUE(contains(text, "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1\r\n"));
  EXPECT_TRUE(contains(text,
                       "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;"
                       "level-asymmetry-allowed=1\r\n"));
}

TEST(OfferSubscriber, OffersOneKindWhereOneIsPublished) {
  Published published;
  published[index_of(MediaKind::video)] = StreamFormat{Codec::vp9, "profile-id=0"};
  const LocalStreams streams = our_streams();
  const SubscriberOffer offer = offer_subscriber(our_transport(), published, streams);
  EXPECT_EQ(parse(offer.text).sections.size(), 1u);
  EXPECT_TRUE(contains(offer.text, "a=end-of-candidates"));
  EXPECT_TRUE(
      expect_value(read(browser_answer(offer.text), offer)).media[index_of(MediaKind::video)]);
}

TEST(ReadAnswer, TakesWhatABrowserAccepts) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  const Agreed agreed = expect_value(read(browser_answer(offer.text), offer));
  EXPECT_FALSE(agreed.begins_dtls);
  EXPECT_EQ(agreed.remote.ufrag, "Wxyz");
  const AgreedMedia& video = *agreed.find(MediaKind::video);
  EXPECT_EQ(video.formats.front().payload_type, 96);
  EXPECT_EQ(video.formats.front().rtx_payload_type, 97);
  EXPECT_TRUE(video.formats.front().feedback.remb);
  EXPECT_EQ(video.extensions.abs_send_time, 2);
  EXPECT_EQ(video.sources[0].ssrc, 201u);
  EXPECT_EQ(agreed.find(MediaKind::audio)->extensions.audio_level, 1);
}

TEST(ReadAnswer, TakesWhatIsLeftOut) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  std::string answer = replaced(browser_answer(offer.text), "SAVPF 96 97", "SAVPF 96");
  answer = without_line(answer, "a=rtcp-fb:96 goog-remb");
  const Agreed agreed = expect_value(read(answer, offer));
  const AgreedMedia& video = *agreed.find(MediaKind::video);
  EXPECT_FALSE(video.formats.front().rtx_payload_type);
  EXPECT_EQ(video.sources[0].rtx_ssrc, 0u);
  EXPECT_FALSE(video.formats.front().feedback.remb);
  EXPECT_EQ(video.extensions.abs_send_time, 0);
}

TEST(ReadAnswer, OneKindMayBeRejected) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  const std::string answer = replaced(browser_answer(offer.text), "m=video 9", "m=video 0");
  const Agreed agreed = expect_value(read(answer, offer));
  EXPECT_EQ(agreed.find(MediaKind::video), nullptr);
  EXPECT_NE(agreed.find(MediaKind::audio), nullptr);
  EXPECT_EQ(error_of(read(replaced(answer, "m=audio 9", "m=audio 0"), offer)), "no_codec");
}

TEST(ReadAnswer, BeginsDtlsWithAPassiveViewer) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  const std::string answer = browser_answer(offer.text);
  EXPECT_TRUE(
      expect_value(read(replaced(answer, "setup:active", "setup:passive"), offer)).begins_dtls);
  EXPECT_EQ(error_of(read(replaced(answer, "setup:active", "setup:actpass"), offer)), "bad_setup");
}

TEST(ReadAnswer, RefusesAnAnswerToAnotherOffer) {
  const SubscriberOffer offer = offer_of(kChromiumSendonly);
  const std::string answer = browser_answer(offer.text);
  EXPECT_EQ(error_of(read(replaced(answer, "a=mid:1", "a=mid:7"), offer)), "not_our_offer");
  std::string half = answer;
  half.resize(half.find("m=video"));
  EXPECT_EQ(error_of(read(half, offer)), "not_our_offer");
  EXPECT_EQ(error_of(read(without_line(answer, "a=group:BUNDLE 0 1"), offer)), "no_bundle");
}

}  // namespace
}  // namespace onair::tests
