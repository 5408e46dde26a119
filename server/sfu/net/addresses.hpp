// Addresses to announce to peers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/address.hpp"
#include "sfu/forwarder_edge.hpp"

namespace onair::sfu {

/// An address of an interface that is up.
struct InterfaceAddress {
  std::string interface;
  Address address;
};
std::vector<InterfaceAddress> interface_addresses();

/// Selects the addresses to announce, IPv4 first, at most eight. Without loopback, unless there is
/// nothing else; without link-local ones; without the bridges of containers and virtual machines on
/// this machine, which nobody elsewhere reaches.
std::vector<Address> to_announce(const std::vector<InterfaceAddress>& found);

/// Each address at the port, by UDP first, then by TCP.
std::vector<LocalCandidate> candidates_of(std::vector<Address> addresses, std::uint16_t port);

/// The addresses that peers learn: those given, or else those that this machine has, which change
/// when it joins another network, or has none yet when this program starts.
class AnnouncedAddresses {
 public:
  using Find = std::function<std::vector<InterfaceAddress>()>;

  /// Throws std::runtime_error with a sentence for people where there is none.
  AnnouncedAddresses(std::vector<Address> given, std::uint16_t port,
                     Find find = interface_addresses);

  std::vector<LocalCandidate> candidates() const { return candidates_of(addresses_, port_); }
  /// True where they are no longer the same. Looks at most once a second.
  bool have_changed(TimePoint now);

 private:
  void log() const;

  const std::uint16_t port_;
  const Find find_;  ///< empty: they are given
  std::vector<Address> addresses_;
  std::optional<TimePoint> next_look_;
};

}  // namespace onair::sfu
