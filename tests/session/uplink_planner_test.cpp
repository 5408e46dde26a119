#include "session/talk/uplink_planner.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

UplinkBudget budget(unsigned cores) {
  UplinkBudget budget;
  budget.cores = cores;
  return budget;
}

constexpr EncoderReport kOverloaded{true, 0, 0, 0};

TEST(UplinkPlanner, GivesOneViewerTheBest) {
  EXPECT_EQ(UplinkPlanner(budget(4)).share_of(1), (SendLimits{2'500'000, 1.0}));
  EXPECT_EQ(UplinkPlanner(budget(4)).share_of(0), (SendLimits{2'500'000, 1.0}));
}

TEST(UplinkPlanner, HoldsOnTwoCoresWhatWasMeasuredOnTwoCores) {
  const UplinkPlanner planner(budget(2));
  EXPECT_EQ(planner.share_of(2).scale_resolution_down_by, 1.0);
  EXPECT_GT(planner.share_of(3).scale_resolution_down_by, 1.0);
  EXPECT_EQ(planner.share_of(8).scale_resolution_down_by, 4.0);
  EXPECT_EQ(planner.capacity(), 8u);
}

TEST(UplinkPlanner, NeverExceedsTheUplinkWithinItsCapacity) {
  for (const unsigned cores : {1u, 2u, 8u, 64u}) {
    const UplinkBudget limits = budget(cores);
    const UplinkPlanner planner(limits);
    SendLimits before = planner.share_of(1);
    for (std::size_t viewers = 1; viewers <= planner.capacity(); ++viewers) {
      const SendLimits share = planner.share_of(viewers);
      EXPECT_LE(viewers * share.max_bitrate_bps, limits.total_bps);
      EXPECT_GE(share.max_bitrate_bps, limits.floor_bps);
      EXPECT_LE(share.max_bitrate_bps, before.max_bitrate_bps) << "more viewers, smaller shares";
      EXPECT_GE(share.scale_resolution_down_by, before.scale_resolution_down_by);
      before = share;
    }
  }
}

TEST(UplinkPlanner, ASmallUplinkLimitsTheViewers) {
  UplinkBudget narrow = budget(64);
  narrow.total_bps = 1'000'000;
  EXPECT_EQ(UplinkPlanner(narrow).capacity(), 6u);
}

TEST(UplinkPlanner, HeedsTheEncoder) {
  UplinkPlanner planner(budget(4));
  const std::size_t before = planner.capacity();
  const double scale = planner.share_of(5).scale_resolution_down_by;
  for (int i = 0; i < 20; ++i) planner.encoder_reported(kOverloaded);
  EXPECT_LT(planner.capacity(), before);
  EXPECT_GT(planner.share_of(5).scale_resolution_down_by, scale);
  for (int i = 0; i < 200; ++i) planner.encoder_reported({});
  EXPECT_GT(planner.capacity(), before);
}

TEST(UplinkPlanner, HeedsEncodeTimeAndFrameRateToo) {
  const auto capacity_after = [](const EncoderReport& report) {
    UplinkPlanner planner(budget(8));
    planner.encoder_reported(report);
    return planner.capacity();
  };
  const std::size_t before = UplinkPlanner(budget(8)).capacity();
  EXPECT_LT(capacity_after({true, 30, 30, 5}), before);
  EXPECT_LT(capacity_after({false, 15, 30, 5}), before);
  EXPECT_LT(capacity_after({false, 30, 30, 40}), before);
  EXPECT_GE(capacity_after({false, 25, 30, 30}), before);
  EXPECT_GE(capacity_after({false, 0, 30, 0}), before) << "nothing is known yet";
}

TEST(UplinkPlanner, TakesAFewHoweverSmallTheMachine) {
  UplinkPlanner planner(budget(1));
  for (int i = 0; i < 100; ++i) planner.encoder_reported(kOverloaded);
  EXPECT_EQ(planner.capacity(), UplinkPlanner::kLeastCapacity);
}

}  // namespace
}  // namespace onair::session
