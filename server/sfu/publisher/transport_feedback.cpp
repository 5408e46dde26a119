#include "sfu/publisher/transport_feedback.hpp"

#include <algorithm>
#include <span>

#include "sfu/base/sequence.hpp"

namespace onair::sfu {
namespace {

constexpr std::int64_t kTicksPerReference = 256;  ///< 64 ms of 250 µs
constexpr std::uint16_t kVector = 0x8000;
constexpr std::uint16_t kTwoBits = 0x4000;
constexpr std::size_t kOneBitSymbols = 14;
constexpr std::size_t kTwoBitSymbols = 7;
constexpr std::size_t kMaxRun = 0x1fff;

std::int64_t ticks_of(TimePoint time) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  return duration_cast<microseconds>(time.time_since_epoch()).count() / 250;
}

using Symbols = std::span<const std::uint8_t>;

std::uint16_t vector_of(Symbols symbols, bool one_bit) {
  unsigned bits = one_bit ? kVector : kVector | kTwoBits;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    bits |= one_bit ? unsigned{symbols[i]} << (kOneBitSymbols - 1 - i)
                    : unsigned{symbols[i]} << (2 * (kTwoBitSymbols - 1 - i));
  }
  return static_cast<std::uint16_t>(bits);
}

/// Takes symbols from the front into one chunk: the kind of chunk that takes the most.
std::uint16_t take_chunk(Symbols& symbols) {
  const std::uint8_t first = symbols.front();
  const auto differs = std::ranges::find_if(symbols, [&](std::uint8_t s) { return s != first; });
  const auto run = std::min(static_cast<std::size_t>(differs - symbols.begin()), kMaxRun);
  const Symbols small = symbols.first(std::min(kOneBitSymbols, symbols.size()));
  const bool one_bit = std::ranges::none_of(
      small, [](std::uint8_t symbol) { return symbol == StatusChunk::kLargeDelta; });
  const Symbols vector = one_bit ? small : symbols.first(std::min(kTwoBitSymbols, symbols.size()));
  if (run >= vector.size()) {
    symbols = symbols.subspan(run);
    return static_cast<std::uint16_t>(first << 13 | run);
  }
  symbols = symbols.subspan(vector.size());
  return vector_of(vector, one_bit);
}

}  // namespace

std::optional<std::int64_t> TransportFeedbackLog::unwrap(std::uint16_t sequence) {
  if (!highest_) return sequence;
  const std::int64_t number = extend(sequence, *highest_);
  if (number > *highest_ - kWindow) {
    step_to_.reset();
    return number;
  }
  const bool goes_on = step_to_ == sequence;
  step_to_ = static_cast<std::uint16_t>(sequence + 1);
  if (!goes_on) return std::nullopt;
  highest_.reset();
  return sequence;
}

void TransportFeedbackLog::begin(std::int64_t sequence) {
  arrivals_.fill({});
  highest_ = sequence;
  next_ = sequence;
  pending_ = 0;
  step_to_.reset();
}

void TransportFeedbackLog::receive(std::uint16_t sequence, TimePoint arrived) {
  const auto number = unwrap(sequence);
  if (!number) return;
  if (!highest_ || *number >= *highest_ + kWindow) begin(*number);
  Arrival& slot = slot_of(*number);
  if (slot.sequence == *number) return;
  slot = {*number, ticks_of(arrived)};
  const std::int64_t highest = std::max(highest_.value_or(*number), *number);
  highest_ = highest;
  // A late packet is reported with those after it, which are reported once more: a sender takes the
  // first report for each.
  next_ = std::max(std::min(next_, *number), highest - kWindow + 1);
  if (pending_++ == 0) first_pending_ = arrived;
}

TimePoint TransportFeedbackLog::next_deadline() const {
  if (pending_ == 0 || !highest_) return TimePoint::max();
  if (*highest_ - next_ + 1 >= static_cast<std::int64_t>(kMaxStatuses)) return first_pending_;
  return first_pending_ + (pending_ < kFew ? kSlowInterval : kInterval);
}

bool TransportFeedbackLog::write(RtcpWriter& out, std::uint32_t sender_ssrc,
                                 std::uint32_t media_ssrc, TimePoint now) {
  if (pending_ == 0 || !highest_ || now < next_deadline()) return false;
  Message message;
  message.info = {
      .sender_ssrc = sender_ssrc, .media_ssrc = media_ssrc, .feedback_count = feedback_count_};
  collect(message, *highest_);

  std::array<std::uint16_t, kMaxStatuses / kTwoBitSymbols + 1> chunks;
  std::size_t chunks_size = 0;
  for (Symbols rest = Symbols(message.symbols).first(message.info.packets); !rest.empty();) {
    chunks[chunks_size++] = take_chunk(rest);
  }
  if (!out.transport_feedback(message.info, std::span(chunks).first(chunks_size),
                              Bytes(message.deltas).first(message.deltas_size))) {
    return false;
  }
  ++feedback_count_;
  next_ = message.end;
  if (next_ > *highest_) pending_ = 0;
  return true;
}

void TransportFeedbackLog::collect(Message& message, std::int64_t highest) {
  // A message without an arrival has no reference time: lost packets are left out until it has one.
  std::int64_t first = next_;
  while (first < highest && slot_of(first).sequence != first) ++first;
  next_ = std::max(next_, first - static_cast<std::int64_t>(kMaxStatuses) + 1);
  // Begins with the first that is new, the lost before it included; the reference time is that of
  // the first that came.
  message.info.base_sequence = static_cast<std::uint16_t>(next_);
  message.end = next_;
  std::optional<std::int64_t> last;
  for (std::size_t i = 0; i < kMaxStatuses && message.end <= highest; ++i, ++message.end) {
    message.symbols[i] = StatusChunk::kMissing;
    const Arrival& arrival = slot_of(message.end);
    if (arrival.sequence == message.end) {
      if (!last) {
        last = arrival.ticks / kTicksPerReference * kTicksPerReference;
        message.info.reference_time =
            static_cast<std::int32_t>(static_cast<std::uint32_t>(*last / kTicksPerReference)
                                      << 8) >>
            8;
      }
      const std::int64_t delta = arrival.ticks - *last;
      std::uint8_t* const at = message.deltas.data() + message.deltas_size;
      if (delta >= 0 && delta <= 0xff) {
        message.symbols[i] = StatusChunk::kSmallDelta;
        *at = static_cast<std::uint8_t>(delta);
        message.deltas_size += 1;
      } else if (delta == static_cast<std::int16_t>(delta)) {
        message.symbols[i] = StatusChunk::kLargeDelta;
        write_u16(at, static_cast<std::uint16_t>(delta));
        message.deltas_size += 2;
      } else {
        break;  // eight seconds apart: the next message has a reference time of its own
      }
      last = arrival.ticks;
    }
    message.info.packets = static_cast<std::uint16_t>(i + 1);
  }
}

}  // namespace onair::sfu
