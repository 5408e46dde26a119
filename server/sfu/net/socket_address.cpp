#include "sfu/net/socket_address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace onair::sfu {

SocketAddress to_socket_address(const Address& address, int family) {
  SocketAddress result;
  if (family == AF_INET) {
    sockaddr_in v4{
        .sin_family = AF_INET, .sin_port = htons(address.port), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&v4.sin_addr, &address.ip[12], sizeof v4.sin_addr);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.ip.data(), address.ip.size());
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.size = sizeof v6;
  }
  return result;
}

Address from_socket_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::array<std::uint8_t, 4> ip{};
    std::memcpy(ip.data(), &v4.sin_addr, ip.size());
    return Address::v4(ip, ntohs(v4.sin_port));
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  Address result{.port = ntohs(v6.sin6_port)};
  std::memcpy(result.ip.data(), &v6.sin6_addr, result.ip.size());
  return result;
}

std::optional<Address> parse_ip(const std::string& text) {
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return Address::v4(v4, 0);
  Address v6;
  if (inet_pton(AF_INET6, text.c_str(), v6.ip.data()) == 1) return v6;
  return std::nullopt;
}

std::string mistake_in_media_address(const std::string& text) {
  const auto address = parse_ip(text);
  if (!address) return "\"" + text + "\" is no IPv4 or IPv6 address like 192.0.2.1 or 2001:db8::1";
  const std::uint8_t first = address->is_v4() ? address->ip[12] : address->ip[0];
  const bool is_multicast = address->is_v4() ? (first & 0xf0) == 0xe0 : first == 0xff;
  const bool is_any = address->ip == Address::v4({}, 0).ip || address->ip == Address{}.ip;
  if (is_multicast || is_any || is_link_local(*address)) {
    return "nobody reaches \"" + text + "\": give an address that viewers can connect to";
  }
  return {};
}

bool is_loopback(const Address& address) {
  if (address.is_v4()) return address.ip[12] == 127;
  Address loopback;
  loopback.ip[15] = 1;
  return address.ip == loopback.ip;
}

bool is_link_local(const Address& address) {
  if (address.is_v4()) return address.ip[12] == 169 && address.ip[13] == 254;
  return address.ip[0] == 0xfe && (address.ip[1] & 0xc0) == 0x80;
}

bool is_private(const Address& address) {
  if (!address.is_v4()) return (address.ip[0] & 0xfe) == 0xfc;
  const std::uint8_t first = address.ip[12];
  const std::uint8_t second = address.ip[13];
  return first == 10 || (first == 172 && (second & 0xf0) == 16) ||
         (first == 192 && second == 168) || (first == 100 && (second & 0xc0) == 64);
}

}  // namespace onair::sfu
