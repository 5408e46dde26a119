#include "net/http/networks.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

bool contains(const Networks& networks, const char* address) {
  return networks.contains(boost::asio::ip::make_address(address));
}

TEST(Networks, AnEmptyListContainsNothing) {
  EXPECT_FALSE(contains(Networks(), "127.0.0.1"));
  EXPECT_FALSE(contains(Networks(), "::1"));
}

TEST(Networks, ContainABlockToItsEdges) {
  const Networks networks({"172.16.0.0/12", "2001:db8::/32"});
  EXPECT_TRUE(contains(networks, "172.16.0.0"));
  EXPECT_TRUE(contains(networks, "172.31.255.255"));
  EXPECT_FALSE(contains(networks, "172.15.255.255"));
  EXPECT_FALSE(contains(networks, "172.32.0.0"));
  EXPECT_TRUE(contains(networks, "2001:db8:ffff::1"));
  EXPECT_FALSE(contains(networks, "2001:db9::1"));
}

TEST(Networks, AnAddressIsABlockOfOne) {
  const Networks networks({"10.0.0.9", "fd00::9"});
  EXPECT_TRUE(contains(networks, "10.0.0.9"));
  EXPECT_FALSE(contains(networks, "10.0.0.8"));
  EXPECT_TRUE(contains(networks, "fd00::9"));
  EXPECT_FALSE(contains(networks, "fd00::8"));
}

TEST(Networks, BitsBeyondThePrefixDoNotMatter) {
  EXPECT_TRUE(contains(Networks({"10.1.2.3/8"}), "10.9.9.9"));
  EXPECT_TRUE(contains(Networks({"fd00::7/8"}), "fd12::1"));
}

TEST(Networks, AMappedAddressCountsAsTheIPv4Address) {
  const Networks networks({"192.0.2.0/24"});
  EXPECT_TRUE(contains(networks, "::ffff:192.0.2.1"));
  EXPECT_FALSE(contains(networks, "::ffff:192.0.3.1"));
  EXPECT_FALSE(contains(Networks({"::/1"}), "192.0.2.1")) << "the families are apart";
}

TEST(Networks, RefuseTextThatIsNoNetwork) {
  Networks networks;
  for (const char* wrong :
       {"", "proxy", "10.0.0", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/", "fd00::/129", "*"}) {
    EXPECT_FALSE(networks.add(wrong)) << wrong;
    EXPECT_THROW(Networks({wrong}), std::invalid_argument) << wrong;
  }
  EXPECT_FALSE(contains(networks, "10.0.0.1"));
}

}  // namespace
}  // namespace onair::net
