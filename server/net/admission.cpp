#include "net/admission.hpp"

namespace onair::net {

Admission::Place Admission::connect() {
  if (++connections_ > most_) {
    --connections_;
    return {};
  }
  return {this, [this](void*) { --connections_; }};
}

Admission::Place Admission::enter(const std::string& address) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = by_address_[address];
  if (count >= most_per_address_) return {};
  ++count;
  return {this, [this, address](void*) {
            const std::lock_guard released(mutex_);
            const auto found = by_address_.find(address);
            if (--found->second == 0) by_address_.erase(found);
          }};
}

}  // namespace onair::net
