// Lines of the forwarder's control socket: any line is read or refused, a message that is read is
// written as the same, and no line that we write is too long.
#include "sfu/control/control.hpp"

#include <algorithm>

#include "fuzz/targets.hpp"
#include "sfu/control/line_reader.hpp"

namespace {

using namespace onair;
using namespace onair::sfu::control;
using fuzz::check;

std::string_view one_line(const std::string& line) {
  check(line.ends_with('\n') && line.find('\n') == line.size() - 1, "a message is one line");
  check(line.size() <= kMaxLineBytes, "a line is within its bound");
  return std::string_view(line).substr(0, line.size() - 1);
}

void check_request(std::string_view line) {
  const auto parsed = parse_request(line);
  if (const auto* refusal = std::get_if<NumberedReply>(&parsed)) {
    one_line(serialize(*refusal));
    return;
  }
  const auto& request = std::get<NumberedRequest>(parsed);
  const auto text = serialize(request);
  if (!text) return;  // escapes may be longer than what was read
  check(std::get<NumberedRequest>(parse_request(one_line(*text))) == request,
        "a request is read as it was written");
}

void check_message(std::string_view line) {
  const auto message = parse_message(line);
  if (!message) return;
  if (const auto* event = std::get_if<Event>(&*message)) {
    const std::string text = serialize(*event);
    check(std::get<Event>(*parse_message(one_line(text))) == *event,
          "an event is read as it was written");
    return;
  }
  const std::string text = serialize(std::get<NumberedReply>(*message));
  const auto again = parse_message(one_line(text));
  check(again.has_value(), "a reply is read");
  check(serialize(std::get<NumberedReply>(*again)) == text, "a reply is the same");
}

}  // namespace

/// The first byte says how many bytes come at once.
void onair::fuzz::run(std::string_view input) {
  if (input.empty()) return;
  const std::size_t at_once = 1 + static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  sfu::LineReader reader;
  while (!input.empty()) {
    const auto space = reader.space();
    const std::size_t count = std::min({at_once, input.size(), space.size()});
    if (count == 0) break;
    std::copy_n(input.begin(), count, space.begin());
    reader.filled(count);
    input.remove_prefix(count);
    while (const auto line = reader.next()) {
      check_request(*line);
      check_message(*line);
    }
  }
}
