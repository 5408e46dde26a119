#include "cluster/deliveries.hpp"

#include <iterator>
#include <limits>

namespace onair::cluster {
namespace {

/// Bytes of an entry and its keys beside the frame, of which the entry may be the last owner.
constexpr std::size_t kEntryBytes = 512;

std::size_t cost_of(const rooms::DirectedFrame& directed) {
  return kEntryBytes + directed.frame->cost();
}

}  // namespace

DeliveryNumber Deliveries::add(const rooms::DirectedFrame& directed, TimePoint until) {
  entries_.emplace(++last_, Entry{{directed, until}, generation_});
  by_sender_.emplace(directed.from, last_);
  usage_.add(directed.from, cost_of(directed));
  while (usage_.total() > kMaxBytes) erase_newest_of(usage_.heaviest());
  return last_;
}

void Deliveries::erase_newest_of(const protocol::PeerId& sender) {
  const auto behind = by_sender_.upper_bound({sender, std::numeric_limits<DeliveryNumber>::max()});
  erase(std::prev(behind)->second);
}

const PendingDelivery* Deliveries::find(DeliveryNumber number) const {
  const auto entry = entries_.find(number);
  return entry == entries_.end() ? nullptr : &entry->second.delivery;
}

void Deliveries::erase(DeliveryNumber number) {
  const auto entry = entries_.find(number);
  if (entry == entries_.end()) return;
  end_wait(entry);
  const rooms::DirectedFrame& directed = entry->second.delivery.directed;
  by_sender_.erase({directed.from, number});
  usage_.remove(directed.from, cost_of(directed));
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

bool Deliveries::is_consistent() const {
  std::size_t bytes = 0;
  for (const auto& [number, entry] : entries_) {
    const rooms::DirectedFrame& directed = entry.delivery.directed;
    bytes += cost_of(directed);
    const bool waits = waiting_.contains({directed.to, number});
    if (waits != due_.contains(number) || !by_sender_.contains({directed.from, number})) {
      return false;
    }
  }
  const bool no_more = by_sender_.size() == entries_.size() && due_.all().size() == waiting_.size();
  return no_more && bytes == usage_.total() && bytes <= kMaxBytes;
}

}  // namespace onair::cluster
