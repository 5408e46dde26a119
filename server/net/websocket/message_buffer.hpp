// Where a message is put together as it comes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>

#include <boost/asio/buffer.hpp>

#include "net/loop/buffer_pool.hpp"

namespace onair::net {

/// Belongs to one connection, so that its room is that of one read alone, however long that waits.
/// The beginning of a message stands in a small buffer of the pool's. A longer message takes memory
/// as it comes, not by the size that the client claims for it. All of it is kept only until
/// `clear`.
class MessageBuffer {
 public:
  /// The pool of small buffers, which outlives this.
  explicit MessageBuffer(BufferPool& pool) : pool_(pool) {}

  /// The room for one read, as a sequence of one buffer (Asio's MutableBufferSequence). It takes
  /// its memory when the reader looks at it, and Beast does that when it knows of bytes for it: so
  /// a connection that waits for a message holds none.
  class Room {
   public:
    class const_iterator {
     public:
      using value_type = boost::asio::mutable_buffer;
      using reference = value_type;
      using pointer = const value_type*;
      using difference_type = std::ptrdiff_t;
      using iterator_category = std::bidirectional_iterator_tag;

      const_iterator() = default;
      const_iterator(const Room* room, int index) : room_(room), index_(index) {}
      reference operator*() const { return room_->buffer_->room(room_->most_); }
      const_iterator& operator++() { return ++index_, *this; }
      const_iterator operator++(int) { return {room_, index_++}; }
      const_iterator& operator--() { return --index_, *this; }
      const_iterator operator--(int) { return {room_, index_--}; }
      bool operator==(const const_iterator& other) const { return index_ == other.index_; }

     private:
      const Room* room_ = nullptr;
      int index_ = 0;
    };
    using value_type = const_iterator::value_type;

    Room(MessageBuffer& buffer, std::size_t most) : buffer_(&buffer), most_(most) {}
    const_iterator begin() const { return {this, 0}; }
    const_iterator end() const { return {this, 1}; }

   private:
    MessageBuffer* buffer_;
    std::size_t most_;
  };

  /// Room behind what has come, so that there are at most `most` bytes in all; `most` is more than
  /// what has come. The room stays where it is until `add` or `clear`.
  boost::asio::mutable_buffer room(std::size_t most) {
    if (capacity_ == 0) begin_small();
    if (is_due_to_grow()) grow(most);
    return {bytes() + size_, std::min<std::size_t>(capacity_, most) - size_};
  }

  /// Adds `bytes` bytes, which were put into the room.
  void add(std::size_t bytes) { size_ += static_cast<std::uint32_t>(bytes); }

  std::size_t size() const { return size_; }
  /// Bytes that it takes beside a small buffer.
  std::size_t memory() const { return long_ ? capacity_ : 0; }
  /// The text received so far. Valid until `clear`.
  std::string_view text() const { return {long_ ? long_.get() : small_.get(), size_}; }

  void clear() {
    small_.reset();
    long_.reset();
    size_ = 0;
    capacity_ = 0;
  }

 private:
  static constexpr std::size_t kGrowth = 4;

  char* bytes() { return long_ ? long_.get() : small_.get(); }

  void begin_small() {
    small_ = pool_.take();
    capacity_ = static_cast<std::uint32_t>(pool_.bytes());
  }

  /// What is not whole after one read is mostly much longer.
  bool is_due_to_grow() const { return size_ == capacity_ || (small_ && size_ > 0); }

  void grow(std::size_t most) {
    const std::size_t capacity = std::min(kGrowth * std::size_t{capacity_}, most);
    std::unique_ptr<char[]> larger(new char[capacity]);
    std::memcpy(larger.get(), bytes(), size_);
    small_.reset();
    long_ = std::move(larger);
    capacity_ = static_cast<std::uint32_t>(capacity);
  }

  BufferPool& pool_;
  Buffer small_;
  std::unique_ptr<char[]> long_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace onair::net
