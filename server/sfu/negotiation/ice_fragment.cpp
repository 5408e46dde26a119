#include "sfu/negotiation/ice_fragment.hpp"

#include <algorithm>
#include <utility>

#include "sfu/negotiation/sdp_writer.hpp"
#include "sfu/sdp/sdp_attributes.hpp"
#include "sfu/sdp/sdp_text.hpp"

namespace onair::sfu {
namespace {

bool is_of_ice(std::string_view name) {
  return name == "ice-ufrag" || name == "ice-pwd" || name == "candidate" ||
         name == "end-of-candidates";
}

}  // namespace

SdpResult<IceFragment> IceFragment::parse(std::string_view text) {
  if (text.size() > kMaxSdp) {
    return SdpError{SdpErrorCode::too_long, "The fragment is too long."};
  }
  Section section;
  text::Lines lines(text);
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    if (line->size() < 2 || (*line)[1] != '=') {
      return SdpError{SdpErrorCode::bad_line, "A line is not of the form \"x=…\"."};
    }
    if (!line->starts_with("a=")) continue;
    std::string_view value = line->substr(2);
    const std::string_view name = text::take(value, ':');
    if (!is_of_ice(name)) continue;
    if (auto problem = read_attribute(section, name, value)) return *std::move(problem);
  }
  RemoteTransport& found = section.transport;
  return IceFragment{std::move(found.ufrag), std::move(found.pwd), std::move(found.candidates),
                     found.end_of_candidates};
}

SdpResult<FragmentKind> kind_of(const IceFragment& fragment, const RemoteTransport& known) {
  const bool new_ufrag = !fragment.ufrag.empty() && fragment.ufrag != known.ufrag;
  const bool new_pwd = !fragment.pwd.empty() && fragment.pwd != known.pwd;
  if (!new_ufrag && !new_pwd) return FragmentKind::trickle;
  if (fragment.ufrag.empty() || fragment.pwd.empty()) {
    return SdpError{SdpErrorCode::no_ice, "A restart of ICE needs both ice-ufrag and ice-pwd."};
  }
  return FragmentKind::restart;
}

std::string restart_answer(const LocalTransport& local, const Agreed& agreed) {
  std::string text = "a=ice-lite\r\na=ice-options:trickle ice2\r\n";
  std::string bundle;
  const AgreedMedia* first = nullptr;
  MediaKind kind = MediaKind::audio;
  for (const MediaKind each : kEveryKind) {
    const AgreedMedia* const media = agreed.find(each);
    if (media == nullptr) continue;
    if (!media->mid.empty()) bundle += ' ' + media->mid;
    if (first == nullptr) kind = each;
    if (first == nullptr) first = media;
  }
  if (!bundle.empty()) text += "a=group:BUNDLE" + bundle + "\r\n";
  if (first != nullptr) {
    text.append("m=").append(name_of(kind)).append(" 9 UDP/TLS/RTP/SAVPF ");
    text += std::to_string(first->formats.front().payload_type) + "\r\n";
    if (!first->mid.empty()) text += "a=mid:" + first->mid + "\r\n";
  }
  text += "a=ice-ufrag:" + local.ufrag + "\r\na=ice-pwd:" + local.pwd + "\r\n";
  for (const Candidate& candidate : local.candidates) {
    text += "a=candidate:" + to_text(candidate) + "\r\n";
  }
  return text + "a=end-of-candidates\r\n";
}

}  // namespace onair::sfu
