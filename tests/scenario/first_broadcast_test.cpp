// From an empty room to a picture, in the orders that occur in practice.

#include <gtest/gtest.h>

#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;

TEST(FirstBroadcast, AViewerWhoIsThereFirstGetsThePictureWhenTheTalkerGoesOnAir) {
  World world;
  Watcher& watcher = world.add_watcher();
  Talker& talker = world.add_talker();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::waiting);

  talker.start_video();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_TRUE(watcher.shown.has_value());
  EXPECT_EQ(talker.session.view().viewers, 1u);
  EXPECT_EQ(talker.session.view().watching, 1u);
  world.expect_empty_after_all_left();
}

TEST(FirstBroadcast, AViewerWhoComesLateIsConnectedWithoutPressingAnything) {
  World world;
  Talker& talker = world.add_talker();
  talker.start_video();
  world.settle();

  Watcher& watcher = world.add_watcher();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(FirstBroadcast, TwoViewersAtOnceBothGetThePicture) {
  World world;
  Talker& talker = world.add_talker();
  talker.start_video();
  world.settle();
  Watcher& one = world.add_watcher();
  Watcher& two = world.add_watcher();
  world.settle();
  EXPECT_EQ(one.picture(), Picture::live);
  EXPECT_EQ(two.picture(), Picture::live);
  EXPECT_EQ(talker.session.view().viewers, 2u);
  world.pass(Duration(1'000));  // `audience` comes at most once a second
  EXPECT_EQ(talker.session.view().watching, 2u);
  world.expect_empty_after_all_left();
}

TEST(FirstBroadcast, NothingCrossesRooms) {
  World world;
  Talker& talker = world.add_talker();
  session::WatchOptions elsewhere;
  elsewhere.room = "another";
  Watcher& watcher = world.add_watcher(elsewhere);
  world.settle();
  talker.start_video();
  watcher.request();
  world.settle();
  EXPECT_EQ(talker.session.view().viewers, 0u);
  EXPECT_EQ(watcher.received.size(), 1u) << "the welcome alone";
  world.expect_empty_after_all_left();
}

TEST(FirstBroadcast, TheTalkerGoesOnAirWhenTheServerIsThereAtLast) {
  World world;
  world.kill_server();
  Talker& talker = world.add_talker();
  talker.start_video();
  world.settle();
  EXPECT_EQ(talker.session.view().notice, session::Notice::no_signaling);
  EXPECT_EQ(talker.session.view().link, session::LinkStatus::unreachable);

  world.start_server();
  world.pass(Duration(1'000));
  EXPECT_EQ(talker.session.view().notice, session::Notice::none);
  Watcher& watcher = world.add_watcher();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(FirstBroadcast, TextsGoFromTheTalkerToAllAndFromAViewerToTheTalker) {
  World world;
  Talker& talker = world.add_talker();
  talker.start_video();
  Watcher& one = world.add_watcher();
  Watcher& two = world.add_watcher();
  world.settle();

  talker.say_text("welcome");
  one.say_text("hello");
  world.settle();
  EXPECT_EQ(one.texts, std::vector<std::string>{"welcome"});
  EXPECT_EQ(two.texts, std::vector<std::string>{"welcome"});
  EXPECT_EQ(talker.texts, std::vector<std::string>{"hello"});

  talker.say_text("");
  talker.say_text(std::string(4097, 'x'));
  world.settle();
  EXPECT_EQ(one.texts.size(), 1u) << "what is empty or too long is not sent";
  world.expect_empty_after_all_left();
}

}  // namespace
}  // namespace onair::tests
