#include <algorithm>
#include <utility>

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/negotiation/negotiation_parts.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

/// How well a player's format fits what is published: 0 not at all, more is better.
int fit_of(const StreamFormat& offered, const StreamFormat& published) {
  if (offered.codec != published.codec) return 0;
  const int match = match_of(published.codec, published.parameters, offered.parameters);
  const bool same_mode =
      packetization_mode_of(offered.parameters) == packetization_mode_of(published.parameters);
  return match == 0 ? 0 : match * 2 + (same_mode ? 1 : 0);
}

AgreedFormat agree(const Section& section, const Format& format, Codec codec) {
  AgreedFormat agreed;
  agreed.stream = {codec, kept_parameters(codec, format.parameters)};
  agreed.payload_type = format.payload_type;
  agreed.rtx_payload_type = rtx_of(section, format.payload_type);
  agreed.feedback = feedback_of(section, format.payload_type);
  // Its estimate of the path comes by REMB: we have no estimator for transport-cc.
  agreed.feedback.transport_cc = false;
  return agreed;
}

/// The player's formats that we may send, the published one first; empty without that.
std::vector<AgreedFormat> formats_for(const Section& section, const StreamFormat& published,
                                      const SubscriberPolicy& policy) {
  std::vector<AgreedFormat> formats;
  for (const Format& format : section.formats) {
    const auto codec = codec_of(format);
    if (!codec || kind_of(*codec) != kind_of(published.codec)) continue;
    formats.push_back(agree(section, format, *codec));
  }
  const auto best =
      std::max_element(formats.begin(), formats.end(), [&](const auto& a, const auto& b) {
        return fit_of(a.stream, published) < fit_of(b.stream, published);
      });
  if (best == formats.end() || fit_of(best->stream, published) == 0) return {};
  std::rotate(formats.begin(), best, best + 1);
  if (!policy.with_other_codecs) formats.resize(1);
  // A later talker's H264 comes in packetization mode 1.
  const auto is_unneeded = [](const AgreedFormat& format) {
    return format.stream.codec == Codec::h264 &&
           packetization_mode_of(format.stream.parameters) != 1;
  };
  formats.erase(std::remove_if(formats.begin() + 1, formats.end(), is_unneeded), formats.end());
  if (formats.size() > kMaxAgreedFormats) formats.resize(kMaxAgreedFormats);
  return formats;
}

AgreedMedia agree(const Section& section, MediaKind kind, std::vector<AgreedFormat> formats,
                  StreamSource source) {
  constexpr bool kPeerSends = false;
  AgreedMedia media;
  media.mid = section.mid;
  media.extensions = extensions_of(section, kind, kPeerSends);
  const bool with_remb = std::any_of(formats.begin(), formats.end(),
                                     [](const auto& format) { return format.feedback.remb; });
  if (with_remb) {
    media.extensions.abs_send_time = extension_id(section, extension::kAbsSendTime, kPeerSends);
  }
  const bool with_rtx = std::any_of(formats.begin(), formats.end(), [](const auto& format) {
    return format.rtx_payload_type.has_value();
  });
  media.formats = std::move(formats);
  if (!with_rtx) source.rtx_ssrc = 0;
  media.sources.push_back(source);
  media.rtcp_rsize = section.rtcp_rsize;
  media.ptime = section.ptime;
  return media;
}

/// The offered parameters, and that two channels come if they do (RFC 7587 section 6.1).
std::string sending_parameters(const AgreedFormat& format, const Published& published) {
  std::string parameters = format.stream.parameters;
  const auto& audio = published[index_of(MediaKind::audio)];
  if (format.stream.codec != Codec::opus || !audio || !is_stereo(*audio)) return parameters;
  for (const std::string_view name : {"stereo", "sprop-stereo"}) {
    if (text::parameter(parameters, name).empty()) add_parameter(parameters, name, "1");
  }
  return parameters;
}

}  // namespace

SdpResult<Negotiated> answer_subscriber(const Sdp& offer, const LocalTransport& local,
                                        const Published& published, const LocalStreams& streams,
                                        const SubscriberPolicy& policy) {
  AnswerPlan plan;
  plan.direction = Direction::sendonly;
  plan.streams = &streams;
  plan.parameters_of = [&](const AgreedFormat& format) {
    return sending_parameters(format, published);
  };
  bool receives_media = false;
  for (const Section& section : offer.sections) {
    const auto kind = kind_of(section);
    if (!kind || !receives(section.direction)) continue;
    receives_media = true;
    const std::size_t index = index_of(*kind);
    const auto& format = published[index];
    if (plan.sections[index] != nullptr || !format) continue;
    auto formats = formats_for(section, *format, policy);
    if (formats.empty()) continue;
    plan.sections[index] = &section;
    plan.media[index] = agree(section, *kind, std::move(formats), streams.sources[index]);
  }
  if (!receives_media) {
    return SdpError{SdpErrorCode::no_media, "The offer receives neither audio nor video."};
  }
  if (plan.is_empty()) {
    return SdpError{SdpErrorCode::no_codec,
                    "The player has no codec in common with the broadcast."};
  }
  return answer_by(offer, local, std::move(plan));
}

const AgreedFormat* find_format(const AgreedMedia& subscriber, const StreamFormat& published) {
  const auto best = std::max_element(
      subscriber.formats.begin(), subscriber.formats.end(), [&](const auto& a, const auto& b) {
        return fit_of(a.stream, published) < fit_of(b.stream, published);
      });
  if (best == subscriber.formats.end() || fit_of(best->stream, published) == 0) return nullptr;
  return &*best;
}

}  // namespace onair::sfu
