#include "session/chat_host.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

using protocol::ChatBegins;
using protocol::ChatSaid;
using Reason = ChatRefused::Reason;
using Heard = std::variant<ChatLine, ChatRefused>;

TEST(ChatHost, NumbersLinesAndGivesThemToThoseWhoComeLate) {
  ChatHost chat;
  EXPECT_EQ(chat.hear("a", ChatSaid{"Aki", "one"}, {}), Heard(ChatLine{1, "Aki", "one"}));
  EXPECT_EQ(chat.say("", "two"), (ChatLine{2, "", "two", true}));
  EXPECT_EQ(chat.begin("a"),
            (std::vector<ChatMessage>{ChatBegins{}, ChatLine{1, "Aki", "one", false, true},
                                      ChatLine{2, "", "two", true, false}}));
  EXPECT_EQ(std::get<ChatLine>(chat.begin("b").at(1)).yours, false);
}

TEST(ChatHost, KeepsTheLastLinesAlone) {
  ChatHost chat;
  for (std::size_t i = 0; i < ChatHost::kKeptLines + 3; ++i) chat.say("", "line");
  const auto told = chat.begin("a");
  EXPECT_EQ(told.size(), 1 + ChatHost::kKeptLines);
  EXPECT_EQ(std::get<ChatLine>(told.at(1)).id, 4u);
}

TEST(ChatHost, RefusesWhoSaysTooMuchUntilTimeHasPassed) {
  ChatHost chat;
  TimePoint now{};
  for (int i = 0; i < static_cast<int>(ChatHost::kBurst); ++i) {
    EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.hear("a", ChatSaid{"", "x"}, now)));
  }
  EXPECT_EQ(chat.hear("a", ChatSaid{"", "x"}, now), Heard(ChatRefused{Reason::too_fast}));
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.hear("b", ChatSaid{"", "x"}, now)))
      << "each has an allowance of its own";
  now += ChatHost::kPause;
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.hear("a", ChatSaid{"", "x"}, now)));
  EXPECT_EQ(chat.hear("a", ChatSaid{"", "x"}, now), Heard(ChatRefused{Reason::too_fast}));
}

TEST(ChatHost, RefusesWhatIsTooLongOrBlank) {
  ChatHost chat;
  EXPECT_EQ(chat.hear("a", ChatSaid{"", std::string(2'000, 'x')}, {}),
            Heard(ChatRefused{Reason::too_long}));
  EXPECT_EQ(chat.say("", " "), std::nullopt);
  EXPECT_EQ(chat.begin("a").size(), 1u);
}

TEST(ChatHost, AMutedViewerIsNotHeardUntilItMaySpeakAgain) {
  ChatHost chat;
  chat.mute("a", true);
  EXPECT_EQ(chat.hear("a", ChatSaid{"", "x"}, {}), Heard(ChatRefused{Reason::muted}));
  EXPECT_EQ(chat.begin("a").at(0), ChatMessage(ChatBegins{true}));
  EXPECT_EQ(chat.begin("b").at(0), ChatMessage(ChatBegins{false}));
  chat.mute("a", false);
  EXPECT_TRUE(std::holds_alternative<ChatLine>(chat.hear("a", ChatSaid{"", "x"}, {})));
}

TEST(ChatHost, WhatIsRemovedIsGivenToNobodyMore) {
  ChatHost chat;
  chat.say("", "one");
  EXPECT_TRUE(chat.remove(1));
  EXPECT_FALSE(chat.remove(1));
  EXPECT_EQ(chat.begin("a").size(), 1u);
  EXPECT_EQ(chat.say("", "two")->id, 2u) << "a number is given once";
}

TEST(ChatHost, ForgetsWhoIsGone) {
  ChatHost chat;
  chat.hear("a", ChatSaid{"Aki", "x"}, {});
  EXPECT_EQ(chat.name_of("a"), "Aki");
  chat.mute("a", true);
  chat.forget("a");
  EXPECT_EQ(chat.name_of("a"), "");
  EXPECT_FALSE(chat.is_muted("a"));
}

}  // namespace
}  // namespace onair::session
