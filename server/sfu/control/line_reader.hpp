// Cuts a stream of bytes into lines of bounded length.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "sfu/control/control.hpp"

namespace onair::sfu {

/// Receive buffer of one connection: as long as the longest line, and never longer. To use: receive
/// into `space`, say by `filled` how much came, then take lines by `next` until there is none.
class LineReader {
 public:
  /// Where the next bytes go. Empty once a line is too long: the connection is to be closed.
  /// Invalidates the lines that `next` gave.
  std::span<char> space() {
    if (begin_ > 0) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return {buffer_.get() + end_, control::kMaxLineBytes - end_};
  }
  void filled(std::size_t count) { end_ += count; }

  /// The next whole line, without its line feed. The view holds until `space`.
  std::optional<std::string_view> next() {
    const char* const begin = buffer_.get() + begin_;
    const void* const feed = std::memchr(begin, '\n', end_ - begin_);
    if (feed == nullptr) return std::nullopt;
    const auto size = static_cast<std::size_t>(static_cast<const char*>(feed) - begin);
    begin_ += size + 1;
    return std::string_view(begin, size);
  }

  /// True when the buffer is full of a line that has not ended.
  bool is_too_long() const { return begin_ == 0 && end_ == control::kMaxLineBytes; }

 private:
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(control::kMaxLineBytes);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace onair::sfu
