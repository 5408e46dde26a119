#include "net/loop/admission.hpp"

#include <algorithm>

namespace onair::net {
namespace {

double per_second(std::size_t most) {
  return 10 + static_cast<double>(most) / 20;
}

double at_once(std::size_t most) {
  return 100 + static_cast<double>(most);
}

std::size_t clients_at_once(const Limits& limits) {
  return std::max(limits.connections_per_address, limits.peers_per_address);
}

}  // namespace

Admission::Admission(const Limits& limits)
    : most_connections_(limits.connections),
      begun_(per_second(limits.connections_per_address), at_once(limits.connections_per_address)),
      entered_(per_second(clients_at_once(limits)), at_once(clients_at_once(limits))),
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
  Client client = readmit(address);
  if (client && !entered_.allow(address, now)) return {};
  return client;
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
