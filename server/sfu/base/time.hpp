// Time in the forwarder's cores: an input of every call that depends on it.
#pragma once

#include <chrono>

namespace onair::sfu {

using Clock = std::chrono::steady_clock;
using Duration = Clock::duration;
using TimePoint = Clock::time_point;

}  // namespace onair::sfu
