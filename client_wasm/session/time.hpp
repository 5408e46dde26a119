// Time types of the cores. Time is an input: no core reads a clock.
#pragma once

#include <chrono>
#include <optional>

namespace onair::session {

using Duration = std::chrono::milliseconds;

/// Milliseconds since a fixed moment; in a browser, since the page was opened.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// The earlier of two deadlines; empty means never.
inline std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

/// A deadline that may be unset.
class DeadlineTimer {
 public:
  void set(TimePoint at) { at_ = at; }
  void cancel() { at_.reset(); }
  bool is_due(TimePoint now) const { return at_ && *at_ <= now; }
  /// Moves `next` forward to this deadline, if that is earlier.
  void hasten(std::optional<TimePoint>& next) const { next = earlier(next, at_); }
  const std::optional<TimePoint>& at() const { return at_; }

 private:
  std::optional<TimePoint> at_;
};

}  // namespace onair::session
