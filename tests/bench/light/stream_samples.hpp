// Loss of an RTP stream, found from a part of its packets.
#pragma once

#include <cstdint>

namespace onair::load {

/// Only packets whose sequence number is a multiple of this are looked at, so that it is known
/// which ones must come. Their loss is an estimate of the loss of all.
inline constexpr std::uint16_t kSampling = 64;

/// Samples of one SSRC. Takes the sequence numbers that are multiples of `step`; one that comes
/// late is no loss.
class StreamSamples {
 public:
  void take(std::uint16_t sequence, std::uint16_t step) {
    ++received_;
    if (received_ == 1) last_ = sequence;
    const auto ahead = static_cast<std::int16_t>(sequence - last_);
    if (ahead <= 0) return;
    expected_after_first_ += static_cast<std::uint64_t>(ahead / step);
    last_ = sequence;
  }

  /// From the first that came to the last.
  std::uint64_t expected() const { return received_ == 0 ? 0 : 1 + expected_after_first_; }
  std::uint64_t missing() const { return expected() > received_ ? expected() - received_ : 0; }

 private:
  std::uint64_t received_ = 0;
  std::uint64_t expected_after_first_ = 0;
  std::uint16_t last_ = 0;
};

}  // namespace onair::load
