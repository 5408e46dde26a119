// The codecs that are forwarded.
#pragma once

#include <cstdint>

#include "sfu/base/packet.hpp"

namespace onair::sfu {

enum class Codec : std::uint8_t { opus, vp8, vp9, h264, av1 };

/// Rate of the RTP clock of every codec of this kind, in Hz.
constexpr std::uint32_t clock_rate_of(MediaKind kind) {
  return kind == MediaKind::audio ? 48'000 : 90'000;
}

}  // namespace onair::sfu
