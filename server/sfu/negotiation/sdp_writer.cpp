#include "sfu/negotiation/sdp_writer.hpp"

#include "sfu/negotiation/negotiation_parts.hpp"

namespace onair::sfu {
namespace {

/// As the answerer says it: what is received here is sent there.
std::string_view mirrored(const Section* offered, std::uint8_t id, std::string_view uri) {
  if (offered == nullptr) return {};
  for (const ExtensionMap& map : offered->extensions) {
    if (map.uri != uri || map.id != id) continue;
    if (map.direction == Direction::sendonly) return "/recvonly";
    if (map.direction == Direction::recvonly) return "/sendonly";
    return {};
  }
  return {};
}

std::string_view name_of(Setup setup) {
  switch (setup) {
    case Setup::actpass: return "actpass";
    case Setup::active: return "active";
    case Setup::passive: return "passive";
  }
  return {};
}

}  // namespace

std::string_view name_of(MediaKind kind) {
  return kind == MediaKind::audio ? "audio" : "video";
}

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::sendrecv: return "sendrecv";
    case Direction::sendonly: return "sendonly";
    case Direction::recvonly: return "recvonly";
    case Direction::inactive: return "inactive";
  }
  return {};
}

SdpWriter::SdpWriter(const LocalTransport& local, const std::vector<std::string>& bundle)
    : local_(local) {
  if (!bundle.empty()) tag_ = bundle.front();
  line({"v=0"});
  line({"o=- ", std::to_string(local.session_id), " ", std::to_string(local.session_version),
        " IN IP4 127.0.0.1"});
  line({"s=-"});
  line({"t=0 0"});
  line({"a=ice-lite"});
  line({"a=ice-options:trickle ice2"});
  if (!bundle.empty()) {
    text_ += "a=group:BUNDLE";
    for (const std::string& mid : bundle) text_ += ' ' + mid;
    line({});
  }
  line({"a=msid-semantic:WMS *"});
}

void SdpWriter::line(std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) text_ += part;
  text_ += "\r\n";
}

/// Port and address say nothing, the candidates do (RFC 8839 section 4.2.5).
void SdpWriter::write(const LocalSection& section) {
  const AgreedMedia& media = *section.media;
  text_.append("m=").append(name_of(section.kind)).append(" 9 ").append(section.protocol);
  for (const AgreedFormat& format : media.formats) {
    text_ += ' ' + std::to_string(format.payload_type);
    if (format.rtx_payload_type) text_ += ' ' + std::to_string(*format.rtx_payload_type);
  }
  line({});
  line({"c=IN IP4 0.0.0.0"});
  if (!media.mid.empty()) line({"a=mid:", media.mid});
  line({"a=", name_of(section.direction)});
  write_transport(section.setup);
  line({"a=rtcp-mux"});
  if (media.rtcp_rsize) line({"a=rtcp-rsize"});
  write_extensions(section);
  for (const AgreedFormat& format : media.formats) write_format(format, section.start_bitrate);
  if (section.streams != nullptr) write_sources(section);
  if (tag_.value_or(media.mid) == media.mid) write_candidates();
}

void SdpWriter::reject(const Section& offered) {
  line({"m=", offered.media, " 0 ", offered.protocol, " ", offered.first_format});
  line({"c=IN IP4 0.0.0.0"});
  if (!offered.mid.empty()) line({"a=mid:", offered.mid});
  line({"a=inactive"});
}

/// In every section, as browsers do: some readers look in the bundled ones too.
void SdpWriter::write_transport(Setup setup) {
  line({"a=ice-ufrag:", local_.ufrag});
  line({"a=ice-pwd:", local_.pwd});
  line({"a=fingerprint:", local_.fingerprint});
  line({"a=setup:", name_of(setup)});
}

void SdpWriter::write_candidates() {
  for (const Candidate& candidate : local_.candidates) line({"a=candidate:", to_text(candidate)});
  line({"a=end-of-candidates"});
}

void SdpWriter::write_extensions(const LocalSection& section) {
  const auto write = [&](std::uint8_t id, std::string_view uri) {
    if (id == 0) return;
    line({"a=extmap:", std::to_string(id), mirrored(section.offered, id, uri), " ", uri});
  };
  const ExtensionIds& ids = section.media->extensions;
  write(ids.audio_level, extension::kAudioLevel);
  write(ids.video_orientation, extension::kVideoOrientation);
  write(ids.abs_send_time, extension::kAbsSendTime);
  write(ids.transport_cc, extension::kTransportCc);
  write(ids.mid, extension::kMid);
}

void SdpWriter::write_format(const AgreedFormat& format, std::uint32_t start_bitrate) {
  const std::string payload_type = std::to_string(format.payload_type);
  line({"a=rtpmap:", payload_type, " ", encoding_of(format.stream.codec)});
  const auto write_feedback = [&](bool agreed, std::string_view kind) {
    if (agreed) line({"a=rtcp-fb:", payload_type, " ", kind});
  };
  write_feedback(format.feedback.nack, "nack");
  write_feedback(format.feedback.pli, "nack pli");
  write_feedback(format.feedback.fir, "ccm fir");
  write_feedback(format.feedback.transport_cc, "transport-cc");
  write_feedback(format.feedback.remb, "goog-remb");
  std::string parameters = format.stream.parameters;
  if (start_bitrate > 0) {
    add_parameter(parameters, "x-google-start-bitrate", std::to_string(start_bitrate / 1'000));
  }
  if (!parameters.empty()) line({"a=fmtp:", payload_type, " ", parameters});
  if (!format.rtx_payload_type) return;
  const std::string rtx = std::to_string(*format.rtx_payload_type);
  line({"a=rtpmap:", rtx, " rtx/", std::to_string(clock_rate_of(format.stream.codec))});
  line({"a=fmtp:", rtx, " apt=", payload_type});
}

void SdpWriter::write_sources(const LocalSection& section) {
  const LocalStreams& streams = *section.streams;
  const StreamSource& source = section.media->sources.front();
  const std::string ssrc = std::to_string(source.ssrc);
  const std::string rtx_ssrc = std::to_string(source.rtx_ssrc);
  line({"a=msid:", streams.stream_id, " ", name_of(section.kind)});
  if (source.rtx_ssrc != 0) line({"a=ssrc-group:FID ", ssrc, " ", rtx_ssrc});
  line({"a=ssrc:", ssrc, " cname:", streams.cname});
  if (source.rtx_ssrc != 0) line({"a=ssrc:", rtx_ssrc, " cname:", streams.cname});
}

}  // namespace onair::sfu
