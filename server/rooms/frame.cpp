#include "rooms/frame.hpp"

#include <algorithm>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"

namespace onair::rooms {
namespace {

constexpr char kFinalTextFrame = '\x81';

/// The text that `append_stamped` puts before the id, which needs no escapes, and behind it.
constexpr std::string_view kBeforeId = R"("from":")";
constexpr std::string_view kBehindId = R"(",)";
constexpr std::size_t kFromBytes = kBeforeId.size() + kBehindId.size();

}  // namespace

SharedFrame::SharedFrame(std::string_view text, FrameNumber number) : number_(number) {
  begin(text.size());
  bytes_.append(text);
}

SharedFrame::SharedFrame(std::string_view text, std::string_view from, FrameNumber number)
    : number_(number) {
  begin(text.size() + from.size() + kFromBytes);
  protocol::append_stamped(bytes_, text, from);
}

std::string_view SharedFrame::from() const {
  std::string_view rest = text();
  rest.remove_prefix(std::min(rest.size(), rest.find('{') + 1));
  if (!rest.starts_with(kBeforeId)) return {};
  rest.remove_prefix(kBeforeId.size());
  return rest.substr(0, rest.find('"'));
}

void SharedFrame::begin(std::size_t text_bytes) {
  const int length_bytes = text_bytes < 126 ? 0 : text_bytes <= 0xffff ? 2 : 8;
  header_bytes_ = 2 + static_cast<std::size_t>(length_bytes);
  bytes_.reserve(header_bytes_ + text_bytes);
  bytes_.push_back(kFinalTextFrame);
  bytes_.push_back(static_cast<char>(length_bytes == 0   ? text_bytes
                                     : length_bytes == 2 ? 126
                                                         : 127));
  for (int i = length_bytes - 1; i >= 0; --i) {
    bytes_.push_back(static_cast<char>(static_cast<unsigned long long>(text_bytes) >> (8 * i)));
  }
}

Frame frame_of(protocol::Body body, FrameNumber number) {
  return std::make_shared<const SharedFrame>(
      protocol::encode({std::move(body), std::nullopt, std::nullopt}), number);
}

}  // namespace onair::rooms
