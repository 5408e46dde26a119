// Codecs that are forwarded, and which formats of two sides are the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sfu/base/codec.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/sdp/sdp.hpp"

namespace onair::sfu {

inline constexpr std::array kAllCodecs{Codec::opus, Codec::vp8, Codec::vp9, Codec::h264,
                                       Codec::av1};

/// As an rtpmap says it: `opus/48000/2`.
std::string_view encoding_of(Codec codec);
MediaKind kind_of(Codec codec);
std::uint32_t clock_rate_of(Codec codec);  ///< Hz

/// Nothing for one that is not forwarded.
std::optional<Codec> codec_of(const Format& format);

/// A stream's format: what a decoder must know before the first packet.
struct StreamFormat {
  Codec codec = Codec::opus;
  std::string parameters;  ///< only those of `kept_parameters`

  friend bool operator==(const StreamFormat&, const StreamFormat&) = default;
};

/// Adds `name=value`; nothing for an empty value.
void add_parameter(std::string& parameters, std::string_view name, std::string_view value);

/// Selects the format parameters that describe the stream or what a receiver decodes: Opus
/// `minptime`, `useinbandfec`, `usedtx`, `stereo`, `sprop-stereo`, `maxaveragebitrate`,
/// `maxplaybackrate`, `cbr`; H264 `profile-level-id`, `packetization-mode`,
/// `level-asymmetry-allowed`; VP9 `profile-id`; AV1 `profile`, `level-idx`, `tier`.
std::string kept_parameters(Codec codec, std::string_view parameters);

/// Parameters with which a receiver answers this format: the same, with `stereo=1` for either
/// parameter of a stereo stream, since a browser sends two channels only to those who ask for them.
std::string receiving_parameters(const StreamFormat& format);

/// True if the stream is Opus with two channels (RFC 7587 section 6.1, either parameter).
bool is_stereo(const StreamFormat& format);

/// RFC 6184 section 8.1, table 5.
enum class H264Profile : std::uint8_t {
  constrained_baseline,
  baseline,
  main,
  extended,
  constrained_high,
  high,
  other
};
H264Profile h264_profile_of(std::string_view parameters);
/// True if a decoder of `whole` decodes `part`, which is another profile.
bool contains(H264Profile whole, H264Profile part);
/// The profiles that others contain.
inline constexpr std::array kContainedH264Profiles{
    H264Profile::constrained_baseline, H264Profile::main, H264Profile::constrained_high};
/// 1 is what browsers can decode; 0 without the parameter.
int packetization_mode_of(std::string_view parameters);

/// How well a receiver of `offered` parameters decodes a stream of `sent` ones, of the same codec:
/// 0 not at all, 1 as part of a larger profile, 2 exactly. The level is not compared: decoders
/// take more than they say, and encoders say less than they send.
int match_of(Codec codec, std::string_view sent, std::string_view offered);

}  // namespace onair::sfu
