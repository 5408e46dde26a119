#include "sfu/publication/outlet.hpp"

#include <algorithm>

namespace onair::sfu {

RunWriter::RunWriter(Outlet& outlet, const Path& to, std::size_t packets)
    : outlet_(outlet), to_(to), expected_(std::max<std::size_t>(packets, 1)) {}

MutableBytes RunWriter::next() {
  if (memory_.size() - used_ < kMaxPacketSize) {
    end_run();
    memory_ = outlet_.memory(std::min(expected_ * kMaxPacketSize, kMaxBytes));
    memory_ = memory_.first(std::min(memory_.size(), kMaxBytes));
    used_ = run_begin_ = 0;
  }
  return memory_.subspan(used_);
}

void RunWriter::add(std::size_t size) {
  if (size == 0) return;
  const bool fits = !closed_ && segments_ < kMaxSegments && size <= segment_size_;
  if (!fits) end_run();
  if (segment_size_ == 0) segment_size_ = size;
  closed_ = size < segment_size_;
  ++segments_;
  used_ += size;
}

void RunWriter::end_run() {
  if (used_ > run_begin_) {
    outlet_.send({to_, memory_.subspan(run_begin_, used_ - run_begin_), segment_size_});
  }
  run_begin_ = used_;
  segment_size_ = segments_ = 0;
  closed_ = false;
}

}  // namespace onair::sfu
