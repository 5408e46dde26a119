#include "protocol/codec.hpp"

#include <set>
#include <string>
#include <variant>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "protocol/envelope.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "support/fixtures.hpp"

namespace onair::protocol {
namespace {

using nlohmann::json;
using tests::Fixture;
using tests::protocol_fixtures;

std::string code_of_refusal(std::string_view frame) {
  const Decoded decoded = decode(frame);
  const auto* refusal = std::get_if<Refusal>(&decoded);
  return refusal == nullptr ? "accepted" : std::string(name_of(refusal->code));
}

Message decoded(std::string_view frame) {
  const Decoded decoded = decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) {
    ADD_FAILURE() << frame << ": " << refusal->message;
    return {Unknown{"refused"}, {}, {}};
  }
  return std::get<Message>(decoded);
}

TEST(Codec, AcceptsAndWritesAgainEveryFrameThatTheProtocolShows) {
  std::set<std::string> seen;
  for (const Fixture& fixture : protocol_fixtures()) {
    if (!fixture.refused_with.empty()) continue;
    const Message message = decoded(fixture.frame);
    seen.insert(std::string(type_of(message.body)));
    EXPECT_EQ(decoded(encode(message)), message) << fixture.frame;
    EXPECT_EQ(json::parse(encode(message)), json::parse(fixture.frame)) << fixture.frame;
  }
  const std::set<std::string> kinds = {"enter",
                                       "welcome",
                                       "talk_ready",
                                       "talk_request",
                                       "talk_declined",
                                       "offer",
                                       "answer",
                                       "candidate",
                                       "bye",
                                       "end_talk",
                                       "user_disconnected",
                                       "audience",
                                       "error",
                                       "wave",
                                       "ping",
                                       "pong",
                                       "lock_room",
                                       "remove_peer",
                                       "end_room",
                                       "players",
                                       "use_forwarder",
                                       "invite_watchers",
                                       "watching_via",
                                       "chat_messages",
                                       "reception",
                                       "audience_reception"};
  EXPECT_EQ(seen, kinds) << "PROTOCOL.md shows every kind";
}

TEST(Codec, RefusesEveryFrameThatTheProtocolRefuses) {
  int refused = 0;
  for (const Fixture& fixture : protocol_fixtures()) {
    if (fixture.refused_with.empty()) continue;
    EXPECT_EQ(code_of_refusal(fixture.frame), fixture.refused_with) << fixture.frame;
    ++refused;
  }
  EXPECT_GT(refused, 30);
}

TEST(Codec, ARefusalNamesTheField) {
  const Decoded decoded = decode(R"({"type":"offer","sendto":"a","sdp":7})");
  ASSERT_TRUE(std::holds_alternative<Refusal>(decoded));
  EXPECT_EQ(std::get<Refusal>(decoded).message, "`sdp` must be a string");
}

TEST(Codec, RefusesInvalidUtf8) {
  EXPECT_EQ(code_of_refusal("{\"type\":\"wave\",\"text\":\"\xff\"}"), "bad_json");
  EXPECT_EQ(code_of_refusal("{\"type\":\"wave\",\"text\":\"\xc0\xaf\"}"), "bad_json");
}

TEST(Codec, RefusesWhatOtherJsonParsersRefuse) {
  EXPECT_EQ(code_of_refusal("\xef\xbb\xbf{\"type\":\"wave\"}"), "bad_json");
  EXPECT_EQ(code_of_refusal(std::string_view("{\"type\":\"wave\"}\0x", 17)), "bad_json");
}

TEST(Codec, RefusesEmptyAndDeeplyNestedFrames) {
  EXPECT_EQ(code_of_refusal(""), "bad_json");
  EXPECT_EQ(code_of_refusal(std::string(kMaxFrameBytes, '[')), "bad_json");
  const std::string deep(20'000, '[');
  const std::string end(20'000, ']');
  EXPECT_EQ(code_of_refusal(R"({"type":"wave","deep":)" + deep + end + "}"), "accepted");
}

TEST(Codec, LooksIntoNoFieldsOfOtherNames) {
  std::string wide = "[";
  for (int i = 0; i < 10'000; ++i) wide += "[],";
  wide += "1]";
  const Message lock =
      decoded(R"({"a":)" + wide + R"(,"type":"lock_room","locked":true,"b":{"locked":false}})");
  EXPECT_EQ(lock.body, Body(LockRoom{true}));
  EXPECT_EQ(code_of_refusal(R"({"type":"lock_room","locked":)" + wide + "}"), "bad_message");
}

TEST(Codec, BuildsNoDeepTrees) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)).is_array());
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth + 1)).is_discarded());
  EXPECT_TRUE(parse_json(R"({"a":[1,"x",null]})").is_object());
  for (const char* text : {"", "[", "[]x", "{\"a\":}", "\"\xff\""}) {
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
}

TEST(Codec, TheLastOfTwoEqualKeysCountsAsInEveryJsonParser) {
  EXPECT_EQ(decoded(R"({"type":"offer","type":"bye"})").body, Body(Bye{}));
}

TEST(Codec, WritesReplacementCharactersForBytesThatAreNotUtf8) {
  const std::string frame = encode({Error{"bad_json", "\xff"}, {}, {}});
  EXPECT_EQ(std::get<Error>(decoded(frame).body).message, "\xef\xbf\xbd");
}

TEST(Codec, TakesASingleUrlOfAnIceServer) {
  const Message message =
      decoded(R"({"type":"welcome","id":"a","room":"r","resume":"","talkers":[],)"
              R"("iceServers":[{"urls":"stun:s"}]})");
  const std::vector<IceServer> one = {{{"stun:s"}, std::nullopt, std::nullopt}};
  EXPECT_EQ(std::get<Welcome>(message.body).ice_servers, one);
}

TEST(ErrorCodes, TheProtocolListsEachWithItsCloseCode) {
  std::string text = tests::protocol_text();
  text.erase(0, text.find("## 6. Errors"));
  for (const ErrorCode code : kAllErrorCodes) {
    const auto row = text.find("| `" + std::string(name_of(code)) + "` | ");
    ASSERT_NE(row, std::string::npos) << name_of(code);
    const std::string line = text.substr(row, text.find('\n', row) - row);
    const auto close = close_code_of(code);
    const std::string end =
        close ? " | " + std::to_string(static_cast<int>(*close)) + " |" : ". | |";
    EXPECT_TRUE(line.ends_with(end)) << line;
  }
}

TEST(Codec, PutsInTheNameOfTheSender) {
  const std::string named = with_sender(R"( { "type":"talk_request"})", "Hana\"ko", {});
  EXPECT_EQ(std::get<Message>(decode(named)).body, Body(TalkRequest{{}, "Hana\"ko"})) << named;
  EXPECT_TRUE(std::get<Envelope>(scan_envelope(named)).has_from);
  EXPECT_EQ(with_sender("{}", "a", {}), R"({"fromName":"a"})");
  EXPECT_EQ(with_sender("{}", {}, {}), "{}");
}

TEST(Codec, PutsInTheCapabilitiesOfTheSender) {
  const std::string able = with_sender(R"({"type":"talk_request"})", {}, {"forwarded", "x"});
  EXPECT_EQ(std::get<Message>(decode(able)).body, Body(TalkRequest{{}, {}, {"forwarded", "x"}}));
  EXPECT_TRUE(std::get<Envelope>(scan_envelope(able)).has_from) << "no client may say it itself";
}

}  // namespace
}  // namespace onair::protocol
