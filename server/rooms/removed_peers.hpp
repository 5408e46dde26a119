// Peers that were removed from a room, whose resume tokens are void.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/time.hpp"
#include "rooms/timeouts.hpp"

namespace onair::rooms {

/// Bounded in two ways, so that nobody makes it forget the removed peers of another's room. A room
/// that has too many loses its oldest. If all rooms together have too many, those that are open
/// here and those that are not each keep a half at least: who opens rooms pushes nothing out of
/// closed ones, nor the other way round. Of either kind, whoever has removed most loses first, down
/// to kMostOfARoom; then the rooms with the most lose their oldest, down to kKept; then the rooms
/// that began last lose all of theirs.
class RemovedPeers {
 public:
  static constexpr std::size_t kMostOfARoom = 256;
  static constexpr std::size_t kMost = 16'384;
  static constexpr std::size_t kKept = 16;
  using IsOpen = std::function<bool(const std::string& room)>;

  explicit RemovedPeers(IsOpen is_open) : is_open_(std::move(is_open)) {}

  /// `by` is the address of whoever removed the peer; empty: whoever is in this room.
  void add(const std::string& room, const protocol::PeerId& peer, TimePoint now,
           const std::string& by = {});
  bool contains(const std::string& room, const protocol::PeerId& peer) const;
  std::size_t size() const { return size_; }

 private:
  struct Removed {
    protocol::PeerId peer;
    TimePoint at;
    std::string by;  ///< an address; empty: the room
  };
  using Rooms = std::map<std::string, std::vector<Removed>>;

  void drop_oldest(std::vector<Removed>& peers, std::size_t left);
  void make_room(TimePoint now);
  void forget_expired(TimePoint now);
  void cut(std::vector<Rooms::iterator>& rooms, std::size_t left);
  void cut_removers(std::vector<Rooms::iterator>& rooms, std::size_t left);

  IsOpen is_open_;
  Rooms rooms_;  ///< the first of each room is its oldest
  std::size_t size_ = 0;
};

}  // namespace onair::rooms
