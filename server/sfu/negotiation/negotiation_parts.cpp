#include "sfu/negotiation/negotiation_parts.hpp"

#include <algorithm>
#include <utility>

#include "sfu/negotiation/sdp_writer.hpp"

namespace onair::sfu {
namespace {

/// The section whose transport all of a BUNDLE group use: the group's first that is accepted,
/// unless that has none of its own (bundle-only, RFC 8843 section 7.3).
const Section& tagged_section(const Sdp& sdp, const std::vector<std::string>& bundle,
                              const std::vector<const Section*>& accepted) {
  const Section* other = nullptr;
  for (const std::string& mid : bundle) {
    const Section* const section = sdp.find_section(mid);
    if (section == nullptr || section->port == 0 || section->transport.ufrag.empty()) continue;
    if (std::find(accepted.begin(), accepted.end(), section) != accepted.end()) return *section;
    if (other == nullptr) other = section;
  }
  return other == nullptr ? *accepted.front() : *other;
}

/// RTCP's port is the transport's: sections bundled into this one needn't say it again.
SdpResult<RemoteTransport> usable_transport(const Section& section) {
  const RemoteTransport& transport = section.transport;
  if (!section.rtcp_mux) {
    return SdpError{SdpErrorCode::no_rtcp_mux, "The description lacks \"a=rtcp-mux\"."};
  }
  if (transport.ufrag.empty() || transport.pwd.empty()) {
    return SdpError{SdpErrorCode::no_ice, "The description has no ice-ufrag and ice-pwd."};
  }
  if (transport.fingerprints.empty()) {
    return SdpError{SdpErrorCode::no_fingerprint,
                    "The description has no certificate fingerprint by SHA-256 or better."};
  }
  RemoteTransport usable = transport;
  // A lite agent sends no checks, so it needs none. (An empty list would keep the memory.)
  usable.candidates = std::vector<Candidate>();
  return usable;
}

/// The accepted mids of the offered group, in its order.
std::vector<std::string> bundled_of(const Sdp& offer, const std::vector<const Section*>& accepted) {
  std::vector<std::string> mids;
  const auto* const bundle = offer.find_bundle(accepted.front()->mid);
  if (bundle == nullptr) return mids;
  for (const std::string& mid : *bundle) {
    const Section* const section = offer.find_section(mid);
    const bool repeated = std::find(mids.begin(), mids.end(), mid) != mids.end();
    if (!repeated && std::find(accepted.begin(), accepted.end(), section) != accepted.end()) {
      mids.push_back(mid);
    }
  }
  return mids;
}

}  // namespace

std::optional<MediaKind> kind_of(const Section& section) {
  if (!section.in_use() || !section.is_secure_rtp()) return std::nullopt;
  if (section.media == "audio") return MediaKind::audio;
  if (section.media == "video") return MediaKind::video;
  return std::nullopt;
}

std::uint8_t extension_id(const Section& section, std::string_view uri, bool peer_sends) {
  constexpr std::uint16_t kLastOneByteId = 14;
  for (const ExtensionMap& map : section.extensions) {
    const bool flows = peer_sends ? sends(map.direction) : receives(map.direction);
    if (map.uri == uri && flows && map.id <= kLastOneByteId) {
      return static_cast<std::uint8_t>(map.id);
    }
  }
  return 0;
}

ExtensionIds extensions_of(const Section& section, MediaKind kind, bool peer_sends) {
  ExtensionIds ids;
  ids.mid = extension_id(section, extension::kMid, peer_sends);
  if (kind == MediaKind::audio) {
    ids.audio_level = extension_id(section, extension::kAudioLevel, peer_sends);
  } else {
    ids.video_orientation = extension_id(section, extension::kVideoOrientation, peer_sends);
  }
  return ids;
}

FeedbackKinds feedback_of(const Section& section, std::uint8_t payload_type) {
  const auto has = [&](std::string_view text) { return section.has_feedback(payload_type, text); };
  return {.nack = has("nack"),
          .pli = has("nack pli"),
          .fir = has("ccm fir"),
          .transport_cc = has("transport-cc"),
          .remb = has("goog-remb")};
}

std::optional<std::uint8_t> rtx_of(const Section& section, std::uint8_t payload_type) {
  const Format* const format = section.find_rtx_of(payload_type);
  if (format == nullptr) return std::nullopt;
  return format->payload_type;
}

SdpResult<RemoteTransport> transport_of(const Sdp& sdp,
                                        const std::vector<const Section*>& accepted) {
  if (sdp.ice_lite) {
    return SdpError{SdpErrorCode::no_ice, "The peer is ICE-lite as we are: neither would begin."};
  }
  const Section& first = *accepted.front();
  const auto* const bundle = sdp.find_bundle(first.mid);
  const bool bundled = std::all_of(accepted.begin(), accepted.end(), [&](const Section* section) {
    return sdp.find_bundle(section->mid) == bundle;
  });
  if (accepted.size() > 1 && (bundle == nullptr || !bundled)) {
    return SdpError{SdpErrorCode::no_bundle, "Audio and video are not in one BUNDLE group."};
  }
  return usable_transport(bundle == nullptr ? first : tagged_section(sdp, *bundle, accepted));
}

SdpResult<Negotiated> answer_by(const Sdp& offer, const LocalTransport& local, AnswerPlan plan) {
  std::vector<const Section*> accepted;
  for (const Section& section : offer.sections) {
    if (plan.kind_of(section)) accepted.push_back(&section);
  }
  auto remote = transport_of(offer, accepted);
  if (auto* const error = std::get_if<SdpError>(&remote)) return std::move(*error);
  Negotiated result;
  result.agreed.remote = std::get<RemoteTransport>(std::move(remote));
  result.agreed.begins_dtls = result.agreed.remote.setup == Setup::passive;
  result.agreed.media = std::move(plan.media);
  SdpWriter writer(local, bundled_of(offer, accepted));
  for (const Section& section : offer.sections) {
    const auto kind = plan.kind_of(section);
    if (!kind) {
      writer.reject(section);
      continue;
    }
    AgreedMedia written = *result.agreed.find(*kind);
    for (AgreedFormat& format : written.formats) {
      format.stream.parameters = plan.parameters_of(format);
    }
    writer.write({.kind = *kind,
                  .protocol = section.protocol,
                  .direction = plan.direction,
                  .setup = result.agreed.begins_dtls ? Setup::active : Setup::passive,
                  .media = &written,
                  .offered = &section,
                  .start_bitrate = *kind == MediaKind::video ? plan.start_bitrate : 0,
                  .streams = plan.streams});
  }
  result.text = writer.take();
  return result;
}

}  // namespace onair::sfu
