// Quality of one connection, from two samples of the browser's counters (W3C webrtc-stats).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/message.hpp"
#include "session/counter.hpp"
#include "session/time.hpp"

namespace onair::session {

/// Counters of what the talker has sent to one viewer since the connection began.
struct SendingReport {
  Counter bytes = {};
  std::optional<double> round_trip_ms = {};
  std::optional<double> loss = {};  ///< 0 to 1, of recent packets, reported by the viewer
  bool operator==(const SendingReport&) const = default;
};

/// Counters of what a viewer has received since the connection began.
struct ReceivingReport {
  Counter bytes = {};
  Counter packets = {};
  Counter packets_lost = {};
  Counter jitter_buffer_seconds = {};  ///< jitterBufferDelay of the video
  Counter frames_played = {};          ///< jitterBufferEmittedCount
  std::uint64_t frames_decoded = 0;    ///< of the video
  std::uint64_t sound_packets = 0;     ///< received
  std::optional<double> round_trip_ms = {};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double frames_per_second = 0;
  std::string codec = {};  ///< as in "video/VP8"
  bool via_turn = false;   ///< through a TURN server
};

/// Summary for a person.
struct Reception {
  using Quality = protocol::Quality;
  Quality quality = Quality::good;
  std::uint32_t bits_per_second = 0;
  double loss = 0;                        ///< 0 to 1
  std::optional<double> latency_ms = {};  ///< of network and buffer, without the camera's own
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double frames_per_second = 0;
  std::string codec = {};
  bool via_turn = false;
  bool operator==(const Reception&) const = default;
};

/// `loss` from 0 to 1.
Reception::Quality quality_of(double loss, double latency_ms);

/// Bits per second between two byte counts; 0 if no time has passed.
std::uint32_t bit_rate(Counter bytes_before, Counter bytes_now, Duration between);

/// Turns successive reports of one connection into summaries.
class ReceptionMeter {
 public:
  /// Empty for the first report.
  std::optional<Reception> update(const ReceivingReport& report, TimePoint now);

 private:
  std::optional<ReceivingReport> last_;
  TimePoint updated_at_{};
};

}  // namespace onair::session
