// Orders that wait for the wire.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "cluster/usage.hpp"
#include "rooms/bus.hpp"

namespace onair::cluster {

/// Bounded in number, and so in bytes: ids and names of rooms have bounds too. Beyond it, the room
/// with the most loses its oldest, so that nobody pushes the orders of another's room out.
class QueuedOrders {
 public:
  static constexpr std::size_t kMost = 1'000;

  void push(const rooms::Order& order) {
    orders_.push_back(order);
    by_room_.add(order.room, 1);
    if (orders_.size() <= kMost) return;
    const std::string room = by_room_.heaviest();
    by_room_.remove(room, 1);
    orders_.erase(std::find_if(orders_.begin(), orders_.end(),
                               [&room](const rooms::Order& each) { return each.room == room; }));
  }
  std::vector<rooms::Order> take_all() {
    by_room_ = {};
    return std::exchange(orders_, {});
  }
  std::size_t size() const { return orders_.size(); }

 private:
  std::vector<rooms::Order> orders_;
  Usage by_room_;
};

}  // namespace onair::cluster
