#include "socketio/packet_codec.hpp"

#include <algorithm>
#include <utility>

#include "protocol/json_text.hpp"

namespace onair::socketio {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
  return protocol::json_text(text);
}

}  // namespace

std::variant<Packet, Fault> decode(std::string_view text) {
  if (text.empty()) return Fault::malformed;
  const int kind = text.front() - '0';
  if (kind < 0 || kind > static_cast<int>(Packet::Kind::binary_ack)) return Fault::malformed;
  Packet packet{static_cast<Packet::Kind>(kind)};
  text.remove_prefix(1);
  if (packet.kind == Packet::Kind::binary_event || packet.kind == Packet::Kind::binary_ack) {
    const std::size_t dash = text.find('-');
    const bool has_number =
        dash != std::string_view::npos && dash > 0 &&
        std::all_of(text.begin(), text.begin() + static_cast<long>(dash), is_digit);
    return has_number ? Fault::binary : Fault::malformed;
  }
  if (text.starts_with('/')) {
    packet.name_space = text.substr(0, text.find(','));
    text.remove_prefix(std::min(packet.name_space.size() + 1, text.size()));
    // Revision 4 may put a query behind it.
    packet.name_space = packet.name_space.substr(0, packet.name_space.find('?'));
  }
  // The number by which the client asks for an acknowledgement; nothing here gives one.
  text.remove_prefix(static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                              text.begin()));
  packet.data = text;
  return packet;
}

std::optional<Event> decode_event(std::string_view data) {
  auto elements = protocol::elements_of(data);
  if (!elements || elements->empty()) return std::nullopt;
  const protocol::JsonToken& name = elements->front().token;
  if (name.kind != protocol::JsonToken::Kind::string) return std::nullopt;
  Event event{text_of(name), *std::move(elements)};
  event.arguments.erase(event.arguments.begin());
  return event;
}

std::string encode_event(std::string_view name, std::string_view argument) {
  std::string text = "2[";
  return text.append(quoted(name)).append(",").append(argument).append("]");
}

std::string encode_connect(Revision revision, std::string_view id) {
  if (revision == Revision::v3) return "0";
  return "0{\"sid\":" + quoted(id) + "}";
}

std::string encode_unknown_namespace(Revision revision, std::string_view name_space) {
  constexpr std::string_view sentence = "Invalid namespace";
  std::string text = "4";
  text.append(name_space).append(",");
  if (revision == Revision::v3) return text + quoted(sentence);
  return text + "{\"message\":" + quoted(sentence) + "}";
}

std::string encode_disconnect() {
  return "1";
}

}  // namespace onair::socketio
