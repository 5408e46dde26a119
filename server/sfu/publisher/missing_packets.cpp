#include "sfu/publisher/missing_packets.hpp"

#include <algorithm>

namespace onair::sfu {

void MissingPackets::add(std::int64_t first, std::int64_t last, TimePoint now) {
  constexpr auto kMost = static_cast<std::int64_t>(kMax);
  if (last - first >= kMost) {
    const std::int64_t skipped = last - first + 1 - kMost;
    first += skipped;
    given_up_ += static_cast<std::uint64_t>(skipped - 1);
    give_up(first - 1);
  }
  const auto wanted = static_cast<std::size_t>(last - first + 1);
  const std::size_t excess = entries_.size() + wanted > kMax ? entries_.size() + wanted - kMax : 0;
  for (std::size_t i = 0; i < excess; ++i) give_up(entries_[i].sequence);
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(excess));
  for (std::int64_t sequence = first; sequence <= last; ++sequence) {
    entries_.push_back({.sequence = sequence, .since = now, .next_try = now, .first_try = now});
  }
  next_deadline_ = std::min(next_deadline_, now);
}

void MissingPackets::remove(std::int64_t sequence, TimePoint now) {
  const auto found = std::ranges::lower_bound(entries_, sequence, {}, &Entry::sequence);
  if (found == entries_.end() || found->sequence != sequence) return;
  if (found->tries > 0) note_answer(*found, now);
  entries_.erase(found);
  if (entries_.empty()) next_deadline_ = TimePoint::max();
}

void MissingPackets::give_up(std::int64_t sequence) {
  ++given_up_;
  last_given_up_ = std::max(last_given_up_.value_or(sequence), sequence);
}

void MissingPackets::clear() {
  entries_.clear();
  last_given_up_.reset();
  next_deadline_ = TimePoint::max();
}

std::size_t MissingPackets::write_requests(TimePoint now, std::span<std::uint16_t> out) {
  std::erase_if(entries_, [&](const Entry& entry) {
    const bool is_over =
        now - entry.since >= kTimeout || (entry.tries >= kMaxTries && entry.next_try <= now);
    if (is_over) give_up(entry.sequence);
    return is_over;
  });
  std::size_t asked = 0;
  next_deadline_ = TimePoint::max();
  for (Entry& entry : entries_) {
    if (entry.next_try <= now && asked < out.size()) {
      out[asked++] = static_cast<std::uint16_t>(entry.sequence);
      if (entry.tries++ == 0) entry.first_try = now;
      entry.next_try = now + spacing();
    }
    next_deadline_ = std::min({next_deadline_, entry.next_try, entry.since + kTimeout});
  }
  return asked;
}

Duration MissingPackets::spacing() const {
  if (!answer_time_) return kFirstSpacing;
  // A quarter more than usual: to ask twice costs the talker a second resend.
  return std::clamp(*answer_time_ + *answer_time_ / 4, kMinSpacing, kMaxSpacing);
}

void MissingPackets::note_answer(const Entry& entry, TimePoint now) {
  // After several tries nobody knows which one was answered. The first is taken: the time comes out
  // too long where a try was lost, which is seldom, and never so short that all are asked twice.
  const Duration took = now - entry.first_try;
  answer_time_ = answer_time_ ? *answer_time_ + (took - *answer_time_) / 8 : took;
}

}  // namespace onair::sfu
