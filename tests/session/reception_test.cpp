#include "session/reception.hpp"

#include <gtest/gtest.h>

namespace onair::session {
namespace {

using Quality = Reception::Quality;

ReceivingReport report(std::uint64_t bytes, std::uint64_t packets, std::int64_t lost = 0) {
  ReceivingReport report;
  report.bytes = bytes;
  report.packets = packets;
  report.packets_lost = lost;
  report.round_trip_ms = 40;
  report.frames_played = static_cast<double>(packets);
  report.jitter_buffer_seconds = 0.08 * static_cast<double>(packets);
  return report;
}

TEST(Reception, TakesTwoLooks) {
  ReceptionMeter meter;
  EXPECT_EQ(meter.update(report(1'000, 10), TimePoint{}), std::nullopt);
  const auto seen = meter.update(report(251'000, 110), TimePoint(Duration(2'000)));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->bits_per_second, 1'000'000u);
  EXPECT_EQ(seen->loss, 0);
  EXPECT_NEAR(seen->latency_ms.value(), 20 + 80, 0.01);
  EXPECT_EQ(seen->quality, Quality::good);
}

TEST(Reception, LossMakesItFairAndThenPoor) {
  ReceptionMeter meter;
  meter.update(report(0, 0), TimePoint{});
  EXPECT_EQ(meter.update(report(0, 98, 2), TimePoint(Duration(2'000)))->quality, Quality::fair);
  const auto seen = meter.update(report(0, 188, 12), TimePoint(Duration(4'000)));
  EXPECT_NEAR(seen->loss, 0.1, 0.001);
  EXPECT_EQ(seen->quality, Quality::poor);
}

TEST(Reception, CountersThatBeginAnewGiveNoNonsense) {
  ReceptionMeter meter;
  meter.update(report(1'000'000, 1'000, 10), TimePoint{});
  const auto seen = meter.update(report(1'000, 10), TimePoint(Duration(1'000)));
  EXPECT_EQ(seen->bits_per_second, 0u) << "one of several streams may have begun anew";
  EXPECT_EQ(seen->loss, 0);
  EXPECT_EQ(meter.update(report(2'000, 20), TimePoint(Duration(2'000)))->bits_per_second, 8'000u);
}

TEST(Reception, PacketsThatComeLateAreNoLoss) {
  ReceptionMeter meter;
  meter.update(report(0, 1'000, 100), TimePoint{});
  const auto seen = meter.update(report(0, 1'100, 98), TimePoint(Duration(2'000)));
  EXPECT_EQ(seen->loss, 0);
  EXPECT_EQ(seen->quality, Quality::good);
  meter.update(report(0, 1'200, -3), TimePoint(Duration(4'000)));
  EXPECT_NEAR(meter.update(report(0, 1'295, 2), TimePoint(Duration(6'000)))->loss, 0.05, 0.001);
}

TEST(Reception, WithoutTimeOrFramesThereIsNoRateAndNoLatency) {
  ReceptionMeter meter;
  meter.update(report(0, 10), TimePoint{});
  const auto seen = meter.update(report(1'000, 10), TimePoint{});
  EXPECT_EQ(seen->bits_per_second, 0u);
  EXPECT_EQ(seen->latency_ms, std::nullopt);
}

}  // namespace
}  // namespace onair::session
