// Reverse proxies, and what they say of their clients.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/fields.hpp>

#include "net/http/networks.hpp"

namespace onair::net {

/// Proxies that are believed when they say for whom they ask.
class TrustedProxies {
 public:
  /// `networks` are as in Networks; this machine itself is always one. Throws std::invalid_argument
  /// with a sentence for people.
  explicit TrustedProxies(const std::vector<std::string>& networks = {});

  bool contains(const boost::asio::ip::address& address) const {
    return networks_.contains(address);
  }

 private:
  Networks networks_;
};

/// The client that sent a request, as far as it is known.
struct ClientOrigin {
  /// By what the client's connections are counted: its address, of IPv6 the network (/64). Nothing
  /// for a program on this machine that no proxy speaks for.
  std::optional<std::string> counted_as;
  /// The host and the scheme ("https") by which the client reached the outermost proxy that reports
  /// them. The scheme is empty where no proxy does.
  std::string host;
  std::string scheme;
  /// The connection comes from a private network and from no trusted proxy.
  bool is_in_private_network = false;
};

/// `remote` is the other end of the connection. Where it is a trusted proxy, X-Forwarded-For, -Host
/// and -Proto count, or Forwarded (RFC 7239): of their addresses, joined over all lines, the last
/// one that is no trusted proxy. Who asks through a proxy that names no address counts, with all
/// others of this kind, as one.
ClientOrigin client_origin(const boost::asio::ip::address& remote,
                           const boost::beast::http::fields& headers,
                           const TrustedProxies& trusted);

/// True for addresses that routers of the Internet do not know: RFC 1918, RFC 6598, RFC 4193,
/// link-local, loopback.
bool is_private(const boost::asio::ip::address& address);

/// By what connections from this address are counted: the address, of IPv6 the network (/64).
std::string counted_address(const boost::asio::ip::address& address);

}  // namespace onair::net
