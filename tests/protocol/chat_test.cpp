#include "protocol/chat.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

TEST(ChatCodec, WhatIsWrittenIsReadAsItWas) {
  const ChatMessage messages[] = {
      ChatSay{"Aki", "こんにちは\n\"<b>\""},
      ChatSay{"", "numbered", 4'294'967'295},
      ChatBegin{true},
      ChatLine{7, "", "hello", true, false},
      ChatLine{8, "Bo", "hi", false, true},
      ChatLine{9, "Bo", "numbered", false, true, 5},
      ChatRemoved{7},
      ChatMuted{false},
      ChatRefused{ChatRefused::Reason::too_fast},
      ChatRefused{ChatRefused::Reason::too_long},
      ChatRefused{ChatRefused::Reason::muted},
      ChatRefused{ChatRefused::Reason::muted, 5},
      ChatMedia{Sent::live, Sent::none},
      ChatMedia{Sent::interrupted, Sent::live},
  };
  for (const ChatMessage& message : messages) {
    EXPECT_EQ(decode_chat(encode_chat(message)), message) << encode_chat(message);
  }
}

TEST(ChatCodec, WhatIsNoChatMessageIsNothing) {
  for (const char* frame :
       {"", "x", "[]", "{}", "\"say\"", R"({"type":"say"})", R"({"type":"say","text":5})",
        R"({"type":"line","text":"no id"})", R"({"type":"line","id":-1,"text":"x"})",
        R"({"type":"line","id":4294967296,"text":"x"})", R"({"type":"line","id":1,"text":""})",
        R"({"type":"removed"})", R"({"type":"refused","reason":"mood"})", R"({"type":"else"})",
        R"({"type":"media","picture":"live"})", R"({"type":"media","picture":"live","sound":1})",
        R"({"type":"media","picture":"blue","sound":"live"})"}) {
    EXPECT_EQ(decode_chat(frame), std::nullopt) << frame;
  }
  EXPECT_EQ(decode_chat(R"({"type":"say","text":")" + std::string(kMaxTextBytes, 'x') + "\"}"),
            std::nullopt);
  EXPECT_EQ(decode_chat("{\"type\":\"say\",\"text\":\"\xff\"}"), std::nullopt) << "not UTF-8";
}

TEST(ChatCodec, TheLongestLineFitsTheChannel) {
  const ChatLine longest{4'294'967'295,
                         std::string(kMaxChatNameBytes, '"'),
                         std::string(kMaxChatTextBytes, '"'),
                         true,
                         true,
                         4'294'967'295};
  EXPECT_LE(encode_chat(longest).size(), kMaxTextBytes);
  EXPECT_EQ(decode_chat(encode_chat(longest)), ChatMessage(longest));
}

TEST(ChatCodec, WritesEveryKindOfMessage) {
  EXPECT_TRUE(line_of("", "hello").has_value());
  EXPECT_TRUE(line_of("Aki", "one\ntwo").has_value());
  EXPECT_FALSE(line_of("", "").has_value());
  EXPECT_FALSE(line_of("", " \n ").has_value());
  EXPECT_FALSE(line_of("two\nlines", "hello").has_value());
  EXPECT_FALSE(line_of("", "bell\a").has_value());
  EXPECT_FALSE(line_of(std::string(kMaxChatNameBytes + 1, 'x'), "hello").has_value());
  EXPECT_FALSE(line_of("", std::string(kMaxChatTextBytes + 1, 'x')).has_value());
}

TEST(ChatCodec, TakesAwayWhatChangesTheDirectionOfText) {
  const ChatSay plain{"Aki", "hello"};
  EXPECT_EQ(line_of("\u202eAki\u2066", "\u200fhel\u202dlo"), plain);
  EXPECT_EQ(decode_chat(encode_chat(ChatLine{1, "\u202eAki", "hello\u2069"})),
            ChatMessage(ChatLine{1, "Aki", "hello"}));
  EXPECT_FALSE(line_of("", "\u202e").has_value()) << "blank";
  EXPECT_FALSE(line_of("Aki\u009b", "hello").has_value()) << "C1";
}

}  // namespace
}  // namespace onair::protocol
