#include "rooms/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace onair::rooms {

void Mailbox::put(const Frame& frame) {
  if (overflowed_) return;
  const std::size_t bytes = frame->cost();
  if (frames_.size() >= budget_.most_frames || bytes_ + bytes > budget_.most_bytes_of_one ||
      budget_.bytes + bytes > budget_.most_bytes) {
    clear();
    overflowed_ = true;
    return;
  }
  add(frame);
}

bool Mailbox::put_counted(const Frame& frame) {
  // The share is one of frames and of bytes: every frame counts as at least its share of all bytes.
  const std::size_t bound = budget_.most_bytes_of_one;
  const std::size_t least = bound / std::max<std::size_t>(budget_.most_frames, 1);
  const SendQueue queue{std::max(bytes_, frames_.size() * least), bound};
  if (!shares_.take(queue, frame->counts_for(), std::max(frame->cost(), least))) return false;
  put(frame);
  return true;
}

void Mailbox::refill(const std::vector<Frame>& frames) {
  for (const Frame& frame : frames) add(frame);
  if (frames.size() > 2 * budget_.most_frames || bytes_ > 2 * budget_.most_bytes_of_one ||
      budget_.bytes > budget_.most_bytes) {
    clear();
  }
}

void Mailbox::add(const Frame& frame) {
  frames_.push_back(frame);
  bytes_ += frame->cost();
  budget_.bytes += frame->cost();
}

Frame Mailbox::pop() {
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  bytes_ -= frame->cost();
  budget_.bytes -= frame->cost();
  return frame;
}

std::vector<Frame> Mailbox::take() {
  std::vector<Frame> all(frames_.begin(), frames_.end());
  clear();
  return all;
}

void Mailbox::clear() {
  frames_ = {};
  budget_.bytes -= std::exchange(bytes_, 0);
}

}  // namespace onair::rooms
