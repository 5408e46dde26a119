#include "rooms/mailbox.hpp"

#include <utility>

namespace onair::rooms {

void Mailbox::put(const Frame& frame) {
  if (overflowed_) return;
  const std::size_t bytes = sizeof(Frame) + frame->text().size();
  if (frames_.size() >= budget_.most_frames || budget_.bytes + bytes > budget_.most_bytes) {
    clear();
    overflowed_ = true;
    return;
  }
  frames_.push_back(frame);
  bytes_ += bytes;
  budget_.bytes += bytes;
}

std::vector<Frame> Mailbox::take() {
  std::vector<Frame> all = std::exchange(frames_, {});
  clear();
  return all;
}

void Mailbox::clear() {
  frames_ = {};
  budget_.bytes -= std::exchange(bytes_, 0);
}

}  // namespace onair::rooms
