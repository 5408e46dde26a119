// Viewers move to the forwarder and back, while anything else happens.
#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/clients.hpp"
#include "support/forwarder.hpp"

namespace onair::tests {
namespace {

using std::chrono::seconds;
using Picture = session::WatchView::Picture;

/// Everybody who is in the room has one connection, which is shown and has frames.
void expect_pictures_of(const std::vector<Watcher*>& watchers) {
  for (const Watcher* watcher : watchers) {
    if (!watcher->session.view().refusal.empty()) continue;
    EXPECT_EQ(watcher->picture(), Picture::live);
    ASSERT_EQ(watcher->session.connections().size(), 1u);
    const ConnectionKey& key = watcher->session.connections().begin()->first;
    EXPECT_EQ(watcher->all_shown, std::set<ConnectionKey>{key}) << "what is shown is what is open";
    EXPECT_TRUE(watcher->has_frames(key));
  }
}

class Forwarded : public testing::Test {
 protected:
  void SetUp() override {
    talker = &world.add_talker();
    for (int i = 0; i < 3; ++i) watchers.push_back(&world.add_watcher());
    talker->start_video();
  }

  bool is_forwarded(const Watcher& watcher) {
    const auto& connections = watcher.session.connections();
    return connections.size() == 1 && connections.begin()->first.peer == world.forwarder().id();
  }
  bool is_direct(const Watcher& watcher) {
    const auto& connections = watcher.session.connections();
    return connections.size() == 1 && connections.begin()->first.peer == talker->id();
  }
  void expect_pictures() { expect_pictures_of(watchers); }

  World world{1, "2"};
  Talker* talker = nullptr;
  std::vector<Watcher*> watchers;
};

TEST_F(Forwarded, ViewersMoveWhereTheyAreAsManyAsTheOperatorSays) {
  world.pass(seconds(20));
  for (const Watcher* watcher : watchers) EXPECT_TRUE(is_forwarded(*watcher));
  EXPECT_EQ(world.forwarder().viewers(), 3u);
  EXPECT_EQ(talker->session.connections().size(), 1u) << "the picture is sent once";
  EXPECT_EQ(talker->session.view().forwarded, 3u);
  expect_pictures();
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, AViewerThatReachesTheForwarderByTurnAloneMovesAtTheSecondInvitation) {
  watchers[1]->forwarder_needs_turn = true;
  world.pass(seconds(9));
  EXPECT_TRUE(is_direct(*watchers[1]));
  EXPECT_EQ(watchers[1]->count_done<session::DetachStream>(), 0u) << "its picture goes on";
  world.pass(seconds(20));
  for (const Watcher* watcher : watchers) EXPECT_TRUE(is_forwarded(*watcher));
  expect_pictures();
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, ViewersComeBackWhereTheTalkerKeepsTheRoomDirect) {
  world.pass(seconds(20));
  talker->feed(session::DirectKept{true});
  world.pass(seconds(30));
  for (const Watcher* watcher : watchers) EXPECT_TRUE(is_direct(*watcher));
  EXPECT_EQ(talker->session.view().viewers, 3u);
  expect_pictures();
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, NobodyIsWithoutAPictureWhenTheServerIsKilled) {
  world.pass(seconds(20));
  for (int i = 0; i < 10; ++i) {
    world.kill_server();
    expect_pictures();
    world.pass(seconds(1));
    world.start_server();
    world.pass(seconds(10));
    expect_pictures();
  }
  for (const Watcher* watcher : watchers) {
    EXPECT_EQ(watcher->count_done<session::DetachStream>(), 0u) << "no frame was lost";
  }
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, OneThatLeavesWhileTheServerIsAwayDoesNotKeepTheRoomForwarded) {
  world.pass(seconds(20));
  world.kill_server();
  watchers[2]->leave();
  watchers.pop_back();
  world.pass(seconds(1));
  world.start_server();
  world.pass(seconds(40));
  EXPECT_EQ(talker->session.view().viewers, 2u);
  EXPECT_EQ(talker->session.view().audience.size(), 2u);
  talker->feed(session::DirectKept{true});
  world.pass(seconds(40));
  for (const Watcher* watcher : watchers) EXPECT_TRUE(is_direct(*watcher));
  expect_pictures();
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, ViewersOfAForwarderThatEndsWithItsServerAreServedSoonAfter) {
  world.pass(seconds(20));
  world.kill_server(/*with_forwarder=*/true);
  world.pass(seconds(1));
  world.start_server();
  world.pass(seconds(15));
  expect_pictures();
  world.pass(seconds(60));
  for (const Watcher* watcher : watchers) EXPECT_TRUE(is_forwarded(*watcher));
  expect_pictures();
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, TheTalkerLearnsWhoReceivesPoorly) {
  using Quality = session::Reception::Quality;
  const auto quality = [this](std::size_t watcher) {
    const session::TalkView view = talker->session.view();
    for (const session::ViewerView& viewer : view.audience) {
      if (viewer.id == watchers[watcher]->id()) return viewer.quality;
    }
    return std::optional<Quality>();
  };
  watchers[1]->lost_of_100 = 8;
  world.pass(seconds(40));
  EXPECT_EQ(quality(1), Quality::poor);
  EXPECT_EQ(quality(0), std::nullopt) << "it is not among the worst";
  world.kill_server();
  world.start_server();
  watchers[1]->lost_of_100 = 2;
  world.pass(seconds(40));
  EXPECT_EQ(quality(1), Quality::fair) << "a new server sums anew";
  watchers[1]->leave();
  watchers.erase(watchers.begin() + 1);
  talker->feed(session::DirectKept{true});
  world.pass(seconds(60));
  EXPECT_EQ(quality(0), Quality::good) << "as the talker measures itself";
  const std::size_t reports = talker->count_received<protocol::AudienceReception>();
  world.pass(seconds(60));
  EXPECT_EQ(talker->count_received<protocol::AudienceReception>(), reports) << "nobody reports";
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, ViewersLearnByWayOfTheServerWhatTheTalkerDoesNotSend) {
  using protocol::Sent;
  const auto expect_sent = [this](Sent picture, Sent sound) {
    for (const Watcher* watcher : watchers) {
      EXPECT_TRUE(is_forwarded(*watcher));
      EXPECT_EQ(watcher->session.view().sends, (protocol::ChatMedia{picture, sound}));
    }
  };
  world.pass(seconds(20));
  talker->feed(session::MediaMuted{1, session::DeviceKind::camera, true});
  world.settle();
  expect_sent(Sent::interrupted, Sent::live);
  watchers.push_back(&world.add_watcher());
  world.pass(seconds(5));
  expect_sent(Sent::interrupted, Sent::live);

  talker->feed(session::MediaMuted{1, session::DeviceKind::camera, false});
  talker->refuse_media = session::Notice::no_camera;
  talker->feed(session::MediaEnded{1, session::DeviceKind::microphone});
  world.settle();
  expect_sent(Sent::live, Sent::none);
  world.expect_empty_after_all_left();
}

TEST_F(Forwarded, AForwarderWhoseConnectionTakesNoOtherTracksGetsThemByANewOne) {
  world.pass(seconds(20));
  const std::size_t made = talker->count_done<session::CreateConnection>();
  talker->fail_next.insert(session::Step::replace_tracks);
  talker->start_screen();
  world.pass(seconds(20));
  EXPECT_GT(talker->count_done<session::CreateConnection>(), made);
  EXPECT_EQ(talker->session.connections().size(), 1u);
  for (const Watcher* watcher : watchers) {
    EXPECT_TRUE(is_forwarded(*watcher));
    EXPECT_EQ(watcher->count_done<session::DetachStream>(), 0u);
  }
  expect_pictures();
  world.expect_empty_after_all_left();
}

/// An event that may happen at any moment of a move.
struct Incident {
  const char* name;
  std::function<void(World&, Talker&, std::vector<Watcher*>&)> happen;
};

const std::vector<Incident> kIncidents = {
    {"the talker stops and starts",
     [](World& world, Talker& talker, auto&) {
       talker.stop_video();
       world.pass(session::Duration(50));
       talker.start_video();
     }},
    {"the talker locks the room",
     [](World&, Talker& talker, auto&) { talker.feed(session::LockSwitched{true}); }},
    {"the talker keeps the room direct, and lets it go",
     [](World& world, Talker& talker, auto&) {
       talker.feed(session::DirectKept{true});
       world.pass(session::Duration(300));
       talker.feed(session::DirectKept{false});
     }},
    {"the talker loses its socket", [](World&, Talker& talker, auto&) { talker.lose_socket(); }},
    {"a viewer loses its socket",
     [](World&, Talker&, auto& watchers) { watchers[1]->lose_socket(); }},
    {"a viewer is removed",
     [](World&, Talker& talker, auto& watchers) {
       talker.feed(session::RemovalRequested{watchers[0]->id()});
     }},
    {"a viewer leaves",
     [](World&, Talker&, auto& watchers) {
       watchers.back()->leave();
       watchers.pop_back();
     }},
    {"a viewer comes",
     [](World& world, Talker&, auto& watchers) { watchers.push_back(&world.add_watcher()); }},
    {"a viewer presses Request", [](World&, Talker&, auto& watchers) { watchers[0]->request(); }},
    {"the talker chooses music",
     [](World&, Talker& talker, auto&) {
       session::MediaChoice music;
       music.sound = session::SoundMode::music;
       talker.feed(session::MediaChosen{music});
     }},
    {"the talker shows a screen, which a connection does not take",
     [](World&, Talker& talker, auto&) {
       talker.fail_next.insert(session::Step::replace_tracks);
       talker.start_screen();
     }},
    {"the forwarder dies", [](World& world, Talker&, auto&) { world.forwarder().die(); }},
    {"the server is killed",
     [](World& world, Talker&, auto&) {
       world.kill_server();
       world.pass(session::Duration(700));
       world.start_server();
     }},
    {"the server and its forwarder are killed",
     [](World& world, Talker&, auto&) {
       world.kill_server(/*with_forwarder=*/true);
       world.pass(session::Duration(700));
       world.start_server();
     }},
    {"a viewer leaves while the server is away",
     [](World& world, Talker&, auto& watchers) {
       world.kill_server();
       watchers.back()->leave();
       watchers.pop_back();
       world.pass(session::Duration(700));
       world.start_server();
     }},
    {"the network breaks",
     [](World& world, Talker&, auto&) {
       world.break_transports(session::TransportState::disconnected);
     }},
};

/// Each incident at each of many moments, in many orders of all that is under way; and then
/// another.
TEST(ForwardedInAnyOrder, EverybodyHasAPictureAgainAndNothingIsLeft) {
  for (std::uint32_t seed = 1; seed <= 400 && !testing::Test::HasFailure(); ++seed) {
    std::minstd_rand random(seed);
    const Incident& first = kIncidents[seed % kIncidents.size()];
    const Incident& second = kIncidents[random() % kIncidents.size()];
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + first.name + ", " + second.name);
    World world(1, "2");
    Talker& talker = world.add_talker();
    std::vector<Watcher*> watchers;
    for (int i = 0; i < 3; ++i) watchers.push_back(&world.add_watcher());
    world.shuffle(seed);
    talker.start_video();
    world.run_some(static_cast<int>(random() % 300));
    first.happen(world, talker, watchers);
    world.run_some(static_cast<int>(random() % 300));
    second.happen(world, talker, watchers);
    world.pass(seconds(120));

    ASSERT_TRUE(talker.session.on_air());
    expect_pictures_of(watchers);
    const auto watching = std::count_if(watchers.begin(), watchers.end(), [](const Watcher* each) {
      return each->session.view().refusal.empty();
    });
    EXPECT_EQ(talker.session.view().viewers, static_cast<std::size_t>(watching));
    EXPECT_EQ(talker.session.view().connecting, 0u);
    world.expect_empty_after_all_left();
  }
}

}  // namespace
}  // namespace onair::tests
