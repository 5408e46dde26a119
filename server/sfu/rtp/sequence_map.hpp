// From a source's sequence numbers to its publication's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace onair::sfu {

/// Gives each packet of a source its number within the publication, once. A packet that was lost
/// keeps its number free until it comes. Numbers of the source that carry nothing are left out, so
/// that viewers see no gap where nothing was lost.
///
/// Numbers of the source are unwrapped ones (sequence.hpp). All memory is in the object.
class SequenceMap {
 public:
  /// How far behind the newest a packet may come, in packets: as many as viewers may ask for.
  static constexpr std::int64_t kWindow = 1'024;

  enum class Verdict : std::uint8_t {
    next,       ///< newer than all others; some may be missing before it
    late,       ///< was missing, and comes now
    duplicate,  ///< came before
    too_old,
  };
  struct Assigned {
    Verdict verdict = Verdict::too_old;
    std::uint32_t number = 0;  ///< within the publication; only of the next and the late
  };

  /// Begins a source whose packet `first` gets `number`. The `earlier` packets before it may still
  /// come late, and have the numbers before that.
  void begin(std::int64_t first, std::uint32_t number, std::int64_t earlier);

  Assigned assign(std::int64_t source);
  /// The packet came and carries nothing. One that comes late leaves its number free forever.
  Verdict leave_out(std::int64_t source);

  std::int64_t highest() const { return highest_; }
  std::uint32_t next_number() const { return next_number_; }

 private:
  struct Slot {
    std::uint32_t number = 0;
    bool came = false;
  };

  Slot& slot_of(std::int64_t source) {
    return slots_[static_cast<std::size_t>(source & (kWindow - 1))];
  }
  /// Whatever doesn't come before the highest is the next, with the ones between as missing.
  Verdict judge(std::int64_t source);

  std::array<Slot, static_cast<std::size_t>(kWindow)> slots_{};
  std::int64_t oldest_ = 0;
  std::int64_t highest_ = -1;
  std::uint32_t next_number_ = 0;
};

}  // namespace onair::sfu
