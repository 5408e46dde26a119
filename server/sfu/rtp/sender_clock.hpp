// When what a talker sends was sampled: what its sender reports say (RFC 3550, section 6.4.1).
#pragma once

#include <cstdint>
#include <optional>

#include "sfu/base/time.hpp"

namespace onair::sfu {

/// An instant by the talker's clock and by a publication's RTP clock.
struct ClockReading {
  std::uint64_t ntp = 0;        ///< seconds since 1900, in 1/2^32 s
  std::uint32_t timestamp = 0;  ///< the publication's
  TimePoint at;                 ///< when the report came

  friend bool operator==(const ClockReading&, const ClockReading&) = default;
};

/// The same clocks at another instant: both go on by the time that has passed. So a viewer that
/// comes between two reports of the talker needs not wait for the next to show lips in sync.
///
/// How long a report was under way shifts both clocks alike, and does no harm.
ClockReading read_clock_at(const ClockReading& last, std::uint32_t clock_rate, TimePoint now);

/// A duration as NTP has it, in 1/2^32 s; modulo 2^32 s.
std::uint64_t ntp_duration(Duration duration);

}  // namespace onair::sfu
