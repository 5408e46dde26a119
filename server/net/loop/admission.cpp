#include "net/loop/admission.hpp"

namespace onair::net {

Admission::Admission(const Limits& limits)
    : most_connections_(limits.connections),
      begun_(10 + static_cast<double>(limits.connections_per_address) / 20,
             100 + static_cast<double>(limits.connections_per_address)),
      entered_(10 + static_cast<double>(limits.connections_per_address) / 20,
               100 + static_cast<double>(limits.connections_per_address)),
      connections_by_address_(limits.connections_per_address),
      clients_by_address_(limits.peers_per_address),
      members_by_address_(2 * limits.peers_per_address) {}

Admission::Slot Admission::connect(const std::optional<std::string>& address,
                                   std::chrono::steady_clock::time_point now) {
  if (address && !begun_.allow(*address, now)) return {};
  const std::lock_guard lock(mutex_);
  if (connections_ >= most_connections_) return {};
  if (address && !connections_by_address_.add(*address)) return {};
  ++connections_;
  return {this, [this, address](void*) {
            const std::lock_guard released(mutex_);
            --connections_;
            if (address) connections_by_address_.remove(*address);
          }};
}

Admission::Client Admission::enter(const std::string& address,
                                   std::chrono::steady_clock::time_point now) {
  if (!entered_.allow(address, now)) return {};
  return readmit(address);
}

Admission::Client Admission::readmit(const std::string& address) {
  const auto slot_of = [&](Counter& counter) {
    return Slot(this, [this, address, &counter](void*) {
      const std::lock_guard released(mutex_);
      counter.remove(address);
    });
  };
  const std::lock_guard lock(mutex_);
  if (!clients_by_address_.add(address)) return {};
  if (!members_by_address_.add(address)) {
    clients_by_address_.remove(address);
    return {};
  }
  return {slot_of(clients_by_address_), slot_of(members_by_address_), address};
}

std::size_t Admission::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool Admission::Counter::add(const std::string& key) {
  const auto found = counts_.find(key);
  if (found == counts_.end()) {
    if (most_ == 0) return false;
    counts_.emplace(key, 1);
    return true;
  }
  if (found->second >= most_) return false;
  ++found->second;
  return true;
}

void Admission::Counter::remove(const std::string& key) {
  const auto found = counts_.find(key);
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace onair::net
