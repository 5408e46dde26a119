// The codec: what it accepts, it writes as something that means the same.
#include "protocol/codec.hpp"

#include "fuzz/targets.hpp"

void onair::fuzz::run(std::string_view input) {
  using namespace protocol;
  const Decoded first = decode(input);
  if (const auto* refusal = std::get_if<Refusal>(&first)) {
    check(!refusal->message.empty(), "a refusal says why");
    return;
  }
  const auto& message = std::get<Message>(first);
  const Decoded second = decode(encode(message));
  check(std::holds_alternative<Message>(second), "what was written is accepted");
  check(std::get<Message>(second) == message, "and means the same");
}
