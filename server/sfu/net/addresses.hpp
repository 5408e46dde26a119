// Addresses to announce to peers.
#pragma once

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

}  // namespace onair::sfu
