// Bytes of packets, in network byte order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace onair::sfu {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// The caller has checked that the bytes are there.
constexpr std::uint16_t read_u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
constexpr std::uint32_t read_u24(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 16 | std::uint32_t{at[1]} << 8 | at[2];
}
constexpr std::uint32_t read_u32(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | read_u24(at + 1);
}
constexpr std::uint64_t read_u64(const std::uint8_t* at) {
  return std::uint64_t{read_u32(at)} << 32 | read_u32(at + 4);
}

constexpr void write_u16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
constexpr void write_u24(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 16);
  write_u16(at + 1, static_cast<std::uint16_t>(value));
}
constexpr void write_u32(std::uint8_t* at, std::uint32_t value) {
  write_u16(at, static_cast<std::uint16_t>(value >> 16));
  write_u16(at + 2, static_cast<std::uint16_t>(value));
}
constexpr void write_u64(std::uint8_t* at, std::uint64_t value) {
  write_u32(at, static_cast<std::uint32_t>(value >> 32));
  write_u32(at + 4, static_cast<std::uint32_t>(value));
}

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads a packet from front to back. What is asked for beyond the end is nothing, and leaves the
/// reader where it is.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  std::size_t size() const { return rest_.size(); }
  Bytes rest() const { return rest_; }

  std::optional<Bytes> take(std::size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::optional<std::uint8_t> u8() {
    return number<std::uint8_t, 1>([](auto* at) { return *at; });
  }
  std::optional<std::uint16_t> u16() { return number<std::uint16_t, 2>(read_u16); }
  std::optional<std::uint32_t> u24() { return number<std::uint32_t, 3>(read_u24); }
  std::optional<std::uint32_t> u32() { return number<std::uint32_t, 4>(read_u32); }
  std::optional<std::uint64_t> u64() { return number<std::uint64_t, 8>(read_u64); }

 private:
  template <typename Number, std::size_t kSize, typename Read>
  std::optional<Number> number(Read read) {
    const auto taken = take(kSize);
    if (!taken) return std::nullopt;
    return read(taken->data());
  }

  Bytes rest_;
};

}  // namespace onair::sfu
