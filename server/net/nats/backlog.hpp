// What the hubs' threads have handed to the cluster's thread and it has not handled yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "cluster/usage.hpp"
#include "rooms/thread_bus.hpp"

namespace onair::net {

/// From any thread. Frames have a bound in bytes together; beyond it, who has the most here loses
/// its newest frame, as on a bad network: clients ask anew. The hubs' own messages are not dropped:
/// each is a client's entry or departure, whose rates are bounded.
class Backlog {
 public:
  explicit Backlog(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// True where nobody is to call take() yet: the caller has it called, until that gives nothing.
  bool add(rooms::HubId from, rooms::ThreadBus::Batch batch);

  /// Messages of one hub, in the order in which they came.
  struct Part {
    rooms::HubId from = 0;
    rooms::ThreadBus::Batch batch = {};
  };
  /// The first of them, at most kAtOnce, so that timers need not wait for all. Empty: nothing
  /// waits.
  static constexpr std::size_t kAtOnce = 64;
  Part take();

 private:
  using Number = std::uint64_t;
  struct Entry {
    rooms::HubId from;
    rooms::ThreadBus::Message message;
    std::string sender = {};  ///< empty: not to be dropped
    std::size_t cost = 0;
  };

  void drop_newest_of(const std::string& sender);
  void forget_cost(Number number, const Entry& entry);

  const std::size_t most_bytes_;
  std::mutex mutex_;
  std::map<Number, Entry> entries_;
  Number last_ = 0;
  std::set<std::pair<std::string, Number>> by_sender_;  ///< those that may be dropped
  cluster::Usage usage_;                                ///< their bytes
  bool is_handled_ = false;                             ///< take() will be called
  bool has_dropped_ = false;                            ///< since it was empty; the log says so
};

}  // namespace onair::net
