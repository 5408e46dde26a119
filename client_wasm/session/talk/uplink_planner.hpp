// Divides the talker's uplink and processor among the viewers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "session/counter.hpp"

namespace onair::session {

/// Limits of one connection: RTCRtpEncodingParameters of W3C webrtc-pc.
struct SendLimits {
  std::uint32_t max_bitrate_bps;
  double scale_resolution_down_by;
  double max_frames_per_second = 0;  ///< 0 for no limit
  /// degradationPreference: where bits or processor are short, a screen loses frames and stays
  /// sharp; a camera loses some of both.
  bool keep_resolution = false;
  bool operator==(const SendLimits&) const = default;
};

/// Width and height of a picture; 0 if unknown.
struct Extent {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const Extent&) const = default;
};

/// Size and kind of the picture that is encoded.
struct PictureKind {
  Extent size = {};
  bool screen = false;  ///< text that must stay sharp
  bool operator==(const PictureKind&) const = default;
};

/// Statistics of one viewer's encoder (W3C webrtc-stats).
struct EncoderReport {
  bool limited_by_cpu = false;   ///< qualityLimitationReason
  double frames_per_second = 0;  ///< sent; 0 if unknown
  double source_frames_per_second = 0;
  Counter frames_encoded = {};
  Counter encode_seconds = {};  ///< totalEncodeTime
  Extent source = {};           ///< size before any scaling
  bool operator==(const EncoderReport&) const = default;
};

struct UplinkBudget {
  std::uint32_t total_bps = 16'000'000;
  std::uint32_t floor_bps = 150'000;      ///< minimum for one viewer's picture
  std::uint32_t ceiling_bps = 2'500'000;  ///< beyond this 720p does not improve
  std::uint32_t most_bps = 8'000'000;     ///< for one viewer, however large the picture
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

  /// Plans for this picture from now on. A size that is unknown counts as 1280x720, and an
  /// encoder's report corrects it.
  void set_picture(const PictureKind& picture) { picture_ = picture; }

  /// Equal share of each of `viewers` (at least one).
  SendLimits share_of(std::size_t viewers) const;

  /// Maximum number of viewers that all get the floor.
  std::size_t capacity() const;

  /// An encoder reported; `before` is its report of the last round, or an empty one.
  void encoder_reported(const EncoderReport& report, const EncoderReport& before);

  /// All reports of a round have come, or do not come any more: corrects the estimate by one step,
  /// however many viewers there are.
  void end_round();

 private:
  double pixels() const;
  double coarsest_scale() const;
  SendLimits finest_for(double viewers) const;
  double cost_at(double scale, double frames_per_second) const;
  double cpu_budget() const { return budget_.cores * 0.5; }

  UplinkBudget budget_;
  PictureKind picture_;
  double correction_ = 1.0;  ///< factor on the estimated cost
  std::size_t reports_ = 0;  ///< of the round
  std::size_t overloads_ = 0;
};

}  // namespace onair::session
