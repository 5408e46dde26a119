// Talkers and viewers who leave and return.
#include <set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;

TEST(ComingAndGoing, StopEndsThePictureForAllAndAnotherStartBringsItBack) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  ASSERT_EQ(watcher.picture(), Picture::live);

  talker.stop_video();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::ended);
  EXPECT_FALSE(watcher.shown.has_value());
  EXPECT_TRUE(talker.tracks.empty()) << "the camera's light is out";
  EXPECT_EQ(world.open_connections(), 0u);

  talker.start_video();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, AViewerWhoComesAfterStopWaits) {
  World world;
  Talker& talker = world.add_talker();
  talker.start_video();
  world.settle();
  talker.stop_video();
  world.settle();
  Watcher& watcher = world.add_watcher();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::waiting);
  EXPECT_EQ(watcher.count_done<session::SendMessage>(), 1u) << "it only entered";
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, ATalkerWhoLeavesIsReplacedByOneWhoComes) {
  World world;
  Talker& first = world.add_talker();
  Watcher& watcher = world.add_watcher();
  first.start_video();
  world.settle();
  first.leave();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::waiting) << "its page may be loading again";

  Talker& second = world.add_talker();
  second.start_video();
  world.settle();
  EXPECT_EQ(second.session.view().refusal, "room_taken");
  world.pass(std::chrono::seconds(20));
  EXPECT_EQ(second.session.view().refusal, "");
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, ATalkerWhoVanishesIsGoneAfterTheGraceTime) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  world.hold("talker1 socket");  // it does not return
  talker.lose_socket();
  world.pass(Duration(14'999));
  EXPECT_EQ(watcher.count_received<protocol::UserDisconnected>(), 0u);
  EXPECT_EQ(watcher.picture(), Picture::live) << "the picture needs no server";
  world.pass(Duration(1));
  EXPECT_EQ(watcher.count_received<protocol::UserDisconnected>(), 1u);
  EXPECT_EQ(watcher.picture(), Picture::waiting);
  EXPECT_FALSE(watcher.shown.has_value());
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, AViewerWhoLeavesLeavesNothingAtTheTalker) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  watcher.leave();
  world.settle();
  EXPECT_TRUE(talker.session.connections().empty());
  EXPECT_EQ(world.open_connections(), 0u);
  EXPECT_EQ(talker.count_received<protocol::Bye>(), 1u);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, WhoIsOnAirNextIsAskedWhenTheTalkerStops) {
  World world(/*talkers_per_room=*/2);
  Talker& first = world.add_talker();
  session::WatchOptions one_picture;
  one_picture.max_talkers = 1;
  Watcher& watcher = world.add_watcher(one_picture);
  first.start_video();
  world.settle();
  Talker& second = world.add_talker();
  second.start_video();
  world.settle();
  EXPECT_EQ(second.session.view().viewers, 0u) << "one picture, one talker";

  first.stop_video();
  world.settle();
  EXPECT_EQ(second.session.view().viewers, 1u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, BeyondTheLimitOfViewersARequestIsDeclinedAsFull) {
  World world;
  session::TalkOptions options;
  options.max_viewers = 1;
  Talker& talker = world.add_talker(options);
  Watcher& one = world.add_watcher();
  talker.start_video();
  world.settle();
  Watcher& two = world.add_watcher();
  world.settle();
  EXPECT_EQ(two.picture(), Picture::full);

  one.leave();
  world.settle();
  EXPECT_EQ(two.picture(), Picture::live) << "by itself, as soon as there is room";
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, ARequestToARoomWhereNobodyIsOnAirIsDeclined) {
  World world;
  world.add_talker();
  Watcher& watcher = world.add_watcher();
  world.settle();
  watcher.request();
  EXPECT_EQ(watcher.picture(), Picture::requesting);
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::waiting);
  EXPECT_EQ(watcher.count_received<protocol::TalkDeclined>(), 1u);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, ASwitchOfCameraKeepsTheConnections) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  talker.start_screen();
  world.settle();
  EXPECT_EQ(talker.count_done<session::ReplaceTracks>(), 1u);
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 1u);
  EXPECT_EQ(talker.tracks, (std::set<Talker::Track>{{1, session::DeviceKind::microphone},
                                                    {2, session::DeviceKind::camera}}));
  EXPECT_EQ(watcher.count_received<protocol::Offer>(), 1u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, AViewerWhoseConnectionTakesNoOtherTracksGetsThemByANewOneAtOnce) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  talker.fail_next.insert(session::Step::replace_tracks);
  talker.start_screen();
  world.settle();
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 2u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  ASSERT_EQ(watcher.session.connections().size(), 1u);
  const ConnectionKey& key = watcher.session.connections().begin()->first;
  EXPECT_EQ(watcher.all_shown, std::set<ConnectionKey>{key});
  EXPECT_TRUE(watcher.has_frames(key));
  world.expect_empty_after_all_left();
}

TEST(ComingAndGoing, ViewersHearOfAPictureWithoutAFrameAfterASwitchAndThenOfItsFirst) {
  using protocol::Sent;
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  const auto sent = [&watcher] { return watcher.session.view().sends; };
  talker.start_video();
  world.settle();
  world.hold("metadata");
  talker.start_screen();
  world.settle();
  EXPECT_EQ(sent(), protocol::ChatMedia{}) << "its first frame may come yet";
  world.pass(session::kFirstFrameTimeout);
  EXPECT_EQ(sent(), (protocol::ChatMedia{Sent::none, Sent::live}));
  world.release();
  EXPECT_EQ(sent(), protocol::ChatMedia{});
  std::vector<bool> pictures;
  for (const auto& output : watcher.done) {
    const auto* attached = std::get_if<session::AttachStream>(&output);
    if (attached != nullptr) pictures.push_back(attached->picture);
  }
  EXPECT_EQ(pictures, (std::vector{true, false, true}));
  world.expect_empty_after_all_left();
}

}  // namespace
}  // namespace onair::tests
