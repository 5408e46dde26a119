#include "protocol/room_name.hpp"

#include <cstdio>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

std::string room(std::string_view query) {
  const auto room = room_of_query(query);
  const auto* refusal = std::get_if<Refusal>(&room);
  return refusal == nullptr ? std::get<std::string>(room) : "refused: " + refusal->message;
}

TEST(RoomOfQuery, IsTheDefaultRoomWithoutAName) {
  EXPECT_EQ(room(""), "_defaultroom");
  EXPECT_EQ(room("?"), "_defaultroom");
  EXPECT_EQ(room("?&embed"), "_defaultroom");
}

TEST(RoomOfQuery, IsWhatFollowsTheQuestionMark) {
  EXPECT_EQ(room("?lesson"), "lesson");
  EXPECT_EQ(room("lesson"), "lesson");
  EXPECT_EQ(room("?lesson&embed"), "lesson");
  EXPECT_EQ(room("?embed&embed"), "embed");
  EXPECT_EQ(room("?a=b"), "a=b");
  EXPECT_EQ(room("?a+b"), "a+b");
}

TEST(RoomOfQuery, NoNameMeansSomethingElse) {
  for (const std::string name :
       {"embed",     "_defaultroom", ".",         "..",          "/",        "%2F",
        "%",         "talk",         "watch",     "talk.html",   "ws",       "&",
        "&embed",    "embed&embed",  "?",         "#",           "#token=x", "=",
        "+",         "a b",          "__proto__", "constructor", "null",     "undefined",
        "http://a/", "_check 1"}) {
    std::string query = "?";
    for (const char byte : name) {
      char encoded[4];
      std::snprintf(encoded, sizeof encoded, "%%%02X", static_cast<unsigned char>(byte));
      query += encoded;
    }
    EXPECT_EQ(room(query), name);
  }
  for (const std::string name : {"embed", "_defaultroom", ".", "..", "talk", "watch", "ws"}) {
    EXPECT_EQ(room("?" + name), name) << "typed into the address";
  }
}

TEST(RoomOfQuery, DecodesPercentEncodedUtf8) {
  EXPECT_EQ(room("?%E6%95%99%E5%AE%A4%201"), "教室 1");
  EXPECT_EQ(room("?%26%3f"), "&?");
}

TEST(RoomOfQuery, RefusesWhatIsNoName) {
  EXPECT_EQ(room("?%"), "refused: The room name has a % without two hexadecimal digits.");
  EXPECT_EQ(room("?a%2"), "refused: The room name has a % without two hexadecimal digits.");
  EXPECT_EQ(room("?%zz"), "refused: The room name has a % without two hexadecimal digits.");
  EXPECT_EQ(room("?%-1"), "refused: The room name has a % without two hexadecimal digits.");
  EXPECT_EQ(room("?%ff"), "refused: The room name must be UTF-8.");
  EXPECT_EQ(room("?%ed%a0%80"), "refused: The room name must be UTF-8.");  // a surrogate
  EXPECT_EQ(room("?a%00b"), "refused: The room name must not have control characters.");
  EXPECT_EQ(room("?a%7f"), "refused: The room name must not have control characters.");
  for (const char* hidden : {"%C2%9B", "%E2%80%AE", "%E2%81%A6", "%E2%80%8F", "%E2%80%A8"}) {
    EXPECT_EQ(room("?a" + std::string(hidden)),
              "refused: The room name must not have control characters.")
        << hidden;
  }
}

TEST(RoomOfQuery, CountsBytesAfterDecoding) {
  EXPECT_EQ(room("?" + std::string(kMaxRoomNameBytes, 'a')), std::string(kMaxRoomNameBytes, 'a'));
  EXPECT_EQ(room("?" + std::string(kMaxRoomNameBytes + 1, 'a')),
            "refused: The room name must have at most 128 bytes.");
  std::string encoded = "?";
  for (std::size_t i = 0; i < kMaxRoomNameBytes; ++i) encoded += "%61";
  EXPECT_EQ(room(encoded), std::string(kMaxRoomNameBytes, 'a'));
}

}  // namespace
}  // namespace onair::protocol
