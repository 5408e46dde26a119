#include <utility>

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/negotiation/negotiation_parts.hpp"
#include "sfu/negotiation/sdp_writer.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

constexpr std::uint8_t kOpusPayloadType = 111;
constexpr std::uint8_t kVideoPayloadType = 96;
constexpr std::uint8_t kVideoRtxPayloadType = 97;

/// The same id for an extension in all m-lines of a BUNDLE group (RFC 8843 section 7.1.3).
constexpr std::uint8_t kAudioLevelId = 1;
constexpr std::uint8_t kAbsSendTimeId = 2;
constexpr std::uint8_t kVideoOrientationId = 3;
constexpr std::uint8_t kMidId = 4;

AgreedFormat offered_audio(const StreamFormat& published) {
  AgreedFormat format;
  format.stream.codec = published.codec;
  std::string& parameters = format.stream.parameters;
  add_parameter(parameters, "minptime", "10");
  const std::string_view fec = text::parameter(published.parameters, "useinbandfec");
  add_parameter(parameters, "useinbandfec", fec == "1" ? "1" : "");
  if (is_stereo(published)) {
    add_parameter(parameters, "stereo", "1");
    add_parameter(parameters, "sprop-stereo", "1");
  }
  format.payload_type = kOpusPayloadType;
  return format;
}

AgreedFormat offered_video(const StreamFormat& published) {
  AgreedFormat format;
  format.stream = published;
  if (published.codec == Codec::h264 &&
      text::parameter(published.parameters, "level-asymmetry-allowed").empty()) {
    add_parameter(format.stream.parameters, "level-asymmetry-allowed", "1");
  }
  format.payload_type = kVideoPayloadType;
  format.rtx_payload_type = kVideoRtxPayloadType;
  format.feedback = {.nack = true, .pli = true, .fir = true, .transport_cc = false, .remb = true};
  return format;
}

AgreedMedia offered(const StreamFormat& published, std::string mid, StreamSource source) {
  AgreedMedia media;
  media.mid = std::move(mid);
  media.extensions.mid = kMidId;
  if (kind_of(published.codec) == MediaKind::audio) {
    media.formats.push_back(offered_audio(published));
    media.extensions.audio_level = kAudioLevelId;
    source.rtx_ssrc = 0;
  } else {
    media.formats.push_back(offered_video(published));
    media.extensions.video_orientation = kVideoOrientationId;
    media.extensions.abs_send_time = kAbsSendTimeId;
  }
  media.sources.push_back(source);
  media.rtcp_rsize = true;
  return media;
}

FeedbackKinds both(const FeedbackKinds& a, const FeedbackKinds& b) {
  return {.nack = a.nack && b.nack,
          .pli = a.pli && b.pli,
          .fir = a.fir && b.fir,
          .transport_cc = a.transport_cc && b.transport_cc,
          .remb = a.remb && b.remb};
}

/// The answer's format for what was offered, or nothing.
std::optional<AgreedFormat> answered_format(const Section& section, const AgreedFormat& offer) {
  for (const Format& format : section.formats) {
    if (codec_of(format) != offer.stream.codec) continue;
    if (match_of(offer.stream.codec, offer.stream.parameters, format.parameters) == 0) continue;
    AgreedFormat agreed;
    agreed.stream = {offer.stream.codec, kept_parameters(offer.stream.codec, format.parameters)};
    agreed.payload_type = format.payload_type;
    if (offer.rtx_payload_type) agreed.rtx_payload_type = rtx_of(section, format.payload_type);
    agreed.feedback = both(offer.feedback, feedback_of(section, format.payload_type));
    return agreed;
  }
  return std::nullopt;
}

std::optional<AgreedMedia> answered_media(const Section& section, const AgreedMedia& offer,
                                          MediaKind kind) {
  constexpr bool kPeerSends = false;
  if (kind_of(section) != kind || !receives(section.direction)) return std::nullopt;
  auto format = answered_format(section, offer.formats.front());
  if (!format) return std::nullopt;
  AgreedMedia media;
  media.mid = offer.mid;
  media.extensions = extensions_of(section, kind, kPeerSends);
  if (format->feedback.remb) {
    media.extensions.abs_send_time = extension_id(section, extension::kAbsSendTime, kPeerSends);
  }
  media.sources = offer.sources;
  if (!format->rtx_payload_type) media.sources.front().rtx_ssrc = 0;
  media.rtcp_rsize = section.rtcp_rsize;
  media.ptime = section.ptime;
  media.formats.push_back(*std::move(format));
  return media;
}

SdpError not_our_offer(std::string message) {
  return {SdpErrorCode::not_our_offer, std::move(message)};
}

}  // namespace

SubscriberOffer offer_subscriber(const LocalTransport& local, const Published& published,
                                 const LocalStreams& streams) {
  SubscriberOffer offer;
  std::vector<std::string> mids;
  for (const MediaKind kind : kEveryKind) {
    const std::size_t index = index_of(kind);
    const auto& format = published[index];
    if (!format) continue;
    mids.push_back(std::to_string(mids.size()));
    offer.kinds.push_back(kind);
    offer.media[index] = offered(*format, mids.back(), streams.sources[index]);
  }
  SdpWriter writer(local, mids);
  for (const MediaKind kind : offer.kinds) {
    const auto& media = offer.media[index_of(kind)];
    if (!media) continue;
    LocalSection section;
    section.kind = kind;
    section.direction = Direction::sendonly;
    section.setup = Setup::actpass;
    section.media = &*media;
    section.streams = &streams;
    writer.write(section);
  }
  offer.text = writer.take();
  return offer;
}

SdpResult<Agreed> read_answer(const Sdp& answer, const SubscriberOffer& offer) {
  if (answer.sections.size() != offer.kinds.size()) {
    return not_our_offer("The answer has not as many m-lines as the offer.");
  }
  Agreed agreed;
  std::vector<const Section*> accepted;
  for (std::size_t at = 0; at < offer.kinds.size(); ++at) {
    const MediaKind kind = offer.kinds[at];
    const Section& section = answer.sections[at];
    const auto& media = offer.media[index_of(kind)];
    if (!media || section.media != name_of(kind) || section.mid != media->mid) {
      return not_our_offer("The answer's m-lines are not the offer's.");
    }
    auto& answered = agreed.media[index_of(kind)];
    answered = answered_media(section, *media, kind);
    if (answered) accepted.push_back(&section);
  }
  if (accepted.empty()) {
    return SdpError{SdpErrorCode::no_codec, "The answer accepts neither audio nor video."};
  }
  auto remote = transport_of(answer, accepted);
  if (auto* const error = std::get_if<SdpError>(&remote)) return std::move(*error);
  agreed.remote = std::get<RemoteTransport>(std::move(remote));
  if (agreed.remote.setup == Setup::actpass) {
    return SdpError{SdpErrorCode::bad_setup, "An answer has to choose its DTLS role."};
  }
  agreed.begins_dtls = agreed.remote.setup == Setup::passive;
  return agreed;
}

}  // namespace onair::sfu
