// Viewers move to the forwarder and back, while anything else happens.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
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

TEST_F(Forwarded, AViewerThatSleptForAMinuteIsKnownAndHeardAgain) {
  world.pass(seconds(20));
  world.hold("watcher4");  // nothing reaches it or leaves it
  watchers[1]->lose_socket();
  world.pass(seconds(60));
  EXPECT_EQ(talker->session.view().viewers, 2u);
  world.release();
  watchers[1]->report_transport(session::TransportState::disconnected);
  world.pass(seconds(40));
  EXPECT_EQ(talker->session.view().viewers, 3u);
  expect_pictures();
  watchers[1]->say("I was asleep");
  world.pass(seconds(1));
  for (const Watcher* watcher : watchers) {
    EXPECT_EQ(watcher->chat_texts(), std::vector<std::string>{"I was asleep"});
  }
  EXPECT_EQ(talker->chat_texts(), std::vector<std::string>{"I was asleep"});
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

/// A room whose viewers move, while they and the talker write in the chat.
struct Scene {
  explicit Scene(std::uint32_t seed, std::size_t talkers = 1) : world(talkers, "2"), random(seed) {
    world.shuffle(seed);
  }

  Watcher& add_watcher() { return *watchers.emplace_back(&world.add_watcher()); }
  void run_some() { world.run_some(static_cast<int>(random() % 300)); }
  /// Those whom the room has let in.
  std::vector<Watcher*> watching() const {
    std::vector<Watcher*> found;
    std::copy_if(watchers.begin(), watchers.end(), std::back_inserter(found),
                 [](const auto& each) { return each->session.view().refusal.empty(); });
    return found;
  }
  /// Each who can writes a line.
  void write_lines() {
    for (Watcher* watcher : watching()) {
      if (!watcher->session.view().chat_open) continue;
      watcher->say(next_line());
      lines.push_back({watcher, last_line()});
    }
    talker->say(next_line());
    lines.push_back({nullptr, last_line()});
  }

  World world;
  std::minstd_rand random;
  Talker* talker = nullptr;
  std::vector<Watcher*> watchers;
  /// What was written, and by whom: nobody stands for the talker.
  std::vector<std::pair<const Watcher*, std::string>> lines;

 private:
  std::string last_line() const { return "line " + std::to_string(lines_); }
  std::string next_line() {
    ++lines_;
    return last_line();
  }

  int lines_ = 0;
};

/// An event that may happen at any moment of a move.
struct Incident {
  const char* name;
  std::function<void(Scene&)> happen;
  /// Somebody's page ends, and what is under way to it or from it.
  bool loses_lines = false;
};

void reload_talker(Scene& scene, PageEnd end) {
  scene.talker = &scene.world.reload(*scene.talker, end);
}

void reload_viewer(Scene& scene, PageEnd end) {
  scene.watchers[1] = &scene.world.reload(*scene.watchers[1], end);
}

/// Another talker comes, without what the first one was let in with.
void replace_talker(Scene& scene) {
  scene.talker = &scene.world.add_talker();
  scene.talker->start_video();
}

const std::vector<Incident> kIncidents = {
    {"the talker stops and starts",
     [](Scene& scene) {
       scene.talker->stop_video();
       scene.world.pass(session::Duration(50));
       scene.talker->start_video();
     }},
    {"the talker locks the room",
     [](Scene& scene) { scene.talker->feed(session::LockSwitched{true}); }},
    {"the talker keeps the room direct, and lets it go",
     [](Scene& scene) {
       scene.talker->feed(session::DirectKept{true});
       scene.world.pass(session::Duration(300));
       scene.talker->feed(session::DirectKept{false});
     }},
    {"the talker keeps the room direct for a while, and lets it go",
     [](Scene& scene) {
       scene.talker->feed(session::DirectKept{true});
       scene.run_some();
       scene.talker->feed(session::DirectKept{false});
     }},
    {"the talker loses its socket", [](Scene& scene) { scene.talker->lose_socket(); }},
    {"the talker loads its page anew", [](Scene& scene) { reload_talker(scene, PageEnd::closed); },
     /*loses_lines=*/true},
    {"the talker's page crashes, and is loaded anew",
     [](Scene& scene) { reload_talker(scene, PageEnd::crashed); }, /*loses_lines=*/true},
    {"the operator removes the talker, and another comes",
     [](Scene& scene) {
       const bool is_there =
           scene.world.hub().remove_peer("lesson", scene.talker->id(), scene.world.now());
       if (is_there) replace_talker(scene);
     },
     /*loses_lines=*/true},
    {"the talker vanishes, and another takes over",
     [](Scene& scene) {
       scene.talker->crash();
       scene.run_some();
       replace_talker(scene);
     },
     /*loses_lines=*/true},
    {"the talker ends the room, and begins again with others",
     [](Scene& scene) {
       scene.talker->feed(session::RoomEndRequested{});
       scene.run_some();
       scene.talker->start_video();
       for (int i = 0; i < 2; ++i) scene.add_watcher();
     },
     /*loses_lines=*/true},
    {"a viewer loses its socket", [](Scene& scene) { scene.watchers[1]->lose_socket(); }},
    {"a viewer is removed",
     [](Scene& scene) { scene.talker->feed(session::RemovalRequested{scene.watchers[0]->id()}); }},
    {"a viewer leaves",
     [](Scene& scene) {
       scene.watchers.back()->leave();
       scene.watchers.pop_back();
     }},
    {"a viewer comes", [](Scene& scene) { scene.add_watcher(); }},
    {"a viewer loads its page anew", [](Scene& scene) { reload_viewer(scene, PageEnd::closed); }},
    {"a viewer's page crashes, and is loaded anew",
     [](Scene& scene) { reload_viewer(scene, PageEnd::crashed); }},
    {"a viewer presses Request", [](Scene& scene) { scene.watchers[0]->request(); }},
    {"the talker chooses music",
     [](Scene& scene) {
       session::MediaChoice music;
       music.sound = session::SoundMode::music;
       scene.talker->feed(session::MediaChosen{music});
     }},
    {"the talker shows a screen, which a connection does not take",
     [](Scene& scene) {
       scene.talker->fail_next.insert(session::Step::replace_tracks);
       scene.talker->start_screen();
     }},
    {"the forwarder dies", [](Scene& scene) { scene.world.forwarder().die(); }},
    {"the server is killed",
     [](Scene& scene) {
       scene.world.kill_server();
       scene.world.pass(session::Duration(700));
       scene.world.start_server();
     }},
    {"the server and its forwarder are killed",
     [](Scene& scene) {
       scene.world.kill_server(/*with_forwarder=*/true);
       scene.world.pass(session::Duration(700));
       scene.world.start_server();
     }},
    {"a viewer leaves while the server is away",
     [](Scene& scene) {
       scene.world.kill_server();
       scene.watchers.back()->leave();
       scene.watchers.pop_back();
       scene.world.pass(session::Duration(700));
       scene.world.start_server();
     }},
    {"the network breaks",
     [](Scene& scene) { scene.world.break_transports(session::TransportState::disconnected); }},
};

/// The talker knows who watches, and by what way.
void expect_view(const Scene& scene, const Talker& talker) {
  const std::vector<Watcher*> watching = scene.watching();
  const auto forwarded =
      std::count_if(watching.begin(), watching.end(), [&](const Watcher* watcher) {
        const auto& connections = watcher->session.connections();
        return std::any_of(connections.begin(), connections.end(),
                           [&](const auto& entry) { return entry.second.of == talker.id(); });
      });
  const session::TalkView view = talker.session.view();
  EXPECT_EQ(view.viewers, watching.size());
  EXPECT_EQ(view.connecting, 0u);
  EXPECT_EQ(view.forwarded, static_cast<std::size_t>(forwarded));
}

template <typename Page>
std::ptrdiff_t times_shown(const Page& page, const std::string& line) {
  const std::vector<std::string> texts = page.chat_texts();
  return std::count(texts.begin(), texts.end(), line);
}

/// Everybody has every line once; but of a page that has ended not what was under way.
void expect_lines(const Scene& scene, bool some_are_lost) {
  const std::vector<Watcher*> watching = scene.watching();
  for (const auto& [author, line] : scene.lines) {
    const bool is_here =
        author == nullptr || std::find(watching.begin(), watching.end(), author) != watching.end();
    const int at_least = is_here && !some_are_lost ? 1 : 0;
    std::vector<std::ptrdiff_t> shown = {times_shown(*scene.talker, line)};
    for (const Watcher* watcher : watching) shown.push_back(times_shown(*watcher, line));
    for (const std::ptrdiff_t times : shown) {
      EXPECT_GE(times, at_least) << line;
      EXPECT_LE(times, 1) << line;
    }
  }
}

/// The chat goes both ways.
void expect_chat(Scene& scene) {
  for (const Watcher* watcher : scene.watching()) EXPECT_TRUE(watcher->session.view().chat_open);
  scene.lines.clear();
  scene.write_lines();
  scene.world.pass(seconds(5));
  EXPECT_EQ(scene.lines.size(), scene.watching().size() + 1);
  expect_lines(scene, /*some_are_lost=*/false);
}

/// Where everybody has left, the talker knows nobody.
void expect_nobody_left(Scene& scene, const Talker& talker) {
  for (Watcher* watcher : scene.watchers) watcher->leave();
  scene.world.pass(seconds(2));
  const session::TalkView view = talker.session.view();
  EXPECT_EQ(view.viewers, 0u);
  EXPECT_EQ(view.connecting, 0u);
  EXPECT_EQ(view.forwarded, 0u);
  EXPECT_EQ(scene.world.forwarder().viewers(), 0u);
}

/// Each incident at each of many moments, in many orders of all that is under way; and then
/// another.
class ForwardedInAnyOrder : public testing::Test {
 protected:
  void run(std::uint32_t seed, const session::TalkOptions& options,
           const std::function<void(Scene&)>& prepare) {
    Scene scene(seed);
    const Incident& first = kIncidents[seed % kIncidents.size()];
    const Incident& second = kIncidents[scene.random() % kIncidents.size()];
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + first.name + ", " + second.name);
    scene.talker = &scene.world.add_talker(options);
    for (int i = 0; i < 3; ++i) scene.add_watcher();
    prepare(scene);
    scene.talker->start_video();
    for (const Incident* incident : {&first, &second}) {
      scene.run_some();
      scene.write_lines();
      scene.run_some();
      incident->happen(scene);
    }
    scene.world.pass(seconds(120));

    ASSERT_TRUE(scene.talker->session.on_air());
    expect_pictures_of(scene.watchers);
    expect_view(scene, *scene.talker);
    expect_lines(scene, first.loses_lines || second.loses_lines);
    expect_chat(scene);
    expect_nobody_left(scene, *scene.talker);
    scene.world.expect_empty_after_all_left();
  }
  /// Each incident is the first one so many times.
  static constexpr std::size_t kRounds = 1;
  void run_all(const session::TalkOptions& options, const std::function<void(Scene&)>& prepare,
               std::size_t rounds = kRounds) {
    for (std::uint32_t seed = 1; seed <= rounds * kIncidents.size() && !HasFailure(); ++seed)
      run(seed, options, prepare);
  }
};

TEST_F(ForwardedInAnyOrder, EverybodyHasAPictureAgainAndNothingIsLeft) {
  run_all({}, [](Scene&) {}, 4 * kRounds);
}

TEST_F(ForwardedInAnyOrder, SoIsItWhereTheTalkerServesTwoAtMost) {
  session::TalkOptions options;
  options.max_viewers = 2;
  run_all(options, [](Scene&) {});
}

TEST_F(ForwardedInAnyOrder, SoIsItWhereAViewerHasNoDirectPath) {
  run_all({}, [](Scene& scene) { scene.watchers[1]->reaches_no_browser = true; });
}

/// Every viewer has the pictures of both.
void expect_pictures_of_both(const Scene& scene) {
  for (const Watcher* watcher : scene.watching()) {
    std::set<ConnectionKey> keys;
    for (const auto& [key, connection] : watcher->session.connections()) {
      keys.insert(key);
      EXPECT_TRUE(watcher->has_frames(key));
    }
    EXPECT_EQ(keys.size(), 2u);
    EXPECT_EQ(watcher->all_shown, keys);
  }
}

TEST_F(ForwardedInAnyOrder, SoIsItWithTwoTalkersOfWhomOneIsForwarded) {
  for (std::uint32_t seed = 1; seed <= kRounds * kIncidents.size() && !HasFailure(); ++seed) {
    Scene scene(seed, /*talkers=*/2);
    const Incident& incident = kIncidents[seed % kIncidents.size()];
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + incident.name);
    Talker& other = scene.world.add_talker();
    scene.talker = &scene.world.add_talker();
    for (int i = 0; i < 3; ++i) scene.add_watcher();
    other.start_video();
    scene.run_some();
    scene.talker->start_video();
    scene.run_some();
    incident.happen(scene);
    scene.world.pass(seconds(150));

    if (!other.session.view().refusal.empty()) continue;  // its room was ended
    expect_pictures_of_both(scene);
    expect_view(scene, *scene.talker);
    expect_view(scene, other);
    expect_nobody_left(scene, *scene.talker);
    scene.world.expect_empty_after_all_left();
  }
}

TEST(Unreachable, ThoseWhomNoWayReachesLeaveThePlacesToOthers) {
  for (const std::optional<std::string>& forward :
       {std::optional<std::string>(), std::optional<std::string>("auto")}) {
    World world(1, forward);
    session::TalkOptions options;
    options.max_viewers = 3;
    Talker& talker = world.add_talker(options);
    for (int i = 0; i < 12; ++i) world.add_watcher().reaches_nobody = true;
    talker.start_video();
    world.pass(std::chrono::minutes(10));
    const std::size_t before = talker.count_done<session::CreateConnection>();
    world.pass(std::chrono::minutes(5));
    EXPECT_LE(talker.count_done<session::CreateConnection>() - before, 40u)
        << "of three places, which change hands every 8 s otherwise";
    Watcher& honest = world.add_watcher();
    world.pass(seconds(20));
    EXPECT_EQ(honest.picture(), Picture::live);
    world.expect_empty_after_all_left();
  }
}

}  // namespace
}  // namespace onair::tests
