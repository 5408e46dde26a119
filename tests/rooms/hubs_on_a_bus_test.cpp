// Several hubs that serve one room between them: what the bus promises, whether it joins the
// threads of one process or several processes. The test hands over what they broadcast each other.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rooms/client.hpp"
#include "rooms/hub.hpp"
#include "support/cluster.hpp"
#include "support/world.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::seconds;

/// How many hubs there are in each process. What the bus promises holds for all of them.
using Shape = std::vector<HubId>;

class HubsOnABusTest : public testing::TestWithParam<Shape> {
 protected:
  void settle() { cluster.settle(); }
  /// Hands over one thing that is under way. False where there was nothing.
  bool settle_a_little() { return cluster.settle_a_little(); }
  Hub& hub(std::size_t number) { return cluster.hub(number); }
  void send(HubId number, Client& client, const std::string& frame) {
    hub(number).receive(client, frame, cluster.now);
  }
  void enter_unsettled(HubId hub, Client& client, const std::string& role,
                       const std::string& more = "") {
    send(hub, client, R"({"type":"enter","room":"lesson","role":")" + role + "\"" + more + "}");
  }
  void enter(HubId hub, Client& client, const std::string& role, const std::string& more = "") {
    enter_unsettled(hub, client, role, more);
    settle();
  }
  void send_settled(HubId hub, Client& client, const std::string& frame) {
    send(hub, client, frame);
    settle();
  }
  void lose(HubId number, Client& client, Hub::Leaving leaving) {
    hub(number).disconnected(client, leaving, cluster.now);
  }
  void leave(HubId hub, Client& client) {
    lose(hub, client, Hub::Leaving::for_good);
    settle();
  }
  void pass(Duration duration) { cluster.pass(duration); }
  void expect_empty() {
    pass(seconds(20));
    for (std::size_t i = 0; i < cluster.hubs(); ++i) {
      EXPECT_EQ(hub(i).census().peers, 0u);
      EXPECT_EQ(hub(i).census().rooms, 0u);
      EXPECT_EQ(hub(i).next_deadline(), std::nullopt);
    }
    for (std::size_t i = 0; i < cluster.processes(); ++i) {
      const auto& gateway = cluster.process(i).gateway;
      EXPECT_FALSE(gateway && gateway->share_of("lesson")) << "of process " << i;
    }
  }
  void forget_what_crossed() {
    cluster.batches = 0;
    cluster.network.delivered.clear();
  }
  /// Batches from thread to thread, or messages from process to process, where each hub is in one
  /// of its own.
  void expect_crossings(std::size_t batches, std::size_t messages) {
    if (!cluster.has_processes()) {
      EXPECT_EQ(cluster.batches, batches);
    } else if (GetParam() == Shape{1, 1, 1}) {
      EXPECT_EQ(cluster.network.delivered.size(), messages);
    }
  }
  /// Waits until the number of viewers has been sent to other processes.
  void let_numbers_travel() { pass(std::chrono::milliseconds(100)); }

  tests::PlainTokens tokens;
  int last_id = 0;
  tests::Cluster cluster{
      GetParam(), [this] {
        return HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id); },
            .resume_tokens = tokens,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
            .limits = {.rates = {10'000, 10'000'000, seconds(1)},
                       .peers_per_room = 4,
                       .talkers_per_room = 2},
        };
      }};
  Client talker, watcher, other;
};

INSTANTIATE_TEST_SUITE_P(Threads, HubsOnABusTest, testing::Values(Shape{3}));
INSTANTIATE_TEST_SUITE_P(Processes, HubsOnABusTest, testing::Values(Shape{1, 1, 1}, Shape{2, 1}));

TEST_P(HubsOnABusTest, ABroadcastReachesTheWholeRoom) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  send_settled(0, talker, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), (News{"welcome", "talk_ready"}));
  EXPECT_EQ(other.news(), (News{"welcome", "talk_ready"}));
  EXPECT_EQ(watcher.last()["from"], "id1");
  EXPECT_EQ(talker.news(), News{});
}

TEST_P(HubsOnABusTest, WhatIsSentBeforeTheWelcomeHasABoundForAllTogether) {
  enter(0, talker, "talk");
  const auto wave_of = [](std::size_t bytes) {
    return R"({"type":"wave","x":")" + std::string(bytes, 'x') + "\"}";
  };
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 60; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter_unsettled(1, *crowd.back(), "watch");
    for (int n = 0; n < 4; ++n) send(1, *crowd.back(), wave_of(60'000));
  }
  EXPECT_EQ(crowd.front()->news(), News{});
  EXPECT_EQ(crowd.back()->news(), News(4, "error not_entered"));
  settle();
  EXPECT_EQ(crowd.back()->news(), News{"error room_full"});
  for (const auto& client : crowd) leave(1, *client);
  enter_unsettled(1, other, "watch");
  send(1, other, wave_of(60'000));
  EXPECT_EQ(other.news(), News{}) << "what has been handled counts no more";
  settle();
  EXPECT_EQ(other.news(), News{"welcome"});
}

TEST_P(HubsOnABusTest, WhoComesLateLearnsWhoIsOnAirOnAnotherHub) {
  enter(0, talker, "talk");
  send_settled(0, talker, R"({"type":"talk_ready"})");
  enter_unsettled(1, watcher, "watch");
  EXPECT_EQ(watcher.news(), News{}) << "the welcome waits for what the others know";
  settle();
  EXPECT_EQ(watcher.last()["talkers"], json::array({"id1"}));
  send_settled(0, talker, R"({"type":"end_talk"})");
  enter(1, other, "watch");
  EXPECT_EQ(other.last()["talkers"], json::array());
}

TEST_P(HubsOnABusTest, NobodyMissesATalkerWhoGoesOnAirAtTheSameMoment) {
  enter(0, talker, "talk");
  for (int order = 0; order < 2; ++order) {
    Client late;
    if (order == 0) send(0, talker, R"({"type":"talk_ready"})");
    enter_unsettled(1, late, "watch");
    if (order == 1) send(0, talker, R"({"type":"talk_ready"})");
    settle();
    const bool in_welcome = late.frames[0]["talkers"] == json::array({"id1"});
    const auto times = static_cast<std::size_t>(in_welcome) + late.frames.size() - 1;
    EXPECT_GE(times, 1u) << order;
    leave(1, late);
    send_settled(0, talker, R"({"type":"end_talk"})");
  }
}

TEST_P(HubsOnABusTest, WhoComesWhileATalkerComesAndGoesKnowsHowItEnds) {
  enter(1, other, "watch");
  // A client enters after each message that is under way.
  bool all_was_under_way = true;
  for (int steps = 0; all_was_under_way; ++steps) {
    Client visitor;
    enter(0, visitor, "talk");
    for (const std::string change : {"talk_ready", "end_talk", "talk_ready", "user_disconnected"}) {
      if (change == "user_disconnected") {
        lose(0, visitor, Hub::Leaving::for_good);
      } else {
        send(0, visitor, R"({"type":")" + change + "\"}");
      }
      int taken = 0;
      while (taken < steps && settle_a_little()) ++taken;
      all_was_under_way = taken == steps;
      Client late;
      enter(1, late, "watch");
      bool is_on_air = late.frames[0]["talkers"] == json::array({visitor.id()});
      for (const std::string& news : late.news()) {
        if (news == "talk_ready") is_on_air = true;
        if (news == "end_talk" || news == "user_disconnected") is_on_air = false;
      }
      EXPECT_EQ(is_on_air, change == "talk_ready") << change << " after " << steps;
      leave(1, late);
    }
    pass(seconds(20));  // until the slot is free
  }
}

TEST_P(HubsOnABusTest, FramesSentBeforeTheWelcomeAreBuffered) {
  enter(0, talker, "talk");
  talker.news();
  enter_unsettled(1, watcher, "watch");
  send(1, watcher, R"({"type":"talk_request"})");
  settle();
  EXPECT_EQ(news_of(talker), News{"talk_request"});
}

TEST_P(HubsOnABusTest, FramesSentBeforeTheWelcomeHaveABound) {
  enter_unsettled(1, watcher, "watch");
  const std::string frame = R"({"type":"wave","x":")" + std::string(60'000, 'x') + "\"}";
  for (int i = 0; i < 4; ++i) send(1, watcher, frame);
  EXPECT_EQ(watcher.news(), News{});
  send(1, watcher, frame);
  EXPECT_EQ(watcher.news(), News{"error not_entered"});
}

TEST_P(HubsOnABusTest, OneWhoIsGoneBeforeTheWelcomeLeavesNothing) {
  enter_unsettled(1, watcher, "watch");
  lose(1, watcher, Hub::Leaving::perhaps);
  settle();
  EXPECT_EQ(watcher.frames.size(), 0u);
  enter_unsettled(1, watcher, "watch");
  lose(1, watcher, Hub::Leaving::for_good);
  enter(1, other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"}) << "a late answer is not taken for this one's";
  leave(1, other);
  expect_empty();
}

TEST_P(HubsOnABusTest, OneWhoIsGoneAtAnyMomentBeforeTheWelcomeLeavesNothing) {
  for (int steps = 0; steps < 12; ++steps) {
    enter_unsettled(1, watcher, "watch");
    for (int i = 0; i < steps; ++i) settle_a_little();
    lose(1, watcher, Hub::Leaving::for_good);
    expect_empty();
  }
}

TEST_P(HubsOnABusTest, DirectedFramesGoToTheOneHubThatServesThePeer) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  other.news();
  forget_what_crossed();
  send_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(watcher.last()["type"], "offer");
  EXPECT_EQ(watcher.last()["from"], "id1");
  expect_crossings(1, 1);
  send_settled(1, watcher, R"({"type":"answer","sdp":"","sendto":"id1"})");
  EXPECT_EQ(talker.news(), News{"answer"});
  EXPECT_EQ(other.news(), News{});
}

TEST_P(HubsOnABusTest, WatchersOfDifferentHubsCantReachEachOther) {
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  watcher.news();
  other.news();
  send_settled(1, watcher, R"({"type":"wave","sendto":"id2"})");
  EXPECT_EQ(watcher.news(), News{"error no_such_peer"});
  send_settled(1, watcher, R"({"type":"wave"})");
  EXPECT_EQ(other.news(), News{});
}

TEST_P(HubsOnABusTest, NothingCrossesRooms) {
  enter(0, talker, "talk");
  send(1, watcher, R"({"type":"enter","room":"another","role":"watch"})");
  settle();
  talker.news();
  watcher.news();
  send_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(talker.news(), News{"error no_such_peer"});
  send_settled(0, talker, R"({"type":"talk_ready"})");
  EXPECT_EQ(watcher.news(), News{});
}

TEST_P(HubsOnABusTest, TheAudienceIsThatOfTheWholeRoom) {
  enter(0, talker, "talk");
  enter(0, watcher, "watch");
  enter(1, other, "watch");
  Client third;
  enter(2, third, "watch");
  let_numbers_travel();
  pass(seconds(1));
  EXPECT_EQ(talker.last(), json::parse(R"({"type":"audience","watching":3})"));
  leave(2, third);
  leave(1, other);
  let_numbers_travel();
  pass(seconds(1));
  EXPECT_EQ(talker.last(), json::parse(R"({"type":"audience","watching":1})"));
}

TEST_P(HubsOnABusTest, TheReceptionIsThatOfTheWholeRoom) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  const std::string of = R"({"type":"reception","of":")" + talker.id() + "\",";
  send_settled(1, watcher, of + R"("quality":"fair","loss":20})");
  send_settled(2, other, of + R"("quality":"poor","loss":80,"latency":900})");
  for (int i = 0; i < 6; ++i) pass(seconds(1));
  EXPECT_EQ(talker.last(),
            json({{"type", "audience_reception"},
                  {"good", 0},
                  {"fair", 1},
                  {"poor", 1},
                  {"worst",
                   {{{"id", other.id()}, {"quality", "poor"}, {"loss", 80}, {"latency", 900}},
                    {{"id", watcher.id()}, {"quality", "fair"}, {"loss", 20}}}}}));
  for (int i = 0; i < 30; ++i) pass(seconds(1));
  EXPECT_EQ(talker.last()["fair"], 0) << "they are too old";
  leave(0, talker);
  leave(1, watcher);
  leave(2, other);
  expect_empty();
}

TEST_P(HubsOnABusTest, AMemberThatLeavesIsAnnouncedWithinItsReachOnEveryHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  talker.news();
  leave(1, watcher);
  EXPECT_EQ(talker.news().front(), "user_disconnected");
  other.news();
  leave(0, talker);
  EXPECT_EQ(other.news(), News{"user_disconnected"});
  leave(2, other);
  expect_empty();
}

TEST_P(HubsOnABusTest, AWatchersWordsGoOnlyToHubsWithTalkers) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  forget_what_crossed();
  send_settled(1, watcher, R"({"type":"talk_request"})");
  expect_crossings(1, 1);
  EXPECT_EQ(talker.last()["type"], "talk_request");
}

TEST_P(HubsOnABusTest, ViewersOfEveryHubReachTheForwarder) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  hub(2).enter(other, {kForwarder, {"lesson", protocol::Role::watch}}, cluster.now);
  settle();
  send_settled(1, watcher, R"({"type":"talk_request","sendto":")" + other.id() + "\"}");
  EXPECT_EQ(other.last()["type"], "talk_request");
  const std::string offer = R"({"type":"offer","sendto":")" + watcher.id() + "\"}";
  hub(2).send(other, {"offer", watcher.id()}, offer, cluster.now);
  settle();
  EXPECT_EQ(watcher.last()["type"], "offer");
  leave(0, talker);
  other.news();
  leave(1, watcher);
  EXPECT_EQ(other.news(), News{"user_disconnected"}) << "no talker is here";
  leave(2, other);
  expect_empty();
}

TEST_P(HubsOnABusTest, ResumingAtAnotherHubEndsTheOldSocketAndIsNoNews) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  talker.news();
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.id(), "id2");
  EXPECT_EQ(watcher.closed, protocol::CloseCode::replaced);
  pass(seconds(30));
  EXPECT_EQ(news_of(talker), News{});
  send_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  EXPECT_EQ(other.news(), (News{"welcome", "offer"}));
}

TEST_P(HubsOnABusTest, OneInItsGraceTimeMayResumeAtAnotherHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  pass(seconds(1));
  talker.news();
  lose(1, watcher, Hub::Leaving::perhaps);
  pass(seconds(5));
  enter(0, other, "watch", R"(,"resume":"watch id2 lesson")");
  pass(seconds(30));
  EXPECT_EQ(news_of(talker), News{});
  EXPECT_EQ(hub(1).census().peers, 0u);
}

TEST_P(HubsOnABusTest, FramesForAPeerOnItsWayAreHandedOverInOrder) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  lose(1, watcher, Hub::Leaving::perhaps);
  send(0, talker, R"({"type":"wave","n":0})");
  send_settled(0, talker, R"({"type":"wave","n":1,"sendto":"id2"})");
  enter_unsettled(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  // While it moves, frames may go either way, or both.
  send(0, talker, R"({"type":"wave","n":2})");
  send(0, talker, R"({"type":"wave","n":3,"sendto":"id2"})");
  constexpr int kSent = 30;
  for (int n = 4; n < kSent; ++n) {
    settle_a_little();
    send(0, talker,
         R"({"type":"wave","n":)" + std::to_string(n) + (n % 2 == 0 ? "}" : R"(,"sendto":"id2"})"));
  }
  settle();
  std::vector<int> received;
  for (const json& frame : other.frames) {
    if (frame["type"] == "wave") received.push_back(frame["n"]);
  }
  EXPECT_EQ(other.frames[0]["type"], "welcome");
  std::vector<int> all;
  for (int n = 0; n < kSent; ++n) all.push_back(n);
  EXPECT_EQ(received, all);
  EXPECT_EQ(news_of(talker), News{"welcome"}) << "nobody was missing";
}

/// A member that goes from hub to hub, as when servers are restarted one after the other.
struct Traveller {
  enum class At { home, sent_off, under_way, entering };

  Traveller(std::string its_role, std::string its_id)
      : role(std::move(its_role)), id(std::move(its_id)) {}

  std::string role;
  std::string id;
  HubId hub = 0;
  At at = At::home;
  std::vector<std::unique_ptr<Client>> clients = {};  ///< the last is the one in use
  std::map<std::string, std::vector<int>> due = {};   ///< to receive, by sender

  Client& client() { return *clients.back(); }
  std::map<std::string, std::vector<int>> received() const {
    std::map<std::string, std::vector<int>> all;
    for (const auto& each : clients) {
      for (const json& frame : each->frames) {
        if (frame["type"] == "wave") all[frame["from"]].push_back(frame["n"]);
      }
    }
    return all;
  }
};

/// A talker and two viewers that go from hub to hub and send frames meanwhile.
class TravellersOnABusTest : public HubsOnABusTest {
 protected:
  using At = Traveller::At;

  explicit TravellersOnABusTest(unsigned seed = 1) : random_(seed) {}

  std::size_t one_of(std::size_t count) { return random_() % count; }

  void travel(int steps) {
    all_.emplace_back("talk", "id1");
    all_.emplace_back("watch", "id2");
    all_.emplace_back("watch", "id3");
    for (Traveller& each : all_) {
      each.hub = static_cast<HubId>(one_of(3));
      enter(each.hub, *each.clients.emplace_back(std::make_unique<Client>()), each.role);
    }
    for (int step = 0; step < steps; ++step) {
      Traveller& one = all_[one_of(all_.size())];
      const bool speaks = one.at == At::home || one.at == At::sent_off;
      if (one_of(8) == 0) {
        go_on(one);
      } else if (one_of(4) == 0 && speaks) {
        speak(one);
      } else {
        settle_a_little();
      }
      if (step % 50 == 0) cluster.advance(std::chrono::milliseconds(20));
    }
    for (Traveller& each : all_) {
      for (int i = 0; i < 4; ++i) {
        if (each.at != At::home) go_on(each);
        pass(std::chrono::milliseconds(400));
      }
      EXPECT_EQ(each.at, At::home) << each.id;
    }
  }

  /// Frames of one member to another that it did not receive, or received more often than once.
  struct Difference {
    std::vector<int> missed;
    std::vector<int> too_many;
  };
  std::map<std::string, Difference> differences() const {
    std::map<std::string, Difference> all;
    for (const Traveller& each : all_) {
      auto received = each.received();
      for (const auto& [from, due] : each.due) {
        std::vector<int> numbers = std::move(received[from]);
        std::sort(numbers.begin(), numbers.end());
        Difference& difference = all[from + " to " + each.id];
        std::set_difference(due.begin(), due.end(), numbers.begin(), numbers.end(),
                            std::back_inserter(difference.missed));
        std::set_difference(numbers.begin(), numbers.end(), due.begin(), due.end(),
                            std::back_inserter(difference.too_many));
      }
    }
    return all;
  }

 private:
  void speak(Traveller& from) {
    const bool talks = from.role == "talk";
    const Traveller& to = talks ? all_[1 + one_of(2)] : all_[0];
    const bool to_one = one_of(2) == 0;
    json frame = {{"type", "wave"}, {"n", ++sent_}};
    if (to_one) frame["sendto"] = to.id;
    send(from.hub, from.client(), frame.dump());
    for (Traveller& each : all_) {
      const bool receives =
          to_one ? &each == &to : &each != &from && (talks || each.role == "talk");
      if (receives) each.due[from.id].push_back(sent_);
    }
  }

  void go_on(Traveller& one) {
    switch (one.at) {
      case At::home:
        hub(one.hub).send_off(one.client(), cluster.now);
        one.at = At::sent_off;
        break;
      case At::sent_off:
        lose(one.hub, one.client(), Hub::Leaving::perhaps);
        one.at = At::under_way;
        break;
      case At::under_way:
        one.hub = static_cast<HubId>(one_of(3));
        enter_unsettled(one.hub, *one.clients.emplace_back(std::make_unique<Client>()), one.role,
                        R"(,"resume":")" + one.role + " " + one.id + R"( lesson")");
        one.at = At::entering;
        break;
      case At::entering:
        // It does not leave before it has all from where it was: a bus is faster than sockets.
        if (one.client().peer != nullptr && one.client().peer->is<Present>()) one.at = At::home;
        break;
    }
  }

  std::mt19937 random_;
  std::vector<Traveller> all_;
  int sent_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Threads, TravellersOnABusTest, testing::Values(Shape{3}));
INSTANTIATE_TEST_SUITE_P(Processes, TravellersOnABusTest,
                         testing::Values(Shape{1, 1, 1}, Shape{2, 1}));

TEST_P(TravellersOnABusTest, HoweverMembersGoFromHubToHubEachFrameComesOnce) {
  travel(4'000);
  for (const auto& [way, difference] : differences()) {
    EXPECT_EQ(difference.missed, std::vector<int>{}) << way;
    // A real NATS may be slow: see SlowProcessesTest.
    if (!cluster.real) EXPECT_EQ(difference.too_many, std::vector<int>{}) << way;
  }
}

/// The same where some ways to NATS and back are slow, others quick, and in turn.
class OnSlowWays final : public TravellersOnABusTest {
 public:
  explicit OnSlowWays(unsigned seed) : TravellersOnABusTest(seed) {
    constexpr int kSteps = 200;
    cluster.network.one_of = [this](std::size_t ways) {
      if (++taken_ % kSteps == 0) quick_ = one_of(24);
      return one_of(6) == 0 ? one_of(ways) : quick_ % ways;
    };
  }
  using TravellersOnABusTest::differences;
  using TravellersOnABusTest::travel;
  void TestBody() override {}

 private:
  int taken_ = 0;
  std::size_t quick_ = 0;
};

class SlowProcessesTest : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(SlowProcesses, SlowProcessesTest, testing::Values(Shape{1, 1, 1}));

TEST_P(SlowProcessesTest, NoFrameIsLost) {
  // With seed 128, a process once gave a member back to one that had just handed it over.
  for (unsigned seed = 101; seed <= 150; ++seed) {
    OnSlowWays run(seed);
    run.travel(1'000);
    // A frame that was long under way may come twice, to a member that has come back meanwhile.
    for (const auto& [way, difference] : run.differences()) {
      EXPECT_EQ(difference.missed, std::vector<int>{}) << way << " with seed " << seed;
    }
  }
}

TEST_P(HubsOnABusTest, FramesOfAPeerThatIsSentOffCountToTheLastWhereverItGoes) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  news_of(talker);
  hub(1).send_off(watcher, cluster.now);
  send_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), News{"welcome"}) << "its old socket has not ended";
  send_settled(1, watcher, R"({"type":"answer","sdp":"","sendto":"id1"})");
  EXPECT_EQ(news_of(talker), News{"answer"});
  lose(1, watcher, Hub::Leaving::perhaps);
  settle();
  EXPECT_EQ(other.news(), News{"offer"});
  pass(seconds(20));
  EXPECT_EQ(news_of(talker), News{});
  EXPECT_EQ(hub(1).census().peers, 0u);
}

TEST_P(HubsOnABusTest, ASocketThatDoesNotEndIsNotWaitedForLong) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  hub(1).send_off(watcher, cluster.now);
  send_settled(0, talker, R"({"type":"offer","sdp":"","sendto":"id2"})");
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  pass(std::chrono::milliseconds(500));
  EXPECT_EQ(other.news(), (News{"welcome", "offer"}));
  lose(1, watcher, Hub::Leaving::perhaps);
}

TEST_P(HubsOnABusTest, WhatATalkerMissesIsHandedOverToo) {
  enter(0, talker, "talk");
  send_settled(0, talker, R"({"type":"talk_ready"})");
  enter(1, watcher, "watch");
  hub(0).send_off(talker, cluster.now);
  lose(0, talker, Hub::Leaving::perhaps);
  send_settled(1, watcher, R"({"type":"talk_request","sendto":"id1"})");
  send_settled(1, watcher, R"({"type":"wave"})");
  enter(2, other, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(news_of(other), (News{"welcome", "talk_request", "wave"}));
}

TEST_P(HubsOnABusTest, ATalkerThatResumesAtAnotherHubIsStillOnAir) {
  enter(0, talker, "talk");
  send_settled(0, talker, R"({"type":"talk_ready"})");
  enter(2, watcher, "watch");
  Client moved;
  enter(1, moved, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(moved.frames[0]["talkers"], json::array({"id1"}));
  enter(0, other, "watch");
  EXPECT_EQ(other.frames[0]["talkers"], json::array({"id1"}));
  EXPECT_EQ(watcher.news(), News{"welcome"});
}

TEST_P(HubsOnABusTest, APageThatResumesElsewhereWithoutItsConnectionsIsAnnouncedAsGone) {
  enter(0, talker, "talk");
  send_settled(0, talker, R"({"type":"talk_ready"})");
  enter(2, watcher, "watch");
  watcher.news();
  enter(1, other, "talk", R"(,"resume":"talk id1 lesson","fresh":true)");
  EXPECT_EQ(watcher.news(), News{"user_disconnected"});
  EXPECT_EQ(other.frames[0]["talkers"], json::array());
}

TEST_P(HubsOnABusTest, TheBoundOfARoomHoldsOverAllHubs) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (HubId i = 0; i < 4; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter(i % 3, *crowd.back(), "watch");
    let_numbers_travel();
  }
  enter(2, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_full"});
}

TEST_P(HubsOnABusTest, MembersThatAreAwayAnywhereMakeWay) {
  std::vector<std::unique_ptr<Client>> crowd;
  for (HubId i = 0; i < 4; ++i) {
    crowd.push_back(std::make_unique<Client>());
    enter(i % 3, *crowd.back(), "watch");
    let_numbers_travel();
  }
  lose(0, *crowd[0], Hub::Leaving::perhaps);
  settle();
  let_numbers_travel();
  enter(2, other, "watch");
  EXPECT_EQ(other.news(), News{"welcome"});
  let_numbers_travel();
  std::size_t members = 0;
  for (std::size_t i = 0; i < cluster.hubs(); ++i) members += hub(i).census().peers;
  EXPECT_EQ(members, 5u) << "and one of them away";
  enter(1, watcher, "watch");
  EXPECT_EQ(watcher.news(), News{"error room_full"});
  lose(0, *crowd[3], Hub::Leaving::perhaps);
  for (HubId i = 0; i < 8; ++i) {
    Client passing;
    settle();
    let_numbers_travel();
    enter(i % 3, passing, "watch");
    EXPECT_EQ(passing.news(), News{"welcome"}) << i;
    lose(i % 3, passing, Hub::Leaving::perhaps);
    settle();
    let_numbers_travel();
  }
  members = 0;
  for (std::size_t i = 0; i < cluster.hubs(); ++i) members += hub(i).census().peers;
  EXPECT_LE(members, 8u) << "of those that are away there are at most as many again";
}

TEST_P(HubsOnABusTest, OfTalkersWhoEnterAtOnceOnOtherHubsSoManyStayAsMay) {
  enter(0, watcher, "watch");
  std::vector<std::unique_ptr<Client>> talkers;
  for (const HubId hub : {0U, 1U, 2U}) {
    enter_unsettled(hub, *talkers.emplace_back(std::make_unique<Client>()), "talk");
  }
  settle();
  std::size_t stay = 0;
  for (const auto& each : talkers) stay += each->peer != nullptr ? 1 : 0;
  EXPECT_EQ(stay, 2u) << "the bound of this test";
  for (const auto& each : talkers) {
    if (each->peer != nullptr) continue;
    EXPECT_EQ(each->news().back(), "error room_taken");
  }
}

TEST_P(HubsOnABusTest, TheRoomIsTakenOnEveryHubAndMovesWithItsTalker) {
  Client second;
  enter(0, talker, "talk");
  enter(1, second, "talk");
  enter(2, other, "talk");
  EXPECT_EQ(other.news(), News{"error room_taken"});
  send_settled(0, talker, R"({"type":"talk_ready"})");
  leave(0, talker);  // on air: its page may be loading again
  enter(2, other, "talk");
  EXPECT_EQ(other.news(), News{"error room_taken"});
  Client again;
  enter(1, again, "talk", R"(,"resume":"talk id1 lesson","fresh":true)");
  EXPECT_EQ(again.id(), "id1");
  leave(1, again);
  enter(2, other, "talk");
  EXPECT_EQ(other.news().front(), "welcome") << "it was not on air again";
}

TEST_P(HubsOnABusTest, ALockHoldsOnEveryHubAndMovesWithItsTalker) {
  Client moved;
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  send_settled(0, talker, R"({"type":"lock_room","locked":true})");
  enter(2, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  lose(0, talker, Hub::Leaving::perhaps);
  enter(1, moved, "talk", R"(,"resume":"talk id1 lesson")");
  EXPECT_EQ(moved.frames[0]["locked"], true);
  enter(0, other, "watch");
  EXPECT_EQ(other.news(), News{"error room_locked"});
  enter(2, other, "watch", R"(,"resume":"watch id2 lesson")");
  EXPECT_EQ(other.news(), News{"welcome"}) << "who was in may come back to any hub";
  leave(1, moved);
  Client late;
  enter(0, late, "watch");
  EXPECT_EQ(late.news(), News{"welcome"});
}

TEST_P(HubsOnABusTest, OrdersReachEveryHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  send_settled(0, talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_EQ(watcher.closed, protocol::CloseCode::removed);
  for (const HubId hub : {0U, 1U, 2U}) {
    Client back;
    enter(hub, back, "watch", R"(,"resume":"watch id2 lesson")");
    EXPECT_EQ(back.news(), News{"error removed"});
  }
  send_settled(0, talker, R"({"type":"end_room"})");
  EXPECT_EQ(other.closed, protocol::CloseCode::room_ended);
  leave(0, talker);
  expect_empty();
}

TEST_P(HubsOnABusTest, TheOperatorEndsARoomOnEveryHub) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  EXPECT_TRUE(hub(1).end_room("lesson", cluster.now));
  settle();
  for (const Client* client : {&talker, &watcher, &other}) {
    EXPECT_EQ(client->closed, protocol::CloseCode::room_ended);
  }
  expect_empty();
}

TEST_P(HubsOnABusTest, NoTalkerVoidsTheTokenOfAnother) {
  Client second, back;
  enter(0, talker, "talk");
  enter(1, second, "talk");
  send_settled(0, talker, R"({"type":"remove_peer","id":"id2"})");
  EXPECT_EQ(talker.news().back(), "error wrong_role");
  enter(2, back, "talk", R"(,"resume":"talk id2 lesson")");
  EXPECT_EQ(back.news().front(), "welcome");
}

TEST_P(HubsOnABusTest, AViewerOfAnotherHubGetsNoTalkerClosedButAnError) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  enter(2, other, "watch");
  for (const char* to : {R"(,"sendto":"id1")", ""}) {
    talker.is_slow = true;
    for (int i = 0; i < 200; ++i) {
      send(1, watcher, R"({"type":"wave","x":")" + std::string(8'000, 'x') + "\"" + to + "}");
    }
    settle();
    EXPECT_EQ(talker.closed, std::nullopt);
    EXPECT_EQ(watcher.news().back(), "error rate_limited");
    talker.news();
    send_settled(2, other, R"({"type":"wave"})");
    EXPECT_EQ(news_of(talker), News{"wave"}) << "another has its own share";
    EXPECT_EQ(other.closed, std::nullopt);
    talker.read();
  }
}

TEST_P(HubsOnABusTest, ABatchOfBroadcastsIsHandedOverOnce) {
  enter(0, talker, "talk");
  enter(1, watcher, "watch");
  watcher.news();
  forget_what_crossed();
  for (int i = 0; i < 32; ++i) send(0, talker, R"({"type":"wave"})");
  settle();
  expect_crossings(1, 32);
  EXPECT_EQ(watcher.news(), News(32, "wave"));
}

}  // namespace
}  // namespace onair::rooms
