#include "sfu/negotiation/ice_fragment.hpp"

#include <gtest/gtest.h>

#include "sfu/negotiation_fixture.hpp"

namespace onair::tests {
namespace {

using namespace sfu;

/// As MediaMTX's reader writes it.
constexpr std::string_view kTrickle =
    "a=ice-ufrag:Jpbd\r\n"
    "a=ice-pwd:Fus4hRjMrpP46HRkXRz+RPdL\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
    "a=mid:0\r\n"
    "a=candidate:1160438246 1 udp 2122260223 192.168.92.78 52133 typ host generation 0\r\n"
    "a=candidate:195632406 1 tcp 1518280447 192.168.92.78 9 typ host tcptype active\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:1\r\n"
    "a=end-of-candidates\r\n";

RemoteTransport known_peer() {
  RemoteTransport known;
  known.ufrag = "Jpbd";
  known.pwd = "Fus4hRjMrpP46HRkXRz+RPdL";
  return known;
}

std::string kind_name(std::string_view text) {
  const auto kind = kind_of(expect_value(IceFragment::parse(text)), known_peer());
  if (std::holds_alternative<SdpError>(kind)) return error_of(kind);
  return std::get<FragmentKind>(kind) == FragmentKind::restart ? "restart" : "trickle";
}

TEST(IceFragment, ReadsCandidatesOfAllSections) {
  const auto fragment = expect_value(IceFragment::parse(kTrickle));
  EXPECT_EQ(fragment.ufrag, "Jpbd");
  EXPECT_EQ(fragment.candidates.size(), 2u);
  EXPECT_TRUE(fragment.end_of_candidates);
}

TEST(IceFragment, ARestartHasANewUfragAndPassword) {
  EXPECT_EQ(kind_name(kTrickle), "trickle");
  EXPECT_EQ(kind_name("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n"), "trickle");
  EXPECT_EQ(kind_name(""), "trickle");
  EXPECT_EQ(kind_name("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"), "restart");
  EXPECT_EQ(kind_name("a=ice-ufrag:Jpbd\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"), "restart");
  EXPECT_EQ(kind_name("a=ice-ufrag:EsAw\r\n"), "no_ice");
  EXPECT_EQ(kind_name("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"), "no_ice");
}

TEST(IceFragment, RefusesByNameWhatIsNone) {
  EXPECT_EQ(error_of(IceFragment::parse("{\"candidate\":1}")), "bad_line");
  EXPECT_EQ(error_of(IceFragment::parse("a=ice-ufrag:x\n")), "no_ice");
  EXPECT_EQ(error_of(IceFragment::parse(std::string(kMaxSdp + 1, 'a'))), "too_long");
  std::string many;
  for (std::size_t at = 0; at <= kMaxCandidates; ++at) {
    many += "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n";
  }
  EXPECT_EQ(error_of(IceFragment::parse(many)), "too_many");
}

TEST(IceFragment, ARestartIsAnsweredByAllCandidates) {
  const Negotiated peer = publish(kObsSendonly);
  const std::string text = restart_answer(our_transport(), peer.agreed);
  EXPECT_TRUE(text.starts_with("a=ice-lite\r\n"));
  EXPECT_TRUE(
      contains(text, "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"));
  const auto fragment = expect_value(IceFragment::parse(text));
  EXPECT_EQ(fragment.ufrag, "ourufrag");
  EXPECT_EQ(fragment.candidates, our_transport().candidates);
  EXPECT_TRUE(fragment.end_of_candidates);
}

}  // namespace
}  // namespace onair::tests
