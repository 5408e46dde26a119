// This machine's own addresses.
#pragma once

#include <string>
#include <vector>

namespace onair::net {

/// The addresses by which others in the same network reach this machine: IPv4, without loopback.
/// Empty where there is no network.
std::vector<std::string> lan_addresses();

}  // namespace onair::net
