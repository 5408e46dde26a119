// Counts the bytes that one thread holds for its clients, so that many clients together have a
// bound too.
#pragma once

#include <algorithm>
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
  bool is_exceeded_twice() const { return used_ / 2 > most_; }
  /// An equal part of the bound for each of those that hold something.
  std::size_t fair_share() const { return most_ / std::max<std::size_t>(holders_, 1); }

 private:
  friend class ByteShare;

  std::size_t used_ = 0;
  std::size_t holders_ = 0;
  std::size_t most_ = std::numeric_limits<std::size_t>::max();
};

/// Bytes that a client holds of a budget, for as long as this lives.
class ByteShare {
 public:
  explicit ByteShare(ByteBudget& budget) : budget_(budget) {}
  ~ByteShare() { set_bytes(0); }
  ByteShare(const ByteShare&) = delete;
  ByteShare& operator=(const ByteShare&) = delete;

  /// It holds so many bytes from now on.
  void set_bytes(std::size_t bytes) {
    budget_.used_ += bytes - held_;  // modulo 2^64 where it is less
    budget_.holders_ += std::size_t{bytes > 0} - std::size_t{held_ > 0};
    held_ = bytes;
  }

  /// True where this client gives way: all together hold too much, and it holds more than `small`
  /// of it. Others lose nothing by a client that fills the budget.
  bool gives_way(std::size_t small) const { return held_ > small && budget_.is_exceeded(); }

  /// True if the budget is exceeded and `lasting` is above the fair share (above twice the bound:
  /// above 0). Such a client gets nothing more, so all together exceed twice the bound only by what
  /// the others get in one tick. FrameStream passes the bytes that the last flush left: later bytes
  /// do not show how fast the client reads.
  bool is_beyond_fair_share(std::size_t lasting) const {
    if (!budget_.is_exceeded()) return false;
    return lasting > (budget_.is_exceeded_twice() ? 0 : budget_.fair_share());
  }
  bool is_beyond_fair_share() const { return is_beyond_fair_share(held_); }

 private:
  ByteBudget& budget_;
  std::size_t held_ = 0;
};

}  // namespace onair::net
