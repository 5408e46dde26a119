// Buffers for members that are away, until they are back and have read all of it.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "rooms/frame.hpp"
#include "rooms/queue_shares.hpp"

namespace onair::rooms {

/// The bounds of all mailboxes of one hub, and what they use.
struct BufferBudget {
  std::size_t most_frames = 1'024;      ///< for one member
  std::size_t most_bytes = 33'554'432;  ///< for all together
  std::size_t bytes = 0;
  /// For one member, so that one alone can't leave nothing for the others.
  std::size_t most_bytes_of_one = 8'388'608;
};

/// The frames for one member. On overflow everything is dropped, not just the tail: a client that
/// gets nothing asks again, one that gets half does not.
class Mailbox {
 public:
  /// `budget` outlives this.
  explicit Mailbox(BufferBudget& budget) : budget_(budget) {}
  ~Mailbox() { clear(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void put(const Frame& frame);

  /// The same for a frame that counts towards its sender's share. False where that is used up.
  bool put_counted(const Frame& frame);

  /// Puts frames that were buffered at two hubs into an empty mailbox, each with bounds of its own.
  /// Nothing remains where they are more than that.
  void refill(const std::vector<Frame>& frames);

  /// Empties it. Gives the frames in their order.
  std::vector<Frame> take();

  bool empty() const { return frames_.empty(); }
  bool has_overflowed() const { return overflowed_; }
  const Frame& front() const { return frames_.front(); }
  /// Takes the first frame.
  Frame pop();

 private:
  void add(const Frame& frame);
  void clear();

  BufferBudget& budget_;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
  std::deque<Frame> frames_;
  QueueShares shares_;
};

}  // namespace onair::rooms
