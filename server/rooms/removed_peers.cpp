#include "rooms/removed_peers.hpp"

#include <algorithm>
#include <utility>

namespace onair::rooms {

void RemovedPeers::add(const std::string& room, const protocol::PeerId& peer, TimePoint now) {
  if (contains(room, peer)) return;
  if (size_ >= kMost) make_room(now);
  std::vector<Removed>& peers = rooms_[room];
  if (peers.size() >= kMostOfARoom) drop_oldest(peers, kMostOfARoom - 1);
  peers.push_back({peer, now});
  ++size_;
}

bool RemovedPeers::contains(const std::string& room, const protocol::PeerId& peer) const {
  const auto found = rooms_.find(room);
  return found != rooms_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&peer](const Removed& removed) { return removed.peer == peer; });
}

RemovedPeers::Rooms::iterator RemovedPeers::erase(Rooms::iterator room) {
  size_ -= room->second.size();
  return rooms_.erase(room);
}

void RemovedPeers::drop_oldest(std::vector<Removed>& peers, std::size_t left) {
  const std::size_t surplus = peers.size() - std::min(left, peers.size());
  peers.erase(peers.begin(), peers.begin() + static_cast<std::ptrdiff_t>(surplus));
  size_ -= surplus;
}

/// Makes room for many at once, since it looks at all of them.
void RemovedPeers::make_room(TimePoint now) {
  constexpr std::size_t left = kMost * 3 / 4;
  forget_expired(now);
  forget_closed_rooms(left);
  for (std::size_t most = kMostOfARoom / 2; size_ > left; most /= 2) {
    for (auto& [room, peers] : rooms_) drop_oldest(peers, most);
  }
  std::erase_if(rooms_, [](const auto& room) { return room.second.empty(); });
}

void RemovedPeers::forget_expired(TimePoint now) {
  for (auto& [room, peers] : rooms_) {
    size_ -= std::erase_if(
        peers, [now](const Removed& removed) { return removed.at + kResumeLifetime <= now; });
  }
}

/// The oldest first, until so many are left.
void RemovedPeers::forget_closed_rooms(std::size_t left) {
  std::vector<std::pair<TimePoint, std::string>> closed;
  for (const auto& [room, peers] : rooms_) {
    if (!peers.empty() && !is_open_(room)) closed.emplace_back(peers.back().at, room);
  }
  std::sort(closed.begin(), closed.end());
  for (const auto& [at, room] : closed) {
    if (size_ <= left) return;
    erase(rooms_.find(room));
  }
}

}  // namespace onair::rooms
