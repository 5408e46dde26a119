#include "rooms/talk_policy.hpp"

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

using std::chrono::seconds;

const TalkerInfo kNew{.id = "new"};
const TalkerInfo kOnAir{.id = "on_air", .on_air = true};
const TalkerInfo kFirst{.id = "first", .seniority = seconds(9)};
const TalkerInfo kLast{.id = "last", .seniority = seconds(2)};

TEST(TalkPolicy, ASlotIsFreeWhileFewerTalk) {
  EXPECT_TRUE(has_free_slot({}, 1));
  EXPECT_FALSE(has_free_slot({kNew}, 1));
  EXPECT_TRUE(has_free_slot({kNew}, 2));
}

TEST(TalkPolicy, WhatOnlyTalkersSendNeedsTheRoleOrAPassForIt) {
  using protocol::Role;
  EXPECT_TRUE(may_send_as_talker(Role::talk, true));
  EXPECT_TRUE(may_send_as_talker(Role::none, true));
  EXPECT_FALSE(may_send_as_talker(Role::none, false));
  EXPECT_FALSE(may_send_as_talker(Role::watch, true));
}

TEST(TalkPolicy, WhoWasHereBeforeTheServerBeganFindsASlot) {
  EXPECT_TRUE(has_free_slot({kOnAir}, 1, kFirst.seniority));
  EXPECT_TRUE(has_free_slot({kFirst}, 1, kLast.seniority)) << "the last one let in talked last";
  EXPECT_FALSE(has_free_slot({kLast}, 1, kFirst.seniority));
  EXPECT_FALSE(has_free_slot({kLast}, 1, kLast.seniority));
}

TEST(TalkPolicy, TheSurplusIsTheSameWhateverTheOrder) {
  const std::vector<TalkerInfo> expected = {kFirst, kOnAir, kNew};
  EXPECT_EQ(surplus({kNew, kOnAir, kFirst, kLast}, 1), expected);
  EXPECT_EQ(surplus({kLast, kFirst, kOnAir, kNew}, 1), expected);
  EXPECT_TRUE(surplus({kNew, kOnAir}, 2).empty());
}

TEST(TalkPolicy, ALeaseIsTakenFromAFreeSlotOneselfAndLessSeniority) {
  EXPECT_TRUE(may_take_lease(kNew, {}, false));
  EXPECT_TRUE(may_take_lease(kNew, kNew, true));
  EXPECT_FALSE(may_take_lease(kNew, kOnAir, false));
  EXPECT_TRUE(may_take_lease(kLast, kFirst, false));
  EXPECT_FALSE(may_take_lease(kLast, kFirst, true)) << "it had been taken from it";
}

}  // namespace
}  // namespace onair::rooms
