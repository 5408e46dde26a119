#include "session/talk/roster.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

using protocol::LockRoom;
using protocol::RemovePeer;
using Messages = std::vector<protocol::Body>;

TEST(Roster, AViewerKeepsItsNumberUntilItLeavesTheRoom) {
  Roster roster;
  roster.start_watching("a");
  roster.start_watching("b");
  roster.stop_watching("a");
  EXPECT_TRUE(roster.contains("a"));
  EXPECT_FALSE(roster.viewers().at("a").watches);
  roster.start_watching("a");
  EXPECT_EQ(roster.viewers().at("a").number, 1u);
  roster.forget("a");
  roster.start_watching("a");
  EXPECT_EQ(roster.viewers().at("a").number, 3u);
}

TEST(Roster, ForgetsTheAbsent) {
  Roster roster;
  for (const char* viewer : {"a", "b", "c"}) roster.start_watching(viewer);
  roster.forget_all_but([](const auto& viewer) { return viewer == "b"; });
  EXPECT_EQ(roster.viewers().size(), 1u);
  EXPECT_TRUE(roster.contains("b"));
}

TEST(Roster, RemembersABoundedNumberOfForwarders) {
  Roster roster;
  for (int i = 0; i < 1'000; ++i) roster.set_players("f" + std::to_string(i), 1);
  EXPECT_EQ(roster.players_of("f0"), 1u);
  EXPECT_FALSE(roster.players_of("f999"));
  roster.set_players("f0", 2);
  EXPECT_EQ(roster.players_of("f0"), 2u);
  roster.forget("f0");
  EXPECT_FALSE(roster.players_of("f0"));
}

TEST(Roster, KnowsWhoWasRemoved) {
  Roster roster;
  roster.start_watching("a");
  roster.remove("a");
  roster.forget("a");
  EXPECT_TRUE(roster.is_removed("a"));
  EXPECT_FALSE(roster.is_removed("b"));
}

TEST(Roster, RestoresLockAndRemovalsAtAServerThatLostThem) {
  Roster roster;
  EXPECT_EQ(roster.restore(true, /*is_first_welcome=*/true), Messages{}) << "takes the server's";
  EXPECT_TRUE(roster.is_locked());
  EXPECT_EQ(roster.remove("a"), RemovePeer{"a"});
  EXPECT_EQ(roster.restore(true, false), Messages{RemovePeer{"a"}});
  EXPECT_EQ(roster.restore(false, false), (Messages{LockRoom{true}, RemovePeer{"a"}}));
  EXPECT_EQ(roster.lock(false), LockRoom{false});
  EXPECT_EQ(roster.restore(false, false), Messages{RemovePeer{"a"}});
}

}  // namespace
}  // namespace onair::session
