// Numbers of RTCP that both its reader and its writer need.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sfu/rtp/rtp.hpp"

namespace onair::sfu::rtcp {

inline constexpr std::size_t kHeader = 4;
inline constexpr std::size_t kReportBlock = 24;
inline constexpr std::size_t kSenderInfo = 24;   ///< with the sender's SSRC
inline constexpr std::size_t kFeedbackHead = 8;  ///< the two SSRCs

inline constexpr std::uint8_t kCname = 1;
inline constexpr std::size_t kNackFormat = 1;
inline constexpr std::size_t kTransportWideFormat = 15;
inline constexpr std::size_t kPliFormat = 1;
inline constexpr std::size_t kFirFormat = 4;
inline constexpr std::size_t kApplicationFormat = 15;
inline constexpr std::uint32_t kRemb = 0x52454d42;

}  // namespace onair::sfu::rtcp
