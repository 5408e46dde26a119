#include "protocol/envelope.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "support/agreement.hpp"
#include "support/fixtures.hpp"

namespace onair::protocol {
namespace {

std::string code_of_envelope(std::string_view frame) {
  const auto scanned = scan_envelope(frame);
  const auto* refusal = std::get_if<Refusal>(&scanned);
  return refusal == nullptr ? "accepted" : std::string(name_of(refusal->code));
}

Envelope envelope_of(std::string_view frame) {
  const auto scanned = scan_envelope(frame);
  if (const auto* refusal = std::get_if<Refusal>(&scanned)) {
    ADD_FAILURE() << frame << ": " << refusal->message;
    return {};
  }
  return std::get<Envelope>(scanned);
}

TEST(Envelope, ReadsTypeAndSendto) {
  const Envelope directed =
      envelope_of(R"( {"sdp":"v=0 \"type\":1","sendto":"5f","type":"offer"} )");
  EXPECT_EQ(directed.type, "offer");
  EXPECT_EQ(directed.sendto, "5f");
  EXPECT_FALSE(directed.has_from);
  EXPECT_EQ(envelope_of(R"({"type":"wave","sendto":null})").sendto, std::nullopt);
}

TEST(Envelope, LooksAtTheOutermostObjectAlone) {
  const Envelope envelope =
      envelope_of(R"({"x":{"from":"y","type":"z","sendto":"w"},"type":"wave","l":[{"from":1}]})");
  EXPECT_EQ(envelope.type, "wave");
  EXPECT_EQ(envelope.sendto, std::nullopt);
  EXPECT_FALSE(envelope.has_from);
}

TEST(Envelope, SeesAFromHoweverItIsWritten) {
  EXPECT_TRUE(envelope_of(R"({"type":"wave","from":"x"})").has_from);
  EXPECT_TRUE(envelope_of(R"({"type":"wave","fr\u006fm":"x"})").has_from);
  EXPECT_TRUE(envelope_of(R"({"from":null,"type":"wave"})").has_from);
  EXPECT_FALSE(envelope_of(R"({"type":"wave","from ":1})").has_from);
  EXPECT_TRUE(envelope_of(R"({"type":"talk_request","fromName":"Hanako"})").has_from);
  EXPECT_TRUE(envelope_of(R"({"type":"talk_request","from\u004eame":"Hanako"})").has_from);
}

TEST(Envelope, TheLastOfTwoEqualKeysCounts) {
  EXPECT_EQ(envelope_of(R"({"type":"a","type":"b"})").type, "b");
  EXPECT_EQ(envelope_of(R"({"type":"a","sendto":"x","sendto":null})").sendto, std::nullopt);
  EXPECT_EQ(code_of_envelope(R"({"type":"a","type":7})"), "bad_message");
}

TEST(Envelope, UnescapesWhatItReads) {
  EXPECT_EQ(envelope_of(R"({"ty\u0070e":"\u0077ave","sendto":"\ud83d\ude00\n"})").type, "wave");
  EXPECT_EQ(envelope_of(R"({"type":"w","sendto":"\ud83d\ude00\n"})").sendto, "\U0001F600\n");
}

TEST(Envelope, RefusesWhatIsNotJson) {
  for (const char* frame : {"",
                            "{",
                            "[]",
                            "7",
                            "{}x",
                            R"({"type":"a",})",
                            R"({"type":"a" "b":1})",
                            R"({type:"a"})",
                            R"({"type":"a)",
                            R"({"type":"a","x":01})",
                            R"({"type":"a","x":1.})",
                            R"({"type":"a","x":.1})",
                            R"({"type":"a","x":1e})",
                            R"({"type":"a","x":-})",
                            R"({"type":"a","x":+1})",
                            R"({"type":"a","x":1e999})",
                            R"({"type":"a","x":nul})",
                            R"({"type":"a","x":[1,]})",
                            R"({"type":"a","x":[1})",
                            R"({"type":"a","x":{"y"}})",
                            R"({"type":"a","x":{"y":}})",
                            R"({"type":"a","x":"\x"})",
                            R"({"type":"a","x":"\u12g4"})",
                            R"({"type":"a","x":"\ud800"})",
                            R"({"type":"a","x":"\udc00"})",
                            "{\"type\":\"a\",\"x\":\"\n\"}",
                            "\xef\xbb\xbf{\"type\":\"a\"}"}) {
    EXPECT_EQ(code_of_envelope(frame), "bad_json") << frame;
  }
  EXPECT_EQ(code_of_envelope(std::string_view("{\"type\":\"a\"}\0", 13)), "bad_json");
  EXPECT_EQ(code_of_envelope(std::string(kMaxFrameBytes, '[')), "bad_json");
}

TEST(Envelope, AgreesWithTheCodecOnEveryFrameOfTheProtocolAndOnWhatIsLikeThem) {
  std::minstd_rand random(1);  // NOLINT(cert-msc51-cpp): the same run each time
  const std::string alphabet = "{}[]\",:\\/bu0d8n1e+-. \n\x01trfalse\xc3";
  for (const tests::Fixture& fixture : tests::protocol_fixtures()) {
    EXPECT_EQ(tests::disagreement(fixture.frame), "") << fixture.frame;
    for (int i = 0; i < 500; ++i) {
      std::string mutated = fixture.frame;
      for (std::uint32_t changes = 1 + random() % 3; changes > 0 && !mutated.empty(); --changes) {
        const std::size_t at = random() % mutated.size();
        const char c = alphabet[random() % alphabet.size()];
        if (random() % 3 == 0) {
          mutated.erase(at, 1 + random() % 4);
        } else if (random() % 2 == 0) {
          mutated.insert(at, 1, c);
        } else {
          mutated[at] = c;
        }
      }
      ASSERT_EQ(tests::disagreement(mutated), "") << mutated;
    }
  }
}

std::string stamped(std::string_view frame, std::string_view from) {
  std::string result;
  append_stamped(result, frame, from);
  return result;
}

TEST(AppendStamped, PutsTheSenderIntoTheFrameAndLeavesTheRestAsItIs) {
  const std::string frame = "  { \"type\":\"wave\",\"n\":1.50,\"x\":{\"from\":\"y\"}}";
  EXPECT_EQ(stamped(frame, "5f0c"),
            "  {\"from\":\"5f0c\", \"type\":\"wave\",\"n\":1.50,\"x\":{\"from\":\"y\"}}");
}

TEST(AppendStamped, GivesAFrameThatDecodesWithTheSender) {
  for (const tests::Fixture& fixture : tests::protocol_fixtures()) {
    if (!fixture.refused_with.empty()) continue;
    Message expected = std::get<Message>(decode(fixture.frame));
    if (expected.from) continue;
    expected.from = "77aa";
    EXPECT_EQ(std::get<Message>(decode(stamped(fixture.frame, "77aa"))), expected) << fixture.frame;
  }
}

}  // namespace
}  // namespace onair::protocol
