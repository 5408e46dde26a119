// Packets on their way to the viewers, gathered so that each viewer gets a frame by one send.
//
// Video waits for the end of its frame, 20 ms at most. A frame of more than ten packets goes out in
// runs, 5 ms apart: the narrow link of a viewer loses what comes in one burst. A run is a quarter
// of what waits where that is more than ten, so that pacing costs a packet 20 ms at most.
//
// Audio waits 5 ms at most, in case the frame that is being held ends meanwhile: then it is the
// short last segment of that frame's send, and costs none of its own. Listeners' jitter buffers
// work in steps of 10 ms, so that it is inaudible. Video that comes late, for which viewers are
// already waiting, is treated like audio.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sfu/base/time.hpp"
#include "sfu/rtp/packet_ring.hpp"

namespace onair::sfu {

class FrameBatch {
 public:
  static constexpr Duration kFrameHold = std::chrono::milliseconds(20);
  static constexpr Duration kPromptHold = std::chrono::milliseconds(5);
  static constexpr Duration kPace = std::chrono::milliseconds(5);
  static constexpr std::size_t kRunPackets = 10;
  /// How many packets of video are held. The oldest of more is not sent; a viewer that misses it
  /// can ask for it.
  static constexpr std::size_t kMaxVideo = 512;  // as many as a tick of the loop reads
  static constexpr std::size_t kMaxPrompt = 64;
  /// The most that release() gives at once.
  static constexpr std::size_t kMaxReleased = kMaxVideo / 4 + kMaxPrompt;
  /// At most so much padding makes packets of video equal in size, in bytes.
  static constexpr std::size_t kMaxPadding = 16;

  /// The packet was just published; its ring outlives the batch.
  void add(StoredPacket& packet, TimePoint now);

  /// When to call release(). TimePoint::max() if nothing is held.
  TimePoint next_deadline() const;

  /// The packets to send now, each in its final form. Valid until the next call of add() or
  /// release(). Empty before the deadline.
  std::span<const StoredPacket* const> release(TimePoint now);

  /// True while the first packet of a key frame waits.
  bool holds_key_frame() const;

  /// How many packets were not sent since too many were held.
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Held {
    StoredPacket* packet;
    std::uint32_t sequence;  ///< the slot may hold another packet by the time of release()
    TimePoint since;
  };
  /// A queue within an array.
  template <std::size_t kCapacity>
  struct Queue {
    std::array<Held, kCapacity> items;
    std::size_t size = 0;

    Held& front() { return items[0]; }
    const Held& front() const { return items[0]; }
    void drop_front(std::size_t count);
  };

  template <std::size_t kCapacity>
  void enqueue(Queue<kCapacity>& queue, StoredPacket& packet, TimePoint now);
  bool is_late(const MediaPacket& packet) const;
  TimePoint video_deadline() const;
  std::size_t video_available(TimePoint now) const;
  void release_video(TimePoint now);
  void release_item(const Held& held);
  /// Gives the packet its final form.
  static void settle(StoredPacket& packet, TimePoint now);
  static void pad_to_equal_sizes(std::span<StoredPacket* const> packets);

  Queue<kMaxVideo> video_;
  Queue<kMaxPrompt> prompt_;
  std::size_t complete_ = 0;  ///< how many of `video_` belong to frames that have ended
  std::array<StoredPacket*, kMaxReleased> released_{};
  std::size_t released_size_ = 0;

  bool video_begun_ = false;
  std::uint32_t newest_video_ = 0;
  std::uint32_t newest_timestamp_ = 0;

  std::size_t run_size_ = 0;  ///< of the frame that is being sent in runs; 0: none
  TimePoint paced_until_ = TimePoint::min();
  std::uint64_t overflowed_ = 0;
};

/// A time as the header extension abs-send-time has it: seconds modulo 64, in 1/2^18 s.
/// http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
std::uint32_t absolute_send_time(TimePoint now);

}  // namespace onair::sfu
