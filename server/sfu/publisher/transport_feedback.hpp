// Reports to a talker about the arrival of its packets, so that its congestion control works
// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "sfu/base/time.hpp"
#include "sfu/rtp/rtcp.hpp"

namespace onair::sfu {

/// The arrival times of one connection's packets, of all its streams, and the messages about them.
/// All memory is in the object.
class TransportFeedbackLog {
 public:
  /// From the first packet to the message about it and those that came meanwhile.
  static constexpr Duration kInterval = std::chrono::milliseconds(50);
  /// The same while there are fewer than kFew packets.
  static constexpr Duration kSlowInterval = std::chrono::milliseconds(100);
  static constexpr std::size_t kFew = 5;
  /// How many packets one message speaks of at most: it fits a datagram of 1,200 bytes whatever
  /// became of them.
  static constexpr std::size_t kMaxStatuses = 480;
  /// How far behind the newest a packet may come. A greater step forward begins anew; one backward
  /// does if the next packet goes on from it.
  static constexpr std::int64_t kWindow = 1'024;

  /// A packet came with this transport-wide number. One that comes twice counts once.
  void receive(std::uint16_t sequence, TimePoint arrived);

  /// TimePoint::max() if there is nothing to tell.
  TimePoint next_deadline() const;
  /// Writes one message about the packets that were not reported yet, oldest first, if it is due.
  /// False if there is nothing to tell or no room. Is called again while it says true: the packets
  /// may need several messages.
  bool write(RtcpWriter& out, std::uint32_t sender_ssrc, std::uint32_t media_ssrc, TimePoint now);

 private:
  struct Arrival {
    std::int64_t sequence = std::numeric_limits<std::int64_t>::min();  ///< none came
    std::int64_t ticks = 0;  ///< of 250 µs, since the clock's epoch
  };
  struct Message {
    TransportFeedbackInfo info;
    std::array<std::uint8_t, kMaxStatuses> symbols;
    std::array<std::uint8_t, kMaxStatuses * 2> deltas;
    std::size_t deltas_size = 0;
    std::int64_t end = 0;  ///< the first number that it doesn't speak of
  };

  std::optional<std::int64_t> unwrap(std::uint16_t sequence);
  void begin(std::int64_t sequence);
  Arrival& slot_of(std::int64_t sequence) {
    return arrivals_[static_cast<std::size_t>(sequence & (kWindow - 1))];
  }
  void collect(Message& message, std::int64_t highest);

  std::array<Arrival, static_cast<std::size_t>(kWindow)> arrivals_{};
  std::optional<std::int64_t> highest_;
  std::optional<std::uint16_t> step_to_;
  std::int64_t next_ = 0;    ///< the first number that was not reported yet
  std::size_t pending_ = 0;  ///< packets that came since the last message
  TimePoint first_pending_;
  std::uint8_t feedback_count_ = 0;
};

}  // namespace onair::sfu
