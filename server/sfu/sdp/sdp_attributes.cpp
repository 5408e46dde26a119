#include "sfu/sdp/sdp_attributes.hpp"

#include <algorithm>
#include <array>

#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

SdpError bad_line(std::string_view name) {
  return {SdpErrorCode::bad_line, "The attribute \"" + std::string(name) + "\" is malformed."};
}

SdpError too_many(std::string_view name) {
  return {SdpErrorCode::too_many, "There are too many attributes \"" + std::string(name) + "\"."};
}

Format* format_for(Section& section, std::string_view payload_type) {
  const auto number = text::number<std::uint8_t>(payload_type);
  for (Format& format : section.formats) {
    if (format.payload_type == number) return &format;
  }
  return nullptr;
}

/// `96 VP8/90000`, `111 opus/48000/2`. One of a payload type that the m-line lacks is skipped.
SdpProblem read_rtpmap(Section& section, std::string_view value) {
  Format* const format = format_for(section, text::take_word(value));
  if (format == nullptr) return std::nullopt;
  std::string_view encoding = text::take_word(value);
  const std::string_view codec = text::take(encoding, '/');
  const auto clock_rate = text::number<std::uint32_t>(text::take(encoding, '/'));
  if (!text::is_token(codec) || !clock_rate) return bad_line("rtpmap");
  format->codec = codec;
  format->clock_rate = *clock_rate;
  format->channels = text::number<std::uint8_t>(encoding).value_or(1);
  return std::nullopt;
}

/// `96 profile-level-id=42e01f;packetization-mode=1`
SdpProblem read_fmtp(Section& section, std::string_view value) {
  Format* const format = format_for(section, text::take_word(value));
  if (format == nullptr) return std::nullopt;
  if (value.size() > kMaxFormatParameters) {
    return SdpError{SdpErrorCode::too_long, "The parameters of a format are too long."};
  }
  format->parameters = text::trimmed(value);
  return std::nullopt;
}

/// `96 nack pli`, `* transport-cc`
SdpProblem read_feedback(Section& section, std::string_view value) {
  const std::string_view target = text::take_word(value);
  FeedbackLine line{text::number<std::uint8_t>(target), std::string(text::trimmed(value))};
  if (!line.payload_type && target != "*") return bad_line("rtcp-fb");
  if (section.feedback.size() == kMaxFeedback) return too_many("rtcp-fb");
  section.feedback.push_back(std::move(line));
  return std::nullopt;
}

std::optional<Direction> direction_of(std::string_view word) {
  if (word == "sendrecv") return Direction::sendrecv;
  if (word == "sendonly") return Direction::sendonly;
  if (word == "recvonly") return Direction::recvonly;
  if (word == "inactive") return Direction::inactive;
  return std::nullopt;
}

/// `3/recvonly urn:ietf:params:rtp-hdrext:sdes:mid`
SdpProblem read_extension(Section& section, std::string_view value) {
  std::string_view target = text::take_word(value);
  const auto id = text::number<std::uint16_t>(text::take(target, '/'));
  const auto direction = target.empty() ? Direction::sendrecv : direction_of(target);
  const std::string_view uri = text::take_word(value);
  if (!id || *id == 0 || !direction || uri.empty()) return bad_line("extmap");
  if (section.extensions.size() == kMaxExtensionMaps) return too_many("extmap");
  section.extensions.push_back({*id, *direction, std::string(uri)});
  return std::nullopt;
}

/// `1234 cname:x`
SdpProblem read_source(Section& section, std::string_view value) {
  const auto ssrc = text::number<std::uint32_t>(text::take_word(value));
  if (!ssrc) return bad_line("ssrc");
  auto source = std::find_if(section.sources.begin(), section.sources.end(),
                             [&](const Source& known) { return known.ssrc == *ssrc; });
  if (source == section.sources.end()) {
    if (section.sources.size() == kMaxSources) return too_many("ssrc");
    source = section.sources.insert(source, Source{.ssrc = *ssrc, .cname = {}, .msid = {}});
  }
  const std::string_view name = text::take(value, ':');
  if (name == "cname") source->cname = value;
  if (name == "msid") source->msid = value;
  return std::nullopt;
}

/// `FID 1234 5678`
SdpProblem read_source_group(Section& section, std::string_view value) {
  if (section.source_groups.size() == kMaxSourceGroups) return too_many("ssrc-group");
  SourceGroup group{.semantics = std::string(text::take_word(value)), .ssrcs = {}};
  for (auto word = text::take_word(value); !word.empty(); word = text::take_word(value)) {
    const auto ssrc = text::number<std::uint32_t>(word);
    if (!ssrc) return bad_line("ssrc-group");
    if (group.ssrcs.size() == kMaxSources) return too_many("ssrc-group");
    group.ssrcs.push_back(*ssrc);
  }
  section.source_groups.push_back(std::move(group));
  return std::nullopt;
}

SdpProblem read_mid(Section& section, std::string_view value) {
  if (value.size() > kMaxMid || !text::is_token(value)) return bad_line("mid");
  section.mid = value;
  return std::nullopt;
}

/// `hi send pt=96`
SdpProblem read_rid(Section& section, std::string_view value) {
  if (section.rids.size() == kMaxRids) return too_many("rid");
  const std::string_view id = text::take_word(value);
  section.rids.push_back({std::string(id), text::take_word(value) == "send"});
  return std::nullopt;
}

/// `send hi;lo recv x`
SdpProblem read_simulcast(Section& section, std::string_view value) {
  for (auto word = text::take_word(value); !word.empty(); word = text::take_word(value)) {
    section.simulcast |= word == "send";
  }
  return std::nullopt;
}

SdpProblem read_ice_text(std::string& to, std::string_view name, std::string_view value,
                         std::size_t least, std::size_t most) {
  const bool is_ice = std::all_of(value.begin(), value.end(), [](char c) {
    return text::is_alphanumeric(c) || c == '+' || c == '/';
  });
  if (!is_ice || value.size() < least || value.size() > most) {
    return SdpError{SdpErrorCode::no_ice,
                    "The " + std::string(name) +
                        " is not what RFC 8839 allows: " + std::to_string(least) + " to " +
                        std::to_string(most) + " letters, digits, \"+\" or \"/\"."};
  }
  to = value;
  return std::nullopt;
}

SdpProblem read_ufrag(Section& section, std::string_view value) {
  return read_ice_text(section.transport.ufrag, "ice-ufrag", value, kMinUfrag, kMaxUfrag);
}

SdpProblem read_pwd(Section& section, std::string_view value) {
  return read_ice_text(section.transport.pwd, "ice-pwd", value, kMinPwd, kMaxPwd);
}

SdpProblem read_setup(Section& section, std::string_view value) {
  if (value == "actpass")
    section.transport.setup = Setup::actpass;
  else if (value == "active")
    section.transport.setup = Setup::active;
  else if (value == "passive")
    section.transport.setup = Setup::passive;
  else
    return SdpError{SdpErrorCode::bad_setup, "The DTLS role of \"setup\" is unknown."};
  return std::nullopt;
}

/// `sha-256 12:DF:3E:…`. One by a hash that is unknown, or no longer safe, is skipped.
SdpProblem read_fingerprint(Section& section, std::string_view value) {
  std::string_view rest = value;
  if (!fingerprint_hash(text::take_word(rest))) return std::nullopt;
  const auto parsed = parse_fingerprint(value);
  const auto* const fingerprint = std::get_if<Fingerprint>(&parsed);
  if (fingerprint == nullptr) return bad_line("fingerprint");
  if (section.transport.fingerprints.size() == kMaxFingerprints) return too_many("fingerprint");
  section.transport.fingerprints.push_back(*fingerprint);
  return std::nullopt;
}

SdpProblem read_candidate(Section& section, std::string_view value) {
  auto candidate = parse_candidate(value);
  if (!candidate) return std::nullopt;
  if (section.transport.candidates.size() == kMaxCandidates) return too_many("candidate");
  section.transport.candidates.push_back(*std::move(candidate));
  return std::nullopt;
}

SdpProblem read_flag(Section& section, std::string_view name) {
  if (const auto direction = direction_of(name))
    section.direction = *direction;
  else if (name == "bundle-only")
    section.bundle_only = true;
  else if (name == "rtcp-mux")
    section.rtcp_mux = true;
  else if (name == "rtcp-rsize")
    section.rtcp_rsize = true;
  else if (name == "end-of-candidates")
    section.transport.end_of_candidates = true;
  return std::nullopt;
}

SdpProblem read_msid(Section& section, std::string_view value) {
  section.msid = value;
  return std::nullopt;
}

SdpProblem read_ptime(Section& section, std::string_view value) {
  section.ptime = text::number<std::uint32_t>(value);
  return std::nullopt;
}

SdpProblem read_ice_options(Section& section, std::string_view value) {
  section.transport.ice_options = value;
  return std::nullopt;
}

struct AttributeReader {
  std::string_view name;
  SdpProblem (*read)(Section&, std::string_view);
};

constexpr std::array kReaders{
    AttributeReader{"candidate", read_candidate},
    AttributeReader{"extmap", read_extension},
    AttributeReader{"fingerprint", read_fingerprint},
    AttributeReader{"fmtp", read_fmtp},
    AttributeReader{"ice-options", read_ice_options},
    AttributeReader{"ice-pwd", read_pwd},
    AttributeReader{"ice-ufrag", read_ufrag},
    AttributeReader{"mid", read_mid},
    AttributeReader{"msid", read_msid},
    AttributeReader{"ptime", read_ptime},
    AttributeReader{"rid", read_rid},
    AttributeReader{"rtcp-fb", read_feedback},
    AttributeReader{"rtpmap", read_rtpmap},
    AttributeReader{"setup", read_setup},
    AttributeReader{"simulcast", read_simulcast},
    AttributeReader{"ssrc", read_source},
    AttributeReader{"ssrc-group", read_source_group},
};

}  // namespace

SdpProblem read_attribute(Section& section, std::string_view name, std::string_view value) {
  const auto found =
      std::find_if(kReaders.begin(), kReaders.end(),
                   [&](const AttributeReader& reader) { return reader.name == name; });
  return found == kReaders.end() ? read_flag(section, name)
                                 : found->read(section, text::trimmed(value));
}

}  // namespace onair::sfu
