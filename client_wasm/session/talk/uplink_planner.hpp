// Divides the talker's uplink and processor among the viewers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace onair::session {

/// Limits of one connection: RTCRtpEncodingParameters of W3C webrtc-pc.
struct SendLimits {
  std::uint32_t max_bitrate_bps;
  double scale_resolution_down_by;
  bool operator==(const SendLimits&) const = default;
};

/// Statistics of one viewer's encoder (W3C webrtc-stats).
struct EncoderReport {
  bool limited_by_cpu = false;   ///< qualityLimitationReason
  double frames_per_second = 0;  ///< sent; 0 if unknown
  double source_frames_per_second = 0;
  double encode_milliseconds = 0;  ///< average per frame
  bool operator==(const EncoderReport&) const = default;
};

struct UplinkBudget {
  std::uint32_t total_bps = 16'000'000;
  std::uint32_t floor_bps = 150'000;      ///< minimum for one viewer's picture
  std::uint32_t ceiling_bps = 2'500'000;  ///< beyond this 720p does not improve
  unsigned cores = 4;                     ///< as navigator.hardwareConcurrency counts
};

/// Software encoding, measured on two cores: about 8 viewers at 320x240 and 2 to 3 at 720p hold the
/// full frame rate. Between the two the cost of a viewer grows with the pixels. Reports of the
/// encoder correct the estimate.
class UplinkPlanner {
 public:
  /// Minimum capacity, even on the smallest machine.
  static constexpr std::size_t kLeastCapacity = 4;

  explicit UplinkPlanner(UplinkBudget budget) : budget_(budget) {}

  /// Equal share of each of `viewers` (at least one).
  SendLimits share_of(std::size_t viewers) const;

  /// Maximum number of viewers that all get the floor.
  std::size_t capacity() const;

  void encoder_reported(const EncoderReport& report);

 private:
  double cost_at(double scale) const;
  double cpu_budget() const { return budget_.cores * 0.5; }

  UplinkBudget budget_;
  double correction_ = 1.0;  ///< factor on the estimated cost
};

}  // namespace onair::session
