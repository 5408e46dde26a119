// Shares of a member's send queue that other members may fill: the sender that fills it pays for
// it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "rooms/link.hpp"

namespace onair::rooms {

/// Counts what each sender has put into one queue since the queue was last short. Of a queue's
/// bound, one sender may fill an eighth and all together a half: the rest is for the server's own
/// frames and for what talkers send to the room. So a viewer can't get a talker cut off as a slow
/// consumer, and one that tries is refused before it is in the way of others.
class QueueShares {
 public:
  /// Counts a frame of `cost` bytes (SharedFrame::cost). False where the sender, or all of them
  /// together, have filled their share. An empty queue takes any frame.
  bool take(const SendQueue& queue, std::string_view sender, std::size_t cost);

 private:
  std::map<std::string, std::size_t, std::less<>> by_sender_;
};

}  // namespace onair::rooms
