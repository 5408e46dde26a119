#include "rooms/mailbox.hpp"

#include <algorithm>
#include <utility>

namespace onair::rooms {

void Mailbox::put(const Frame& frame) {
  if (overflowed_) return;
  const std::size_t bytes = frame->cost();
  if (frames_.size() >= budget_.most_frames || bytes_ + bytes > budget_.most_bytes_of_one) {
    return overflow();
  }
  if (budget_.bytes + bytes > budget_.most_bytes) budget_.make_place(bytes);
  if (overflowed_) return;  // it was of the room with the most
  if (budget_.bytes + bytes > budget_.most_bytes) return overflow();
  add(frame);
}

void Mailbox::overflow() {
  clear();
  overflowed_ = true;
}

bool Mailbox::put_counted(const Frame& frame) {
  // The share is one of frames and of bytes: every frame counts as at least its share of all bytes.
  const std::size_t bound = budget_.most_bytes_of_one;
  const std::size_t least = bound / std::max<std::size_t>(budget_.most_frames, 1);
  const SendQueue queue{std::max(bytes_, frames_.size() * least), bound};
  if (!shares_.take(queue, frame->counts_for(), std::max(frame->cost(), least))) return false;
  put(frame);
  return true;
}

void Mailbox::refill(const std::vector<Frame>& frames) {
  for (const Frame& frame : frames) add(frame);
  if (frames.size() > 2 * budget_.most_frames || bytes_ > 2 * budget_.most_bytes_of_one) {
    return clear();
  }
  if (budget_.bytes > budget_.most_bytes) budget_.make_place(0);
  overflowed_ = false;  // where it was of the room with the most, nothing of it has been sent yet
}

void Mailbox::add(const Frame& frame) {
  const std::size_t bytes = frame->cost();
  frames_.push_back(frame);
  bytes_ += bytes;
  budget_.bytes += bytes;
  BufferBudget::Use& use = budget_.by_room[room_];
  use.bytes += bytes;
  use.mailboxes.insert(this);
}

/// Takes so many bytes of its own out of the budget.
void Mailbox::remove(std::size_t bytes) {
  bytes_ -= bytes;
  budget_.bytes -= bytes;
  const auto use = budget_.by_room.find(room_);
  if (use == budget_.by_room.end()) return;
  use->second.bytes -= bytes;
  if (frames_.empty()) use->second.mailboxes.erase(this);
  if (use->second.mailboxes.empty()) budget_.by_room.erase(use);
}

Frame Mailbox::pop() {
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  remove(frame->cost());
  return frame;
}

std::vector<Frame> Mailbox::take() {
  std::vector<Frame> all(frames_.begin(), frames_.end());
  clear();
  return all;
}

void Mailbox::clear() {
  frames_ = {};
  if (bytes_ > 0) remove(bytes_);
}

void BufferBudget::make_place(std::size_t more) {
  std::vector<std::pair<std::size_t, std::string>> rooms;
  for (const auto& [room, use] : by_room) rooms.emplace_back(use.bytes, room);
  std::sort(rooms.rbegin(), rooms.rend());
  for (const auto& [used, room] : rooms) {
    if (bytes + more <= most_bytes - most_bytes / 8) return;
    const std::set<Mailbox*> mailboxes = by_room[room].mailboxes;
    for (Mailbox* mailbox : mailboxes) mailbox->overflow();
  }
}

}  // namespace onair::rooms
