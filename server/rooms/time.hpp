// Time, which the pure cores get as an input.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

namespace onair::rooms {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// The earliest of those that are set; nothing where none is.
inline std::optional<TimePoint> earliest(std::initializer_list<std::optional<TimePoint>> times) {
  std::optional<TimePoint> first;
  for (const auto& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

}  // namespace onair::rooms
