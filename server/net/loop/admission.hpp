// Admission: counts connections and clients, in all and by address, and bounds how often an address
// connects. From any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/loop/limits.hpp"
#include "net/loop/rate_limiter.hpp"

namespace onair::net {

class Admission {
 public:
  /// Counts as long as it is held. Empty where there was none left.
  using Slot = std::shared_ptr<void>;

  /// Outlives its slots.
  explicit Admission(const Limits& limits);

  /// A connection of any kind; nothing for `address` where it is not to be counted by it, as a
  /// proxy's. An address connects as often at once as it may have connections, and some more; then
  /// 10 and a twentieth of that a second. So it also begins no more TLS handshakes, which cost a
  /// millisecond of processor each. `now` never goes back.
  Slot connect(const std::optional<std::string>& address,
               std::chrono::steady_clock::time_point now);

  /// The slots of a client at its address: one for its connection while it is connected, and
  /// one for its member while the rooms know it. A member may be away, so there are twice as many:
  /// of all clients of an address that are away at once, each can come back before its old member
  /// is gone.
  struct Client {
    Slot connected;
    Slot member;
    std::string address = {};  ///< at which it is counted
    explicit operator bool() const { return connected != nullptr; }
  };

  /// A new client at this address; an empty one where there is no slot left, or too many were new
  /// of late. An address may have as many new ones at once as it may have connections or clients,
  /// and some more; then 10 and a twentieth of that a second. This holds behind a proxy too, whose
  /// connections are not counted. `now` never goes back.
  Client enter(const std::string& address, std::chrono::steady_clock::time_point now);
  /// The same for a client that was there before this process.
  Client readmit(const std::string& address);

  std::size_t connections() const;

 private:
  /// How many of each key there are, up to a bound. Holds no key that counts nothing.
  class Counter {
   public:
    explicit Counter(std::size_t most) : most_(most) {}
    bool add(const std::string& key);
    void remove(const std::string& key);

   private:
    std::size_t most_;
    std::map<std::string, std::size_t> counts_;
  };

  const std::size_t most_connections_;
  RateLimiter begun_;    ///< connections by address
  RateLimiter entered_;  ///< clients by address
  mutable std::mutex mutex_;
  std::size_t connections_ = 0;
  Counter connections_by_address_;
  Counter clients_by_address_;
  Counter members_by_address_;
};

/// The slots of a client, for as long as it lives.
struct ConnectionSlots {
  Admission::Slot connection;
  Admission::Client client;
};

}  // namespace onair::net
