#include <algorithm>
#include <functional>
#include <utility>

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/negotiation/negotiation_parts.hpp"

namespace onair::sfu {
namespace {

/// Selects the H264 format that most viewers decode: Constrained Baseline in packetization mode 1,
/// which all browsers decode, and Firefox no other; else the first in mode 1; else nothing.
const Format* best_h264(const Section& section) {
  const Format* best = nullptr;
  for (const Format& format : section.formats) {
    if (codec_of(format) != Codec::h264 || packetization_mode_of(format.parameters) != 1) continue;
    if (h264_profile_of(format.parameters) == H264Profile::constrained_baseline) return &format;
    if (best == nullptr) best = &format;
  }
  return best;
}

/// The format to receive: of the offerer's first codec.
const Format* choose_format(const Section& section, MediaKind kind,
                            const std::vector<Codec>& allowed) {
  const Format* fallback = nullptr;
  for (const Format& format : section.formats) {
    const auto codec = codec_of(format);
    if (!codec || kind_of(*codec) != kind) continue;
    if (std::find(allowed.begin(), allowed.end(), *codec) == allowed.end()) continue;
    if (*codec != Codec::h264) return &format;
    if (const Format* const best = best_h264(section)) return best;
    if (fallback == nullptr) fallback = &format;
  }
  return fallback;
}

/// The announced streams, each with its repair (RFC 4588 section 8.8). Those that repair another
/// one are no streams of their own.
std::vector<StreamSource> sources_of(const Section& section, bool with_rtx) {
  std::vector<StreamSource> sources;
  for (const Source& source : section.sources) {
    StreamSource stream{.ssrc = source.ssrc};
    bool repairs = false;
    for (const SourceGroup& group : section.source_groups) {
      const bool is_fid = group.semantics == "FID";
      if (group.ssrcs.size() != 2 || (!is_fid && group.semantics != "FEC-FR")) continue;
      if (group.ssrcs[1] == source.ssrc) repairs = true;
      if (is_fid && with_rtx && group.ssrcs[0] == source.ssrc) stream.rtx_ssrc = group.ssrcs[1];
    }
    if (!repairs) sources.push_back(stream);
  }
  return sources;
}

AgreedMedia agree(const Section& section, MediaKind kind, const Format& format, Codec codec) {
  constexpr bool kPeerSends = true;
  AgreedMedia media;
  media.mid = section.mid;
  media.extensions = extensions_of(section, kind, kPeerSends);
  media.rtcp_rsize = section.rtcp_rsize;
  media.ptime = section.ptime;
  AgreedFormat agreed;
  agreed.stream = {codec, kept_parameters(codec, format.parameters)};
  agreed.payload_type = format.payload_type;
  agreed.rtx_payload_type = rtx_of(section, format.payload_type);
  agreed.feedback = feedback_of(section, format.payload_type);
  // A single kind of estimate: the sender's by transport-cc where it can, else ours by REMB.
  const std::uint8_t transport_cc = extension_id(section, extension::kTransportCc, kPeerSends);
  agreed.feedback.transport_cc &= transport_cc != 0;
  agreed.feedback.remb &= !agreed.feedback.transport_cc;
  if (agreed.feedback.transport_cc) media.extensions.transport_cc = transport_cc;
  if (agreed.feedback.remb) {
    media.extensions.abs_send_time = extension_id(section, extension::kAbsSendTime, kPeerSends);
  }
  media.sources = sources_of(section, agreed.rtx_payload_type.has_value());
  media.formats.push_back(std::move(agreed));
  return media;
}

/// libdatachannel (OBS) needs every layer accepted. Browsers go on with one (RFC 8853
/// section 5.3.2), but not by the older way, which announces all layers by their SSRCs.
bool needs_simulcast(const Sdp& offer, const Section& section) {
  const bool names_layers = std::ranges::any_of(
      section.source_groups,
      [](const SourceGroup& group) { return group.semantics == "SIM" && group.ssrcs.size() > 1; });
  return names_layers || (section.simulcast && offer.origin_user == "rtc");
}

}  // namespace

SdpResult<Negotiated> answer_publisher(const Sdp& offer, const LocalTransport& local,
                                       const PublisherPolicy& policy) {
  AnswerPlan plan;
  plan.direction = Direction::recvonly;
  plan.start_bitrate = policy.start_bitrate;
  plan.parameters_of = [](const AgreedFormat& format) {
    return receiving_parameters(format.stream);
  };
  PerKind<bool> is_offered{};
  for (const Section& section : offer.sections) {
    const auto kind = kind_of(section);
    if (!kind || !sends(section.direction)) continue;
    // One of two pictures would be seen by nobody (RFC 9725 section 4.4.2).
    if (std::exchange(is_offered[index_of(*kind)], true)) {
      return SdpError{SdpErrorCode::too_many,
                      "Several pictures or several sounds are not supported: send one of each."};
    }
    const Format* const format = choose_format(section, *kind, policy.codecs);
    const auto codec = format != nullptr ? codec_of(*format) : std::nullopt;
    if (!codec) continue;
    if (needs_simulcast(offer, section)) {
      return SdpError{SdpErrorCode::simulcast,
                      "Several layers of a picture are not supported yet: set the encoder's "
                      "number of simulcast layers to 1."};
    }
    plan.sections[index_of(*kind)] = &section;
    plan.media[index_of(*kind)] = agree(section, *kind, *format, *codec);
  }
  if (std::ranges::none_of(is_offered, std::identity())) {
    return SdpError{SdpErrorCode::no_media, "The offer sends neither audio nor video."};
  }
  // An encoder whose picture is refused would say "live", and its viewers would only hear it
  // (RFC 9725 section 4.4.3).
  for (const MediaKind kind : kEveryKind) {
    if (is_offered[index_of(kind)] && plan.sections[index_of(kind)] == nullptr) {
      return SdpError{SdpErrorCode::no_codec,
                      "None of the offered codecs is supported: Opus, VP8, VP9, H264, AV1."};
    }
  }
  return answer_by(offer, local, std::move(plan));
}

Published published_by(const Agreed& publisher) {
  Published published;
  for (const MediaKind kind : kEveryKind) {
    const AgreedMedia* const media = publisher.find(kind);
    if (media != nullptr) published[index_of(kind)] = media->formats.front().stream;
  }
  return published;
}

}  // namespace onair::sfu
