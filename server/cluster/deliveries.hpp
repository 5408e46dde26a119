// Retry queue for frames sent to one peer on another process. A peer that has just moved may be
// unknown there for a moment. Bookkeeping only; the gateway does the I/O.
//
// It has a bound in bytes. Beyond it, who has the most in it loses its newest frame, as on a bad
// network: clients ask anew. Others lose nothing by a sender that fills it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/schedule.hpp"
#include "cluster/usage.hpp"
#include "rooms/bus.hpp"

namespace onair::cluster {

using rooms::TimePoint;

/// Numbers the deliveries of one process, counting up.
using DeliveryNumber = std::uint64_t;

struct PendingDelivery {
  rooms::DirectedFrame directed;
  TimePoint until;  ///< when it is given up
  int tries = 0;    ///< times it was sent
};

class Deliveries {
 public:
  /// Bound of all frames, each with what it takes beside its text.
  static constexpr std::size_t kMaxBytes = 16U << 20;

  /// The frame may be lost at once, where its sender has the most here and no more fits.
  DeliveryNumber add(const rooms::DirectedFrame& directed, TimePoint until);

  /// Null where it was received, given up or lost meanwhile. Valid until it is erased.
  const PendingDelivery* find(DeliveryNumber number) const;
  void erase(DeliveryNumber number);

  void note_sent(DeliveryNumber number);

  /// Makes it due again at that time.
  void wait(DeliveryNumber number, TimePoint until);
  bool any_waits_for(const protocol::PeerId& peer) const;
  /// Makes due now whatever waits for the peer.
  void retry_now(const protocol::PeerId& peer, TimePoint now);
  /// Takes the first that is due, no longer waiting.
  std::optional<DeliveryNumber> take_due(TimePoint now);
  std::optional<TimePoint> next_due() const { return due_.next(); }

  /// To be called from time to time, no sooner than an answer would be back: forgets what was sent
  /// before the last call, since its absence would have been reported.
  void assume_delivered();

  /// True where the bound holds and what is kept by several keys agrees. For tests.
  bool is_consistent() const;

 private:
  struct Entry {
    PendingDelivery delivery;
    std::uint64_t generation = 0;  ///< when it was sent last, or began to wait
  };
  using Entries = std::map<DeliveryNumber, Entry>;

  void end_wait(Entries::iterator entry);
  void erase_newest_of(const protocol::PeerId& sender);

  Entries entries_;
  DeliveryNumber last_ = 0;
  base::Schedule<DeliveryNumber> due_;
  std::set<std::pair<protocol::PeerId, DeliveryNumber>> waiting_;  ///< those in due_, by addressee
  std::set<std::pair<protocol::PeerId, DeliveryNumber>> by_sender_;  ///< all entries
  Usage usage_;                                                      ///< bytes of each sender
  std::uint64_t generation_ = 0;  ///< counts calls of assume_delivered()
};

}  // namespace onair::cluster
