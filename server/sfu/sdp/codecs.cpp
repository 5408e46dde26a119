#include "sfu/sdp/codecs.hpp"

#include <algorithm>
#include <span>

#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

constexpr std::array<std::string_view, 8> kOpusParameters{
    "minptime", "useinbandfec", "usedtx",          "stereo",
    "cbr",      "sprop-stereo", "maxplaybackrate", "maxaveragebitrate"};
constexpr std::array<std::string_view, 3> kH264Parameters{"profile-level-id", "packetization-mode",
                                                          "level-asymmetry-allowed"};
constexpr std::array<std::string_view, 1> kVp9Parameters{"profile-id"};
constexpr std::array<std::string_view, 3> kAv1Parameters{"profile", "level-idx", "tier"};

std::span<const std::string_view> names_for(Codec codec) {
  switch (codec) {
    case Codec::opus: return kOpusParameters;
    case Codec::vp8: return {};
    case Codec::vp9: return kVp9Parameters;
    case Codec::h264: return kH264Parameters;
    case Codec::av1: return kAv1Parameters;
  }
  return {};
}

/// `profile_idc`, the bits of `profile_iop` that count, and their value.
struct ProfilePattern {
  std::uint8_t idc;
  std::uint8_t mask;
  std::uint8_t value;
  H264Profile profile;
};

constexpr ProfilePattern kPatterns[]{
    {0x42, 0x4f, 0x40, H264Profile::constrained_baseline},
    {0x4d, 0x8f, 0x80, H264Profile::constrained_baseline},
    {0x58, 0xcf, 0xc0, H264Profile::constrained_baseline},
    {0x42, 0x4f, 0x00, H264Profile::baseline},
    {0x58, 0xcf, 0x80, H264Profile::baseline},
    {0x4d, 0xaf, 0x00, H264Profile::main},
    {0x58, 0xcf, 0x00, H264Profile::extended},
    {0x64, 0xff, 0x0c, H264Profile::constrained_high},
    {0x64, 0xff, 0x00, H264Profile::high},
};

int match_of_h264(std::string_view sent, std::string_view offered) {
  if (packetization_mode_of(offered) < packetization_mode_of(sent)) return 0;
  const H264Profile of_stream = h264_profile_of(sent);
  const H264Profile of_receiver = h264_profile_of(offered);
  if (of_stream == H264Profile::other) {
    const auto profile = [](std::string_view parameters) {
      return text::parameter(parameters, "profile-level-id").substr(0, 4);
    };
    return text::same_ignoring_case(profile(sent), profile(offered)) ? 2 : 0;
  }
  if (of_stream == of_receiver) return 2;
  return contains(of_receiver, of_stream) ? 1 : 0;
}

/// A number that both sides must have the same, 0 without it.
int match_of_profile(std::string_view name, std::string_view sent, std::string_view offered) {
  const auto profile = [&](std::string_view parameters) {
    return text::number<int>(text::parameter(parameters, name)).value_or(0);
  };
  return profile(sent) == profile(offered) ? 2 : 0;
}

}  // namespace

std::string_view encoding_of(Codec codec) {
  switch (codec) {
    case Codec::opus: return "opus/48000/2";
    case Codec::vp8: return "VP8/90000";
    case Codec::vp9: return "VP9/90000";
    case Codec::h264: return "H264/90000";
    case Codec::av1: return "AV1/90000";
  }
  return {};
}

MediaKind kind_of(Codec codec) {
  return codec == Codec::opus ? MediaKind::audio : MediaKind::video;
}

std::uint32_t clock_rate_of(Codec codec) {
  return codec == Codec::opus ? 48'000 : 90'000;
}

std::optional<Codec> codec_of(const Format& format) {
  if (is_taken_for_rtcp(format.payload_type)) return std::nullopt;
  for (const Codec codec : kAllCodecs) {
    std::string_view encoding = encoding_of(codec);
    if (text::same_ignoring_case(format.codec, text::take(encoding, '/')) &&
        format.clock_rate == clock_rate_of(codec)) {
      return codec;
    }
  }
  return std::nullopt;
}

void add_parameter(std::string& parameters, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!parameters.empty()) parameters += ';';
  parameters.append(name).append("=").append(value);
}

std::string kept_parameters(Codec codec, std::string_view parameters) {
  std::string kept;
  for (const std::string_view name : names_for(codec)) {
    add_parameter(kept, name, text::parameter(parameters, name));
  }
  return kept;
}

std::string receiving_parameters(const StreamFormat& format) {
  std::string kept;
  for (const std::string_view name : names_for(format.codec)) {
    if (name == "stereo" || name == "sprop-stereo") continue;
    add_parameter(kept, name, text::parameter(format.parameters, name));
  }
  if (is_stereo(format)) add_parameter(kept, "stereo", "1");
  return kept;
}

bool is_stereo(const StreamFormat& format) {
  return format.codec == Codec::opus && (text::parameter(format.parameters, "stereo") == "1" ||
                                         text::parameter(format.parameters, "sprop-stereo") == "1");
}

H264Profile h264_profile_of(std::string_view parameters) {
  const std::string_view id = text::parameter(parameters, "profile-level-id");
  // As browsers read an absent one; RFC 6184 says baseline, which nobody sends.
  if (id.empty()) return H264Profile::constrained_baseline;
  std::uint32_t bytes = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), bytes, 16);
  if (id.size() != 6 || error != std::errc() || end != id.data() + id.size()) {
    return H264Profile::other;
  }
  const auto idc = static_cast<std::uint8_t>(bytes >> 16);
  const auto iop = static_cast<std::uint8_t>(bytes >> 8);
  const auto found =
      std::find_if(std::begin(kPatterns), std::end(kPatterns), [&](const ProfilePattern& pattern) {
        return pattern.idc == idc && (iop & pattern.mask) == pattern.value;
      });
  return found == std::end(kPatterns) ? H264Profile::other : found->profile;
}

bool contains(H264Profile whole, H264Profile part) {
  using enum H264Profile;
  switch (whole) {
    case baseline:
    case main:
    case constrained_high: return part == constrained_baseline;
    case high: return part == constrained_baseline || part == main || part == constrained_high;
    default: return false;
  }
}

int packetization_mode_of(std::string_view parameters) {
  return text::number<int>(text::parameter(parameters, "packetization-mode")).value_or(0);
}

int match_of(Codec codec, std::string_view sent, std::string_view offered) {
  switch (codec) {
    case Codec::opus:
    case Codec::vp8: return 2;
    case Codec::vp9: return match_of_profile("profile-id", sent, offered);
    case Codec::h264: return match_of_h264(sent, offered);
    case Codec::av1: return match_of_profile("profile", sent, offered);
  }
  return 0;
}

}  // namespace onair::sfu
