#include "cluster/deliveries.hpp"

#include <cstddef>

namespace onair::cluster {

namespace {

/// Bound of the entries that wait for peers that are expected, or for the wire.
constexpr std::size_t kMaxWaiting = 4'096;

}  // namespace

DeliveryNumber Deliveries::add(const rooms::DirectedFrame& directed, TimePoint until) {
  entries_.emplace(++last_, Entry{{directed, until}, generation_});
  return last_;
}

const Delivery* Deliveries::find(DeliveryNumber number) const {
  const auto entry = entries_.find(number);
  return entry == entries_.end() ? nullptr : &entry->second.delivery;
}

void Deliveries::erase(DeliveryNumber number) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end()) return;
  end_wait(entry);
  entries_.erase(entry);
}

void Deliveries::note_sent(DeliveryNumber number) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end()) return;
  ++entry->second.delivery.tries;
  entry->second.generation = generation_;
}

void Deliveries::wait(DeliveryNumber number, TimePoint until) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end()) return;
  end_wait(entry);
  if (due_.size() >= kMaxWaiting) {
    entries_.erase(entry);
    return;
  }
  entry->second.generation = generation_;
  entry->second.due = until;
  due_.emplace(until, number);
  waiting_[entry->second.delivery.directed.to].insert(number);
}

void Deliveries::end_wait(Entries::iterator entry) {
  if (!entry->second.due) return;
  due_.erase({*entry->second.due, entry->first});
  entry->second.due.reset();
  const auto waiting = waiting_.find(entry->second.delivery.directed.to);
  waiting->second.erase(entry->first);
  if (waiting->second.empty()) waiting_.erase(waiting);
}

void Deliveries::retry_now(const protocol::PeerId& peer, TimePoint now) {
  const auto waiting = waiting_.find(peer);
  if (waiting == waiting_.end()) return;
  for (const DeliveryNumber number : waiting->second) {
    Entry& entry = entries_.at(number);
    due_.erase({*entry.due, number});
    entry.due = now;
    due_.emplace(now, number);
  }
}

std::optional<DeliveryNumber> Deliveries::take_due(TimePoint now) {
  if (due_.empty() || due_.begin()->first > now) return std::nullopt;
  const DeliveryNumber number = due_.begin()->second;
  end_wait(entries_.find(number));
  return number;
}

std::optional<TimePoint> Deliveries::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void Deliveries::assume_delivered() {
  ++generation_;
  while (!entries_.empty() && entries_.begin()->second.generation + 1 < generation_) {
    const auto oldest = entries_.begin();
    end_wait(oldest);
    entries_.erase(oldest);
  }
}

}  // namespace onair::cluster
