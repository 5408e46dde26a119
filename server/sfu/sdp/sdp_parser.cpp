#include <algorithm>
#include <utility>

#include "sfu/sdp/sdp.hpp"
#include "sfu/sdp/sdp_attributes.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

SdpError malformed(std::string what) {
  return {SdpErrorCode::bad_line, std::move(what)};
}

/// A token, or several with `/` between them. Rejected m-lines repeat it.
bool is_media_word(std::string_view word) {
  if (word.empty() || word.size() > kMaxMediaWord || word.ends_with('/')) return false;
  while (!word.empty()) {
    if (!text::is_token(text::take(word, '/'))) return false;
  }
  return true;
}

class Parser {
 public:
  SdpResult<Sdp> parse(std::string_view text) {
    if (text.size() > kMaxSdp) {
      return SdpError{SdpErrorCode::too_long, "The session description is longer than " +
                                                  std::to_string(kMaxSdp) + " bytes."};
    }
    text::Lines lines(text);
    while (const auto line = lines.next()) {
      if (line->empty()) continue;
      if (auto problem = read_line(*line)) {
        problem->message += " (line " + std::to_string(lines.number()) + ")";
        return *std::move(problem);
      }
    }
    if (!begun_) return malformed("The session description is empty.");
    if (auto problem = check_mids()) return *std::move(problem);
    complete_transports();
    return std::move(sdp_);
  }

 private:
  SdpProblem read_line(std::string_view line) {
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    if (std::any_of(line.begin(), line.end(), is_control)) {
      return malformed("There is a control character in the session description.");
    }
    if (line.size() < 2 || line[1] != '=') return malformed("A line is not of the form \"x=…\".");
    const std::string_view value = line.substr(2);
    if (!std::exchange(begun_, true)) {
      if (line == "v=0") return std::nullopt;
      return malformed("The session description does not begin with \"v=0\".");
    }
    switch (line[0]) {
      case 'o': sdp_.origin_user = value.substr(0, value.find(' ')); return std::nullopt;
      case 'm': return read_media(value);
      case 'a': return read_attribute_line(value);
      default: return std::nullopt;
    }
  }

  /// `video 9 UDP/TLS/RTP/SAVPF 96 97`
  SdpProblem read_media(std::string_view value) {
    if (sdp_.sections.size() == kMaxSections) {
      return SdpError{SdpErrorCode::too_many,
                      "There are more than " + std::to_string(kMaxSections) + " m-lines."};
    }
    Section section = inherited();
    section.media = text::take_word(value);
    std::string_view ports = text::take_word(value);
    const auto port = text::number<std::uint16_t>(text::take(ports, '/'));
    section.protocol = text::take_word(value);
    std::string_view formats = text::trimmed(value);
    section.first_format = text::take_word(value);
    if (!is_media_word(section.media) || !port || !is_media_word(section.protocol) ||
        !is_media_word(section.first_format)) {
      return malformed("An m-line is malformed.");
    }
    section.port = *port;
    if (section.is_secure_rtp()) {
      if (auto problem = read_formats(section, formats)) return problem;
    }
    sdp_.sections.push_back(std::move(section));
    return std::nullopt;
  }

  static SdpProblem read_formats(Section& section, std::string_view formats) {
    while (!formats.empty()) {
      const auto payload_type = text::number<std::uint8_t>(text::take_word(formats));
      if (!payload_type || *payload_type > 127) return malformed("A payload type is malformed.");
      if (section.find_format(*payload_type) != nullptr) continue;
      if (section.formats.size() == kMaxFormats) {
        return SdpError{SdpErrorCode::too_many, "There are too many payload types."};
      }
      section.formats.emplace_back().payload_type = *payload_type;
    }
    return std::nullopt;
  }

  SdpProblem read_attribute_line(std::string_view value) {
    const std::string_view name = text::take(value, ':');
    if (!sdp_.sections.empty()) return read_attribute(sdp_.sections.back(), name, value);
    if (name == "ice-lite") sdp_.ice_lite = true;
    if (name == "group") return read_group(value);
    return read_attribute(session_, name, value);
  }

  /// `BUNDLE 0 1`
  SdpProblem read_group(std::string_view value) {
    if (text::take_word(value) != "BUNDLE") return std::nullopt;
    if (sdp_.bundles.size() == kMaxSections) {
      return SdpError{SdpErrorCode::too_many, "There are too many BUNDLE groups."};
    }
    auto& mids = sdp_.bundles.emplace_back();
    for (auto mid = text::take_word(value); !mid.empty(); mid = text::take_word(value)) {
      if (mids.size() == kMaxSections) {
        return SdpError{SdpErrorCode::too_many, "A BUNDLE group is too long."};
      }
      if (mid.size() > kMaxMid || !text::is_token(mid)) return malformed("A mid is malformed.");
      mids.emplace_back(mid);
    }
    return std::nullopt;
  }

  /// Attributes of the session's level, for every section that has none of its own.
  Section inherited() const {
    Section section;
    section.direction = session_.direction;
    section.extensions = session_.extensions;
    section.transport.ufrag = session_.transport.ufrag;
    section.transport.pwd = session_.transport.pwd;
    section.transport.ice_options = session_.transport.ice_options;
    section.transport.setup = session_.transport.setup;
    return section;
  }

  /// RFC 5888 section 4: a mid names one section.
  SdpProblem check_mids() const {
    for (const Section& section : sdp_.sections) {
      if (!section.mid.empty() && sdp_.find_section(section.mid) != &section) {
        return malformed("Two m-lines have the same mid.");
      }
    }
    return std::nullopt;
  }

  /// A section's own fingerprints replace the session's (RFC 8122 section 5).
  void complete_transports() {
    for (Section& section : sdp_.sections) {
      RemoteTransport& transport = section.transport;
      if (transport.fingerprints.empty()) {
        transport.fingerprints = session_.transport.fingerprints;
      }
      transport.end_of_candidates |= session_.transport.end_of_candidates;
    }
  }

  Sdp sdp_;
  Section session_;  ///< the attributes before the first m-line
  bool begun_ = false;
};

}  // namespace

SdpResult<Sdp> Sdp::parse(std::string_view text) {
  return Parser().parse(text);
}

}  // namespace onair::sfu
