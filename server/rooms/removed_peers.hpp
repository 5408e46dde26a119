// Peers that were removed from a room, whose resume tokens are void.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "protocol/message.hpp"

namespace onair::rooms {

/// Bounded: beyond the bound of one room it forgets the oldest of that room, so that nobody makes
/// it forget those of another; beyond the bound of rooms, the oldest room.
class RemovedPeers {
 public:
  static constexpr std::size_t kMostOfARoom = 1'000;
  static constexpr std::size_t kMostRooms = 10'000;

  void add(const std::string& room, const protocol::PeerId& peer) {
    const auto [found, is_new] = rooms_.try_emplace(room);
    if (is_new) in_order_.push_back(room);
    Peers& peers = found->second;
    if (std::find(peers.begin(), peers.end(), peer) != peers.end()) return;
    peers.push_back(peer);
    if (peers.size() > kMostOfARoom) peers.pop_front();
    if (rooms_.size() <= kMostRooms) return;
    rooms_.erase(in_order_.front());
    in_order_.pop_front();
  }

  bool contains(const std::string& room, const protocol::PeerId& peer) const {
    const auto found = rooms_.find(room);
    return found != rooms_.end() &&
           std::find(found->second.begin(), found->second.end(), peer) != found->second.end();
  }

 private:
  using Peers = std::deque<protocol::PeerId>;
  std::map<std::string, Peers> rooms_;
  std::deque<std::string> in_order_;
};

}  // namespace onair::rooms
