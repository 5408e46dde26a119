// Server failures, page reloads and network failures: recovery without user action.

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;
using session::TransportState;

class Outage : public testing::Test {
 protected:
  void start() {
    talker.start_video();
    world.settle();
    ASSERT_EQ(watcher.picture(), Picture::live);
  }

  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
};

TEST_F(Outage, TheServerIsKilledAndComesBackTenTimesAndThePictureNeverStops) {
  start();
  const std::string talker_id = talker.id();
  const std::string watcher_id = watcher.id();
  for (int i = 0; i < 10; ++i) {
    world.kill_server();
    world.pass(Duration(5'000));
    EXPECT_EQ(watcher.picture(), Picture::live);
    EXPECT_EQ(watcher.session.view().link, session::LinkStatus::reconnecting);
    world.start_server();
    world.pass(Duration(6'000));
    EXPECT_EQ(talker.id(), talker_id);
    EXPECT_EQ(watcher.id(), watcher_id);
    EXPECT_EQ(watcher.session.view().link, session::LinkStatus::joined);

    Watcher& late = world.add_watcher();
    world.settle();
    EXPECT_EQ(late.picture(), Picture::live) << "the server knows again who is on air";
    late.leave();
    world.settle();
  }
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 11u) << "the first was never touched";
  EXPECT_EQ(watcher.count_done<session::DetachStream>(), 0u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, ALostSocketIsReplacedAndIsNoNews) {
  start();
  const std::string id = watcher.id();
  watcher.lose_socket();
  world.pass(Duration(20'000));
  EXPECT_EQ(watcher.id(), id);
  EXPECT_EQ(talker.count_received<protocol::UserDisconnected>(), 0u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 1u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, ATalkersPageThatIsLoadedAgainDiffersFromOneThatLostItsSocket) {
  start();
  session::TalkOptions again;
  again.resume = talker.token;
  again.first_generation = 1'000;
  talker.lose_socket();  // a crash: no close frame, so the server waits
  Talker& reloaded = world.add_talker(again);
  world.settle();
  EXPECT_EQ(reloaded.id(), talker.id());
  EXPECT_EQ(watcher.picture(), Picture::waiting) << "the old connection is known to be gone";
  reloaded.start_video();
  world.settle();
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(reloaded.session.view().viewers, 1u);
  talker.leave();
  world.expect_empty_after_all_left();
}

TEST_F(Outage, AViewersPageThatIsLoadedAgainHasOneConnectionAtTheTalker) {
  start();
  session::WatchOptions again;
  again.resume = watcher.token;
  watcher.lose_socket();
  Watcher& reloaded = world.add_watcher(again);
  world.settle();
  EXPECT_EQ(reloaded.picture(), Picture::live);
  EXPECT_EQ(talker.session.connections().size(), 1u);
  watcher.leave();
  world.expect_empty_after_all_left();
}

TEST_F(Outage, ACopyOfATabDoesNotFightWithTheFirstForItsConnection) {
  start();
  session::WatchOptions copy;
  copy.resume = watcher.token;
  Watcher& second = world.add_watcher(copy);
  world.pass(Duration(30'000));
  EXPECT_NE(second.id(), watcher.id());
  EXPECT_EQ(second.picture(), Picture::live);
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_LE(
      second.count_received<protocol::Welcome>() + watcher.count_received<protocol::Welcome>(), 3u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, AForgedTokenMakesANewPeerWithNothingHung) {
  session::WatchOptions forged;
  forged.resume = "watch id1 another";
  Watcher& stranger = world.add_watcher(forged);
  start();
  EXPECT_EQ(stranger.picture(), Picture::live);
  EXPECT_NE(stranger.id(), "id1");
  world.expect_empty_after_all_left();
}

TEST_F(Outage, ATransportThatFailsIsRestartedOnTheSameConnection) {
  start();
  world.break_transports(TransportState::disconnected);
  EXPECT_EQ(watcher.picture(), Picture::reconnecting);
  EXPECT_TRUE(watcher.shown.has_value());
  world.pass(session::kTalkerDisconnectTimeout);
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(talker.restarts, 1);
  EXPECT_EQ(watcher.refreshes, 1) << "its credentials may have expired";
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 1u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, AnIceRestartWaitsForTheServer) {
  start();
  world.kill_server();
  world.break_transports(TransportState::failed);
  world.pass(Duration(20'000));
  EXPECT_EQ(talker.restarts, 0);
  world.start_server();
  world.pass(Duration(10'000));
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(talker.count_done<session::CreateConnection>(), 1u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, WhereTheNetworkStaysBrokenThePageSaysSoAndRetries) {
  start();
  world.hold("candidate");  // no path can be found
  world.break_transports(TransportState::failed);
  world.pass(Duration(120'000));
  EXPECT_EQ(watcher.session.view().notice, session::Notice::connection_failed);
  EXPECT_LE(talker.session.connections().size(), 1u);
  world.release();
  world.pass(Duration(60'000));
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(watcher.session.view().notice, session::Notice::none);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, AnAnswerThatTheServerLostIsMadeGood) {
  world.hold("talker1 <- answer");
  talker.start_video();
  world.settle();
  talker.lose_socket();  // with the answer in transit
  world.release();       // to a closed socket
  world.pass(Duration(30'000));
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, AViewerThatSleptForAMinuteComesBack) {
  start();
  world.hold("watcher2");  // nothing reaches it or leaves it
  watcher.lose_socket();   // the server removes it meanwhile
  world.pass(Duration(60'000));
  EXPECT_TRUE(talker.session.connections().empty());
  world.release();
  watcher.report_transport(TransportState::disconnected);
  world.pass(Duration(30'000));
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(talker.session.view().viewers, 1u);
  world.expect_empty_after_all_left();
}

TEST_F(Outage, ASocketWhosePathDiedIsNoticed) {
  start();
  world.hold("watcher2 <-");
  world.pass(Duration(30'000));
  EXPECT_GT(watcher.count_done<session::OpenSocket>(), 1u);
  world.release();
  world.pass(Duration(30'000));
  EXPECT_EQ(watcher.session.view().link, session::LinkStatus::joined);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

}  // namespace
}  // namespace onair::tests
