#include "net/http/networks.hpp"

#include <algorithm>
#include <stdexcept>

namespace onair::net {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

/// An address is a block of one.
std::string as_block(const std::string& text, const char* prefix_of_one) {
  return text.find('/') == std::string::npos ? text + prefix_of_one : text;
}

}  // namespace

Networks::Networks(const std::vector<std::string>& networks) {
  for (const std::string& network : networks) {
    if (add(network)) continue;
    throw std::invalid_argument("\"" + network +
                                "\" is no address and no network like 172.16.0.0/12.");
  }
}

bool Networks::add(const std::string& network) {
  error_code error;
  const ip::network_v4 v4 = ip::make_network_v4(as_block(network, "/32"), error);
  if (!error) {
    v4_.push_back(v4.canonical());
    return true;
  }
  error.clear();
  const ip::network_v6 v6 = ip::make_network_v6(as_block(network, "/128"), error);
  if (!error) v6_.push_back(v6.canonical());
  return !error;
}

bool Networks::contains(const ip::address& address) const {
  const ip::address plain = without_v4_mapping(address);
  if (plain.is_v4()) {
    return std::ranges::any_of(v4_, [&](const ip::network_v4& network) {
      return ip::make_network_v4(plain.to_v4(), network.prefix_length()).canonical() == network;
    });
  }
  return std::ranges::any_of(v6_, [&](const ip::network_v6& network) {
    return ip::make_network_v6(plain.to_v6(), network.prefix_length()).canonical() == network;
  });
}

ip::address without_v4_mapping(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

}  // namespace onair::net
