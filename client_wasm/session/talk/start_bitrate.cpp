#include "session/talk/start_bitrate.hpp"

namespace onair::session {
namespace {

struct Line {
  std::size_t begin;
  std::string_view text;  ///< without its end
  std::string_view end;
};

/// Finds the next line with this beginning, from an index on; its index is `npos` without one.
Line find_line(std::string_view sdp, std::string_view beginning, std::size_t from) {
  while (from < sdp.size()) {
    std::size_t after = sdp.find('\n', from);
    after = after == sdp.npos ? sdp.size() : after + 1;
    const std::string_view whole = sdp.substr(from, after - from);
    const std::string_view text = whole.substr(0, whole.find_first_of("\r\n"));
    if (text.starts_with(beginning)) return {from, text, whole.substr(text.size())};
    from = after;
  }
  return {sdp.npos, {}, {}};
}

/// Returns the 96 of `m=video 9 UDP/TLS/RTP/SAVPF 96 97`.
std::string first_format(std::string_view media) {
  for (int field = 0; field < 3; ++field) {
    const std::size_t space = media.find(' ');
    if (space == media.npos) return {};
    media.remove_prefix(space + 1);
  }
  return std::string(media.substr(0, media.find(' ')));
}

}  // namespace

std::string with_start_bitrate(std::string_view answer, std::uint32_t bits_per_second) {
  std::string result(answer);
  const Line media = find_line(answer, "m=video ", 0);
  const std::string format = first_format(media.text);
  if (format.empty()) return result;
  const std::size_t section = media.begin + media.text.size();
  const std::string_view ours = answer.substr(0, find_line(answer, "m=", section).begin);

  const std::string parameter = "x-google-start-bitrate=" + std::to_string(bits_per_second / 1000);
  const std::string parameters = "a=fmtp:" + format + ' ';
  if (const Line known = find_line(ours, parameters, section); known.begin != ours.npos) {
    return result.insert(known.begin + known.text.size(), ';' + parameter);
  }
  if (const Line codec = find_line(ours, "a=rtpmap:" + format + ' ', section);
      codec.begin != ours.npos) {
    return result.insert(codec.begin, parameters + parameter + std::string(codec.end));
  }
  return result;
}

}  // namespace onair::session
