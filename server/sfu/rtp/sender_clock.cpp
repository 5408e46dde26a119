#include "sfu/rtp/sender_clock.hpp"

namespace onair::sfu {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Split {
  std::int64_t seconds;
  std::uint64_t nanoseconds;  ///< 0 to 999,999,999
};

/// Rounds down, below 0 too.
Split split(Duration duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(duration - whole);
  return {whole.count(), static_cast<std::uint64_t>(rest.count())};
}

}  // namespace

std::uint64_t ntp_duration(Duration duration) {
  const auto [seconds, nanoseconds] = split(duration);
  return (static_cast<std::uint64_t>(seconds) << 32) + (nanoseconds << 32) / kSecond;
}

ClockReading read_clock_at(const ClockReading& last, std::uint32_t clock_rate, TimePoint now) {
  const auto [seconds, nanoseconds] = split(now - last.at);
  const std::uint64_t ticks =
      static_cast<std::uint64_t>(seconds) * clock_rate + nanoseconds * clock_rate / kSecond;
  return {.ntp = last.ntp + ntp_duration(now - last.at),
          .timestamp = last.timestamp + static_cast<std::uint32_t>(ticks),
          .at = now};
}

}  // namespace onair::sfu
