// The TLS handshakes of a thread: few are open at a time, and they hold nobody up.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/loop/aliases.hpp"
#include "net/loop/paced_queue.hpp"

namespace onair::net {

/// A handshake holds about 135 KB until it is done, and each of its steps takes up to a millisecond
/// of processor. So newcomers wait for one of a bounded number of slots, those first whose address
/// has the fewest. A handshake that lasts too long gives way, and one of an address that has at
/// least two more than the newcomer's: so clients that begin many handshakes and end none keep
/// nobody out. Lives as long as its io_context and is used on its thread alone.
class Handshakes {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// An honest handshake takes two round trips.
  static constexpr std::chrono::seconds kTimeout{2};

  Handshakes(asio::io_context& context, std::size_t most)
      : most_(most), steps_(context, kBudgetPerTick) {}

  /// One of `most` open handshakes, counted for as long as it lives.
  class Slot;

  /// Waits for a slot, and for the moment to make the first step. Null where there was none until
  /// then.
  Task<std::unique_ptr<Slot>> enter(std::string address, TimePoint until);

  struct Result {
    error_code error;
    std::size_t used = 0;  ///< bytes of what had been read before
  };

  /// Takes the server's part. `read` has been read from the connection before.
  Task<Result> accept(SslStream& stream, asio::const_buffer read, Slot& slot);

  /// Forgets what is under way. Only when the io_context runs no more.
  void clear();

 private:
  /// Time that the handshakes get in each tick.
  static constexpr std::chrono::microseconds kBudgetPerTick{500};

  struct Waiter;
  struct Open {
    std::string address;
    TimePoint since;
    TcpStream* stream = nullptr;  ///< while its handshake runs
    bool gives_way = false;       ///< it is closed, and about to be gone
  };
  using Opens = std::list<Open>;

  void admit();
  Waiter& next_waiter();
  std::size_t count_of(const std::string& address) const;
  void make_room(const std::string& newcomer);
  Opens::iterator oldest_of_the_richest();

  const std::size_t most_;
  PacedQueue steps_;
  Opens open_;                                               ///< the oldest first
  std::unordered_map<std::string, std::size_t> by_address_;  ///< how many are open
  std::list<Waiter*> waiters_;                               ///< in the order in which they came
  bool is_cleared_ = false;
  std::optional<Timer> timeout_;
};

class Handshakes::Slot {
 public:
  Slot(Handshakes& all, const std::string& address, TimePoint since);
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  friend Handshakes;
  Handshakes& all_;
  Opens::iterator open_;
};

}  // namespace onair::net
