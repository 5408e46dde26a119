// Talkers who share or compete for a room, removed viewers, and locks.
#include <gtest/gtest.h>

#include "support/clients.hpp"
#include "support/world.hpp"

namespace onair::tests {
namespace {

using session::LinkStatus;
using std::chrono::seconds;
using Picture = session::WatchView::Picture;

TEST(WhoseRoom, ASecondTalkerGetsAnErrorAndTakesNothingAway) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  Talker& stranger = world.add_talker();
  stranger.start_video();
  world.pass(seconds(30));
  EXPECT_EQ(stranger.session.view().link, LinkStatus::refused);
  EXPECT_EQ(stranger.session.view().refusal, "room_taken");
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(watcher.session.connections().begin()->first.peer, talker.id());

  talker.stop_video();
  talker.leave();
  world.pass(seconds(6));
  EXPECT_EQ(stranger.session.view().refusal, "") << "the room is free";
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(WhoseRoom, OverARestartTheTalkerKeepsItFromAStranger) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  world.kill_server();
  world.pass(seconds(1));
  world.start_server();
  world.hold("talker1 socket opens");
  Talker& stranger = world.add_talker();
  stranger.start_video();
  world.pass(seconds(5));
  EXPECT_EQ(stranger.session.view().link, LinkStatus::joined) << "it was quicker";
  world.release();
  world.pass(seconds(5));
  EXPECT_EQ(talker.session.view().link, LinkStatus::joined);
  EXPECT_EQ(stranger.session.view().refusal, "room_taken");
  EXPECT_FALSE(stranger.session.on_air());
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_TRUE(watcher.session.connections().contains(talker.id()));
  world.expect_empty_after_all_left();
}

TEST(WhoseRoom, WhereTwoMayTalkViewersSeeBoth) {
  World world(/*talkers_per_room=*/2);
  Talker& first = world.add_talker();
  Talker& second = world.add_talker();
  Watcher& watcher = world.add_watcher();
  first.start_video();
  second.start_video();
  world.settle();
  EXPECT_EQ(watcher.all_shown.size(), 2u);
  EXPECT_EQ(first.session.view().viewers, 1u);
  EXPECT_EQ(second.session.view().viewers, 1u);
  first.stop_video();
  world.settle();
  EXPECT_EQ(watcher.all_shown.size(), 1u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  Talker& third = world.add_talker();
  world.settle();
  EXPECT_EQ(third.session.view().refusal, "room_taken");
  world.expect_empty_after_all_left();
}

TEST(WhoseRoom, ARemovedViewerSeesNothingMoreAndDoesNotComeBack) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  Watcher& other = world.add_watcher();
  talker.start_video();
  world.settle();
  talker.feed(session::RemovalRequested{watcher.id()});
  world.pass(seconds(60));
  EXPECT_EQ(watcher.session.view().refusal, "removed");
  EXPECT_TRUE(watcher.session.connections().empty());
  EXPECT_TRUE(watcher.all_shown.empty());
  EXPECT_EQ(other.picture(), Picture::live);
  EXPECT_EQ(talker.session.view().audience.size(), 1u);
  world.expect_empty_after_all_left();
}

TEST(WhoseRoom, LockAndRemovalHoldOverARestart) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  Watcher& other = world.add_watcher();
  talker.start_video();
  world.settle();
  const std::string token = watcher.token;
  talker.feed(session::RemovalRequested{watcher.id()});
  talker.feed(session::LockSwitched{true});
  world.settle();
  world.kill_server();
  world.start_server();
  world.pass(seconds(10));
  EXPECT_EQ(other.picture(), Picture::live);
  EXPECT_EQ(other.session.view().link, LinkStatus::joined) << "it was in before the lock";
  session::WatchOptions removed;
  removed.resume = token;
  const Watcher& again = world.add_watcher(removed);
  world.settle();
  EXPECT_EQ(again.session.view().refusal, "removed");
  Watcher& late = world.add_watcher();
  world.settle();
  EXPECT_EQ(late.session.view().refusal, "room_locked");
  talker.feed(session::LockSwitched{false});
  world.pass(seconds(6));
  EXPECT_EQ(late.picture(), Picture::live) << "it tried again";
  world.expect_empty_after_all_left();
}

TEST(WhoseRoom, EndedForEveryone) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  talker.feed(session::RoomEndRequested{});
  world.pass(seconds(60));
  EXPECT_EQ(watcher.session.view().refusal, "room_ended");
  EXPECT_EQ(watcher.picture(), Picture::ended);
  EXPECT_FALSE(talker.session.on_air());
  EXPECT_EQ(talker.session.view().link, LinkStatus::joined) << "it may begin again";
  world.expect_empty_after_all_left();
}

}  // namespace
}  // namespace onair::tests
