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
  if (due_.all().size() >= kMaxWaiting) {
    entries_.erase(entry);
    return;
  }
  entry->second.generation = generation_;
  due_.set(number, until);
  waiting_.emplace(entry->second.delivery.directed.to, number);
}

void Deliveries::end_wait(Entries::iterator entry) {
  due_.erase(entry->first);
  waiting_.erase({entry->second.delivery.directed.to, entry->first});
}

bool Deliveries::any_waits_for(const protocol::PeerId& peer) const {
  const auto first = waiting_.lower_bound({peer, 0});
  return first != waiting_.end() && first->first == peer;
}

void Deliveries::retry_now(const protocol::PeerId& peer, TimePoint now) {
  for (auto it = waiting_.lower_bound({peer, 0}); it != waiting_.end() && it->first == peer; ++it) {
    due_.set(it->second, now);
  }
}

std::optional<DeliveryNumber> Deliveries::take_due(TimePoint now) {
  const auto number = due_.take_due(now);
  if (number) end_wait(entries_.find(*number));
  return number;
}

void Deliveries::assume_delivered() {
  ++generation_;
  while (!entries_.empty() && entries_.begin()->second.generation + 1 < generation_) {
    erase(entries_.begin()->first);
  }
}

}  // namespace onair::cluster
