// Where a message is put together as it comes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include <boost/asio/buffer.hpp>

namespace onair::net {

/// Belongs to one connection, so that its room is that of one read alone, however long that waits.
/// A short message stands in the object itself. A longer one takes memory as it comes, not by the
/// size that the client claims for it, and only until `clear`.
class MessageBuffer {
 public:
  /// Room behind what has come, so that there are at most `most` bytes in all; `most` is more than
  /// what has come. The room stays where it is until the next call or `clear`.
  boost::asio::mutable_buffer room(std::size_t most) {
    if (size_ == capacity_) grow(most);
    return {bytes() + size_, std::min<std::size_t>(capacity_, most) - size_};
  }

  /// Adds `bytes` bytes, which were put into the room.
  void add(std::size_t bytes) { size_ += static_cast<std::uint32_t>(bytes); }

  std::size_t size() const { return size_; }
  /// Bytes that it takes beside the object itself.
  std::size_t memory() const { return long_ ? capacity_ : 0; }
  /// The text received so far. Valid until `clear`.
  std::string_view text() const { return {long_ ? long_.get() : short_.data(), size_}; }

  void clear() {
    long_.reset();
    size_ = 0;
    capacity_ = kShort;
  }

 private:
  static constexpr std::uint32_t kShort = 64;
  static constexpr std::uint32_t kLong = 4'096;
  static constexpr std::uint32_t kGrowth = 4;

  char* bytes() { return long_ ? long_.get() : short_.data(); }

  void grow(std::size_t most) {
    const auto capacity = static_cast<std::uint32_t>(
        std::min<std::size_t>(std::max(kLong, kGrowth * capacity_), most));
    std::unique_ptr<char[]> larger(new char[capacity]);
    std::memcpy(larger.get(), bytes(), size_);
    long_ = std::move(larger);
    capacity_ = capacity;
  }

  std::array<char, kShort> short_{};
  std::unique_ptr<char[]> long_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kShort;
};

}  // namespace onair::net
