// Rate limit of one client: a token bucket for frames and one for bytes.
#pragma once

#include <algorithm>
#include <chrono>

#include "rooms/time.hpp"

namespace onair::rooms {

struct Rates {
  float frames_per_second = 1'000;
  float bytes_per_second = 4'194'304;
  /// The seconds' worth that may come at once.
  std::chrono::duration<float> burst = std::chrono::seconds(5);
};

/// The price of a frame includes its delivery to so many members. Delivery to each further group of
/// this size costs the price again: by the default rates a room of 1,000 gets 64 frames a second
/// from one client, and 320 at once; one of 10,000 gets 6, and 32 at once.
inline constexpr std::size_t kDeliveriesOfAFrame = 64;

/// Entries of a client at the price of a frame each: one of socket.io enters the default room and
/// then its own.
inline constexpr unsigned kCheapEntries = 2;

/// The price of each further entry, in frames: it leaves a room and enters another one, and others
/// get news of both. Never more than a tenth of what may come at once.
inline float price_of_entry(const Rates& rates) {
  return std::min(50.0F, rates.frames_per_second * rates.burst.count() / 10);
}

/// All clients of an address together may send as much as so many of them, in each thread.
inline constexpr float kClientsAtFullRate = 4;

/// The price of a message where they send more, in messages: 50 by the default rates. A client may
/// still send a hundred messages at once.
inline float price_at_busy_address(const Rates& rates) {
  return std::clamp(rates.frames_per_second * rates.burst.count() / 100, 1.0F, 50.0F);
}

/// A client that uses up a bucket is warned and its frames still count; one that then uses up as
/// much again without a pause is cut off. So a client that stays loses no frame.
class Allowance {
 public:
  enum class Verdict {
    fine,
    warn,  ///< given once, until the client has slowed down for a while
    cut,
  };

  /// Takes so many frames, of so many bytes together, into account.
  Verdict spend(const Rates& rates, float frames, float bytes, TimePoint now);

  /// Takes them into account where the buckets have room for them, and gives false where not.
  bool take(const Rates& rates, float frames, float bytes, TimePoint now);

 private:
  void refill(const Rates& rates, TimePoint now);
  /// The part of the fuller bucket that is used.
  float used(const Rates& rates) const;

  TimePoint at_{};
  float frames_ = 0;  ///< taken and not yet given back
  float bytes_ = 0;
  bool warned_ = false;
};

}  // namespace onair::rooms
