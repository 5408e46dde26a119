#include "sfu/publication/subscription_history.hpp"

#include <algorithm>

namespace onair::sfu {
namespace {

/// From 1/65536 s.
Duration short_duration(std::uint32_t delay) {
  return std::chrono::nanoseconds((std::uint64_t{delay} * 1'000'000'000) >> 16);
}

}  // namespace

bool ResendTable::allow(MediaKind kind, std::uint32_t sequence, TimePoint now) {
  Entry& entry = entries_[sequence % entries_.size()];
  const bool is_known = entry.times != 0 && entry.sequence == sequence && entry.kind == kind;
  if (!is_known) {
    entry = {.at = now, .sequence = sequence, .kind = kind, .times = 1};
    return true;
  }
  if (entry.times >= kMaxTimes || now - entry.at < kMinInterval) return false;
  entry.at = now;
  ++entry.times;
  return true;
}

void SubscriptionHistory::note_sender_report(MediaKind kind, std::uint64_t ntp, TimePoint now) {
  sent_reports_[static_cast<std::size_t>(kind)] = {.middle = middle_of(ntp), .at = now};
}

void SubscriptionHistory::on_report_block(MediaKind kind, const ReportBlock& block, TimePoint now) {
  ViewerReception& reception = statistics.kinds[static_cast<std::size_t>(kind)];
  reception.fraction_lost = block.fraction_lost;
  reception.lost = block.lost;
  reception.jitter = block.jitter;
  const SentReport& sent = sent_reports_[static_cast<std::size_t>(kind)];
  if (sent.middle == 0 || block.last_report != sent.middle) return;
  reception.round_trip = std::max(Duration::zero(), now - sent.at - short_duration(block.delay));
}

}  // namespace onair::sfu
