#include "session/talk/uplink_planner.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace onair::session {
namespace {

// Divisors of 1280x720, the size requested from the camera.
constexpr std::array<double, 5> kScales = {1.0, 1.5, 2.0, 3.0, 4.0};
constexpr double kFullPixels = 1280.0 * 720.0;

// Cores per viewer: a constant, and a cost for each pixel of a frame.
constexpr double kCostOfViewer = 0.1;
constexpr double kCostOfPixel = 0.325e-6;

// Small steps, since a single report is noisy; slower downwards, so that a fast moment does not
// raise the capacity beyond what a slow one can hold.
constexpr double kCorrectionUp = 1.1;
constexpr double kCorrectionDown = 0.98;
constexpr double kLeastCorrection = 0.5;
constexpr double kMostCorrection = 1.5;

// Overload: a frame takes longer than its interval at 30 a second, or a third of them is lost.
constexpr double kMostEncodeMilliseconds = 33.0;
constexpr double kLeastShareOfFrames = 0.67;

bool is_overloaded(const EncoderReport& report) {
  if (report.limited_by_cpu || report.encode_milliseconds > kMostEncodeMilliseconds) return true;
  return report.frames_per_second > 0 &&
         report.frames_per_second < kLeastShareOfFrames * report.source_frames_per_second;
}

}  // namespace

SendLimits UplinkPlanner::share_of(std::size_t viewers) const {
  const double count = static_cast<double>(std::max<std::size_t>(viewers, 1));
  double scale = kScales.back();
  for (const double each : kScales) {
    if (count * cost_at(each) > cpu_budget()) continue;
    scale = each;
    break;
  }
  const double bits = std::min(budget_.total_bps / count,
                               static_cast<double>(budget_.ceiling_bps) / std::pow(scale, 1.5));
  return {std::max(static_cast<std::uint32_t>(bits), budget_.floor_bps), scale};
}

std::size_t UplinkPlanner::capacity() const {
  const std::size_t by_bits = budget_.total_bps / budget_.floor_bps;
  const auto by_cpu = static_cast<std::size_t>(cpu_budget() / cost_at(kScales.back()));
  return std::max(kLeastCapacity, std::min(by_bits, by_cpu));
}

void UplinkPlanner::encoder_reported(const EncoderReport& report) {
  correction_ *= is_overloaded(report) ? kCorrectionUp : kCorrectionDown;
  correction_ = std::clamp(correction_, kLeastCorrection, kMostCorrection);
}

double UplinkPlanner::cost_at(double scale) const {
  return correction_ * (kCostOfViewer + kCostOfPixel * kFullPixels / (scale * scale));
}

}  // namespace onair::session
