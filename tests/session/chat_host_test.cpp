#include "session/talk/chat_host.hpp"

#include <gtest/gtest.h>

#include "session/chat_port.hpp"

namespace onair::session {
namespace {

using protocol::ChatBegin;
using protocol::ChatSay;
using Reason = ChatRefused::Reason;
using Result = std::variant<ChatLine, ChatRefused>;

TEST(ChatHost, KnowsALineThatComesTwiceAndTellsItsAuthorWhichItWas) {
  ChatHost chat;
  const ChatSay say{"Aki", "one", 7};
  EXPECT_FALSE(chat.has_taken("a", say));
  EXPECT_EQ(chat.receive("a", say, {}), Result(ChatLine{1, "Aki", "one"}));
  EXPECT_TRUE(chat.has_taken("a", say));
  EXPECT_FALSE(chat.has_taken("b", say)) << "each viewer has its own numbers";
  EXPECT_FALSE(chat.has_taken("a", ChatSay{"Aki", "one"})) << "of an earlier client";
  EXPECT_EQ(std::get<ChatLine>(chat.begin("a").at(1)).said, 7u);
  EXPECT_EQ(std::get<ChatLine>(chat.begin("b").at(1)).said, std::nullopt);

  const TimePoint later{Duration(100'000)};
  for (protocol::SayId id = 8; id < 8 + ChatHost::kMaxSaid; ++id) {
    chat.receive("a", ChatSay{"", "x", id}, later + id * Duration(2'000));
  }
  EXPECT_FALSE(chat.has_taken("a", say)) << "it remembers a bounded number";
}

TEST(ChatHost, NumbersLinesAndGivesThemToThoseWhoComeLate) {
  ChatHost chat;
  EXPECT_EQ(chat.receive("a", ChatSay{"Aki", "one"}, {}), Result(ChatLine{1, "Aki", "one"}));
  EXPECT_EQ(chat.post("", "two"), (ChatLine{2, "", "two", true}));
  EXPECT_EQ(chat.begin("a"),
            (std::vector<ChatMessage>{ChatBegin{}, ChatLine{1, "Aki", "one", false, true},
                                      ChatLine{2, "", "two", true, false}}));
  EXPECT_EQ(std::get<ChatLine>(chat.begin("b").at(1)).yours, false);
}

TEST(ChatHost, KeepsTheLastLinesAlone) {
  ChatHost chat;
  for (std::size_t i = 0; i < ChatHost::kKeptLines + 3; ++i) chat.post("", "line");
  const auto sent = chat.begin("a");
  EXPECT_EQ(sent.size(), 1 + ChatHost::kKeptLines);
  EXPECT_EQ(std::get<ChatLine>(sent.at(1)).id, 4u);
}

TEST(ChatHost, RefusesWhoSaysTooMuchUntilTimeHasPassed) {
  ChatHost chat;
  TimePoint now{};
  for (int i = 0; i < ChatHost::kLines.burst; ++i) {
    EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.receive("a", ChatSay{"", "x"}, now)));
  }
  EXPECT_EQ(chat.receive("a", ChatSay{"", "x"}, now), Result(ChatRefused{Reason::too_fast}));
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.receive("b", ChatSay{"", "x"}, now)))
      << "each has an allowance of its own";
  now += ChatHost::kLines.pause;
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.receive("a", ChatSay{"", "x"}, now)));
  EXPECT_EQ(chat.receive("a", ChatSay{"", "x"}, now), Result(ChatRefused{Reason::too_fast}));
}

TEST(ChatHost, RefusesWhatIsTooLongOrBlank) {
  ChatHost chat;
  EXPECT_EQ(chat.receive("a", ChatSay{"", std::string(2'000, 'x')}, {}),
            Result(ChatRefused{Reason::too_long}));
  EXPECT_EQ(chat.post("", " "), std::nullopt);
  EXPECT_EQ(chat.begin("a").size(), 1u);
}

TEST(ChatHost, AMutedViewersLinesAreRefusedUntilItMayWriteAgain) {
  ChatHost chat;
  chat.mute("a", true);
  EXPECT_EQ(chat.receive("a", ChatSay{"", "x"}, {}), Result(ChatRefused{Reason::muted}));
  EXPECT_EQ(chat.begin("a").at(0), ChatMessage(ChatBegin{true}));
  EXPECT_EQ(chat.begin("b").at(0), ChatMessage(ChatBegin{false}));
  chat.mute("a", false);
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.receive("a", ChatSay{"", "x"}, {})));
}

TEST(ChatHost, WhatIsRemovedIsGivenToNobodyMore) {
  ChatHost chat;
  chat.post("", "one");
  EXPECT_TRUE(chat.remove(1));
  EXPECT_FALSE(chat.remove(1));
  EXPECT_EQ(chat.begin("a").size(), 1u);
  EXPECT_EQ(chat.post("", "two")->id, 2u) << "a number is given once";
}

TEST(ChatHost, TheNameOfATokenCountsAndNobodyElseGetsIt) {
  ChatHost chat;
  chat.receive("c", ChatSay{"Hanako", "I was here first"}, {});
  chat.set_name("a", "Hanako");
  EXPECT_EQ(chat.name_of("c"), "");
  EXPECT_EQ(chat.name_of("a"), "Hanako");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("a", ChatSay{"Taro", "x"}, {})).name, "Hanako");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("b", ChatSay{"Hanako", "x"}, {})).name, "");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("b", ChatSay{"\u202eHanako", "x"}, {})).name, "");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("b", ChatSay{"Bo", "x"}, {})).name, "Bo");
  chat.set_name("a", "\u202eHana\u009bko");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("a", ChatSay{"Taro", "x"}, {})).name, "")
      << "a name that no line may have";
  chat.forget("a");
  EXPECT_EQ(std::get<ChatLine>(chat.receive("b", ChatSay{"Hanako", "x"}, {})).name, "Hanako");
}

TEST(ChatHost, ForgetsTheAbsent) {
  ChatHost chat;
  for (const char* viewer : {"a", "b", "c"}) chat.mute(viewer, true);
  chat.forget_all_but([](const auto& viewer) { return viewer == "b"; });
  EXPECT_EQ(chat.viewers(), 1u);
  EXPECT_TRUE(chat.is_muted("b"));
}

TEST(ChatHost, ForgetsWhoIsGone) {
  ChatHost chat;
  chat.receive("a", ChatSay{"Aki", "x"}, {});
  EXPECT_EQ(chat.name_of("a"), "Aki");
  chat.mute("a", true);
  chat.forget("a");
  EXPECT_EQ(chat.name_of("a"), "");
  EXPECT_FALSE(chat.is_muted("a"));
}

TEST(ChatPort, SendsOnceToAMemberWithTwoChannelsOverTheLatest) {
  ChatPort port;
  const ConnectionKey old{"a", 4294967295u};
  const ConnectionKey replacement{"a", 0};
  port.open(old);
  port.open(replacement);
  EXPECT_EQ(port.members(), std::set<PeerId>{"a"});
  ChatOutputs outputs;
  port.send("a", ChatBegin{}, outputs);
  port.send("b", ChatBegin{}, outputs);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<SendChat>(outputs[0]).key, replacement);
  port.close(replacement);
  port.send("a", ChatBegin{}, outputs);
  EXPECT_EQ(std::get<SendChat>(outputs.at(1)).key, old);
}

}  // namespace
}  // namespace onair::session
