// The envelope scan: it agrees with the codec, and a stamped frame has its sender.
#include "protocol/envelope.hpp"

#include "fuzz/targets.hpp"
#include "protocol/codec.hpp"
#include "support/agreement.hpp"

void onair::fuzz::run(std::string_view input) {
  using namespace protocol;
  const std::string disagreement = tests::disagreement(input);
  check(disagreement.empty(), disagreement.c_str());
  const auto scanned = scan_envelope(input);
  const auto* const envelope = std::get_if<Envelope>(&scanned);
  if (envelope == nullptr || envelope->has_from) return;
  std::string stamped;
  append_stamped(stamped, input, "5f0c");
  const Decoded decoded = decode(stamped);
  if (const auto* message = std::get_if<Message>(&decoded)) {
    check(message->from == "5f0c", "the sender is the one that was put in");
  }
}
