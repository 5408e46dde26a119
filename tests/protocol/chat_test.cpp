#include "protocol/chat.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

TEST(ChatCodec, WhatIsWrittenIsReadAsItWas) {
  const ChatMessage messages[] = {
      ChatSay{"Aki", "こんにちは\n\"<b>\""},
      ChatBegin{true},
      ChatLine{7, "", "hello", true, false},
      ChatLine{8, "Bo", "hi", false, true},
      ChatRemoved{7},
      ChatMuted{false},
      ChatRefused{ChatRefused::Reason::too_fast},
      ChatRefused{ChatRefused::Reason::too_long},
      ChatRefused{ChatRefused::Reason::muted},
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
        R"({"type":"removed"})", R"({"type":"refused","reason":"mood"})", R"({"type":"else"})"}) {
    EXPECT_EQ(decode_chat(frame), std::nullopt) << frame;
  }
  EXPECT_EQ(decode_chat(R"({"type":"say","text":")" + std::string(kMaxTextBytes, 'x') + "\"}"),
            std::nullopt);
  EXPECT_EQ(decode_chat("{\"type\":\"say\",\"text\":\"\xff\"}"), std::nullopt) << "not UTF-8";
}

TEST(ChatCodec, TheLongestLineFitsTheChannel) {
  const ChatLine longest{4'294'967'295, std::string(kMaxChatNameBytes, '"'),
                         std::string(kMaxChatTextBytes, '"'), true, true};
  EXPECT_LE(encode_chat(longest).size(), kMaxTextBytes);
  EXPECT_EQ(decode_chat(encode_chat(longest)), ChatMessage(longest));
}

TEST(ChatCodec, SaysWhatMayBeSaid) {
  EXPECT_TRUE(is_valid_line("", "hello"));
  EXPECT_TRUE(is_valid_line("Aki", "one\ntwo"));
  EXPECT_FALSE(is_valid_line("", ""));
  EXPECT_FALSE(is_valid_line("", " \n "));
  EXPECT_FALSE(is_valid_line("two\nlines", "hello"));
  EXPECT_FALSE(is_valid_line("", "bell\a"));
  EXPECT_FALSE(is_valid_line(std::string(kMaxChatNameBytes + 1, 'x'), "hello"));
  EXPECT_FALSE(is_valid_line("", std::string(kMaxChatTextBytes + 1, 'x')));
}

}  // namespace
}  // namespace onair::protocol
