#include "socketio/translation.hpp"

#include <gtest/gtest.h>

namespace onair::socketio {
namespace {

using protocol::ErrorCode;
using protocol::Refusal;

std::vector<protocol::JsonValue> arguments(const std::string& array) {
  return *protocol::elements_of(array);
}

ClientMessage message_of(const std::string& object) {
  const std::string array = "[" + object + "]";
  return std::get<ClientMessage>(read_message(arguments(array)));
}

std::optional<std::string> translation_of(const std::string& frame) {
  return packet_for(*rooms::SharedFrame::from_wire(frame));
}

std::string room(const std::string& array) {
  return std::get<std::string>(read_enter(arguments(array)));
}

TEST(Translation, ReadsTypeAndAddressee) {
  const ClientMessage offer = message_of(R"({"type":"offer","sendto":"x","sdp":"v=0"})");
  EXPECT_EQ(offer.envelope.type, "offer");
  EXPECT_EQ(offer.envelope.sendto, "x");
  EXPECT_EQ(offer.object, R"({"type":"offer","sendto":"x","sdp":"v=0"})");
  EXPECT_EQ(message_of(R"({"sendto":"a","sendto":"b"})").envelope.sendto, "b");
  EXPECT_EQ(message_of(R"({"send\u0074o":"b"})").envelope.sendto, "b");
}

TEST(Translation, KnowsWhatIsForTheRoom) {
  for (const char* object : {R"({})", R"({"sendto":"_broadcast_all_"})", R"({"sendto":""})",
                             R"({"sendto":null})", R"({"sendto":false})", R"({"sendto":0})",
                             R"({"sendto":-0.0})", R"({"sendto":"x","sendto":null})"}) {
    EXPECT_EQ(message_of(object).envelope.sendto, std::nullopt) << object;
    EXPECT_EQ(message_of(object).object, object);
  }
  for (const char* object : {R"({"sendto":true})", R"({"sendto":7})", R"({"sendto":{}})"}) {
    EXPECT_NE(message_of(object).envelope.sendto, std::nullopt) << object;
  }
}

TEST(Translation, TakesAnyObjectWithoutAKnownType) {
  EXPECT_EQ(message_of(R"({"a":1})").envelope.type, "");
  EXPECT_EQ(message_of(R"({"type":7})").envelope.type, "");
  EXPECT_EQ(message_of(R"({"type":"a","type":7})").envelope.type, "");
  EXPECT_EQ(message_of(R"({"type":")" + std::string(65, 'x') + "\"}").envelope.type, "");
}

TEST(Translation, TakesAwayAClientsOwnFrom) {
  EXPECT_EQ(message_of(R"({"from":"x"})").object, "{}");
  EXPECT_EQ(message_of(R"({"a":1.50,"from":{"b":[]},"c\n":"\u0041"})").object,
            R"({"a":1.50,"c\n":"\u0041"})");
  EXPECT_EQ(message_of(R"({"\u0066rom":"x","from":1,"a":[ ]})").object, R"({"a":[ ]})");
  EXPECT_FALSE(message_of(R"({"from":"x"})").envelope.has_from);
  EXPECT_EQ(message_of(R"({"type":"talk_request","fromName":"x"})").object,
            R"({"type":"talk_request"})");
  EXPECT_EQ(message_of(R"({"type":"talk_request","fromCaps":["forwarded"]})").object,
            R"({"type":"talk_request"})");
}

TEST(Translation, RefusesMessagesThatAreNoObject) {
  for (const char* array : {"[]", R"(["hi"])", "[7]", "[null]", "[[1]]"}) {
    const auto read = read_message(arguments(array));
    ASSERT_TRUE(std::holds_alternative<Refusal>(read)) << array;
    EXPECT_EQ(std::get<Refusal>(read).code, ErrorCode::bad_message);
  }
}

TEST(Translation, ReadsRoomsAsPagesNameThem) {
  EXPECT_EQ(room(R"(["lesson"])"), "lesson");
  EXPECT_EQ(room(R"(["%E6%95%99%E5%AE%A4"])"), "\xe6\x95\x99\xe5\xae\xa4");
  EXPECT_EQ(room("[\"\xe6\x95\x99\"]"), "\xe6\x95\x99");
  EXPECT_EQ(room(R"(["100%"])"), "100%");
  EXPECT_EQ(room(R"(["a%00b"])"), "a%00b");
  EXPECT_EQ(room(R"(["a&b"])"), "a&b");
  for (const char* array : {"[]", R"([""])", "[null]", R"(["_defaultroom"])"}) {
    EXPECT_EQ(room(array), "_defaultroom") << array;
  }
  for (const std::string& array :
       {std::string("[7]"), std::string("[{}]"), std::string(R"(["a\u0000b"])"),
        "[\"" + std::string(129, 'x') + "\"]"}) {
    const auto read = read_enter(arguments(array));
    ASSERT_TRUE(std::holds_alternative<Refusal>(read)) << array;
    EXPECT_EQ(std::get<Refusal>(read).code, ErrorCode::bad_room);
  }
}

TEST(Translation, PassesMessagesOfOthersOnUnchanged) {
  EXPECT_EQ(translation_of(R"({"from":"x","type":"talk_ready"})"),
            R"(42["message",{"from":"x","type":"talk_ready"}])");
  EXPECT_EQ(translation_of(R"( {"from":"x", "a":1} )"), R"(42["message", {"from":"x", "a":1} ])");
  EXPECT_EQ(translation_of(R"({"from":"x","type":"candidate","candidate":"c","sdpMid":"0"})"),
            R"(42["message",{"from":"x","type":"candidate","candidate":"c","sdpMid":"0"}])");
}

TEST(Translation, KeepsTheEndOfCandidatesToItself) {
  EXPECT_EQ(translation_of(R"({"from":"x","type":"candidate","candidate":null})"), std::nullopt);
  EXPECT_NE(translation_of(R"({"from":"x","type":"else","candidate":null})"), std::nullopt);
  EXPECT_NE(
      translation_of(R"({"from":"x","type":"candidate","a":{"candidate":null},"candidate":"c"})"),
      std::nullopt);
}

TEST(Translation, TranslatesTheServersOwnWords) {
  EXPECT_EQ(translation_of(R"({"type":"user_disconnected","id":"x"})"),
            R"(42["user disconnected",{"id":"x"}])");
  EXPECT_EQ(translation_of(R"({"type":"error","code":"room_full","message":"m"})"),
            R"(42["error",{"type":"error","code":"room_full","message":"m"}])");
  for (const char* frame :
       {R"({"type":"audience","watching":1})", R"({"type":"pong","iceServers":[]})",
        R"({"type":"welcome","id":"5f0c","room":"a","resume":"","iceServers":[],"talkers":[]})"}) {
    EXPECT_EQ(translation_of(frame), std::nullopt) << frame;
  }
}

TEST(Translation, TranslatesAFrameOnceForAll) {
  Translator translator;
  const auto frame = rooms::SharedFrame::from_wire(R"({"from":"x","a":1})");
  const rooms::Frame first = translator.packet_for(frame);
  EXPECT_EQ(first->text(), R"(42["message",{"from":"x","a":1}])");
  EXPECT_EQ(translator.packet_for(frame), first);
  const auto other =
      std::make_shared<const rooms::SharedFrame>(R"({"type":"audience","watching":1})");
  EXPECT_EQ(translator.packet_for(other), nullptr);
}

}  // namespace
}  // namespace onair::socketio
