#include "net/nats/backlog.hpp"

#include <iterator>
#include <limits>
#include <variant>

#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

using Bus = rooms::ThreadBus;

/// Bytes of an entry and its keys beside the frame, of which the entry may be the last owner.
constexpr std::size_t kEntryBytes = 512;

/// Of the messages that carry a client's frame; null for the others.
const rooms::SharedFrame* frame_in(const Bus::Message& message) {
  if (const auto* broadcast = std::get_if<Bus::Broadcast>(&message)) return broadcast->frame.get();
  const auto* directed = std::get_if<rooms::DirectedFrame>(&message);
  return directed == nullptr ? nullptr : directed->frame.get();
}

}  // namespace

bool Backlog::add(rooms::HubId from, Bus::Batch batch) {
  const std::lock_guard lock(mutex_);
  for (Bus::Message& message : batch) {
    Entry entry{from, std::move(message)};
    if (const rooms::SharedFrame* const frame = frame_in(entry.message)) {
      entry.sender = frame->counts_for();
      entry.cost = kEntryBytes + frame->cost();
    }
    const Entry& added = entries_.emplace(++last_, std::move(entry)).first->second;
    if (added.sender.empty()) continue;
    by_sender_.emplace(added.sender, last_);
    usage_.add(added.sender, added.cost);
    while (usage_.total() > most_bytes_) drop_newest_of(std::string(usage_.heaviest()));
  }
  return !std::exchange(is_handled_, true);
}

void Backlog::drop_newest_of(const std::string& sender) {
  const auto behind = by_sender_.upper_bound({sender, std::numeric_limits<Number>::max()});
  const auto entry = entries_.find(std::prev(behind)->second);
  forget_cost(entry->first, entry->second);
  entries_.erase(entry);
  if (std::exchange(has_dropped_, true)) return;
  spdlog::warn("event=bus_backlog action=drop bytes={} sender={}", usage_.total(), sender);
}

void Backlog::forget_cost(Number number, const Entry& entry) {
  if (entry.sender.empty()) return;
  by_sender_.erase({entry.sender, number});
  usage_.remove(entry.sender, entry.cost);
}

Backlog::Part Backlog::take() {
  const std::lock_guard lock(mutex_);
  Part part;
  if (entries_.empty()) {
    is_handled_ = has_dropped_ = false;
    return part;
  }
  part.from = entries_.begin()->second.from;
  while (!entries_.empty() && part.batch.size() < kAtOnce) {
    const auto first = entries_.begin();
    if (first->second.from != part.from) break;
    forget_cost(first->first, first->second);
    part.batch.push_back(std::move(first->second.message));
    entries_.erase(first);
  }
  return part;
}

}  // namespace onair::net
