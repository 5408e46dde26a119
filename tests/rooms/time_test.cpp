#include "rooms/time.hpp"

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow{};

TEST(Earliest, PassesOverWhatIsNotSet) {
  EXPECT_EQ(earliest({}), std::nullopt);
  EXPECT_EQ(earliest({std::nullopt, kNow + seconds(2), kNow + seconds(1)}), kNow + seconds(1));
}

}  // namespace
}  // namespace onair::rooms
