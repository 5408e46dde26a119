#include "rooms/frame.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"

namespace onair::rooms {
namespace {

constexpr char kFinalTextFrame = '\x81';

/// The text that `append_stamped` puts before the id, which needs no escapes, and behind it.
constexpr std::string_view kBeforeId = R"("from":")";
constexpr std::string_view kBehindId = R"(",)";

/// In the news that a member has left, and in no other frame of the server's own.
constexpr std::string_view kFarewell = R"("user_disconnected")";

/// The index of the first member in an object.
std::size_t inside(std::string_view object) {
  return std::min(object.size(), object.find('{') + 1);
}

}  // namespace

SharedFrame::SharedFrame(std::string_view text, FrameNumber number) : number_(number) {
  begin(text.size());
  bytes_.append(text);
}

SharedFrame::SharedFrame(std::string_view text, std::string_view from, FrameNumber number)
    : number_(number), from_begin_(inside(text) + kBeforeId.size()), from_bytes_(from.size()) {
  begin(text.size() + from.size() + kBeforeId.size() + kBehindId.size());
  protocol::append_stamped(bytes_, text, from);
}

Frame SharedFrame::from_wire(std::string_view text, FrameNumber number) {
  auto frame = std::make_shared<SharedFrame>(text, number);
  const std::string_view members = text.substr(inside(text));
  if (members.starts_with(kBeforeId)) {
    const std::size_t end = members.find('"', kBeforeId.size());
    frame->from_begin_ = inside(text) + kBeforeId.size();
    frame->from_bytes_ = std::min(end, members.size()) - kBeforeId.size();
  } else {
    frame->is_farewell_ = text.find(kFarewell) != std::string_view::npos;
  }
  return frame;
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
  const bool is_farewell = std::holds_alternative<protocol::UserDisconnected>(body);
  auto frame = std::make_shared<SharedFrame>(
      protocol::encode({std::move(body), std::nullopt, std::nullopt}), number);
  frame->is_farewell_ = is_farewell;
  return frame;
}

}  // namespace onair::rooms
