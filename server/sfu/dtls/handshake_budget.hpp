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
  /// From one address, as counted_address has it: a school behind one NAT that joins at once.
  static constexpr std::size_t kMaxPerAddress = 256;

  /// The right to a handshake, until it is destroyed. False where there was no room for it.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), address_(other.address_) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Slot() {
      if (budget_ != nullptr) budget_->end(address_);
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class HandshakeBudget;
    Slot(HandshakeBudget& budget, const Address& address) : budget_(&budget), address_(address) {}

    HandshakeBudget* budget_ = nullptr;
    Address address_;
  };

  HandshakeBudget() = default;
  HandshakeBudget(const HandshakeBudget&) = delete;  // slots point to it
  HandshakeBudget& operator=(const HandshakeBudget&) = delete;

  Slot begin(const Address& from) {
    if (all_ == kMax) return {};
    const Address address = counted_address(from);
    std::size_t& here = by_address_[address];
    if (here == kMaxPerAddress) return {};
    ++here;
    ++all_;
    return {*this, address};
  }

  std::size_t size() const { return all_; }

 private:
  void end(const Address& address) {
    --all_;
    const auto here = by_address_.find(address);
    if (--here->second == 0) by_address_.erase(here);
  }

  std::map<Address, std::size_t> by_address_;
  std::size_t all_ = 0;
};

}  // namespace onair::sfu
