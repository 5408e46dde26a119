#include "socketio/engine_codec.hpp"

#include <charconv>

namespace onair::socketio {
namespace {

constexpr char kSeparator = '\x1e';  // between the packets of revision 4

/// The length of a character's UTF-8, by its first byte.
std::size_t bytes_of_character(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// As JavaScript counts: what needs four bytes in UTF-8 needs two units in UTF-16.
std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size(); at += bytes_of_character(text[at])) {
    units += bytes_of_character(text[at]) == 4 ? 2 : 1;
  }
  return units;
}

/// The beginning of `text` that has so many units, or nothing where none has.
std::optional<std::string_view> first_units(std::string_view text, std::size_t units) {
  std::size_t at = 0;
  while (units > 0 && at < text.size()) {
    const std::size_t bytes = bytes_of_character(text[at]);
    const std::size_t needed = bytes == 4 ? 2 : 1;
    if (needed > units) return std::nullopt;
    units -= needed;
    at += bytes;
  }
  if (units > 0) return std::nullopt;
  return text.substr(0, at);
}

/// Takes `LENGTH:PACKET` away from the front. Nothing where that is not there.
std::optional<std::string_view> take_packet_of_v3(std::string_view& body) {
  std::size_t units = 0;
  const char* const begin = body.data();
  const char* const end = begin + body.size();
  const auto [after, error] = std::from_chars(begin, end, units);
  if (error != std::errc() || after == end || *after != ':') return std::nullopt;
  body.remove_prefix(static_cast<std::size_t>(after - begin) + 1);
  const auto packet = first_units(body, units);
  if (packet) body.remove_prefix(packet->size());
  return packet;
}

/// Takes a packet and the separator behind it away from the front.
std::string_view take_packet_of_v4(std::string_view& body) {
  const std::string_view packet = body.substr(0, body.find(kSeparator));
  body.remove_prefix(packet.size());
  if (!body.empty()) body.remove_prefix(1);
  return packet;
}

}  // namespace

std::optional<Revision> revision_of(std::string_view eio) {
  if (eio == "3") return Revision::v3;
  if (eio == "4") return Revision::v4;
  return std::nullopt;
}

std::variant<EnginePacket, Fault> decode_packet(std::string_view text) {
  if (text.empty()) return Fault::malformed;
  if (text.front() == 'b') return Fault::binary;  // base64
  const int kind = text.front() - '0';
  if (kind < 0 || kind > static_cast<int>(EnginePacket::Kind::noop)) return Fault::malformed;
  return EnginePacket{static_cast<EnginePacket::Kind>(kind), text.substr(1)};
}

std::variant<std::vector<EnginePacket>, Fault> decode_payload(Revision revision,
                                                              std::string_view body) {
  // Revision 3 has a form of its own for bodies with binary packets, whose first byte is 0 or 1.
  if (revision == Revision::v3 && !body.empty() && (body[0] == '\0' || body[0] == '\1')) {
    return Fault::binary;
  }
  std::vector<EnginePacket> packets;
  const bool ends_in_separator = body.ends_with(kSeparator);
  do {
    std::string_view text;
    if (revision == Revision::v4) {
      text = take_packet_of_v4(body);
    } else if (const auto packet = take_packet_of_v3(body)) {
      text = *packet;
    }
    const auto packet = decode_packet(text);
    if (const auto* fault = std::get_if<Fault>(&packet)) return *fault;
    packets.push_back(std::get<EnginePacket>(packet));
  } while (!body.empty());
  if (revision == Revision::v4 && ends_in_separator) return Fault::malformed;
  return packets;
}

std::string encode_packet(const EnginePacket& packet) {
  std::string text(1, static_cast<char>('0' + static_cast<int>(packet.kind)));
  return text.append(packet.data);
}

void PayloadEncoder::add(std::string_view packet) {
  if (revision_ == Revision::v3) {
    payload_.append(std::to_string(utf16_units(packet))).append(":");
  } else if (!payload_.empty()) {
    payload_.push_back(kSeparator);
  }
  payload_.append(packet);
}

}  // namespace onair::socketio
