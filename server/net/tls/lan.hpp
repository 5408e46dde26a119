// This machine's own names and addresses.
#pragma once

#include <string>
#include <vector>

namespace onair::net {

/// The addresses by which others in the same network reach this machine: IPv4 first, then IPv6.
/// Without loopback, without link-local ones, which need a zone that no link can name (RFC 4007),
/// and without temporary ones (RFC 8981), which are others tomorrow. Empty where there is no
/// network.
std::vector<std::string> lan_addresses();

/// These addresses, localhost, the host name, and its first label with ".local" (RFC 6762).
std::vector<std::string> own_names();

}  // namespace onair::net
