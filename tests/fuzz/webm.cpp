// The index of recorded files: it takes any bytes, in any pieces, and what it makes of a file is a
// file that it takes again, with the same duration.
#include <algorithm>

#include "fuzz/targets.hpp"
#include "session/record/webm_index.hpp"

void onair::fuzz::run(std::string_view input) {
  session::WebmIndex whole;
  whole.read(input);
  session::WebmIndex parts;
  for (std::size_t at = 0; at < input.size(); at += 1 + at % 7) {
    parts.read(input.substr(at, 1 + at % 7));
  }
  const auto header = whole.header();
  const auto same = parts.header();
  check(header.has_value() == same.has_value(), "pieces make no difference");
  if (!header) return;
  check(header->bytes == same->bytes, "pieces make no difference");
  check(header->replaced <= input.size(), "only what was there is replaced");
  session::WebmIndex again;
  again.read(header->bytes);
  again.read(input.substr(header->replaced));
  check(again.header().has_value(), "what was made is a file");
  check(again.duration_ms() == whole.duration_ms(), "its duration stays");
}
