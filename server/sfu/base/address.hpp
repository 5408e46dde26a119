// Where a packet comes from and goes to.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace onair::sfu {

/// An IP address and port. IPv4 is held as an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2),
/// so that one peer has one address, whichever socket its packets come by.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  static Address v4(std::array<std::uint8_t, 4> ip, std::uint16_t port) {
    Address address{.port = port};
    address.ip[10] = address.ip[11] = 0xff;
    std::memcpy(&address.ip[12], ip.data(), ip.size());
    return address;
  }
  bool is_v4() const {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(ip.data(), kMapped.data(), kMapped.size()) == 0;
  }
  friend auto operator<=>(const Address&, const Address&) = default;
};

/// Without the port; IPv6 without brackets.
std::string ip_text(const Address& address);

/// By which connections and handshakes from one place are counted: the address without its port, of
/// IPv6 the first 64 bits. Whoever has one address of those has all.
inline Address counted_address(Address address) {
  address.port = 0;
  if (!address.is_v4()) std::fill(address.ip.begin() + 8, address.ip.end(), std::uint8_t{0});
  return address;
}

/// The way to a peer: from which of our sockets, to which address.
struct Path {
  Address remote;
  std::uint32_t connection = 0;  ///< of ICE over TCP (RFC 6544), counted from 1; 0: by UDP
  /// Our address that the peer's UDP packets come to: a number of the edge's. Answers
  /// leave from there, or the peer drops them. 0: the system chooses.
  std::uint16_t local = 0;

  friend auto operator<=>(const Path&, const Path&) = default;
};

/// Our addresses, in the order in which Path::local counts them.
using LocalAddresses = std::vector<std::array<std::uint8_t, 16>>;

struct PathHash {
  std::size_t operator()(const Path& path) const {
    std::uint64_t words[2];
    std::memcpy(words, path.remote.ip.data(), sizeof words);
    const std::uint64_t rest =
        std::uint64_t{path.local} << 48 | std::uint64_t{path.remote.port} << 32 | path.connection;
    constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15;
    return static_cast<std::size_t>(((words[0] * kPrime ^ words[1]) * kPrime ^ rest) * kPrime >> 7);
  }
};

}  // namespace onair::sfu
