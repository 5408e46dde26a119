#include "sfu/sdp/sdp.hpp"

#include <string>

#include <gtest/gtest.h>

#include "sfu/offers.hpp"
#include "sfu/sdp_support.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

constexpr std::string_view kSmall =
    "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\n";

std::string small_with(std::string_view line) {
  return std::string(kSmall) + std::string(line);
}

std::string small_with_many(std::string_view line, std::size_t count) {
  std::string text(kSmall);
  for (std::size_t i = 0; i < count; ++i) text += replaced(line, "#", std::to_string(i + 1)) + "\n";
  return text;
}

TEST(Sdp, ReadsEveryKnownOffer) {
  for (const std::string_view offer : kOffers) {
    const Sdp sdp = parse(offer);
    EXPECT_GE(sdp.sections.size(), 2u);
    EXPECT_EQ(sdp.bundles.size(), 1u);
    for (const Section& section : sdp.sections) {
      EXPECT_NE(sdp.find_bundle(section.mid), nullptr);
      EXPECT_TRUE(section.in_use());
      EXPECT_EQ(section.transport.fingerprints.size(), 1u);
      if (!section.bundle_only) {
        EXPECT_EQ(section.transport.setup, Setup::actpass);
      }
    }
  }
}

TEST(Sdp, LinesMayEndInEitherWay) {
  const Sdp sdp = parse(replaced(kChromiumRecvonly, "\n", "\r\n"));
  ASSERT_EQ(sdp.sections.size(), 2u);
  EXPECT_EQ(sdp.sections[1].mid, "1");
  EXPECT_EQ(sdp.sections[0].transport.pwd, "Fus4hRjMrpP46HRkXRz+RPdL");
}

TEST(Sdp, ReadsASectionOfChromium) {
  const Section video = parse(kChromiumSendonly).sections[1];
  EXPECT_EQ(video.media, "video");
  EXPECT_EQ(video.direction, Direction::sendonly);
  EXPECT_TRUE(video.rtcp_mux && video.rtcp_rsize);
  ASSERT_NE(video.find_format(102), nullptr);
  EXPECT_EQ(video.find_format(102)->codec, "H264");
  EXPECT_EQ(video.find_rtx_of(102)->payload_type, 103);
  EXPECT_TRUE(video.has_feedback(96, "nack pli"));
  EXPECT_FALSE(video.has_feedback(97, "nack pli"));
  EXPECT_EQ(video.extensions[2].id, 13);
  EXPECT_EQ(video.extensions[2].uri, "urn:3gpp:video-orientation");
  ASSERT_EQ(video.sources.size(), 2u);
  EXPECT_EQ(video.sources[0].cname, "QqJ0iZ8u");
  EXPECT_EQ(video.source_groups[0].semantics, "FID");
  EXPECT_EQ(video.source_groups[0].ssrcs, (std::vector<std::uint32_t>{1166063112, 3457838051}));
}

TEST(Sdp, KeepsCandidatesOfEveryFamilyAsText) {
  const auto candidates = parse(kChromiumRecvonly).sections[0].transport.candidates;
  ASSERT_EQ(candidates.size(), 5u);
  EXPECT_EQ(candidates[0].address, "192.168.92.78");
  EXPECT_EQ(candidates[1].address, "2cf0b2c0-0842-4fe3-aaa0-4556a2dfbadc.local");
  EXPECT_EQ(candidates[2].type, "srflx");
  EXPECT_EQ(candidates[3].address, "2001:db8::5");
  EXPECT_EQ(candidates[4].transport, CandidateTransport::tcp);
  EXPECT_EQ(candidates[4].tcp_type, "active");
}

TEST(Sdp, SkipsCandidatesThatItDoesNotKnow) {
  const Sdp sdp =
      parse(small_with("a=candidate:1 1 sctp 1 192.0.2.1 9 typ host\n"
                       "a=candidate:nonsense\n"
                       "a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\n"));
  EXPECT_EQ(sdp.sections[0].transport.candidates.size(), 1u);
}

TEST(Sdp, WhatTheSessionSaysHoldsForAllSections) {
  const Sdp firefox = parse(kFirefoxRecvonly);
  EXPECT_EQ(firefox.sections[0].transport.fingerprints.size(), 1u);
  EXPECT_EQ(firefox.sections[1].transport.fingerprints.size(), 1u);
  EXPECT_TRUE(firefox.sections[1].bundle_only);
  const Section& audio = firefox.sections[0];
  EXPECT_EQ(audio.extensions[1].direction, Direction::recvonly);
}

TEST(Sdp, ASectionsOwnFingerprintReplacesTheSessions) {
  const std::string own = "a=fingerprint:sha-256 " + replaced(std::string(32, 'a'), "a", "AB:");
  const Sdp sdp = parse(
      replaced(kFirefoxRecvonly, "a=mid:0\n", "a=mid:0\n" + own.substr(0, own.size() - 1) + "\n"));
  ASSERT_EQ(sdp.sections[0].transport.fingerprints.size(), 1u);
  EXPECT_TRUE(text_of(sdp.sections[0].transport.fingerprints[0]).starts_with("sha-256 AB:AB"));
  EXPECT_TRUE(text_of(sdp.sections[1].transport.fingerprints[0]).starts_with("sha-256 7B:8B"));
}

TEST(Sdp, FeedbackMayBeForAllFormats) {
  const Sdp sdp = parse(small_with("a=rtcp-fb:* transport-cc\n"));
  EXPECT_TRUE(sdp.sections[0].has_feedback(111, "transport-cc"));
}

TEST(Sdp, AFingerprintByAnUnsafeHashIsSkipped) {
  const Sdp sdp = parse(small_with("a=fingerprint:sha-1 AA:BB\n"));
  EXPECT_TRUE(sdp.sections[0].transport.fingerprints.empty());
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=fingerprint:sha-256 AA:BB\n"))), "bad_line");
}

TEST(Sdp, ReadsSimulcast) {
  const Section video = parse(kChromiumSimulcast).sections[1];
  EXPECT_TRUE(video.simulcast);
  ASSERT_EQ(video.rids.size(), 3u);
  EXPECT_EQ(video.rids[0].id, "h");
  EXPECT_TRUE(video.rids[0].sent);
}

TEST(Sdp, RefusesByNameWhatIsNoDescription) {
  EXPECT_EQ(error_of(Sdp::parse("")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse("hello")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse("s=-\nv=0\n")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse("v=0\nm=audio\n")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse("v=0\nm=audio 70000 RTP/AVP 0\n")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 128\n")), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=mid:a b\n"))), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=setup:sideways\n"))), "bad_setup");
}

/// Texts of a peer are written into answers: a line must not hide another one.
TEST(Sdp, RefusesControlCharacters) {
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=fmtp:111 x=1\ra=y\n"))), "bad_line");
  EXPECT_EQ(error_of(Sdp::parse(small_with(std::string_view("a=mid:x\0y\n", 10)))), "bad_line");
}

TEST(Sdp, RefusesAMidThatNamesTwoSections) {
  EXPECT_EQ(error_of(Sdp::parse(replaced(kObsSendonly, "a=mid:1", "a=mid:0"))), "bad_line");
}

TEST(Sdp, AnErrorSaysWhichLine) {
  const auto result = Sdp::parse("v=0\ns=-\nnonsense\n");
  EXPECT_TRUE(contains(std::get<SdpError>(result).message, "line 3"));
}

TEST(Sdp, IceTextsHaveTheLengthsOfRfc8839) {
  const auto ufrag = [](std::size_t size) {
    return error_of(Sdp::parse(small_with("a=ice-ufrag:" + std::string(size, 'u') + "\n")));
  };
  EXPECT_EQ(ufrag(3), "no_ice");
  EXPECT_EQ(ufrag(4), "none");
  EXPECT_EQ(ufrag(256), "none");
  EXPECT_EQ(ufrag(257), "no_ice");
  const auto pwd = [](std::size_t size) {
    return error_of(Sdp::parse(small_with("a=ice-pwd:" + std::string(size, 'p') + "\n")));
  };
  EXPECT_EQ(pwd(21), "no_ice");
  EXPECT_EQ(pwd(22), "none");
  EXPECT_EQ(pwd(257), "no_ice");
}

TEST(Sdp, EverythingHasABound) {
  EXPECT_EQ(error_of(Sdp::parse(std::string(kMaxSdp + 1, 'v'))), "too_long");
  EXPECT_EQ(error_of(Sdp::parse(small_with_many("m=audio 9 x 0", kMaxSections - 1))), "none");
  EXPECT_EQ(error_of(Sdp::parse(small_with_many("m=audio 9 x 0", kMaxSections))), "too_many");
  const auto refused = [](std::string_view line, std::size_t most) {
    return error_of(Sdp::parse(small_with_many(line, most))) == "none" &&
           error_of(Sdp::parse(small_with_many(line, most + 1))) == "too_many";
  };
  EXPECT_TRUE(refused("a=rtcp-fb:111 nack", kMaxFeedback));
  EXPECT_TRUE(refused("a=extmap:# urn:x", kMaxExtensionMaps));
  EXPECT_TRUE(refused("a=ssrc:# cname:x", kMaxSources));
  EXPECT_TRUE(refused("a=ssrc-group:FID # 2", kMaxSourceGroups));
  EXPECT_TRUE(refused("a=rid:# send", kMaxRids));
  EXPECT_TRUE(refused("a=candidate:# 1 udp 1 192.0.2.1 9 typ host", kMaxCandidates));
  const std::string long_parameters(kMaxFormatParameters + 1, 'x');
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=fmtp:111 " + long_parameters + "\n"))), "too_long");
  EXPECT_EQ(error_of(Sdp::parse(small_with("a=mid:" + std::string(kMaxMid + 1, 'm') + "\n"))),
            "bad_line");
}

TEST(Candidate, IsReadAsItIsWritten) {
  for (const auto transport : {CandidateTransport::udp, CandidateTransport::tcp}) {
    const Candidate ours = host_candidate(transport, "2001:db8::1", 9100, 1);
    EXPECT_EQ(parse_candidate(to_text(ours)), ours);
  }
}

TEST(Candidate, UdpGoesBeforeTcpAndTheFirstBeforeTheSecond) {
  const auto udp = host_candidate(CandidateTransport::udp, "192.0.2.1", 9100, 0);
  const auto second = host_candidate(CandidateTransport::udp, "192.0.2.2", 9100, 1);
  const auto tcp = host_candidate(CandidateTransport::tcp, "192.0.2.1", 9100, 0);
  EXPECT_EQ(udp.priority, 2'130'706'431u);  // RFC 8445 section 5.1.2.1
  EXPECT_GT(udp.priority, second.priority);
  EXPECT_GT(second.priority, tcp.priority);
  EXPECT_EQ(tcp.tcp_type, "passive");
}

}  // namespace
}  // namespace onair::tests
