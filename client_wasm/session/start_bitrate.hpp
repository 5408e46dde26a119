// Where a sender's congestion control begins.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onair::session {

/// Browsers begin at 300 kbit/s, at which the first key frame alone takes its time and pictures of
/// 720p start out small. The estimate of what the path carries takes over within a second or two.
inline constexpr std::uint32_t kStartBitrate = 1'000'000;  ///< bits per second

/// An answer (RFC 8829) with `x-google-start-bitrate` among the format parameters of the video
/// codec that it prefers, which is the one that is sent. Chromium and Safari heed it; Firefox
/// passes over it. What has no picture, or is no SDP, comes back as it is.
std::string with_start_bitrate(std::string_view answer, std::uint32_t bits_per_second);

}  // namespace onair::session
