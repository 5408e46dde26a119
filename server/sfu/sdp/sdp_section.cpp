#include <algorithm>
#include <array>

#include "sfu/sdp/sdp.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {

bool Section::is_secure_rtp() const {
  constexpr std::array<std::string_view, 4> kProtocols{"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP",
                                                       "TCP/DTLS/RTP/SAVPF", "RTP/SAVPF"};
  return std::find(kProtocols.begin(), kProtocols.end(), protocol) != kProtocols.end();
}

const Format* Section::find_format(std::uint8_t payload_type) const {
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const Format& format) {
    return format.payload_type == payload_type;
  });
  return found == formats.end() ? nullptr : &*found;
}

const Format* Section::find_rtx_of(std::uint8_t payload_type) const {
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const Format& format) {
    return text::same_ignoring_case(format.codec, "rtx") &&
           !is_taken_for_rtcp(format.payload_type) &&
           text::number<std::uint8_t>(text::parameter(format.parameters, "apt")) == payload_type;
  });
  return found == formats.end() ? nullptr : &*found;
}

bool Section::has_feedback(std::uint8_t payload_type, std::string_view text) const {
  return std::any_of(feedback.begin(), feedback.end(), [&](const FeedbackLine& line) {
    return line.text == text && line.payload_type.value_or(payload_type) == payload_type;
  });
}

const std::vector<std::string>* Sdp::find_bundle(std::string_view mid) const {
  const auto found = std::find_if(bundles.begin(), bundles.end(), [&](const auto& mids) {
    return std::find(mids.begin(), mids.end(), mid) != mids.end();
  });
  return found == bundles.end() ? nullptr : &*found;
}

const Section* Sdp::find_section(std::string_view mid) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& section) { return section.mid == mid; });
  return found == sections.end() ? nullptr : &*found;
}

}  // namespace onair::sfu
