// Numbers that wrap around: RTP sequence numbers and timestamps.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

namespace onair::sfu {

/// How far it is from one number to another the shorter way round; below 0 if `to` is the older.
constexpr std::int16_t distance(std::uint16_t from, std::uint16_t to) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(to - from));
}
constexpr std::int32_t distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

/// The number nearest to `near` whose low half is `number`.
constexpr std::uint32_t extend(std::uint16_t number, std::uint32_t near) {
  return near + static_cast<std::uint32_t>(distance(static_cast<std::uint16_t>(near), number));
}
constexpr std::int64_t extend(std::uint32_t number, std::int64_t near) {
  return near + distance(static_cast<std::uint32_t>(near), number);
}
constexpr std::int64_t extend(std::uint16_t number, std::int64_t near) {
  return near + distance(static_cast<std::uint16_t>(near), number);
}

/// Turns numbers that wrap into numbers that don't. Each is taken to be the one nearest to the
/// highest yet, so that numbers may come out of order and cross the wrap either way. The first
/// stays what it is; those before it may be below 0.
template <typename Number>
  requires std::is_same_v<Number, std::uint16_t> || std::is_same_v<Number, std::uint32_t>
class Unwrapper {
 public:
  std::int64_t unwrap(Number number) {
    const std::int64_t extended = peek(number);
    if (!highest_ || extended > *highest_) highest_ = extended;
    return extended;
  }
  /// The same without remembering it.
  std::int64_t peek(Number number) const { return highest_ ? extend(number, *highest_) : number; }
  std::optional<std::int64_t> highest() const { return highest_; }

 private:
  std::optional<std::int64_t> highest_;
};

}  // namespace onair::sfu
