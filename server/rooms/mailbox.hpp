// Buffers for members that are away, until they are back.
#pragma once

#include <cstddef>
#include <vector>

#include "rooms/frame.hpp"

namespace onair::rooms {

/// The bounds of all mailboxes of one hub, and what they use.
struct BufferBudget {
  std::size_t most_frames = 1'024;      ///< for one member
  std::size_t most_bytes = 67'108'864;  ///< for all together
  std::size_t bytes = 0;
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

  /// Empties it. Gives the frames in their order.
  std::vector<Frame> take();

 private:
  void clear();

  BufferBudget& budget_;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
  std::vector<Frame> frames_;
};

}  // namespace onair::rooms
