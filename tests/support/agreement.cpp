#include "support/agreement.hpp"

#include <optional>
#include <variant>

#include "protocol/codec.hpp"
#include "protocol/envelope.hpp"
#include "protocol/text.hpp"

namespace onair::tests {
namespace {

using namespace protocol;

std::optional<ErrorCode> code_of(const Refusal* refusal) {
  if (refusal == nullptr) return std::nullopt;
  return refusal->code;
}

bool is_envelope_field(const Refusal& refusal) {
  return refusal.message.starts_with("`type` ") || refusal.message.starts_with("`sendto` ");
}

}  // namespace

std::string disagreement(std::string_view frame) {
  if (!is_utf8(frame)) return {};
  const auto scanned = scan_envelope(frame);
  const Decoded decoded = decode(frame);
  const auto* const scan_refusal = std::get_if<Refusal>(&scanned);
  const auto* const refusal = std::get_if<Refusal>(&decoded);
  const bool scan_bad_json = code_of(scan_refusal) == ErrorCode::bad_json;
  if (scan_bad_json != (code_of(refusal) == ErrorCode::bad_json)) return "what is JSON";
  if (scan_bad_json) return {};
  if (scan_refusal != nullptr) return refusal == nullptr ? "a refusal by the scan alone" : "";
  // The codec looks at further fields; at `from` before `sendto`.
  if (refusal != nullptr) return is_envelope_field(*refusal) ? "a refusal by the codec alone" : "";
  const auto& envelope = std::get<Envelope>(scanned);
  const auto& message = std::get<Message>(decoded);
  if (envelope.type != type_of(message.body)) return "the type";
  if (envelope.sendto != message.sendto) return "sendto";
  if (message.from && !envelope.has_from) return "from";
  return {};
}

}  // namespace onair::tests
