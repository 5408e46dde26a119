// Memory for bytes that are on their way, so that a connection has none while nothing comes.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace onair::net {

class BufferPool;

/// Gives a buffer back to the pool that it came from; without one it is freed.
struct ReturnBuffer {
  BufferPool* pool = nullptr;
  void operator()(char* bytes) const;
};

/// Memory that belongs to whoever holds it: nobody else reads or writes it until the holder lets
/// go.
using Buffer = std::unique_ptr<char[], ReturnBuffer>;

/// Buffers of one size for the operations of one thread. It outlives what was taken from it.
class BufferPool {
 public:
  /// At most `most_kept` free buffers of so many bytes are kept; more are freed.
  BufferPool(std::size_t bytes, std::size_t most_kept) : bytes_(bytes), most_kept_(most_kept) {}

  /// The size of a buffer.
  std::size_t bytes() const { return bytes_; }

  Buffer take() {
    if (free_.empty()) return Buffer(new char[bytes_], {this});
    Buffer buffer(free_.back().release(), {this});
    free_.pop_back();
    return buffer;
  }

 private:
  friend ReturnBuffer;

  void put_back(std::unique_ptr<char[]> bytes) {
    if (free_.size() < most_kept_) free_.push_back(std::move(bytes));
  }

  const std::size_t bytes_;
  const std::size_t most_kept_;
  std::vector<std::unique_ptr<char[]>> free_;
};

inline void ReturnBuffer::operator()(char* bytes) const {
  std::unique_ptr<char[]> owned(bytes);
  if (pool != nullptr) pool->put_back(std::move(owned));
}

/// Bytes that were read, together with the memory that holds them.
class Input {
 public:
  Input() = default;
  /// The first `size` bytes of a buffer.
  Input(Buffer memory, std::size_t size) : memory_(std::move(memory)), rest_(memory_.get(), size) {}
  /// A copy, in memory of just its size.
  explicit Input(std::string_view bytes) : Input(Buffer(new char[bytes.size()]), bytes.size()) {
    std::memcpy(memory_.get(), bytes.data(), bytes.size());
  }
  Input(Input&& other) noexcept { swap(other); }
  Input& operator=(Input&& other) noexcept {
    Input(std::move(other)).swap(*this);
    return *this;
  }

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  /// Drops so many of the first bytes, and with the last of them the memory.
  void consume(std::size_t bytes) {
    rest_.remove_prefix(bytes);
    if (rest_.empty()) *this = {};
  }

  /// Gives a pool's buffer back: what is left moves to memory of just its size.
  void leave_pool() {
    if (memory_.get_deleter().pool != nullptr) *this = rest_.empty() ? Input() : Input(rest_);
  }

 private:
  void swap(Input& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(rest_, other.rest_);
  }

  Buffer memory_;
  std::string_view rest_;
};

}  // namespace onair::net
