// Bounds how many DTLS handshakes are under way: each holds some 50 KB, and a millisecond of
// elliptic curves is spent on it.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "sfu/base/address.hpp"

namespace onair::sfu {

class HandshakeBudget {
 public:
  static constexpr std::size_t kMax = 1'024;
  /// From one place (counted_address): a school behind one NAT that joins at once.
  static constexpr std::size_t kMaxPerAddress = 256;

  /// The right to a handshake, until it is destroyed. False where there was no room for it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), place_(other.place_) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(place_, other.place_);
      return *this;
    }
    ~Slot() {
      if (budget_ != nullptr) budget_->end(place_);
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class HandshakeBudget;
    Slot(HandshakeBudget& budget, const Address& place) : budget_(&budget), place_(place) {}

    HandshakeBudget* budget_ = nullptr;
    Address place_;
  };

  HandshakeBudget() = default;
  HandshakeBudget(const HandshakeBudget&) = delete;  // slots point to it
  HandshakeBudget& operator=(const HandshakeBudget&) = delete;

  Slot begin(const Address& from) {
    if (all_ == kMax) return {};
    const Address place = counted_address(from);
    std::size_t& here = by_place_[place];
    if (here == kMaxPerAddress) return {};
    ++here;
    ++all_;
    return {*this, place};
  }

  std::size_t size() const { return all_; }

 private:
  void end(const Address& place) {
    --all_;
    const auto here = by_place_.find(place);
    if (--here->second == 0) by_place_.erase(here);
  }

  std::map<Address, std::size_t> by_place_;
  std::size_t all_ = 0;
};

}  // namespace onair::sfu
