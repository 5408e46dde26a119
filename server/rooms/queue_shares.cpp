#include "rooms/queue_shares.hpp"

#include <algorithm>
#include <utility>

namespace onair::rooms {
namespace {

bool is_short(const SendQueue& queue, std::size_t cost) {
  return queue.bytes == 0 || queue.bytes + cost <= queue.bound / 16;
}

}  // namespace

bool QueueShares::take(const SendQueue& queue, std::string_view sender, std::size_t cost) {
  const std::size_t after = queue.bytes + cost;
  if (is_short(queue, cost)) {
    by_sender_.clear();  // mostly empty already, which costs nothing
    return true;
  }
  if (after > queue.bound / 2 && sender != kFarewells) return false;
  const auto found = by_sender_.find(sender);
  const std::size_t used = found == by_sender_.end() ? 0 : found->second;
  if (used + cost > queue.bound / 8) return false;
  if (found == by_sender_.end()) {
    if (by_sender_.size() >= kMostSenders) {
      by_sender_.erase(std::min_element(
          by_sender_.begin(), by_sender_.end(),
          [](const auto& one, const auto& other) { return one.second < other.second; }));
    }
    by_sender_.emplace(sender, cost);
  } else {
    found->second += cost;
  }
  return true;
}

void QueueShares::put_off(const Frame& farewell, std::size_t bound) {
  if ((put_off_.size() + 1) * farewell->cost() <= bound / 8) put_off_.push_back(farewell);
}

std::vector<Frame> QueueShares::take_put_off(const SendQueue& queue, std::string_view sender) {
  if (put_off_.empty()) return {};
  if (is_short(queue, 0)) return std::exchange(put_off_, {});
  if (sender.empty()) return {};
  const std::string id = '"' + std::string(sender) + '"';
  std::vector<Frame> about_it;
  std::erase_if(put_off_, [&](const Frame& farewell) {
    if (farewell->text().find(id) == std::string_view::npos) return false;
    about_it.push_back(farewell);
    return true;
  });
  return about_it;
}

}  // namespace onair::rooms
