// Counts the bytes that one thread holds for its clients, so that many clients together have a
// bound too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <optional>
#include <utility>

namespace onair::net {

class InputShare;

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
  friend class InputShare;

  std::list<InputShare*> inputs_;  ///< those that hold something, since longest first
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

  /// True if the budget is exceeded and `lasting` is above the fair share; where twice the budget
  /// is exceeded, above 0. Such a client gets nothing more. So all together exceed twice the budget
  /// only by what the others get in one tick. `lasting` are the bytes that the last flush left
  /// unsent: bytes that were added since say nothing of how fast the client reads.
  bool is_beyond_fair_share(std::size_t lasting) const {
    if (!budget_.is_exceeded()) return false;
    return lasting > (budget_.is_exceeded_twice() ? 0 : budget_.fair_share());
  }
  bool is_beyond_fair_share() const { return is_beyond_fair_share(held_); }

 private:
  ByteBudget& budget_;
  std::size_t held_ = 0;
};

/// The bytes of a client's input that is not whole yet. Where all clients together hold too much,
/// the one that has held much for longest gives way: an honest one is soon done, and one that never
/// ends what it has begun keeps nobody out.
class InputShare {
 public:
  /// `end` ends the client's connection at once, and what it holds goes with that.
  InputShare(ByteBudget& budget, std::function<void()> end)
      : budget_(budget), share_(budget), end_(std::move(end)) {}
  ~InputShare() { settle(); }
  InputShare(const InputShare&) = delete;
  InputShare& operator=(const InputShare&) = delete;

  /// It holds so many bytes from now on, for what it has begun.
  void set_bytes(std::size_t bytes) {
    share_.set_bytes(bytes);
    bytes_ = bytes;
    if (bytes == 0) return settle();
    if (!entry_) entry_ = budget_.inputs_.insert(budget_.inputs_.end(), this);
  }

  /// What it holds is whole: it counts, and gives way no more.
  void settle() {
    if (!entry_) return;
    budget_.inputs_.erase(*entry_);
    entry_.reset();
  }

  /// Ends others that hold more than `small` for longer, until all together hold no more than they
  /// may. True where that is not enough: then this one gives way.
  bool gives_way(std::size_t small) {
    if (bytes_ <= small) return false;
    while (budget_.is_exceeded()) {
      const auto oldest =
          std::find_if(budget_.inputs_.begin(), budget_.inputs_.end(),
                       [small](const InputShare* input) { return input->bytes_ > small; });
      if (oldest == budget_.inputs_.end() || *oldest == this) return true;
      InputShare& other = **oldest;
      other.set_bytes(0);
      other.end_();
    }
    return false;
  }

 private:
  ByteBudget& budget_;
  ByteShare share_;
  std::function<void()> end_;
  std::size_t bytes_ = 0;
  std::optional<std::list<InputShare*>::iterator> entry_;
};

}  // namespace onair::net
