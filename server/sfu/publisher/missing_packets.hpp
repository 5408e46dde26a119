// The packets that a talker should send again (RFC 4585, section 6.2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sfu/base/time.hpp"

namespace onair::sfu {

/// A bounded list of packets that didn't come, each with when to ask for it the next time. It is
/// asked for at once, and again after about the time that an answer takes, until it comes or is
/// given up. A packet that comes after that is welcome all the same, but nobody waits for it.
class MissingPackets {
 public:
  static constexpr std::size_t kMax = 256;  ///< the oldest are given up for newer ones
  static constexpr int kMaxTries = 8;
  static constexpr Duration kTimeout = std::chrono::milliseconds(800);  ///< then it is given up
  /// How long to wait for an answer as long as none came, and the bounds of that.
  static constexpr Duration kFirstSpacing = std::chrono::milliseconds(60);
  static constexpr Duration kMinSpacing = std::chrono::milliseconds(20);
  static constexpr Duration kMaxSpacing = std::chrono::milliseconds(300);

  MissingPackets() { entries_.reserve(kMax); }

  /// Packets `first` to `last` are missing, unwrapped numbers (sequence.hpp) above all before.
  void add(std::int64_t first, std::int64_t last, TimePoint now);
  /// The packet came.
  void remove(std::int64_t sequence, TimePoint now);
  /// It will never come: see last_given_up().
  void give_up(std::int64_t sequence);
  void clear();

  /// When to call write_requests(). TimePoint::max() if nothing is missing.
  TimePoint next_deadline() const { return next_deadline_; }
  /// Gives up what is too old, and writes the numbers to ask for now in their order. How many. Has
  /// to be called again if that is all that `out` can hold.
  std::size_t write_requests(TimePoint now, std::span<std::uint16_t> out);

  std::size_t size() const { return entries_.size(); }
  std::uint64_t given_up() const { return given_up_; }
  /// The highest number that was given up. Nothing after clear().
  std::optional<std::int64_t> last_given_up() const { return last_given_up_; }
  Duration spacing() const;

 private:
  struct Entry {
    std::int64_t sequence = 0;
    TimePoint since;
    TimePoint next_try;
    TimePoint first_try;
    int tries = 0;
  };

  void note_answer(const Entry& entry, TimePoint now);

  std::vector<Entry> entries_;  ///< in the order of their numbers
  TimePoint next_deadline_ = TimePoint::max();
  std::optional<Duration> answer_time_;  ///< smoothed
  std::uint64_t given_up_ = 0;
  std::optional<std::int64_t> last_given_up_;
};

}  // namespace onair::sfu
