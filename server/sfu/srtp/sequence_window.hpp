// Which of a stream's latest numbers have been used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace onair::sfu {

/// Sliding window over the highest number that was marked and the kSize - 1 below it (RFC 3711,
/// section 3.3.2). Bits stand at their number modulo kSize, so that nothing is shifted.
template <std::size_t kSize>
class SequenceWindow {
 public:
  enum class Verdict : std::uint8_t { fresh, marked, too_old };

  bool empty() const { return empty_; }
  /// The highest number marked, or 0.
  std::uint64_t highest() const { return highest_; }

  Verdict judge(std::uint64_t number) const {
    if (empty_ || number > highest_) return Verdict::fresh;
    if (highest_ - number >= kSize) return Verdict::too_old;
    return (word(number) & bit(number)) != 0 ? Verdict::marked : Verdict::fresh;
  }

  /// The number must not be too old.
  void mark(std::uint64_t number) {
    if (empty_ || number > highest_) move_to(number);
    words_[number % kSize / kBits] |= bit(number);
  }

 private:
  static constexpr std::size_t kBits = 64;
  static_assert(kSize % kBits == 0);

  static std::uint64_t bit(std::uint64_t number) { return std::uint64_t{1} << number % kBits; }
  std::uint64_t word(std::uint64_t number) const { return words_[number % kSize / kBits]; }

  void move_to(std::uint64_t number) {
    if (empty_ || number - highest_ >= kSize) {
      words_.fill(0);
    } else {
      for (std::uint64_t passed = highest_ + 1; passed <= number; ++passed) {
        words_[passed % kSize / kBits] &= ~bit(passed);
      }
    }
    highest_ = number;
    empty_ = false;
  }

  std::uint64_t highest_ = 0;
  std::array<std::uint64_t, kSize / kBits> words_{};
  bool empty_ = true;
};

}  // namespace onair::sfu
