// Who may connect: counts connections, in all and by address. May be used from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace onair::net {

class Admission {
 public:
  /// Counts as long as it is held. Empty where there was no place.
  using Place = std::shared_ptr<void>;

  Admission(std::size_t most, std::size_t most_per_address)
      : most_(most), most_per_address_(most_per_address) {}

  /// A connection of any kind.
  Place connect();

  /// A WebSocket from this address.
  Place enter(const std::string& address);

  std::size_t connections() const { return connections_; }

 private:
  std::size_t most_;
  std::size_t most_per_address_;
  std::atomic<std::size_t> connections_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::size_t> by_address_;
};

/// What a client counts for as long as it lives.
struct Places {
  Admission::Place connection;
  Admission::Place address;
};

}  // namespace onair::net
