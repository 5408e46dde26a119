// Stereo sound by Opus (RFC 7587 section 6.1). Browsers send and receive mono unless both ends say
// otherwise: the sender announces stereo in its offer, the receiver asks for it in its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onair::session {

/// Bits per second of music; browsers use about 32,000 for speech.
inline constexpr std::uint32_t kMusicBitrate = 128'000;

/// The talker's offer, saying that stereo is likely to come (`sprop-stereo`).
std::string announcing_stereo(std::string_view offer);

/// True if the offer says so.
bool announces_stereo(std::string_view offer);

/// The viewer's answer, asking for stereo.
std::string receiving_stereo(std::string_view answer);

/// The viewer's answer as the talker applies it: its encoder sends stereo with the bits of music,
/// also to a viewer that did not ask for it, which plays it as mono.
std::string sending_music(std::string_view answer);

}  // namespace onair::session
