// Addresses as the system's calls have them, and as text.
#pragma once

#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>

#include "sfu/base/address.hpp"

namespace onair::sfu {

/// For calls of one socket: AF_INET where the system has no IPv6, else AF_INET6 for both.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Address& address, int family);
Address from_socket_address(const sockaddr* address);

/// An IPv4 or IPv6 address without a port or brackets, as in --media-address. Port 0.
std::optional<Address> parse_ip(const std::string& text);

/// A sentence for people that says what is wrong, or an empty text. An address that stands for all
/// (0.0.0.0, ::), a link-local one and a multicast one reach nobody.
std::string mistake_in_media_address(const std::string& text);

bool is_loopback(const Address& address);
/// 169.254.0.0/16 and fe80::/10, which need a zone that no candidate can name.
bool is_link_local(const Address& address);
/// Private networks (RFC 1918), carriers' (RFC 6598) and unique local ones (RFC 4193).
bool is_private(const Address& address);

}  // namespace onair::sfu
