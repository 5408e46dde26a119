#include "session/talk/uplink_planner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace onair::session {
namespace {

// Divisors of the picture's width and height; 4K by 12 and 720p by 4 are 320x180, the smallest.
constexpr std::array<double, 8> kScales = {1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0};
constexpr double kSmallestPixels = 320.0 * 180.0;
constexpr double kStandardPixels = 1280.0 * 720.0;

// A screen loses frames before it loses sharpness.
constexpr double kFullRate = 30.0;
constexpr std::array<double, 4> kScreenRates = {kFullRate, 15.0, 8.0, 5.0};

// Cores per viewer: a constant, and a cost for each pixel of a frame at the full rate.
constexpr double kCostOfViewer = 0.1;
constexpr double kCostOfPixel = 0.325e-6;

// Small steps, since a single round is noisy; slower downwards, so that a fast moment does not
// raise the capacity beyond what a slow one can hold.
constexpr double kCorrectionUp = 1.1;
constexpr double kCorrectionDown = 0.98;
constexpr double kLeastCorrection = 0.5;
constexpr double kMostCorrection = 1.5;

// Overload: a frame takes longer than its interval at 30 a second, or a third of them is lost.
constexpr double kMostEncodeMilliseconds = 33.0;
constexpr double kLeastShareOfFrames = 0.67;

// A poor network lowers the frame rate too, of one viewer; a slow processor that of most.
constexpr std::size_t kReportsForOneOverload = 4;

/// Average per frame between two reports. An average since the beginning would hide for minutes
/// that the processor has become busy, or free.
double encode_milliseconds(const EncoderReport& report, const EncoderReport& before) {
  const double frames = report.frames_encoded.since(before.frames_encoded);
  return frames > 0 ? 1'000 * report.encode_seconds.since(before.encode_seconds) / frames : 0;
}

/// The frame rate of a screen says nothing: it is limited, and follows what moves there.
bool is_overloaded(const EncoderReport& report, const EncoderReport& before, bool screen) {
  if (report.limited_by_cpu || encode_milliseconds(report, before) > kMostEncodeMilliseconds)
    return true;
  if (screen) return false;
  return report.frames_per_second > 0 &&
         report.frames_per_second < kLeastShareOfFrames * report.source_frames_per_second;
}

}  // namespace

SendLimits UplinkPlanner::share_of(std::size_t viewers) const {
  const double count = static_cast<double>(std::max<std::size_t>(viewers, 1));
  SendLimits limits = finest_for(count);
  // Bits grow with the pixels to the power of 0.75, up to a bound for the largest pictures.
  const double larger = std::pow(std::max(1.0, pixels() / kStandardPixels), 0.75);
  const double ceiling =
      std::min(budget_.ceiling_bps * larger / std::pow(limits.scale_resolution_down_by, 1.5),
               static_cast<double>(budget_.most_bps));
  limits.max_bitrate_bps = std::max(
      static_cast<std::uint32_t>(std::min(budget_.total_bps / count, ceiling)), budget_.floor_bps);
  return limits;
}

/// The finest picture that the processor encodes for so many; the coarsest if it can't.
SendLimits UplinkPlanner::finest_for(double viewers) const {
  if (picture_.screen) {
    for (const double rate : kScreenRates) {
      if (viewers * cost_at(1.0, rate) > cpu_budget()) continue;
      return {0, 1.0, rate < kFullRate ? rate : 0, true};
    }
  }
  const double rate = picture_.screen ? kScreenRates.back() : kFullRate;
  SendLimits limits{0, coarsest_scale(), picture_.screen ? rate : 0, picture_.screen};
  for (const double scale : kScales) {
    if (scale > limits.scale_resolution_down_by) break;
    if (viewers * cost_at(scale, rate) > cpu_budget()) continue;
    limits.scale_resolution_down_by = scale;
    break;
  }
  return limits;
}

/// Reckoned for a camera: a talker that shares a screen may switch to one.
std::size_t UplinkPlanner::capacity() const {
  const std::size_t by_bits = budget_.total_bps / budget_.floor_bps;
  const auto by_cpu = static_cast<std::size_t>(cpu_budget() / cost_at(coarsest_scale(), kFullRate));
  return std::max(kLeastCapacity, std::min(by_bits, by_cpu));
}

void UplinkPlanner::encoder_reported(const EncoderReport& report, const EncoderReport& before) {
  if (report.source.width > 0 && report.source.height > 0) picture_.size = report.source;
  ++reports_;
  if (is_overloaded(report, before, picture_.screen)) ++overloads_;
}

void UplinkPlanner::end_round() {
  const std::size_t reports = std::exchange(reports_, 0);
  const std::size_t overloads = std::exchange(overloads_, 0);
  if (reports == 0) return;
  const bool overloaded = overloads * kReportsForOneOverload >= reports;
  correction_ *= overloaded ? kCorrectionUp : kCorrectionDown;
  correction_ = std::clamp(correction_, kLeastCorrection, kMostCorrection);
}

double UplinkPlanner::pixels() const {
  const double known = static_cast<double>(picture_.size.width) * picture_.size.height;
  return known > 0 ? known : kStandardPixels;
}

/// The largest divisor that leaves the smallest picture.
double UplinkPlanner::coarsest_scale() const {
  double coarsest = kScales.front();
  for (const double scale : kScales) {
    if (pixels() / (scale * scale) >= kSmallestPixels) coarsest = scale;
  }
  return coarsest;
}

double UplinkPlanner::cost_at(double scale, double frames_per_second) const {
  const double each_pixel = kCostOfPixel * frames_per_second / kFullRate;
  return correction_ * (kCostOfViewer + each_pixel * pixels() / (scale * scale));
}

}  // namespace onair::session
