// A counter of getStats() (W3C webrtc-stats).
#pragma once

#include <algorithm>
#include <concepts>

namespace onair::session {

/// Two counts are compared by `since` alone, so that no difference is negative or wraps around.
class Counter {
 public:
  constexpr Counter() = default;
  template <typename Number>
    requires std::integral<Number> || std::floating_point<Number>
  constexpr Counter(Number count) : count_(static_cast<double>(count)) {}

  /// Growth between two looks. 0 where the counter fell: packetsLost does when late packets come, a
  /// sum does when one of its streams is gone or begins anew. Then nothing is known about the time
  /// between.
  constexpr double since(Counter before) const { return std::max(0.0, count_ - before.count_); }

  constexpr Counter& operator+=(Counter other) {
    count_ += other.count_;
    return *this;
  }
  bool operator==(const Counter&) const = default;

 private:
  double count_ = 0;
};

}  // namespace onair::session
