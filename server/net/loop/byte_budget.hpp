// Counts the bytes that one thread holds for its clients, so that many clients together have a
// bound too.
#pragma once

#include <cstddef>
#include <limits>

namespace onair::net {

/// Bound of the bytes that all clients of a thread hold together. Outlives its shares.
class ByteBudget {
 public:
  /// Beyond so many bytes, clients that hold much give way.
  void limit(std::size_t most) { most_ = most; }

  std::size_t used() const { return used_; }
  bool is_exceeded() const { return used_ > most_; }

 private:
  friend class ByteShare;

  std::size_t used_ = 0;
  std::size_t most_ = std::numeric_limits<std::size_t>::max();
};

/// Bytes that a client holds of a budget, for as long as this lives.
class ByteShare {
 public:
  explicit ByteShare(ByteBudget& budget) : budget_(budget) {}
  ~ByteShare() { hold(0); }
  ByteShare(const ByteShare&) = delete;
  ByteShare& operator=(const ByteShare&) = delete;

  /// It holds so many bytes from now on.
  void hold(std::size_t bytes) {
    budget_.used_ += bytes - held_;  // modulo 2^64 where it is less
    held_ = bytes;
  }

  /// True where this client gives way: all together hold too much, and it holds more than `small`
  /// of it. Others lose nothing by a client that fills the budget.
  bool gives_way(std::size_t small) const { return held_ > small && budget_.is_exceeded(); }

 private:
  ByteBudget& budget_;
  std::size_t held_ = 0;
};

}  // namespace onair::net
