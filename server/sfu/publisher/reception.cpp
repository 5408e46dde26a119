#include "sfu/publisher/reception.hpp"

#include <algorithm>
#include <cstdlib>

#include "sfu/base/sequence.hpp"

namespace onair::sfu {
namespace {

/// In units of a clock of this rate, modulo 2^32.
std::uint32_t ticks_of(Duration duration, std::uint32_t rate) {
  using std::chrono::duration_cast;
  const auto seconds = duration_cast<std::chrono::seconds>(duration);
  const auto rest = duration_cast<std::chrono::nanoseconds>(duration - seconds);
  return static_cast<std::uint32_t>(seconds.count() * rate + rest.count() * rate / 1'000'000'000);
}

}  // namespace

void ReceptionStatistics::receive(std::int64_t sequence, std::uint32_t timestamp, TimePoint now) {
  ++received_;
  // Packets before the first came out of order when the source began.
  first_ = std::min(first_, sequence);
  if (sequence <= highest_) return;
  highest_ = sequence;
  update_jitter(timestamp, now);
}

void ReceptionStatistics::update_jitter(std::uint32_t timestamp, TimePoint now) {
  const std::uint32_t transit = ticks_of(now.time_since_epoch(), clock_rate_) - timestamp;
  if (transit_) {
    const auto difference = static_cast<std::uint32_t>(
        std::abs(static_cast<std::int64_t>(distance(*transit_, transit))));
    jitter_ += difference - ((jitter_ + 8) >> 4);
  }
  transit_ = transit;
}

void ReceptionStatistics::receive_report(std::uint64_t ntp, TimePoint now) {
  last_report_ = {ntp, now};
}

ReportBlock ReceptionStatistics::report(std::uint32_t ssrc, TimePoint now) {
  const std::int64_t expected = highest_ - first_ + 1;
  const std::int64_t lost = expected - received_;
  const std::int64_t expected_since = expected - expected_before_;
  const std::int64_t lost_since = expected_since - (received_ - received_before_);
  expected_before_ = expected;
  received_before_ = received_;

  ReportBlock block{.ssrc = ssrc};
  if (expected_since > 0 && lost_since > 0) {
    block.fraction_lost =
        static_cast<std::uint8_t>(std::min<std::int64_t>(255, lost_since * 256 / expected_since));
  }
  block.lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(lost, -(1 << 23), (1 << 23) - 1));
  block.highest_sequence = static_cast<std::uint32_t>(highest_);
  block.jitter = jitter_ >> 4;
  if (last_report_) {
    block.last_report = middle_of(last_report_->ntp);
    block.delay = ticks_of(now - last_report_->arrived, 65'536);
  }
  return block;
}

}  // namespace onair::sfu
