#include "session/reception.hpp"

#include <utility>

namespace onair::session {

Reception::Quality quality_of(double loss, double latency_ms) {
  using Quality = Reception::Quality;
  if (loss > 0.05 || latency_ms > 1'000) return Quality::poor;
  if (loss > 0.01 || latency_ms > 400) return Quality::fair;
  return Quality::good;
}

std::uint32_t bit_rate(Counter bytes_before, Counter bytes_now, Duration between) {
  if (between <= Duration::zero()) return 0;
  const double bits = 8.0 * bytes_now.since(bytes_before);
  return static_cast<std::uint32_t>(bits / std::chrono::duration<double>(between).count());
}

std::optional<Reception> ReceptionMeter::update(const ReceivingReport& report, TimePoint now) {
  const std::optional<ReceivingReport> last = std::exchange(last_, report);
  const TimePoint before = std::exchange(updated_at_, now);
  if (!last) return std::nullopt;
  Reception reception;
  reception.bits_per_second = bit_rate(last->bytes, report.bytes, now - before);
  const double lost = report.packets_lost.since(last->packets_lost);
  const double came = report.packets.since(last->packets);
  if (lost + came > 0) reception.loss = lost / (lost + came);
  const double played = report.frames_played.since(last->frames_played);
  if (report.round_trip_ms && played > 0) {
    const double buffered = report.jitter_buffer_seconds.since(last->jitter_buffer_seconds);
    reception.latency_ms = *report.round_trip_ms / 2 + 1'000 * buffered / played;
  }
  reception.width = report.width;
  reception.height = report.height;
  reception.frames_per_second = report.frames_per_second;
  reception.codec = report.codec;
  reception.via_turn = report.via_turn;
  reception.quality = quality_of(reception.loss, reception.latency_ms.value_or(0));
  return reception;
}

}  // namespace onair::session
