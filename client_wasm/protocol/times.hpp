// Times that the server and its clients keep alike.
#pragma once

#include <chrono>

namespace onair::protocol {

/// The forwarder and its watchers keep their connections for so long without the talker: its page
/// may be loading again, and a person then puts it on air.
inline constexpr std::chrono::seconds kTalkerReturnTimeout{20};

}  // namespace onair::protocol
