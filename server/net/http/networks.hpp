// Lists of networks, as operators write them.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace onair::net {

/// Networks given as addresses and CIDR blocks, e.g. "192.0.2.1", "172.16.0.0/12" or "fd00::/8".
/// Bits beyond the prefix do not matter.
class Networks {
 public:
  Networks() = default;
  /// Throws std::invalid_argument with a sentence for people.
  explicit Networks(const std::vector<std::string>& networks);

  /// False where the text is neither an address nor a CIDR block.
  bool add(const std::string& network);

  /// An IPv4 address in IPv6's form (`::ffff:192.0.2.1`) counts as the IPv4 address.
  bool contains(const boost::asio::ip::address& address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

/// The IPv4 address in IPv6's form as IPv4; every other address as it is.
boost::asio::ip::address without_v4_mapping(const boost::asio::ip::address& address);

}  // namespace onair::net
