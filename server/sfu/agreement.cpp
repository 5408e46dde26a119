#include "sfu/agreement.hpp"

#include <algorithm>
#include <array>

#include "sfu/base/random.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

CodecNumber number_of(Codec codec, CodecNumber profile) {
  return (static_cast<CodecNumber>(codec) + 1) << 8 | profile;
}
CodecNumber number_of(H264Profile profile) {
  return number_of(Codec::h264, static_cast<CodecNumber>(profile));
}

CodecNumber profile_of(const StreamFormat& format) {
  const auto number = [&](std::string_view name) {
    return text::number<std::uint8_t>(text::parameter(format.parameters, name)).value_or(0);
  };
  switch (format.codec) {
    case Codec::h264: return static_cast<CodecNumber>(h264_profile_of(format.parameters));
    case Codec::vp9: return number("profile-id");
    case Codec::av1: return number("profile");
    case Codec::opus:
    case Codec::vp8: return 0;
  }
  return 0;
}

TalkerMedia talker_media_of(const AgreedMedia& agreed) {
  const AgreedFormat& format = agreed.formats.front();
  TalkerMedia media{
      .codec = format.stream.codec,
      .payload_type = format.payload_type,
      .rtx_payload_type = format.rtx_payload_type,
      .mid = agreed.mid,
      .nack = format.feedback.nack,
      .pli = format.feedback.pli,
      .fir = format.feedback.fir,
      .mid_id = agreed.extensions.mid,
      .transport_cc_id = agreed.extensions.transport_cc,
      .forwarded_ids = {agreed.extensions.audio_level, agreed.extensions.video_orientation}};
  for (const StreamSource& source : agreed.sources) {
    media.sources.push_back({.ssrc = source.ssrc, .rtx_ssrc = source.rtx_ssrc});
  }
  return media;
}

// The published one, those agreed, and the contained ones.
static_assert(OutgoingKind::kMaxFormats >= 1 + kMaxAgreedFormats + kContainedH264Profiles.size());

void add_format(OutgoingKind& kind, CodecNumber codec, const AgreedFormat& format) {
  if (kind.find(codec) != nullptr) return;
  const auto unused = std::ranges::find(kind.formats, CodecNumber{}, &OutgoingFormat::codec);
  if (unused == kind.formats.end()) return;
  *unused = {.codec = codec,
             .payload_type = format.payload_type,
             .rtx_payload_type = format.rtx_payload_type};
}

OutgoingKind outgoing_kind_of(const AgreedMedia& agreed,
                              const std::optional<StreamFormat>& published) {
  OutgoingKind kind;
  if (published) {
    // The viewer's may be of a larger profile than what is sent.
    if (const AgreedFormat* const format = find_format(agreed, *published)) {
      add_format(kind, number_of(*published), *format);
    }
  }
  for (const AgreedFormat& format : agreed.formats) {
    add_format(kind, number_of(format.stream), format);
    kind.nack = kind.nack || format.feedback.nack;
  }
  // The next talker's H264 may be of a smaller profile than any that the viewer named.
  for (const AgreedFormat& format : agreed.formats) {
    if (format.stream.codec != Codec::h264) continue;
    const H264Profile whole = h264_profile_of(format.stream.parameters);
    for (const H264Profile part : kContainedH264Profiles) {
      if (contains(whole, part)) add_format(kind, number_of(part), format);
    }
  }
  kind.absolute_send_time_id = agreed.extensions.abs_send_time;
  kind.forwarded_ids = {agreed.extensions.audio_level, agreed.extensions.video_orientation};
  return kind;
}

}  // namespace

CodecNumber number_of(const StreamFormat& format) {
  return number_of(format.codec, profile_of(format));
}

TalkerMediaByKind talker_media_of(const Agreed& talker) {
  TalkerMediaByKind media;
  for (const MediaKind kind : kEveryKind) {
    const AgreedMedia* const agreed = talker.find(kind);
    if (agreed != nullptr) media[index_of(kind)] = talker_media_of(*agreed);
  }
  return media;
}

FeedbackOptions feedback_options_of(const Agreed& talker) {
  FeedbackOptions options{.sender_ssrc = random_u32() | 1, .reduced_size = true};
  bool remb = false;
  for (const MediaKind kind : kEveryKind) {
    const AgreedMedia* const agreed = talker.find(kind);
    if (agreed == nullptr) continue;
    const FeedbackKinds& feedback = agreed->formats.front().feedback;
    options.transport_cc |= feedback.transport_cc && agreed->extensions.transport_cc != 0;
    options.reduced_size &= agreed->rtcp_rsize;
    remb |= feedback.remb;
    if (kind == MediaKind::video) {
      options.fir = feedback.fir && !feedback.pli;
      options.asks_for_key_frames = feedback.fir || feedback.pli;
    }
  }
  if (remb && !options.transport_cc) options.remb = kPublisherRemb;
  return options;
}

Agreement agreement_of(const Agreed& viewer, const Published& published) {
  Agreement agreement;
  for (const MediaKind kind : kEveryKind) {
    const AgreedMedia* const agreed = viewer.find(kind);
    if (agreed == nullptr) continue;
    agreement[index_of(kind)] = outgoing_kind_of(*agreed, published[index_of(kind)]);
  }
  return agreement;
}

}  // namespace onair::sfu
