// How much a publication sends to each of its viewers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sfu/base/time.hpp"

namespace onair::sfu {

/// Bits per second, measured over a second or, where less comes, longer.
class RateMeter {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(1);

  void add(std::size_t bytes, TimePoint now) {
    if (bytes_ == 0) since_ = now;
    bytes_ += bytes;
    if (now - since_ < kPeriod) return;
    const std::chrono::duration<double> passed = now - since_;
    rate_ = static_cast<std::uint64_t>(8 * static_cast<double>(bytes_) / passed.count());
    bytes_ = 0;
  }
  /// 0 in the first period.
  std::uint64_t bits_per_second() const { return rate_; }

 private:
  std::uint64_t rate_ = 0;
  std::size_t bytes_ = 0;
  TimePoint since_;
};

}  // namespace onair::sfu
