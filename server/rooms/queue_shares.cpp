#include "rooms/queue_shares.hpp"

namespace onair::rooms {
namespace {

/// Of a queue's bound, for each sender that is remembered: senders that come and go under new ids
/// grow the table no further.
constexpr std::size_t kBytesOfASender = 512;

}  // namespace

bool QueueShares::take(const SendQueue& queue, std::string_view sender, std::size_t cost) {
  const std::size_t after = queue.bytes + cost;
  if (queue.bytes == 0 || after <= queue.bound / 16) {
    by_sender_.clear();  // mostly empty already, which costs nothing
    return true;
  }
  if (after > queue.bound / 2) return false;
  const auto found = by_sender_.find(sender);
  const std::size_t used = found == by_sender_.end() ? 0 : found->second;
  if (used + cost > queue.bound / 8) return false;
  if (found != by_sender_.end()) {
    found->second += cost;
    return true;
  }
  if (by_sender_.size() >= queue.bound / kBytesOfASender) return false;
  by_sender_.emplace(sender, cost);
  return true;
}

}  // namespace onair::rooms
