#include "protocol/envelope.hpp"

#include <utility>

#include "protocol/json_scanner.hpp"
#include "protocol/limits.hpp"

namespace onair::protocol {
namespace {

struct Fields {
  std::optional<JsonToken> type;
  std::optional<JsonToken> sendto;
  bool from = false;
};

void keep(Fields& fields, const JsonToken& name, const JsonToken& value) {
  const std::string unescaped = name.escaped ? text_of(name) : std::string();
  const std::string_view key = name.escaped ? std::string_view(unescaped) : name.raw;
  if (key == "type") fields.type = value;
  if (key == "sendto") fields.sendto = value;
  if (is_of_server(key)) fields.from = true;
}

std::optional<Fields> scan_object(std::string_view frame) {
  JsonScanner scanner(frame);
  Fields fields;
  scanner.skip_space();
  if (!scanner.skip('{')) return std::nullopt;
  scanner.skip_space();
  if (!scanner.skip('}')) {
    do {
      JsonToken name;
      JsonToken value;
      scanner.skip_space();
      if (!scanner.string(name)) return std::nullopt;
      scanner.skip_space();
      if (!scanner.skip(':')) return std::nullopt;
      scanner.skip_space();
      if (!scanner.value(value)) return std::nullopt;
      keep(fields, name, value);
      scanner.skip_space();
    } while (scanner.skip(','));
    if (!scanner.skip('}')) return std::nullopt;
  }
  scanner.skip_space();
  if (!scanner.at_end()) return std::nullopt;
  return fields;
}

Refusal bad_message(std::string sentence) {
  return {ErrorCode::bad_message, std::move(sentence)};
}

}  // namespace

bool is_of_server(std::string_view name) {
  return name == "from" || name == "fromName" || name == "fromCaps";
}

std::variant<Envelope, Refusal> scan_envelope(std::string_view frame) {
  const std::optional<Fields> fields = scan_object(frame);
  if (!fields) return Refusal{ErrorCode::bad_json, "A frame must be one JSON object in UTF-8."};
  Envelope envelope;
  envelope.has_from = fields->from;
  if (!fields->type || fields->type->kind != JsonToken::Kind::string) {
    return bad_message("`type` must be a string");
  }
  envelope.type = text_of(*fields->type);
  if (envelope.type.empty() || envelope.type.size() > kMaxTypeBytes) {
    return bad_message("`type` must have 1 to " + std::to_string(kMaxTypeBytes) + " bytes");
  }
  if (!fields->sendto || fields->sendto->kind == JsonToken::Kind::null) return envelope;
  if (fields->sendto->kind != JsonToken::Kind::string)
    return bad_message("`sendto` must be a string");
  envelope.sendto = text_of(*fields->sendto);
  if (envelope.sendto->empty() || envelope.sendto->size() > kMaxPeerIdBytes) {
    return bad_message("`sendto` must be a peer id of 1 to " + std::to_string(kMaxPeerIdBytes) +
                       " bytes");
  }
  return envelope;
}

void append_stamped(std::string& out, std::string_view frame, std::string_view from) {
  const std::size_t inside = frame.find('{') + 1;
  const std::size_t first = frame.find_first_not_of(" \t\n\r", inside);
  out.append(frame.substr(0, inside)).append("\"from\":\"").append(from).append("\"");
  if (frame[first] != '}') out.append(",");
  out.append(frame.substr(inside));
}

}  // namespace onair::protocol
