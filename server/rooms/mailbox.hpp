// What is said to members that are away, until they are back.
#pragma once

#include <cstddef>
#include <vector>

#include "rooms/frame.hpp"

namespace onair::rooms {

/// What a hub keeps for all its members.
struct Keeping {
  std::size_t most_frames = 1'024;      ///< for one member
  std::size_t most_bytes = 67'108'864;  ///< for all together
  std::size_t bytes = 0;
};

/// What was said to one member. Once that is too much, none of it: a part would mislead, where
/// clients ask anew for what they miss.
class Mailbox {
 public:
  /// `keeping` outlives this.
  explicit Mailbox(Keeping& keeping) : keeping_(keeping) {}
  ~Mailbox() { clear(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void put(const Frame& frame);

  /// All of it, in its order.
  std::vector<Frame> take();

 private:
  void clear();

  Keeping& keeping_;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
  std::vector<Frame> frames_;
};

}  // namespace onair::rooms
