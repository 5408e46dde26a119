#include "session/talk/forwarding.hpp"

#include <set>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"

namespace onair::session {
namespace {

using ForwardStage = Forwarding::Stage;
using Peers = std::vector<PeerId>;

const std::vector<std::string> kAble = {std::string(protocol::kForwardedCap)};

class ForwardingTest : public testing::Test {
 protected:
  ForwardingTest() { forwarding.set_policy(ForwardPolicy::of("auto")); }

  Forwarding::Steps advance(Duration later = {}) {
    now += later;
    load.viewers = direct.size() + forwarding.forwarded();
    return forwarding.advance(load, direct, now);
  }
  /// `count` viewers with direct connections, who can move.
  void watch_directly(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      direct.push_back("v" + std::to_string(direct.size() + forwarding.forwarded()));
      EXPECT_FALSE(forwarding.takes(direct.back(), {{}, {}, kAble}, false, now));
    }
  }
  void forwarder_comes() {
    load.forwarder = "f";
    advance();
    ASSERT_EQ(forwarding.stage(), ForwardStage::forwarded);
  }
  /// Two watch, for whom the operator wants the forwarder, and it is here.
  void forward_from_two() {
    forwarding.set_policy(ForwardPolicy::of("2"));
    watch_directly(2);
    advance();
    forwarder_comes();
  }
  void move(const PeerId& viewer) {
    std::erase(direct, viewer);
    forwarding.moved(viewer, {"f", {}, kAble});
  }
  bool request(const PeerId& viewer, std::vector<std::string> caps = kAble, bool alone = false) {
    return forwarding.takes(viewer, {{}, {}, std::move(caps), alone}, direct_is_full, now);
  }

  Forwarding forwarding;
  Forwarding::Load load{.on_air = true, .capacity = 20};
  Peers direct;
  bool direct_is_full = false;
  TimePoint now{Duration(1'000'000)};
};

TEST_F(ForwardingTest, KnowsTheOperatorsPolicies) {
  using When = ForwardPolicy::When;
  EXPECT_EQ(ForwardPolicy::of("auto"), ForwardPolicy{When::automatically});
  EXPECT_EQ(ForwardPolicy::of("always"), ForwardPolicy{When::always});
  EXPECT_EQ(ForwardPolicy::of("30"), (ForwardPolicy{When::from_viewers, 30}));
  for (const char* never : {"never", "", "0", "-1", "3x", "later"}) {
    EXPECT_EQ(ForwardPolicy::of(never), ForwardPolicy{}) << never;
  }
  EXPECT_EQ(ForwardPolicy::of(std::nullopt), ForwardPolicy{}) << "the server has no forwarder";
}

TEST_F(ForwardingTest, AsksForTheForwarderAtThreeQuartersOfTheCapacity) {
  watch_directly(14);
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  watch_directly(1);
  EXPECT_EQ(advance().use_forwarder, true);
  EXPECT_EQ(forwarding.stage(), ForwardStage::asking);
  EXPECT_EQ(advance(Forwarding::kAskPause - Duration(1)).use_forwarder, std::nullopt);
  ASSERT_EQ(forwarding.next_deadline(), now + Duration(1));
  EXPECT_EQ(advance(Duration(1)).use_forwarder, true) << "it did not come";
}

TEST_F(ForwardingTest, AsksWhereTheLineOrTheProcessorIsShort) {
  watch_directly(2);
  load.short_of_uplink = true;
  EXPECT_EQ(advance().use_forwarder, true);
  load.short_of_uplink = false;
  EXPECT_EQ(advance().use_forwarder, false) << "needed no more before it came";

  for (const Duration later : {Duration(0), Duration(2'000), Duration(2'000)}) {
    now += later;
    forwarding.encoder_reported(true, now);
    EXPECT_EQ(advance().use_forwarder, std::nullopt) << "a moment is no strain";
  }
  now += Duration(1'000);
  forwarding.encoder_reported(true, now);
  EXPECT_EQ(advance().use_forwarder, true);
}

TEST_F(ForwardingTest, AViewerWhomNoDirectConnectionReachesBringsTheForwarder) {
  watch_directly(1);
  forwarding.unreached("v");
  EXPECT_EQ(advance().use_forwarder, std::nullopt) << "once may be a moment";
  forwarding.reached("v");
  forwarding.unreached("v");
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  forwarding.unreached("v");
  EXPECT_EQ(advance().use_forwarder, true);
  forwarder_comes();
  EXPECT_TRUE(request("v"));
  move("v");
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  EXPECT_EQ(advance(2 * Forwarding::kQuietTime).call_back, Peers{}) << "it could not come back";
  forwarding.forget("v");
  advance();
  EXPECT_EQ(advance(Forwarding::kQuietTime).call_back, Peers{"v0"});
}

TEST_F(ForwardingTest, AForwarderThatIsHereForPlayersIsHeldToo) {
  load.forwarder = "f";
  watch_directly(15);
  const Forwarding::Steps steps = advance();
  EXPECT_EQ(steps.use_forwarder, true);
  EXPECT_EQ(steps.invite.size(), 10u);
}

TEST_F(ForwardingTest, NeverAsksWhereTheOperatorOrThePersonDoesNotWantIt) {
  watch_directly(20);
  forwarding.set_policy(ForwardPolicy::of("never"));
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  forwarding.set_policy(ForwardPolicy::of("auto"));
  forwarding.keep_direct(true);
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  forwarding.keep_direct(false);
  load.on_air = false;
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
}

TEST_F(ForwardingTest, AlwaysAndANumberAreTakenAtTheirWord) {
  forwarding.set_policy(ForwardPolicy::of("always"));
  EXPECT_EQ(advance().use_forwarder, true) << "before anybody watches";
  forwarding.reset();
  forwarding.set_policy(ForwardPolicy::of("2"));
  watch_directly(1);
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  watch_directly(1);
  EXPECT_EQ(advance().use_forwarder, true);
}

TEST_F(ForwardingTest, MovesTenAtFirstAndMoreWhileItGoesWell) {
  watch_directly(45);
  advance();
  load.forwarder = "f";
  const Peers first = advance().invite;
  EXPECT_EQ(first, Peers(direct.begin(), direct.begin() + 10)) << "in the order of their coming";
  for (const PeerId& viewer : Peers(first.begin(), first.end() - 1)) move(viewer);
  EXPECT_EQ(advance(Duration(500)).invite, Peers{}) << "one of them is still on its way";
  move(first.back());
  EXPECT_EQ(advance(Duration(500)).invite.size(), 20u);
  EXPECT_EQ(forwarding.forwarded(), 10u);
}

TEST_F(ForwardingTest, AViewerThatDoesNotMoveInTimeIsInvitedOnceMoreAfterTheOthers) {
  watch_directly(15);
  advance();
  load.forwarder = "f";
  const Peers first = advance().invite;
  for (const PeerId& viewer : Peers(first.begin() + 1, first.end())) move(viewer);
  ASSERT_EQ(forwarding.next_deadline(), now + kMoveReplyTimeout);
  Peers next = advance(kMoveReplyTimeout).invite;
  EXPECT_EQ(next, Peers(direct.begin() + 1, direct.end())) << "all but the first";
  for (const PeerId& viewer : next) move(viewer);
  EXPECT_EQ(advance().invite, Peers{}) << "a moment ago there was an invitation";
  EXPECT_EQ(advance(Forwarding::kInvitePause).invite, Peers{"v0"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(advance(kMoveReplyTimeout).invite, Peers{});
  EXPECT_EQ(direct, Peers{"v0"}) << "and stays direct";
}

TEST_F(ForwardingTest, AViewerThatMovesAtTheSecondInvitationIsForwarded) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct.begin() + 1, direct.end())) move(viewer);
  EXPECT_EQ(advance(kMoveReplyTimeout).invite, Peers{"v0"});
  move("v0");
  EXPECT_EQ(forwarding.forwarded(), 15u);
  for (int i = 4; i < 15; ++i) forwarding.forget("v" + std::to_string(i));
  EXPECT_EQ(advance(Duration(1)).call_back, Peers{});
  EXPECT_EQ(advance(Forwarding::kQuietTime).call_back.size(), 4u) << "and can come back";
}

TEST_F(ForwardingTest, TwoFailedMovesCountInTheNextRoundToo) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct.begin() + 1, direct.end())) move(viewer);
  for (int i = 0; i < 2; ++i) advance(kMoveReplyTimeout);
  forwarding.keep_direct(true);
  for (const PeerId& viewer : advance().call_back) forwarding.left(viewer);
  for (const PeerId& viewer : advance().call_back) forwarding.left(viewer);
  advance();
  EXPECT_EQ(advance(kMoveReplyTimeout).use_forwarder, false);
  forwarding.keep_direct(false);
  load.forwarder.reset();
  load.any_waits = true;
  forwarder_comes();
  EXPECT_EQ(advance(Duration(500)).invite, Peers{});
}

TEST_F(ForwardingTest, AViewerThatIsCalledSinceItIsOverdueHasFailedOnce) {
  forward_from_two();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  EXPECT_TRUE(request("late"));
  ASSERT_EQ(advance(kMoveReplyTimeout).call_back, Peers{"late"});
  EXPECT_FALSE(request("late", kAble, /*alone=*/true));
  direct = {"late"};
  EXPECT_EQ(advance(Forwarding::kInvitePause).invite, Peers{"late"});
  EXPECT_FALSE(request("late", kAble, /*alone=*/true));
  EXPECT_EQ(advance(2 * kMoveReplyTimeout).invite, Peers{});
}

TEST_F(ForwardingTest, ANewcomerThatFailedIsTakenOnceMoreWhereTheTalkerIsFull) {
  watch_directly(15);
  advance();
  forwarder_comes();
  EXPECT_TRUE(request("new"));
  EXPECT_FALSE(request("new", kAble, /*alone=*/true));
  EXPECT_FALSE(request("new")) << "the talker has room for it";
  direct_is_full = true;
  EXPECT_TRUE(forwarding.may_take("new"));
  EXPECT_TRUE(request("new"));
  EXPECT_FALSE(request("new", kAble, /*alone=*/true));
  EXPECT_FALSE(forwarding.may_take("new"));
  EXPECT_FALSE(request("new")) << "it waits for room";
}

TEST_F(ForwardingTest, AFailureLongAfterTheOneBeforeIsANewFault) {
  watch_directly(15);
  advance();
  forwarder_comes();
  direct_is_full = true;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(request("mobile"));
    EXPECT_FALSE(request("mobile", kAble, /*alone=*/true));
    now += Forwarding::kNewFault;
  }
  EXPECT_TRUE(request("mobile"));
}

TEST_F(ForwardingTest, SendsNewcomersToTheForwarderAtOnce) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  advance(Duration(500));

  EXPECT_TRUE(request("new"));
  EXPECT_FALSE(forwarding.is_forwarded("new")) << "until it says so";
  EXPECT_EQ(advance().invite, Peers{"new"});
  EXPECT_TRUE(request("old page", {}));
  EXPECT_TRUE(forwarding.is_forwarded("old page")) << "it takes any offer, and says nothing";
  EXPECT_EQ(advance().invite, Peers{}) << "a moment ago there was an invitation";
  EXPECT_TRUE(request("third"));
  EXPECT_EQ(advance(Forwarding::kInvitePause).invite, (Peers{"old page", "third"}));
}

TEST_F(ForwardingTest, AViewerThatTheForwarderCanNotReachGetsADirectConnection) {
  forwarding.set_policy(ForwardPolicy::of("always"));
  advance();
  forwarder_comes();
  EXPECT_FALSE(request("v", kAble, /*alone=*/true));
  EXPECT_FALSE(request("v")) << "and keeps it when it asks again";
  direct.emplace_back("v");
  EXPECT_EQ(advance().invite, Peers{"v"}) << "once more";
  EXPECT_FALSE(request("v", kAble, /*alone=*/true));
  EXPECT_EQ(advance(Duration(60'000)).invite, Peers{});
}

TEST_F(ForwardingTest, AsksAnewWhenTheForwarderIsLost) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  forwarding.forwarder_lost("another");
  EXPECT_EQ(forwarding.forwarded(), 15u);
  forwarding.forwarder_lost("f");
  load.forwarder.reset();
  for (int i = 0; i < 15; ++i) {
    EXPECT_FALSE(request("v" + std::to_string(i), kAble, /*alone=*/true)) << "it has lost it too";
  }
  EXPECT_EQ(forwarding.forwarded(), 0u);
  direct = {"v0"};
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  load.any_waits = true;
  EXPECT_EQ(advance().use_forwarder, true);
  forwarder_comes();
  EXPECT_EQ(advance(Duration(500)).invite, Peers{}) << "the batch went out with the stage";
  move("v0");
  EXPECT_TRUE(forwarding.is_forwarded("v0")) << "a failure of the last forwarder counts no more";
}

TEST_F(ForwardingTest, KnowsItsViewersWhereTheForwardersConnectionIsMadeAnew) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  forwarding.forwarder_lost("f");
  load.forwarder.reset();
  advance();
  EXPECT_EQ(forwarding.forwarded(), 15u) << "nothing has told them";
  forwarder_comes();
  EXPECT_EQ(forwarding.forwarded(), 15u);
}

TEST_F(ForwardingTest, AnotherForwarderThanTheOneThatIsGoneIsUsedAtOnce) {
  forward_from_two();
  move("v0");
  EXPECT_TRUE(request("late"));
  load.forwarder = "g";  // a server that was restarted has another one
  const Forwarding::Steps steps = advance();
  EXPECT_EQ(forwarding.forwarder(), "g");
  EXPECT_EQ(forwarding.stage(), ForwardStage::forwarded);
  EXPECT_TRUE(forwarding.is_forwarded("v0")) << "it may watch on";
  EXPECT_EQ(steps.call_back, Peers{"late"}) << "its invitation went to the first one";
  EXPECT_EQ(advance(Forwarding::kInvitePause).invite, direct);
}

TEST_F(ForwardingTest, WhoDoesNotConfirmThatItWatchesIsGone) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  forwarding.moved("old", {"f", {}, {}});
  forwarding.await_confirmations(now);
  for (int i = 1; i < 15; ++i) forwarding.moved("v" + std::to_string(i), {"f", {}, kAble});
  EXPECT_EQ(advance(kTalkerReturnTimeout - Duration(1)).gone, Peers{});
  EXPECT_EQ(forwarding.next_deadline(), now + Duration(1));
  EXPECT_EQ(advance(Duration(1)).gone, Peers{"v0"}) << "and not the client that never says so";
  EXPECT_EQ(forwarding.forwarded(), 15u);
  EXPECT_EQ(advance(kTalkerReturnTimeout).gone, Peers{});
}

TEST_F(ForwardingTest, OfACrowdThoseWhoAreSilentAreAskedSomeAtATimeBeforeTheyCountAsGone) {
  forward_from_two();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  std::set<PeerId> left;
  for (int count = 1'000; count <= 10'000; count += 9'000) {
    const auto answer = [this](const PeerId& viewer) {
      forwarding.moved(viewer, {"f", {}, kAble});
    };
    Peers crowd;
    for (int i = 0; i < count; ++i)
      crowd.push_back(std::to_string(count) + " " + std::to_string(i));
    for (const PeerId& viewer : crowd) answer(viewer);
    forwarding.await_confirmations(now);
    for (const char* viewer : {"v0", "v1"}) answer(viewer);
    // Of each three one answers, the answer of another is lost, and the third has left.
    for (std::size_t i = 0; i < crowd.size(); i += 3) answer(crowd[i]);
    for (std::size_t i = 2; i < crowd.size(); i += 3) left.insert(crowd[i]);
    EXPECT_EQ(forwarding.next_deadline(), now + kTalkerReturnTimeout);
    std::set<PeerId> gone;
    while (const auto next = forwarding.next_deadline()) {
      const Forwarding::Steps steps = advance(*next - now);
      EXPECT_LE(steps.ask.size(), Forwarding::kAskedAtOnce);
      gone.insert(steps.gone.begin(), steps.gone.end());
      for (const PeerId& viewer : steps.ask) {
        if (!left.contains(viewer)) answer(viewer);
      }
    }
    EXPECT_EQ(gone, left);
    EXPECT_EQ(forwarding.forwarded(), 2 + crowd.size() - left.size());
    for (const PeerId& viewer : crowd) forwarding.forget(viewer);
    left.clear();
  }
}

TEST_F(ForwardingTest, OneThatLostTheForwarderGoesThereAgainWhereNoDirectConnectionReachesIt) {
  forward_from_two();
  move("v0");
  EXPECT_FALSE(request("v0", kAble, /*alone=*/true)) << "it has lost it";
  forwarding.unreached("v0");
  EXPECT_FALSE(request("v0")) << "once may be a moment";
  forwarding.unreached("v0");
  EXPECT_TRUE(request("v0"));
}

TEST_F(ForwardingTest, ANewcomerThatGivesUpTheWaitForTheForwarderIsNotSentThereAgain) {
  forward_from_two();
  EXPECT_TRUE(request("late"));
  forwarding.refused("late", now);
  EXPECT_FALSE(request("late"));
}

TEST_F(ForwardingTest, ThoseWhoWaitForAForwarderThatIsLostAreCalledByTheTalker) {
  forward_from_two();
  EXPECT_TRUE(request("late"));
  EXPECT_TRUE(request("gone"));
  forwarding.forwarder_lost("f");
  forwarding.forget("gone");
  load.forwarder.reset();
  EXPECT_EQ(advance().call_back, Peers{"late"});
  EXPECT_EQ(advance().call_back, Peers{});
}

TEST_F(ForwardingTest, ThoseWhoWaitForTheForwarderWhenTheRoomReturnsAreCalledByTheTalker) {
  forward_from_two();
  EXPECT_TRUE(request("late"));
  forwarding.keep_direct(true);
  EXPECT_EQ(advance().call_back, Peers{"late"});
}

TEST_F(ForwardingTest, ManyNewcomersThatAreCalledLeaveTheReturnItsBatches) {
  watch_directly(15);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(request("late" + std::to_string(i)));
  forwarding.keep_direct(true);
  EXPECT_EQ(advance().call_back.size(), Forwarding::kFirstBatch + 12);
}

TEST_F(ForwardingTest, OneReportOfALimitedEncoderIsNotFiveSeconds) {
  forwarding.encoder_reported(true, now);
  now += 2 * Forwarding::kOverloadTime;  // nobody watches, so nothing is reported
  watch_directly(1);
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
}

TEST_F(ForwardingTest, ComesBackWhenFewHaveWatchedForAMinuteAndTwiceAtMost) {
  for (int round = 0; round < 2; ++round) {
    watch_directly(15 - direct.size());
    advance(Duration(1'000));
    forwarder_comes();
    for (const PeerId& viewer : Peers(direct)) move(viewer);
    advance();
    for (int i = 8; i < 15; ++i) forwarding.forget("v" + std::to_string(i));
    EXPECT_EQ(advance().call_back, Peers{});
    EXPECT_EQ(advance(Forwarding::kQuietTime - Duration(1)).call_back, Peers{});
    const Peers back = advance(Duration(1)).call_back;
    ASSERT_EQ(back.size(), 8u) << "round " << round;
    for (const PeerId& viewer : back) {
      EXPECT_FALSE(request(viewer, kAble, /*alone=*/true));
      direct.push_back(viewer);
      forwarding.left(viewer);
    }
    EXPECT_EQ(advance().use_forwarder, std::nullopt) << "its picture may be shown yet";
    EXPECT_EQ(advance(kMoveReplyTimeout).use_forwarder, false);
    EXPECT_EQ(forwarding.stage(), ForwardStage::direct);
    load.forwarder.reset();
  }
  watch_directly(7);
  advance();
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  for (int i = 3; i < 15; ++i) forwarding.forget("v" + std::to_string(i));
  EXPECT_EQ(advance(Duration(10 * Forwarding::kQuietTime)).call_back, Peers{})
      << "it stays forwarded";
}

TEST_F(ForwardingTest, AViewerWithoutTheCapabilityKeepsTheForwarderThere) {
  forward_from_two();
  EXPECT_TRUE(request("old page", {}));
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  for (const char* viewer : {"v0", "v1"}) forwarding.forget(viewer);
  load.capacity = 100;
  advance(2 * Forwarding::kQuietTime);
  EXPECT_EQ(forwarding.stage(), ForwardStage::forwarded);
  forwarding.keep_direct(true);
  advance(2 * Forwarding::kQuietTime);
  EXPECT_EQ(forwarding.stage(), ForwardStage::forwarded) << "it can't come back";
  EXPECT_FALSE(request("newcomer")) << "who is kept direct as well";
  forwarding.forget("old page");
  advance();
  EXPECT_EQ(advance(kMoveReplyTimeout).use_forwarder, false);
}

TEST_F(ForwardingTest, AReturnThatFailsDoesNotLetTheForwarderGoTooEarlyInTheNextOne) {
  watch_directly(15);
  advance(Duration(1'000));
  forwarder_comes();
  for (const PeerId& viewer : Peers(direct)) move(viewer);
  for (int i = 4; i < 15; ++i) forwarding.forget("v" + std::to_string(i));
  advance();
  ASSERT_EQ(advance(Forwarding::kQuietTime).call_back.size(), 4u);
  for (const char* viewer : {"v0", "v1", "v2", "v3"}) forwarding.left(viewer);
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  move("v0");  // it got no picture from the talker
  EXPECT_EQ(advance().call_back, Peers{}) << "it would get none again";
  ASSERT_EQ(forwarding.stage(), ForwardStage::forwarded);

  forwarding.keep_direct(true);
  advance();
  forwarding.left("v0");
  EXPECT_EQ(advance().use_forwarder, std::nullopt);
  EXPECT_EQ(advance(kMoveReplyTimeout).use_forwarder, false);
}

TEST_F(ForwardingTest, ANewcomerWhomTheForwarderDoesNotGetIsCalledByTheTalker) {
  forward_from_two();
  EXPECT_TRUE(request("late"));
  EXPECT_EQ(advance(kMoveReplyTimeout - Duration(1)).call_back, Peers{});
  EXPECT_EQ(advance(Duration(1)).call_back, Peers{"late"}) << "and not those that are connected";
  EXPECT_FALSE(request("late", kAble, /*alone=*/true));
}

TEST_F(ForwardingTest, APageThatIsLoadedAnewFindsItsViewersAtTheForwarder) {
  forwarding.moved("v", {"f", {}, kAble});
  EXPECT_EQ(advance().use_forwarder, std::nullopt) << "anybody may say so";
  load.forwarder = "f";  // which asks the new page for the picture of its viewers
  EXPECT_EQ(advance().use_forwarder, true);
  EXPECT_EQ(forwarding.stage(), ForwardStage::forwarded);
  EXPECT_TRUE(forwarding.is_forwarded("v"));
}

}  // namespace
}  // namespace onair::session
