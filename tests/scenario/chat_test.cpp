// Chat between viewers and talker.

#include <gtest/gtest.h>

#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Lines = std::vector<std::string>;
using Reason = session::ChatRefused::Reason;

class Chat : public testing::Test {
 protected:
  Chat() {
    talker.start_video();
    world.settle();
  }
  ~Chat() override { world.expect_empty_after_all_left(); }

  World world;
  Talker& talker = world.add_talker();
  Watcher& aki = world.add_watcher();
  Watcher& bo = world.add_watcher();
};

TEST_F(Chat, WhatAViewerSaysReachesEveryoneOnceAndInOrder) {
  aki.say("hello", "Aki");
  world.settle();
  bo.say("hi", "Bo");
  talker.say("welcome");
  world.settle();
  const auto lines = talker.chat_texts();
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(aki.chat_texts(), lines);
  EXPECT_EQ(bo.chat_texts(), lines);
  EXPECT_TRUE(aki.chat.at(0).line.yours);
  EXPECT_FALSE(bo.chat.at(0).line.yours);
  EXPECT_EQ(bo.chat.at(0).line.name, "Aki");
  EXPECT_EQ(bo.chat.at(0).author, "") << "viewers never learn each other's ids";
  EXPECT_EQ(talker.chat.at(0).author, aki.id());
  for (const session::ViewerView& viewer : talker.session.view().audience) {
    EXPECT_EQ(viewer.name, viewer.id == aki.id() ? "Aki" : "Bo");
  }
}

TEST_F(Chat, ALateViewerGetsTheLastLines) {
  aki.say("before");
  world.settle();
  Watcher& late = world.add_watcher();
  world.settle();
  EXPECT_EQ(late.chat_texts(), Lines{"before"});
}

TEST_F(Chat, TheTalkerTakesALineAway) {
  aki.say("rude");
  world.settle();
  talker.feed(session::ChatRemovalRequested{talker.chat.at(0).line.id});
  world.settle();
  EXPECT_EQ(talker.chat_texts(), Lines{});
  EXPECT_EQ(bo.chat_texts(), Lines{});
  EXPECT_EQ(aki.chat_texts(), Lines{});
}

TEST_F(Chat, AMutedViewersLinesAreRefusedAlsoAfterItHasComeAgain) {
  talker.feed(session::MutingRequested{aki.id(), true});
  world.settle();
  EXPECT_TRUE(aki.session.view().chat_muted);
  EXPECT_FALSE(bo.session.view().chat_muted);
  aki.say("still here");
  world.settle();
  EXPECT_EQ(bo.chat_texts(), Lines{});
  EXPECT_EQ(aki.refusals, std::vector{Reason::muted});

  aki.request();
  talker.feed(session::StopRequested{});
  talker.start_video();
  world.settle();
  EXPECT_TRUE(aki.session.view().chat_muted) << "over a new connection";

  talker.feed(session::MutingRequested{aki.id(), false});
  world.settle();
  aki.say("thanks");
  world.settle();
  EXPECT_EQ(bo.chat_texts(), Lines{"thanks"});
}

TEST_F(Chat, WhatIsTooLongIsRefusedAtHomeAndWhatIsTooMuchByTheTalker) {
  aki.say(std::string(2'000, 'x'));
  EXPECT_EQ(aki.refusals, std::vector{Reason::too_long});
  for (int i = 0; i < 7; ++i) aki.say("again");
  world.settle();
  EXPECT_EQ(bo.chat_texts().size(), 5u);
  EXPECT_EQ(aki.refusals, (std::vector{Reason::too_long, Reason::too_fast, Reason::too_fast}));
}

TEST_F(Chat, OverANewConnectionTheLinesAreThereOnce) {
  aki.say("one");
  world.settle();
  talker.feed(session::StopRequested{});
  world.settle();
  EXPECT_EQ(aki.chat_texts(), Lines{"one"}) << "stays to be read";
  talker.start_video();
  world.settle();
  EXPECT_EQ(aki.chat_texts(), Lines{"one"});
}

}  // namespace
}  // namespace onair::tests
