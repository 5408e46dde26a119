// Session descriptions (RFC 8829) as the light peers write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sfu/base/address.hpp"
#include "sfu/ice/ice_lite.hpp"

namespace onair::load {

// Payload types and extension that a talker sends.
inline constexpr std::uint8_t kOpusType = 111;
inline constexpr std::uint8_t kVp8Type = 96;
inline constexpr std::uint8_t kTransportNumberId = 3;  ///< of the extension that counts packets

/// Our part of a description.
struct OwnTransport {
  sfu::IceCredentials ice;
  std::string fingerprint;  ///< what follows "a=fingerprint:"
};

/// Offer of Chromium 140 for one audio and one video to receive, cut down to the codecs that are
/// broadcast.
std::string viewer_offer(const OwnTransport& own);

/// The same to send Opus and VP8.
std::string talker_offer(const OwnTransport& own, std::uint32_t audio_ssrc,
                         std::uint32_t video_ssrc);

/// Takes all that is offered, `recvonly`, and begins DTLS.
std::string viewer_answer(const OwnTransport& own, std::string_view offer);

/// Part of the other side's description that a peer needs.
struct RemoteTransport {
  sfu::IceCredentials ice;
  std::string fingerprint;
  sfu::Address address;         ///< its first UDP candidate
  std::uint8_t audio_type = 0;  ///< the first payload type of its audio
};

/// Nothing where a part is missing.
std::optional<RemoteTransport> read_remote(std::string_view description);

}  // namespace onair::load
