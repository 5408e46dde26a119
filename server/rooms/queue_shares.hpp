// Shares of a member's send queue that other members may fill: the sender that fills it pays for
// it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rooms/frame.hpp"
#include "rooms/link.hpp"

namespace onair::rooms {

/// Counts what each sender has put into one queue since the queue was last short. Of a queue's
/// bound, one sender may fill an eighth and all together a half. The news of members that have left
/// have an eighth beside that, since whoever comes and goes causes them. The rest is for the
/// server's other frames and for what talkers send to the room. So a viewer can't get a talker cut
/// off as a slow consumer, and one that tries is refused before it is in the way of others.
class QueueShares {
 public:
  /// Of more senders than these, the one that has put in least is forgotten.
  static constexpr std::size_t kMostSenders = 1'024;

  /// Counts a frame of `cost` bytes (SharedFrame::cost). False where the sender, or all of them
  /// together, have filled their share. An empty queue takes any frame.
  bool take(const SendQueue& queue, std::string_view sender, std::size_t cost);

  /// Keeps the news that a member has left, for which the queue had no room. What would be more
  /// than an eighth of the queue is dropped: the peers' connection tells too that one is gone.
  void put_off(const Frame& farewell, std::size_t bound);
  /// Takes what was put off: all of it where the queue is short again, else what is about the
  /// sender of a frame that comes now, which would be taken to be about a later visit.
  std::vector<Frame> take_put_off(const SendQueue& queue, std::string_view sender);

  std::size_t senders() const { return by_sender_.size(); }

 private:
  std::vector<Frame> put_off_;
  std::map<std::string, std::size_t, std::less<>> by_sender_;
};

}  // namespace onair::rooms
