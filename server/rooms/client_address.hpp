// Clients of one address, which share a rate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "rooms/allowance.hpp"

namespace onair::rooms {

/// An address by which clients are counted (of IPv6 a /64), as one hub sees it.
struct ClientAddress {
  std::string text;
  Allowance allowance = {};  ///< of all its clients together
};

/// The addresses of a hub's clients. Is used on one thread alone.
class ClientAddresses {
 public:
  /// The same object for all clients of an address, for as long as one holds it. Null for no text:
  /// such a client is not counted.
  std::shared_ptr<ClientAddress> of(const std::string& text) {
    if (text.empty()) return nullptr;
    drop_unused();
    std::weak_ptr<ClientAddress>& known = known_[text];
    std::shared_ptr<ClientAddress> address = known.lock();
    if (!address) known = address = std::make_shared<ClientAddress>(ClientAddress{text});
    return address;
  }

  std::size_t size() const { return known_.size(); }

 private:
  static constexpr std::size_t kFew = 64;

  /// Not at each call: only where there are twice as many as were in use the last time.
  void drop_unused() {
    if (known_.size() < most_) return;
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    most_ = std::max(kFew, 2 * known_.size());
  }

  std::unordered_map<std::string, std::weak_ptr<ClientAddress>> known_;
  std::size_t most_ = kFew;
};

}  // namespace onair::rooms
