#include "session/talk/uplink_planner.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

UplinkBudget budget(unsigned cores) {
  UplinkBudget budget;
  budget.cores = cores;
  return budget;
}

constexpr EncoderReport kOverloaded{true};

void round(UplinkPlanner& planner, const EncoderReport& report, const EncoderReport& before = {}) {
  planner.encoder_reported(report, before);
  planner.end_round();
}

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

class AnyPicture : public testing::TestWithParam<PictureKind> {};

TEST_P(AnyPicture, NeverExceedsTheUplinkWithinItsCapacity) {
  for (const unsigned cores : {1u, 2u, 8u, 64u}) {
    const UplinkBudget limits = budget(cores);
    UplinkPlanner planner(limits);
    planner.set_picture(GetParam());
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

INSTANTIATE_TEST_SUITE_P(UplinkPlanner, AnyPicture,
                         testing::Values(PictureKind{}, PictureKind{{320, 240}},
                                         PictureKind{{1920, 1080}}, PictureKind{{3840, 2160}, true},
                                         PictureKind{{1, 1}, true}));

TEST(UplinkPlanner, ASmallUplinkLimitsTheViewers) {
  UplinkBudget narrow = budget(64);
  narrow.total_bps = 1'000'000;
  EXPECT_EQ(UplinkPlanner(narrow).capacity(), 6u);
}

TEST(UplinkPlanner, HeedsTheEncoder) {
  UplinkPlanner planner(budget(4));
  const std::size_t before = planner.capacity();
  const double scale = planner.share_of(5).scale_resolution_down_by;
  for (int i = 0; i < 20; ++i) round(planner, kOverloaded);
  EXPECT_LT(planner.capacity(), before);
  EXPECT_GT(planner.share_of(5).scale_resolution_down_by, scale);
  for (int i = 0; i < 200; ++i) round(planner, {});
  EXPECT_GT(planner.capacity(), before);
}

TEST(UplinkPlanner, HeedsEncodeTimeAndFrameRateToo) {
  const auto capacity_after = [](const EncoderReport& report) {
    UplinkPlanner planner(budget(8));
    round(planner, report);
    return planner.capacity();
  };
  const std::size_t before = UplinkPlanner(budget(8)).capacity();
  EXPECT_LT(capacity_after({true, 30, 30, 60, 0.3}), before);
  EXPECT_LT(capacity_after({false, 15, 30, 30, 0.15}), before);
  EXPECT_LT(capacity_after({false, 30, 30, 60, 2.4}), before);
  EXPECT_GE(capacity_after({false, 25, 30, 50, 1.5}), before);
  EXPECT_GE(capacity_after({false, 0, 30}), before) << "nothing is known yet";
}

TEST(UplinkPlanner, HeedsTheEncodeTimeOfTheLastIntervalAlone) {
  const auto capacity_after = [](const EncoderReport& before, const EncoderReport& report) {
    UplinkPlanner planner(budget(8));
    round(planner, report, before);
    return planner.capacity();
  };
  const std::size_t capacity = UplinkPlanner(budget(8)).capacity();
  const EncoderReport fast{false, 30, 30, 18'000, 90};   // ten minutes at 5 ms a frame
  const EncoderReport slow{false, 30, 30, 18'000, 900};  // or at 50 ms
  EXPECT_LT(capacity_after(fast, {false, 30, 30, 18'060, 92.4}), capacity) << "now 40 ms";
  EXPECT_GE(capacity_after(slow, {false, 30, 30, 18'060, 900.3}), capacity) << "now 5 ms";
  EXPECT_GE(capacity_after(slow, {false, 30, 30, 60, 0.3}), capacity) << "it began anew";
}

TEST(UplinkPlanner, TakesOneStepInARoundHoweverManyReport) {
  const auto capacity_with = [](int viewers, int overloaded) {
    UplinkPlanner planner(budget(8));
    for (int i = 0; i < viewers; ++i) {
      planner.encoder_reported(i < overloaded ? kOverloaded : EncoderReport{}, {});
    }
    planner.end_round();
    planner.end_round();
    return planner.capacity();
  };
  EXPECT_LT(capacity_with(1, 1), capacity_with(0, 0));
  EXPECT_EQ(capacity_with(20, 20), capacity_with(1, 1));
  EXPECT_EQ(capacity_with(20, 0), capacity_with(1, 0));
  EXPECT_EQ(capacity_with(20, 1), capacity_with(1, 0)) << "one viewer's network is poor";
}

TEST(UplinkPlanner, ReckonsWithTheRealSize) {
  UplinkPlanner planner(budget(4));
  planner.set_picture({{1920, 1080}});
  EXPECT_GT(planner.share_of(1).max_bitrate_bps, 2'500'000u) << "1080p improves beyond";
  EXPECT_GT(planner.share_of(3).scale_resolution_down_by, 1.0);
  planner.set_picture({{640, 360}});
  EXPECT_EQ(planner.share_of(3).scale_resolution_down_by, 1.0);
  round(planner, {false, 30, 30, 60, 0.3, {1920, 1080}});
  EXPECT_GT(planner.share_of(3).scale_resolution_down_by, 1.0) << "the encoder knows better";
}

TEST(UplinkPlanner, AScreenLosesFramesBeforeSharpness) {
  UplinkPlanner planner(budget(4));
  planner.set_picture({{3840, 2160}, /*screen=*/true});
  const SendLimits alone = planner.share_of(1);
  EXPECT_EQ(alone.scale_resolution_down_by, 1.0);
  EXPECT_GT(alone.max_frames_per_second, 0) << "at the full rate it would take three cores";
  EXPECT_TRUE(alone.keep_resolution);
  EXPECT_EQ(alone.max_bitrate_bps, UplinkBudget{}.most_bps);
  const SendLimits each = planner.share_of(3);
  EXPECT_EQ(each.scale_resolution_down_by, 1.0);
  EXPECT_LT(each.max_frames_per_second, alone.max_frames_per_second);
  EXPECT_GT(planner.share_of(8).scale_resolution_down_by, 1.0) << "nothing else is left";
  planner.set_picture({{1280, 720}, /*screen=*/true});
  EXPECT_EQ(planner.share_of(1), (SendLimits{2'500'000, 1.0, 0, true}));
}

TEST(UplinkPlanner, AScreenThatHardlyMovesIsNotAnEncoderThatIsTooSlow) {
  UplinkPlanner planner(budget(8));
  planner.set_picture({{1920, 1080}, /*screen=*/true});
  const std::size_t before = planner.capacity();
  for (int i = 0; i < 20; ++i) round(planner, {false, 2, 30, 4, 0.02});
  EXPECT_GE(planner.capacity(), before);
}

TEST(UplinkPlanner, TakesAFewHoweverSmallTheMachine) {
  UplinkPlanner planner(budget(1));
  for (int i = 0; i < 100; ++i) round(planner, kOverloaded);
  EXPECT_EQ(planner.capacity(), UplinkPlanner::kLeastCapacity);
}

}  // namespace
}  // namespace onair::session
