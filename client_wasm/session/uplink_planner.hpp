// The talker's uplink and processor as budgets that the viewers share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace onair::session {

/// What one connection may send: RTCRtpEncodingParameters of W3C webrtc-pc.
struct SendLimits {
  std::uint32_t max_bitrate_bps;
  double scale_resolution_down_by;
  bool operator==(const SendLimits&) const = default;
};

/// What the encoder of one viewer says of itself (W3C webrtc-stats).
struct EncoderReport {
  bool limited_by_cpu = false;   ///< qualityLimitationReason
  double frames_per_second = 0;  ///< that are sent; 0: not known
  double source_frames_per_second = 0;
  double encode_milliseconds = 0;  ///< for a frame, on average
  bool operator==(const EncoderReport&) const = default;
};

struct UplinkBudget {
  std::uint32_t total_bps = 16'000'000;
  std::uint32_t floor_bps = 150'000;      ///< what each viewer's picture needs at least
  std::uint32_t ceiling_bps = 2'500'000;  ///< more than this makes 720p no better
  unsigned cores = 4;                     ///< as navigator.hardwareConcurrency counts
};

/// Software encoding, measured on two cores: about 8 viewers at 320x240 and 2 to 3 at 720p hold the
/// full frame rate. Between the two the cost of a viewer grows with the pixels. Reports of the
/// encoder correct the estimate.
class UplinkPlanner {
 public:
  /// However small the machine, so many viewers are taken.
  static constexpr std::size_t kLeastCapacity = 4;

  explicit UplinkPlanner(UplinkBudget budget) : budget_(budget) {}

  /// The same share for each of `viewers` (at least one).
  SendLimits share_of(std::size_t viewers) const;

  /// The most viewers that all get the floor.
  std::size_t capacity() const;

  void encoder_reported(const EncoderReport& report);

 private:
  double cost_at(double scale) const;
  double cpu_budget() const { return budget_.cores * 0.5; }

  UplinkBudget budget_;
  double correction_ = 1.0;  ///< of the estimated cost
};

}  // namespace onair::session
