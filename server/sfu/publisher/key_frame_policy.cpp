#include "sfu/publisher/key_frame_policy.hpp"

namespace onair::sfu {

void KeyFramePolicy::key_frame_began() {
  under_way_ = false;
  // Viewers that want another one after it ask again.
  wanted_ = false;
}

void KeyFramePolicy::begin_talker() {
  under_way_ = false;
  last_asked_.reset();
}

TimePoint KeyFramePolicy::next_deadline() const {
  if (!wanted_) return TimePoint::max();
  if (!last_asked_) return {};  // long ago; min() would overflow where time is taken from it
  return *last_asked_ + (under_way_ ? kTimeout : kMinSpacing);
}

bool KeyFramePolicy::take_request(TimePoint now) {
  if (now < next_deadline()) return false;
  under_way_ = true;
  last_asked_ = now;
  ++asked_;
  return true;
}

}  // namespace onair::sfu
