#include "rooms/removed_peers.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace onair::rooms {

void RemovedPeers::add(const std::string& room, const protocol::PeerId& peer, TimePoint now,
                       const std::string& by) {
  if (contains(room, peer)) return;
  if (size_ >= kMost) make_room(now);
  std::vector<Removed>& peers = rooms_[room];
  if (peers.size() >= kMostOfARoom) drop_oldest(peers, kMostOfARoom - 1);
  peers.push_back({peer, now, by});
  ++size_;
}

bool RemovedPeers::contains(const std::string& room, const protocol::PeerId& peer) const {
  const auto found = rooms_.find(room);
  return found != rooms_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&peer](const Removed& removed) { return removed.peer == peer; });
}

void RemovedPeers::drop_oldest(std::vector<Removed>& peers, std::size_t left) {
  const std::size_t surplus = peers.size() - std::min(left, peers.size());
  peers.erase(peers.begin(), peers.begin() + static_cast<std::ptrdiff_t>(surplus));
  size_ -= surplus;
}

namespace {

template <typename Rooms>
std::size_t sum_of(const Rooms& rooms) {
  return std::accumulate(rooms.begin(), rooms.end(), std::size_t{0},
                         [](std::size_t sum, auto room) { return sum + room->second.size(); });
}

}  // namespace

/// Makes room for many at once, since it looks at all of them.
void RemovedPeers::make_room(TimePoint now) {
  constexpr std::size_t left = kMost * 3 / 4;
  forget_expired(now);
  std::vector<Rooms::iterator> open, closed;
  for (auto room = rooms_.begin(); room != rooms_.end(); ++room) {
    (is_open_(room->first) ? open : closed).push_back(room);
  }
  const std::size_t of_open = sum_of(open);
  const std::size_t of_closed = sum_of(closed);
  cut(open, std::max(left / 2, left - std::min(left, of_closed)));
  cut(closed, std::max(left / 2, left - std::min(left, of_open)));
  std::erase_if(rooms_, [](const auto& room) { return room.second.empty(); });
}

void RemovedPeers::forget_expired(TimePoint now) {
  for (auto& [room, peers] : rooms_) {
    size_ -= std::erase_if(
        peers, [now](const Removed& removed) { return removed.at + kResumeLifetime <= now; });
  }
  std::erase_if(rooms_, [](const auto& room) { return room.second.empty(); });
}

/// Until these rooms have no more than `left`, or nobody has removed more than kMostOfARoom of
/// them: one that removes in many rooms, a few in each, pushes out no others.
void RemovedPeers::cut_removers(std::vector<Rooms::iterator>& rooms, std::size_t left) {
  std::sort(rooms.begin(), rooms.end(), [](const auto& one, const auto& other) {
    return one->second.size() > other->second.size();
  });
  std::map<std::string, std::size_t> removed_by;
  for (const auto& room : rooms) {
    for (const Removed& removed : room->second) ++removed_by[removed.by];
  }
  for (std::size_t most = kMost / 2; sum_of(rooms) > left && most >= kMostOfARoom; most /= 2) {
    for (const auto& room : rooms) {
      size_ -= std::erase_if(room->second, [&](const Removed& removed) {
        std::size_t& count = removed_by[removed.by];
        if (removed.by.empty() || count <= most) return false;
        --count;
        return true;
      });
    }
  }
  std::erase_if(rooms, [](const auto& room) { return room->second.empty(); });
}

/// Until these rooms have no more than `left`.
void RemovedPeers::cut(std::vector<Rooms::iterator>& rooms, std::size_t left) {
  cut_removers(rooms, left);
  std::size_t sum = sum_of(rooms);
  for (std::size_t most = kMostOfARoom / 2; sum > left && most >= kKept; most /= 2) {
    for (const auto& room : rooms) drop_oldest(room->second, most);
    sum = sum_of(rooms);
  }
  std::sort(rooms.begin(), rooms.end(), [](const auto& a, const auto& b) {
    const auto began = [](const auto& room) { return room->second.front().at; };
    return began(a) != began(b) ? began(a) > began(b) : a->first < b->first;
  });
  for (const auto& room : rooms) {
    if (sum <= left) return;
    sum -= room->second.size();
    drop_oldest(room->second, 0);
  }
}

}  // namespace onair::rooms
