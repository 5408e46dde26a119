// A media packet on its way through the forwarder, as every viewer of a publication gets it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

enum class MediaKind : std::uint8_t { audio, video };
inline constexpr std::size_t kMediaKinds = 2;
inline constexpr std::array<MediaKind, kMediaKinds> kEveryKind{MediaKind::audio, MediaKind::video};

/// The longest payload of a packet, in bytes: an Ethernet frame's, less the headers.
inline constexpr std::size_t kMaxPayload = 1'460;

/// The longest UDP payload that we read or write.
inline constexpr std::size_t kMaxPacket = 1'500;

/// A header extension that is forwarded to viewers (RFC 8285).
enum class ForwardedExtension : std::uint8_t {
  audio_level,        ///< RFC 6464
  video_orientation,  ///< 3GPP TS 26.114, section 7.4.5
};
inline constexpr std::size_t kForwardedExtensions = 2;

struct ExtensionValue {
  std::uint8_t size = 0;  ///< 0: absent
  std::array<std::uint8_t, 4> bytes{};
};

/// A packet without what differs from viewer to viewer: SSRC, payload type, extension ids, SRTP.
/// Sequence number and timestamp are the publication's own: they go on without a gap or a jump when
/// the talker's encoder begins anew.
struct MediaPacket {
  std::uint32_t sequence =
      0;  ///< extended by its roll-over counter: the RTP number is its low half
  std::uint32_t timestamp = 0;
  MediaKind kind = MediaKind::audio;
  bool marker = false;
  bool begins_key_frame = false;
  std::array<ExtensionValue, kForwardedExtensions> extensions{};
  std::uint16_t payload_size = 0;  ///< 0: the slot of a ring is empty
  std::array<std::uint8_t, kMaxPayload> payload_bytes;

  Bytes payload() const { return {payload_bytes.data(), payload_size}; }
};

}  // namespace onair::sfu
