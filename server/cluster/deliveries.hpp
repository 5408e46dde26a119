// What was said to single peers of other processes, as long as it may turn out that nobody heard
// it: one who has just come to another process is not heard of there for a moment. A book; the
// gateway speaks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "rooms/bus.hpp"

namespace onair::cluster {

using rooms::TimePoint;

/// Of the deliveries of one process. Counts up.
using DeliveryNumber = std::uint64_t;

struct Delivery {
  rooms::DirectedFrame directed;
  TimePoint until;  ///< when it is given up
  int tries = 0;    ///< how often it was sent
};

class Deliveries {
 public:
  DeliveryNumber add(const rooms::DirectedFrame& directed, TimePoint until);

  /// Nothing where it was heard, given up or lost meanwhile. Valid until it is erased.
  const Delivery* find(DeliveryNumber number) const;
  void erase(DeliveryNumber number);

  void note_sent(DeliveryNumber number);

  /// It is due again at that time. Where too much waits already, it is erased and so lost, as on a
  /// bad network: clients ask anew.
  void wait(DeliveryNumber number, TimePoint until);
  bool any_waits_for(const protocol::PeerId& peer) const { return waiting_.contains(peer); }
  /// What waits for the peer is due now.
  void hurry(const protocol::PeerId& peer, TimePoint now);
  /// One that has waited long enough, in the order in which they are due.
  std::optional<DeliveryNumber> take_due(TimePoint now);
  std::optional<TimePoint> next_due() const;

  /// From time to time, no sooner than an answer would be back: what was sent before the last call
  /// was heard.
  void forget_heard();

 private:
  struct Entry {
    Delivery delivery;
    std::uint64_t turn = 0;  ///< in which it was sent last, or began to wait
    std::optional<TimePoint> due = {};
  };
  using Entries = std::map<DeliveryNumber, Entry>;

  void end_wait(Entries::iterator entry);

  Entries entries_;
  DeliveryNumber last_ = 0;
  std::set<std::pair<TimePoint, DeliveryNumber>> due_;
  std::map<protocol::PeerId, std::set<DeliveryNumber>> waiting_;
  std::uint64_t turn_ = 0;
};

}  // namespace onair::cluster
