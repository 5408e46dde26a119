#include "sfu/net/addresses.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "sfu/net/socket_address.hpp"

namespace onair::sfu {
namespace {

constexpr std::size_t kMaxAnnounced = 8;

/// IPv6 addresses that change daily, or are not to be used (yet, or any more). From
/// /proc/net/if_inet6, since getifaddrs does not tell. A line has the address as 32 hex digits, and
/// in hex the interface, the length of the prefix, the scope and the flags of rtnetlink(7).
std::set<std::array<std::uint8_t, 16>> unfit_v6_addresses() {
  constexpr unsigned kTemporary = 0x01, kFailed = 0x08, kDeprecated = 0x20, kTentative = 0x40;
  constexpr unsigned kUnfit = kTemporary | kFailed | kDeprecated | kTentative;
  std::set<std::array<std::uint8_t, 16>> unfit;
  std::ifstream file("/proc/net/if_inet6");
  unsigned interface = 0, prefix = 0, scope = 0, flags = 0;
  std::string digits, name;
  while (file >> digits >> std::hex >> interface >> prefix >> scope >> flags >> name) {
    if ((flags & kUnfit) == 0 || digits.size() != 32) continue;
    for (std::size_t at = 28; at > 0; at -= 4) digits.insert(at, ":");
    if (const auto address = parse_ip(digits)) unfit.insert(address->ip);
  }
  return unfit;
}

bool is_of_local_machines(std::string_view interface) {
  constexpr std::array<std::string_view, 9> kBeginnings = {
      "docker", "br-", "veth", "virbr", "cni", "podman", "lxcbr", "lxdbr", "vmnet"};
  return std::ranges::any_of(kBeginnings,
                             [&](std::string_view begin) { return interface.starts_with(begin); });
}

}  // namespace

std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> interfaces(first, freeifaddrs);
  const auto unfit = unfit_v6_addresses();
  std::vector<InterfaceAddress> found;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if ((at->ifa_flags & IFF_UP) == 0 || at->ifa_addr == nullptr) continue;
    const int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    Address address = from_socket_address(at->ifa_addr);
    address.port = 0;
    if (!unfit.contains(address.ip)) found.push_back({at->ifa_name, address});
  }
  return found;
}

std::vector<Address> to_announce(const std::vector<InterfaceAddress>& found) {
  std::vector<Address> reachable, local, loopback;
  for (const bool is_v4 : {true, false}) {
    for (const auto& [interface, address] : found) {
      if (address.is_v4() != is_v4 || is_link_local(address)) continue;
      auto& kind = is_loopback(address)              ? loopback
                   : is_of_local_machines(interface) ? local
                                                     : reachable;
      if (std::ranges::find(kind, address) == kind.end()) kind.push_back(address);
    }
  }
  std::vector<Address> chosen = !reachable.empty() ? reachable : !local.empty() ? local : loopback;
  if (chosen.size() > kMaxAnnounced) chosen.resize(kMaxAnnounced);
  return chosen;
}

std::vector<LocalCandidate> candidates_of(std::vector<Address> addresses, std::uint16_t port) {
  std::vector<LocalCandidate> candidates;
  for (const auto transport :
       {LocalCandidate::Transport::udp, LocalCandidate::Transport::tcp_passive}) {
    for (Address& address : addresses) {
      address.port = port;
      candidates.push_back({address, transport});
    }
  }
  return candidates;
}

AnnouncedAddresses::AnnouncedAddresses(std::vector<Address> given, std::uint16_t port, Find find)
    : port_(port),
      find_(given.empty() ? std::move(find) : Find()),
      addresses_(find_ ? to_announce(find_()) : std::move(given)) {
  if (addresses_.empty()) {
    throw std::runtime_error(
        "This machine has no address to announce: give one with --media-address.");
  }
  log();
}

bool AnnouncedAddresses::have_changed(TimePoint now) {
  if (!find_ || (next_look_ && now < *next_look_)) return false;
  next_look_ = now + std::chrono::seconds(1);
  auto found = to_announce(find_());
  if (found.empty() || found == addresses_) return false;
  addresses_ = std::move(found);
  log();
  return true;
}

void AnnouncedAddresses::log() const {
  std::string text;
  bool all_private = true;
  for (const Address& address : addresses_) {
    text += (text.empty() ? "" : ",") + ip_text(address);
    all_private = all_private && (is_private(address) || is_loopback(address));
  }
  spdlog::info("event=announcing addresses={} port={}", text, port_);
  if (find_ && all_private) {
    spdlog::info(
        "event=private_addresses hint=\"viewers outside this network need --media-address\"");
  }
}

}  // namespace onair::sfu
