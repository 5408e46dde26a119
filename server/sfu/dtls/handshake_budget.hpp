// Bounds how many DTLS handshakes are under way: each holds some 50 KB, and a millisecond of
// elliptic curves is spent on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "sfu/base/address.hpp"

namespace onair::sfu {

class HandshakeBudget {
 public:
  static constexpr std::size_t kMax = 1'024;
  /// From one IP address: a school behind one NAT that joins at once.
  static constexpr std::size_t kMaxPerAddress = 256;

  /// One handshake, until it is destroyed. False where there was no room for it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), ip_(other.ip_) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(ip_, other.ip_);
      return *this;
    }
    ~Slot() {
      if (budget_ != nullptr) budget_->end(ip_);
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class HandshakeBudget;
    Slot(HandshakeBudget& budget, const std::array<std::uint8_t, 16>& ip)
        : budget_(&budget), ip_(ip) {}

    HandshakeBudget* budget_ = nullptr;
    std::array<std::uint8_t, 16> ip_{};
  };

  HandshakeBudget() = default;
  HandshakeBudget(const HandshakeBudget&) = delete;  // slots point to it
  HandshakeBudget& operator=(const HandshakeBudget&) = delete;

  Slot begin(const Address& from) {
    if (all_ == kMax) return {};
    std::size_t& here = by_ip_[from.ip];
    if (here == kMaxPerAddress) return {};
    ++here;
    ++all_;
    return {*this, from.ip};
  }

  std::size_t size() const { return all_; }

 private:
  void end(const std::array<std::uint8_t, 16>& ip) {
    --all_;
    const auto here = by_ip_.find(ip);
    if (--here->second == 0) by_ip_.erase(here);
  }

  std::map<std::array<std::uint8_t, 16>, std::size_t> by_ip_;
  std::size_t all_ = 0;
};

}  // namespace onair::sfu
