// How well a broadcast goes over one connection, from two looks at the browser's counters
// (W3C webrtc-stats).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/time.hpp"

namespace onair::session {

/// Sums since the connection began, and what holds now, of all that the talker sends to one viewer.
struct SendingReport {
  std::uint64_t bytes = 0;
  std::optional<double> round_trip_ms = {};
  std::optional<double> loss = {};  ///< of the packets lately sent, 0 to 1, as the viewer counts
  bool operator==(const SendingReport&) const = default;
};

/// The same of what a viewer receives.
struct ReceivingReport {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t packets_lost = 0;
  double jitter_buffer_seconds = 0;  ///< jitterBufferDelay of the picture
  double frames_played = 0;          ///< jitterBufferEmittedCount
  std::optional<double> round_trip_ms = {};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double frames_per_second = 0;
  std::string codec = {};  ///< as in "video/VP8"
  bool relayed = false;    ///< through a TURN server
};

/// What of it interests a person.
struct Reception {
  enum class Quality { good, fair, poor };
  Quality quality = Quality::good;
  std::uint32_t bits_per_second = 0;
  double loss = 0;                        ///< 0 to 1
  std::optional<double> latency_ms = {};  ///< on the way and in the buffer; not the camera's own
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double frames_per_second = 0;
  std::string codec = {};
  bool relayed = false;
  bool operator==(const Reception&) const = default;
};

std::string_view name_of(Reception::Quality quality);

/// Bits per second between two sums of bytes; 0 where no time has passed.
std::uint32_t bit_rate(std::uint64_t bytes_before, std::uint64_t bytes_now, Duration between);

/// One for each connection.
class ReceptionMeter {
 public:
  /// Nothing at the first look.
  std::optional<Reception> look(const ReceivingReport& report, TimePoint now);

 private:
  std::optional<ReceivingReport> last_;
  TimePoint looked_at_{};
};

}  // namespace onair::session
