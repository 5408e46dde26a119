// Reception reports of one hub's viewers in one room, and their sums.
#pragma once

#include <map>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/bus.hpp"
#include "rooms/time.hpp"

namespace onair::rooms {

/// A report counts for so long. Viewers send one every 5 to 10 s while they watch through the
/// forwarder, so that one may be lost.
inline constexpr Duration kReportLife = std::chrono::seconds(25);

/// Adds the sums of other viewers.
void add_receptions(std::vector<TalkerReception>& all, const std::vector<TalkerReception>& more);

/// The last report of each viewer for each talker. The caller names members of the room alone, and
/// forgets those that leave it, so that there are no more than viewers times talkers.
class ReceptionReports {
 public:
  void note(const protocol::PeerId& viewer, const protocol::Reception& reception, TimePoint now);
  /// A viewer or a talker has left.
  void forget(const protocol::PeerId& peer);
  /// Drops what is too old. A talker without reports is not in it.
  std::vector<TalkerReception> sums(TimePoint now);

 private:
  struct Report {
    protocol::ReceptionFigures figures;
    TimePoint at;
  };
  using OfTalker = std::map<protocol::PeerId, Report>;  ///< by viewer

  static protocol::AudienceReception sum_of(const OfTalker& reports);

  std::map<protocol::PeerId, OfTalker> by_talker_;
};

}  // namespace onair::rooms
