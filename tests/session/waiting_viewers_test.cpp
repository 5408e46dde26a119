#include "session/talk/waiting_viewers.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"

namespace onair::session {
namespace {

using Viewers = std::vector<PeerId>;

/// The same capacity for every viewer.
auto room(std::size_t capacity) {
  return [capacity](const PeerId&) { return capacity; };
}

TEST(WaitingViewers, AreInvitedInOrderAsManyAsThereAreFreeSlots) {
  WaitingViewers waiting;
  for (const char* viewer : {"a", "b", "c", "a"}) waiting.add(viewer);
  const TimePoint now{};
  EXPECT_EQ(waiting.invite(room(0), now), Viewers{});
  EXPECT_EQ(waiting.invite(room(2), now), (Viewers{"a", "b"}));
  EXPECT_EQ(waiting.invite(room(2), now), Viewers{}) << "two invitations are on the way";
  waiting.remove("a");
  EXPECT_EQ(waiting.invite(room(1), now), Viewers{}) << "a took one slot, b may take the other";
  waiting.remove("b");
  EXPECT_EQ(waiting.invite(room(1), now), Viewers{"c"});
}

TEST(WaitingViewers, AnInvitationThatNobodyTakesGoesToTheNext) {
  WaitingViewers waiting;
  waiting.add("a");
  waiting.add("b");
  const TimePoint now{};
  EXPECT_EQ(waiting.next_deadline(), std::nullopt) << "nothing expires";
  EXPECT_EQ(waiting.invite(room(1), now), Viewers{"a"});
  ASSERT_EQ(waiting.next_deadline(), now + kNegotiationTimeout);
  EXPECT_EQ(waiting.invite(room(1), now + kNegotiationTimeout), Viewers{"b"});
  EXPECT_EQ(waiting.next_deadline(), std::nullopt) << "nobody waits for it to expire";
}

TEST(WaitingViewers, OneForWhomThereIsNoRoomKeepsNobodyWaiting) {
  WaitingViewers waiting;
  for (const char* viewer : {"a", "b", "c"}) waiting.add(viewer);
  const auto for_all_but_a = [](const PeerId& viewer) -> std::size_t {
    return viewer == "a" ? 0 : 2;
  };
  EXPECT_EQ(waiting.invite(for_all_but_a, TimePoint()), (Viewers{"b", "c"}));
  EXPECT_EQ(waiting.size(), 1u);
}

TEST(WaitingViewers, WhoHasFailedMoreOftenComesLater) {
  WaitingViewers waiting;
  waiting.add("failed twice", 2);
  waiting.add("failed", 1);
  waiting.add("new");
  waiting.add("newer");
  waiting.add_first("failed, and was invited", 1);
  EXPECT_EQ(waiting.invite(room(5), TimePoint()),
            (Viewers{"new", "newer", "failed, and was invited", "failed", "failed twice"}));
}

TEST(WaitingViewers, AreBounded) {
  WaitingViewers waiting;
  for (int i = 0; i < 10'000; ++i) waiting.add(std::to_string(i), 1);
  EXPECT_EQ(waiting.size(), WaitingViewers::kMaxWaiting);
  waiting.add("failed again", 2);
  waiting.add("new");
  EXPECT_EQ(waiting.size(), WaitingViewers::kMaxWaiting);
  EXPECT_EQ(waiting.invite(room(1), TimePoint()), Viewers{"new"})
      << "in the place of one that has failed";
  waiting.clear();
  EXPECT_EQ(waiting.size(), 0u);
}

}  // namespace
}  // namespace onair::session
