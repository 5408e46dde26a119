// The other processes of a cluster: which live, and which have fallen silent. Bookkeeping only.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "cluster/gateway_context.hpp"

namespace onair::cluster {

class Liveness {
 public:
  /// `options` outlives this.
  explicit Liveness(const GatewayOptions& options) : options_(options) {}

  /// The wire carries messages again: a process may have fallen silent at any time before.
  void connected(TimePoint now) {
    beat_at_ = now;
    for (auto& [process, seen] : last_seen_) seen = now;
  }
  void disconnected() { beat_at_.reset(); }

  /// A sign of life. True where the process had been taken for dead: it may only have stood still,
  /// and knows as little of us.
  bool note(const ProcessId& process, TimePoint now) {
    last_seen_[process] = now;
    return dead_.erase(process) > 0;
  }
  void forget(const ProcessId& process) { last_seen_.erase(process); }

  /// True where it is time for our own sign of life.
  bool take_beat(TimePoint now) {
    if (!beat_at_ || *beat_at_ > now) return false;
    beat_at_ = now + options_.heartbeat;
    return true;
  }

  /// Takes those that have been silent for too long. They are remembered for a while.
  std::vector<ProcessId> take_dead(TimePoint now) {
    std::vector<ProcessId> dead;
    for (const auto& [process, seen] : last_seen_) {
      if (seen + options_.dead_after <= now) dead.push_back(process);
    }
    for (const ProcessId& process : dead) {
      last_seen_.erase(process);
      dead_[process] = now + rooms::kDeadRemembered;
    }
    std::erase_if(dead_, [now](const auto& entry) { return entry.second <= now; });
    return dead;
  }

  std::optional<TimePoint> next_beat() const { return beat_at_; }
  std::size_t processes() const { return last_seen_.size(); }

 private:
  const GatewayOptions& options_;
  std::map<ProcessId, TimePoint> last_seen_;
  std::map<ProcessId, TimePoint> dead_;  ///< with the end of that memory
  std::optional<TimePoint> beat_at_;
};

}  // namespace onair::cluster
