// Events in an unfavourable order, and steps that fail.

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/clients.hpp"

namespace onair::tests {
namespace {

using Picture = session::WatchView::Picture;

TEST(BadOrder, CandidatesThatComeBeforeTheOfferWaitForIt) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  world.settle();
  world.hold("watcher2 <- offer");
  talker.start_video();
  world.settle();
  EXPECT_EQ(watcher.count_received<protocol::Candidate>(), 2u);
  EXPECT_EQ(watcher.count_done<session::AddCandidate>(), 0u);

  world.release();
  EXPECT_EQ(watcher.count_done<session::AddCandidate>(), 2u);
  EXPECT_EQ(watcher.ends_of_candidates, 1);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, CandidatesThatComeBeforeTheOfferOfARequestToTheRoomWaitForIt) {
  World world;
  Talker& talker = world.add_talker();
  world.hold("watcher2 <- talk_ready");
  Watcher& watcher = world.add_watcher();
  world.settle();
  talker.start_video();
  world.settle();
  world.hold("watcher2 <- offer");
  watcher.request();
  world.settle();
  EXPECT_EQ(watcher.count_received<protocol::Candidate>(), 2u);
  world.release();
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, CandidatesThatComeBeforeTheAnswerIsAppliedWaitForIt) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.hold("talker1 <- answer");
  world.settle();
  EXPECT_EQ(talker.count_received<protocol::Candidate>(), 2u);
  EXPECT_EQ(talker.count_done<session::AddCandidate>(), 0u);
  world.release();
  EXPECT_EQ(talker.count_done<session::AddCandidate>(), 2u);
  EXPECT_EQ(talker.ends_of_candidates, 1);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, OwnCandidatesFollowTheDescriptionThatTheyBelongTo) {
  World world;
  world.add_talker().start_video();
  world.hold("talker1 make_local_description");
  Watcher& watcher = world.add_watcher();
  world.settle();
  EXPECT_EQ(watcher.count_received<protocol::Candidate>(), 0u);
  world.release();
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, AnAnswerToAnEarlierOfferIsStaleAndDropped) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.hold("talker1 <- answer");
  world.settle();
  watcher.request();  // a second connection replaces the first
  world.settle();
  ASSERT_EQ(watcher.count_received<protocol::Offer>(), 2u);

  world.release();  // both answers, the stale one first
  EXPECT_EQ(talker.count_received<protocol::Answer>(), 2u);
  EXPECT_EQ(talker.count_done<session::ApplyRemoteDescription>(), 1u);
  EXPECT_EQ(watcher.picture(), Picture::live);
  EXPECT_EQ(talker.session.connections().size(), 1u);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, WhatComesForAConnectionThatIsGoneIsDropped) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  world.hold("make_local_description");
  world.hold("candidate");
  world.hold("apply");
  talker.start_video();
  world.settle();
  talker.stop_video();
  world.settle();
  world.release();  // the promises end after their connections
  EXPECT_EQ(watcher.count_received<protocol::Offer>(), 0u);
  EXPECT_EQ(world.open_connections(), 0u);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, AStreamThatComesAfterStopIsReleased) {
  World world;
  Talker& talker = world.add_talker();
  world.settle();
  world.hold("media");
  talker.start_video();
  world.settle();
  talker.stop_video();
  world.release();
  EXPECT_TRUE(talker.tracks.empty());
  EXPECT_FALSE(talker.session.on_air());
  world.expect_empty_after_all_left();
}

class FailingStep : public testing::TestWithParam<session::Step> {};

TEST_P(FailingStep, OfTheTalkerLeavesNothingBehindAndTheNextTryWorks) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.fail_next.insert(GetParam());
  talker.start_video();
  world.settle();
  EXPECT_TRUE(talker.session.connections().empty());
  EXPECT_EQ(world.open_connections(), 0u);
  EXPECT_EQ(watcher.picture(), Picture::failed);

  world.pass(session::kReconnectDelays.first);
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

TEST_P(FailingStep, OfTheViewerLeavesNothingBehindAndItTriesAgainByItself) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  watcher.fail_next.insert(GetParam());
  talker.start_video();
  world.settle();
  EXPECT_TRUE(talker.session.connections().empty()) << "the viewer sent bye";
  EXPECT_EQ(world.open_connections(), 0u);

  world.pass(Duration(1'000));
  EXPECT_EQ(watcher.picture(), Picture::live);
  world.expect_empty_after_all_left();
}

INSTANTIATE_TEST_SUITE_P(EachStep, FailingStep,
                         testing::Values(session::Step::create_connection,
                                         session::Step::make_local_description,
                                         session::Step::apply_remote_description),
                         [](const auto& step) { return std::string(name_of(step.param)); });

TEST(BadOrder, ACandidateThatCantBeAddedHarmsNobody) {
  World world;
  Talker& talker = world.add_talker();
  Watcher& watcher = world.add_watcher();
  talker.start_video();
  world.settle();
  talker.feed(session::StepFailed{{watcher.id(), 1}, session::Step::add_candidate, "odd"});
  EXPECT_EQ(talker.session.view().viewers, 1u);
  world.expect_empty_after_all_left();
}

TEST(BadOrder, AnyOrderOfEventsLeadsToThePicture) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world;
    world.shuffle(seed);
    Talker& talker = world.add_talker();
    Watcher& one = world.add_watcher();
    Watcher& two = world.add_watcher();
    talker.start_video();
    world.settle();
    EXPECT_EQ(one.picture(), Picture::live);
    EXPECT_EQ(two.picture(), Picture::live);
    EXPECT_EQ(talker.session.view().viewers, 2u);
    world.expect_empty_after_all_left();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace onair::tests
