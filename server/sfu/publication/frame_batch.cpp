#include "sfu/publication/frame_batch.hpp"

#include <algorithm>
#include <cstring>

#include "sfu/base/sequence.hpp"

namespace onair::sfu {
namespace {

/// The size that decides whether two packets can be segments of one send. Nearly all viewers take
/// abs-send-time, behind which a passed extension takes four bytes more.
std::size_t segment_size(const StoredPacket& packet) {
  const auto& extensions = packet.media.extensions;
  const bool extended =
      std::any_of(extensions.begin(), extensions.end(), [](auto& e) { return e.size != 0; });
  return packet.media.payload_size + (extended ? 4U : 0U);
}

bool may_pad(const StoredPacket& packet) {
  return packet.media.kind == MediaKind::video && packet.state == StoredPacket::State::held;
}

void pad(StoredPacket& packet, std::size_t size) {
  const std::size_t free = kMaxPayload - packet.media.payload_size;
  if (size == 0 || size > free) return;
  packet.padding = static_cast<std::uint8_t>(size);
  std::uint8_t* const at = &packet.media.payload_bytes[packet.media.payload_size];
  std::memset(at, 0, size);
  at[size - 1] = packet.padding;
}

}  // namespace

std::uint32_t absolute_send_time(TimePoint now) {
  using std::chrono::nanoseconds;
  constexpr std::int64_t kCycle = 64'000'000'000;
  const auto time = std::chrono::duration_cast<nanoseconds>(now.time_since_epoch()).count();
  const auto within = static_cast<std::uint64_t>((time % kCycle + kCycle) % kCycle);
  return static_cast<std::uint32_t>((within << 18) / 1'000'000'000);
}

bool FrameBatch::holds_key_frame() const {
  const auto begins = [](const Held& held) {
    const MediaPacket& media = held.packet->media;
    return media.begins_key_frame && media.sequence == held.sequence;
  };
  return std::any_of(video_.items.begin(), video_.items.begin() + video_.size, begins) ||
         std::any_of(prompt_.items.begin(), prompt_.items.begin() + prompt_.size, begins);
}

template <std::size_t kCapacity>
void FrameBatch::Queue<kCapacity>::drop_front(std::size_t count) {
  std::move(items.begin() + count, items.begin() + size, items.begin());
  size -= count;
}

template <std::size_t kCapacity>
void FrameBatch::enqueue(Queue<kCapacity>& queue, StoredPacket& packet, TimePoint now) {
  if (queue.size == kCapacity) {
    const Held& oldest = queue.front();
    if (oldest.packet->media.sequence == oldest.sequence) settle(*oldest.packet, now);
    queue.drop_front(1);
    ++overflowed_;
  }
  queue.items[queue.size++] = {&packet, packet.media.sequence, now};
}

bool FrameBatch::is_late(const MediaPacket& packet) const {
  return video_begun_ && distance(newest_video_, packet.sequence) < 0;
}

void FrameBatch::add(StoredPacket& packet, TimePoint now) {
  const MediaPacket& media = packet.media;
  if (media.kind == MediaKind::audio || is_late(media)) {
    enqueue(prompt_, packet, now);
    return;
  }
  // A frame has also ended when the next one begins: its last packet may be lost.
  if (video_begun_ && media.timestamp != newest_timestamp_) complete_ = video_.size;
  if (video_.size == kMaxVideo && complete_ > 0) --complete_;
  enqueue(video_, packet, now);
  if (media.marker) complete_ = video_.size;
  video_begun_ = true;
  newest_video_ = media.sequence;
  newest_timestamp_ = media.timestamp;
}

TimePoint FrameBatch::video_deadline() const {
  if (video_.size == 0) return TimePoint::max();
  const bool run_is_full = complete_ > 0 || video_.size >= kRunPackets;
  const TimePoint since = video_.front().since;
  return std::max(run_is_full ? since : since + kFrameHold, paced_until_);
}

TimePoint FrameBatch::next_deadline() const {
  if (prompt_.size == 0) return video_deadline();
  return std::min(video_deadline(), prompt_.front().since + kPromptHold);
}

std::size_t FrameBatch::video_available(TimePoint now) const {
  const bool held_enough = now >= video_.front().since + kFrameHold;
  return held_enough || video_.size >= kRunPackets ? video_.size : complete_;
}

void FrameBatch::release_video(TimePoint now) {
  const std::size_t available = video_available(now);
  run_size_ = std::max({run_size_, kRunPackets, (available + 3) / 4});
  const std::size_t count = std::min(available, run_size_);
  for (std::size_t i = 0; i < count; ++i) release_item(video_.items[i]);
  video_.drop_front(count);
  complete_ -= std::min(complete_, count);
  if (count >= kRunPackets) paced_until_ = now + kPace;
  if (count == available) run_size_ = 0;
}

void FrameBatch::release_item(const Held& held) {
  // The ring may have gone on, or been cleared.
  const bool is_there = held.packet->media.sequence == held.sequence &&
                        held.packet->state == StoredPacket::State::held;
  if (is_there) released_[released_size_++] = held.packet;
}

std::span<const StoredPacket* const> FrameBatch::release(TimePoint now) {
  released_size_ = 0;
  if (now < next_deadline()) return {};
  if (now >= video_deadline()) release_video(now);
  for (std::size_t i = 0; i < prompt_.size; ++i) release_item(prompt_.items[i]);
  prompt_.size = 0;
  const std::span released(released_.data(), released_size_);
  pad_to_equal_sizes(released);
  for (StoredPacket* const packet : released) settle(*packet, now);
  return released;
}

void FrameBatch::settle(StoredPacket& packet, TimePoint now) {
  if (packet.state != StoredPacket::State::held) return;
  packet.send_time = absolute_send_time(now);
  packet.state = StoredPacket::State::sent;
}

void FrameBatch::pad_to_equal_sizes(std::span<StoredPacket* const> packets) {
  for (std::size_t begin = 0; begin < packets.size();) {
    std::size_t least = segment_size(*packets[begin]);
    std::size_t most = least;
    std::size_t end = begin;
    for (; end < packets.size() && may_pad(*packets[end]); ++end) {
      const std::size_t size = segment_size(*packets[end]);
      if (std::max(most, size) - std::min(least, size) > kMaxPadding) break;
      least = std::min(least, size);
      most = std::max(most, size);
    }
    for (std::size_t i = begin; i < end; ++i) pad(*packets[i], most - segment_size(*packets[i]));
    begin = std::max(end, begin + 1);
  }
}

}  // namespace onair::sfu
