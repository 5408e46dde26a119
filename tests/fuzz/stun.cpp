// STUN: any packet is parsed without a step beyond its end, and answered by no more than three
// times its size. The input also serves as a list of attributes of a check that is authentic, since
// the fuzzer can't guess a digest: ICE then meets every attribute.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/ice/demux.hpp"
#include "sfu/ice/ice_lite.hpp"
#include "sfu/stun_messages.hpp"

namespace {

using namespace onair::sfu;
using onair::fuzz::check;

const IceCredentials kOurs{"evtj", std::string(tests::kSamplePassword)};

bool is_within(Bytes whole, std::string_view part) {
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(part.data());
  return begin >= whole.data() && begin + part.size() <= whole.data() + whole.size();
}

void answer(Bytes packet) {
  const auto message = StunMessage::parse(packet);
  if (!message) return;
  // Methods above 0xff, of which ICE has none, begin with bytes of other protocols (RFC 7983).
  check(message->method > 0xff || classify(packet) == PacketClass::stun,
        "what is parsed is classified so");
  check(!message->username || is_within(packet, *message->username), "a view into the packet");
  IceLite ice(kOurs, TimePoint{});
  std::array<std::uint8_t, kMaxPacket> buffer;
  const Path from{.remote = Address::v4({192, 0, 2, 1}, 5000)};
  const auto outcome = ice.handle(*message, from, TimePoint{}, buffer);
  check(outcome.response.size() <= kMaxAmplification * packet.size(), "no amplification");
  check(outcome.is_proven == ice.path().has_value(), "the first proven path is used");
  check(!outcome.is_proven || message->is_authentic(kOurs.pwd), "only a password proves a path");
  if (outcome.response.empty()) return;
  const auto response = StunMessage::parse(outcome.response);
  check(response.has_value(), "what was written is read");
  check(response->transaction == message->transaction, "and answers the request");
}

// Attributes of two bytes of type, one of size, and the value.
Bytes write_check(Bytes input, MutableBytes buffer) {
  StunWriter writer(buffer, StunClass::request, TransactionId{});
  writer.username("evtj:h6vY");
  for (Reader reader(input);;) {
    const auto type = reader.u16();
    const auto size = reader.u8();
    if (!type || !size) break;
    const auto value = reader.take(std::min<std::size_t>(*size, reader.size()));
    writer.attribute(*type, *value);
  }
  return writer.integrity(kOurs.pwd).finish();
}

}  // namespace

void onair::fuzz::run(std::string_view input) {
  // A copy of just this size, so that AddressSanitizer sees a step beyond it.
  const std::vector<std::uint8_t> packet(input.begin(), input.end());
  answer(packet);
  std::array<std::uint8_t, kMaxPacket> buffer;
  answer(write_check(packet, buffer));
}
