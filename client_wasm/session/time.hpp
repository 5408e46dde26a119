// Time as the cores know it: a number that is handed in. No core reads a clock.
#pragma once

#include <chrono>
#include <optional>

namespace onair::session {

using Duration = std::chrono::milliseconds;

/// Milliseconds since any fixed moment; in a browser, since the page was opened.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// The earlier of two moments, where nothing means never.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace onair::session
