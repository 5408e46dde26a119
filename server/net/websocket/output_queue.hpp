// Output that waits to be written to a client, in order.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/container/static_vector.hpp>

#include "rooms/frame.hpp"

namespace onair::net {

/// Bytes that wait for a client, for a thread that hands packets over to that of its stream.
struct OutputGauge {
  std::atomic<std::size_t> handed_over = 0;  ///< since the beginning
  std::atomic<std::size_t> taken = 0;        ///< of these, the ones that have come to the stream
  std::atomic<std::size_t> queued = 0;       ///< and wait there

  std::size_t waiting() const { return handed_over - taken + queued; }
};

class OutputQueue {
 public:
  /// As many pieces as one system call takes.
  static constexpr std::size_t kGathered = 64;
  using Gathered = boost::container::static_vector<boost::asio::const_buffer, kGathered>;

  bool empty() const { return first_ == pieces_.size(); }
  /// Cost of the waiting output, in bytes.
  std::size_t cost() const { return bytes_ + rooms::kQueueEntryCost * (pieces_.size() - first_); }

  void push(std::shared_ptr<const std::string> piece);

  /// The first pieces, up to kGathered and about `most` bytes. Valid until the next change.
  Gathered gather(std::size_t most) const;

  /// Removes the first `bytes` bytes, which were written.
  void consume(std::size_t bytes);

  /// Drops all pieces but the rest of one that was written in part.
  void drop_whole_pieces();

 private:
  /// More capacity than this is given back when the queue is empty.
  static constexpr std::size_t kKeptPieces = 8;

  boost::container::small_vector<std::shared_ptr<const std::string>, 2> pieces_;
  std::size_t first_ = 0;    ///< the pieces before it were written
  std::size_t written_ = 0;  ///< bytes of the first piece
  std::size_t bytes_ = 0;    ///< of all pieces, without those
};

}  // namespace onair::net
