#include "net/websocket/output_queue.hpp"

#include <utility>

namespace onair::net {

void OutputQueue::push(std::shared_ptr<const std::string> piece) {
  bytes_ += piece->size();
  pieces_.push_back(std::move(piece));
}

OutputQueue::Gathered OutputQueue::gather(std::size_t most) const {
  Gathered buffers;
  std::size_t skip = written_;
  std::size_t gathered = 0;
  for (std::size_t i = first_; i < pieces_.size(); ++i) {
    if (buffers.size() == kGathered || gathered >= most) break;
    const std::string& piece = *pieces_[i];
    buffers.emplace_back(piece.data() + skip, piece.size() - skip);
    gathered += piece.size() - skip;
    skip = 0;
  }
  return buffers;
}

void OutputQueue::consume(std::size_t bytes) {
  bytes_ -= bytes;
  bytes += std::exchange(written_, 0);
  while (first_ < pieces_.size() && bytes >= pieces_[first_]->size()) {
    bytes -= pieces_[first_]->size();
    pieces_[first_++].reset();
  }
  written_ = bytes;
  if (!empty()) return;
  first_ = 0;
  pieces_.clear();
  if (pieces_.capacity() > kKeptPieces) pieces_.shrink_to_fit();
}

void OutputQueue::drop_whole_pieces() {
  const bool begun = written_ > 0;
  pieces_.resize(first_ + (begun ? 1 : 0));
  bytes_ = begun ? pieces_[first_]->size() - written_ : 0;
}

}  // namespace onair::net
