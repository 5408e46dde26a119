// Start value of a sender's congestion control.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onair::session {

/// Browsers start at 300 kbit/s, at which the first key frame is slow and 720p starts small. The
/// estimate of the path's capacity replaces this value within a second or two.
inline constexpr std::uint32_t kStartBitrate = 1'000'000;  ///< bits per second

/// Adds `x-google-start-bitrate` to the format parameters of the answer's preferred video codec,
/// which is the one that is sent (RFC 8829). Chromium and Safari use it; Firefox ignores it.
/// Returns a text without video, or one that is not SDP, unchanged.
std::string with_start_bitrate(std::string_view answer, std::uint32_t bits_per_second);

}  // namespace onair::session
