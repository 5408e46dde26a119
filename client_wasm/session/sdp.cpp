#include "session/sdp.hpp"

#include <optional>

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

/// The first section of a kind: its `m=` line, and where the lines after it begin and end.
struct Section {
  std::string_view media;
  std::size_t begin;
  std::size_t end;
};

std::optional<Section> section_of(std::string_view sdp, std::string_view kind) {
  const Line media = find_line(sdp, "m=" + std::string(kind) + ' ', 0);
  if (media.begin == sdp.npos) return std::nullopt;
  const std::size_t begin = media.begin + media.text.size();
  return Section{media.text, begin, find_line(sdp, "m=", begin).begin};
}

/// The line of a format, with `beginning` as `a=fmtp:`; its index is `npos` without one.
Line line_of(std::string_view sdp, const Section& section, std::string_view beginning,
             std::string_view format) {
  const std::string whole = std::string(beginning) + std::string(format) + ' ';
  return find_line(sdp.substr(0, section.end), whole, section.begin);
}

}  // namespace

/// The 96 of `m=video 9 UDP/TLS/RTP/SAVPF 96 97`.
std::string first_format(std::string_view sdp, std::string_view kind) {
  const auto section = section_of(sdp, kind);
  if (!section) return {};
  std::string_view media = section->media;
  for (int field = 0; field < 3; ++field) {
    const std::size_t space = media.find(' ');
    if (space == media.npos) return {};
    media.remove_prefix(space + 1);
  }
  return std::string(media.substr(0, media.find(' ')));
}

/// The 111 of `a=rtpmap:111 opus/48000/2`.
std::string format_of(std::string_view sdp, std::string_view kind, std::string_view codec) {
  const auto section = section_of(sdp, kind);
  if (!section) return {};
  constexpr std::string_view kBeginning = "a=rtpmap:";
  const std::string_view ours = sdp.substr(0, section->end);
  for (Line line = find_line(ours, kBeginning, section->begin); line.begin != ours.npos;
       line = find_line(ours, kBeginning, line.begin + line.text.size())) {
    const std::string_view rest = line.text.substr(kBeginning.size());
    const std::size_t space = rest.find(' ');
    if (space != rest.npos && rest.substr(space + 1) == codec) {
      return std::string(rest.substr(0, space));
    }
  }
  return {};
}

bool has_parameter(std::string_view sdp, std::string_view kind, std::string_view format,
                   std::string_view parameter) {
  const auto section = section_of(sdp, kind);
  if (!section || format.empty()) return false;
  const Line known = line_of(sdp, *section, "a=fmtp:", format);
  if (known.begin == sdp.npos || known.text.empty()) return false;
  std::string_view rest = known.text.substr(known.text.find(' ') + 1);
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one == parameter) return true;
  }
  return false;
}

std::string with_parameter(std::string_view sdp, std::string_view kind, std::string_view format,
                           std::string_view parameter) {
  std::string result(sdp);
  const auto section = section_of(sdp, kind);
  if (!section || format.empty()) return result;
  if (const Line known = line_of(sdp, *section, "a=fmtp:", format); !known.text.empty()) {
    return result.insert(known.begin + known.text.size(), ';' + std::string(parameter));
  }
  if (const Line codec = line_of(sdp, *section, "a=rtpmap:", format); !codec.text.empty()) {
    return result.insert(codec.begin, "a=fmtp:" + std::string(format) + ' ' +
                                          std::string(parameter) + std::string(codec.end));
  }
  return result;
}

}  // namespace onair::session
