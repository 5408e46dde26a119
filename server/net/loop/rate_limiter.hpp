// How often each client may ask for what costs much.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace onair::net {

/// Fixed table of token buckets. A flood affects only clients in the same bucket; the salted hash
/// prevents choosing one. From any thread.
class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Allows `per_second` in the long run, and `burst` at once.
  RateLimiter(double per_second, double burst) : per_second_(per_second), burst_(burst) {
    buckets_.fill({burst, {}});
  }

  /// False where this client has asked too often. `now` never goes back.
  bool allow(std::string_view client, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = buckets_[bucket_index(client)];
    const std::chrono::duration<double> passed = now - bucket.at;
    bucket.tokens = std::min(burst_, bucket.tokens + passed.count() * per_second_);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

 private:
  std::size_t bucket_index(std::string_view client) const {
    return std::hash<std::string>()(salt_ + std::string(client)) % buckets_.size();
  }

  struct Bucket {
    double tokens;
    TimePoint at;
  };

  const double per_second_;
  const double burst_;
  const std::string salt_ = std::to_string(std::random_device()());
  std::mutex mutex_;
  std::array<Bucket, 1'024> buckets_;
};

}  // namespace onair::net
