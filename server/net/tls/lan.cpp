#include "net/tls/lan.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fstream>
#include <ifaddrs.h>
#include <iterator>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>

#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ip/host_name.hpp>

namespace onair::net {
namespace {

namespace asio = boost::asio;

std::vector<std::string> ipv4_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> interfaces(first, freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    const bool usable = (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable || at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    const auto& address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    char text[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, &address, text, sizeof text) != nullptr) addresses.emplace_back(text);
  }
  return addresses;
}

/// From /proc/net/if_inet6, since getifaddrs does not tell which addresses are temporary. A line
/// has the address as 32 hex digits, and in hex the interface, the length of the prefix, the scope
/// (0 is global) and the flags of rtnetlink(7).
std::vector<std::string> ipv6_addresses() {
  constexpr unsigned kTemporary = 0x01, kFailed = 0x08, kDeprecated = 0x20, kTentative = 0x40;
  constexpr unsigned kUnfit = kTemporary | kFailed | kDeprecated | kTentative;
  std::vector<std::string> addresses;
  std::ifstream file("/proc/net/if_inet6");
  unsigned interface = 0, prefix = 0, scope = 0, flags = 0;
  std::string digits, name;
  while (file >> digits >> std::hex >> interface >> prefix >> scope >> flags >> name) {
    if (scope != 0 || (flags & kUnfit) != 0 || digits.size() != 32) continue;
    for (std::size_t at = 28; at > 0; at -= 4) digits.insert(at, ":");
    addresses.push_back(asio::ip::make_address_v6(digits).to_string());
  }
  return addresses;
}

}  // namespace

std::vector<std::string> lan_addresses() {
  std::vector<std::string> addresses = ipv4_addresses();
  std::ranges::copy(ipv6_addresses(), std::back_inserter(addresses));
  return addresses;
}

std::vector<std::string> own_names() {
  const std::string host = asio::ip::host_name();
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", host};
  // Multicast DNS has the first label alone of a host with a domain.
  const std::string local = host.substr(0, host.find('.')) + ".local";
  if (local != host) names.push_back(local);
  std::ranges::copy(lan_addresses(), std::back_inserter(names));
  return names;
}

}  // namespace onair::net
