#include "net/http/proxies.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "net/http/gate.hpp"
#include "net/http/origins.hpp"

namespace onair::net {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

ClientOrigin origin(const char* remote, const Headers& lines,
                    const TrustedProxies& trusted = TrustedProxies()) {
  boost::beast::http::fields headers;
  headers.set("Host", "inner:9001");
  for (const auto& [name, value] : lines) headers.insert(name, value);
  return client_origin(boost::asio::ip::make_address(remote), headers, trusted);
}

std::optional<std::string> counted(const char* remote, const Headers& lines,
                                   const TrustedProxies& trusted = TrustedProxies()) {
  return origin(remote, lines, trusted).counted_as;
}

TEST(Proxies, AClientIsCountedByItsAddressOrNetwork) {
  EXPECT_EQ(counted("192.0.2.1", {}), "192.0.2.1");
  EXPECT_EQ(counted("::ffff:192.0.2.1", {}), "192.0.2.1");
  EXPECT_EQ(counted("2001:db8:1:2:3:4:5:6", {}), "2001:db8:1:2::/64");
  EXPECT_EQ(counted("192.0.2.1", {{"X-Forwarded-For", "198.51.100.7"}}), "192.0.2.1")
      << "a stranger may say anything";
  EXPECT_EQ(counted("127.0.0.1", {}), std::nullopt);
}

TEST(Proxies, OfATrustedProxyTheLastAddressCountsThatIsNoProxy) {
  EXPECT_EQ(counted("127.0.0.1", {{"X-Forwarded-For", "10.0.0.1, 198.51.100.7"}}), "198.51.100.7");
  EXPECT_EQ(counted("::1", {{"X-Forwarded-For", "2001:db8::1"}}), "2001:db8::/64");
  EXPECT_EQ(counted("::ffff:127.0.0.1", {{"X-Forwarded-For", "::ffff:198.51.100.7"}}),
            "198.51.100.7");
  const TrustedProxies containers({"172.16.0.0/12", "10.0.0.9"});
  EXPECT_EQ(counted("172.18.0.5", {{"X-Forwarded-For", "203.0.113.1, 198.51.100.7, 10.0.0.9"}},
                    containers),
            "198.51.100.7");
  EXPECT_EQ(counted("172.32.0.5", {{"X-Forwarded-For", "198.51.100.7"}}, containers), "172.32.0.5");
  EXPECT_EQ(counted("172.18.0.5", {}, containers), "172.18.0.5");
}

TEST(Proxies, OfSeveralLinesTheLastOneWasTheProxysOwn) {
  EXPECT_EQ(counted("127.0.0.1",
                    {{"X-Forwarded-For", "203.0.113.1"}, {"X-Forwarded-For", "198.51.100.7"}}),
            "198.51.100.7");
}

TEST(Proxies, WhomAProxyDoesNotNameIsCountedAllTheSame) {
  for (const char* name : {"unknown", "", "1.2.3.4.5", "198.51.100.7, "}) {
    EXPECT_EQ(counted("127.0.0.1", {{"X-Forwarded-For", name}}), "unnamed by a proxy") << name;
  }
}

TEST(Proxies, AnAddressMayHaveAPort) {
  EXPECT_EQ(counted("127.0.0.1", {{"X-Forwarded-For", "198.51.100.7:4711"}}), "198.51.100.7");
  EXPECT_EQ(counted("127.0.0.1", {{"X-Forwarded-For", "[2001:db8::1]:4711"}}), "2001:db8::/64");
}

TEST(Proxies, ForwardedOfRfc7239Counts) {
  EXPECT_EQ(counted("127.0.0.1", {{"Forwarded", "for=203.0.113.1, for=198.51.100.7;proto=https"}}),
            "198.51.100.7");
  EXPECT_EQ(counted("127.0.0.1", {{"Forwarded", "For=\"[2001:db8::1]:4711\""}}), "2001:db8::/64");
  EXPECT_EQ(counted("127.0.0.1", {{"Forwarded", "for=_hidden"}}), "unnamed by a proxy");
  EXPECT_EQ(counted("127.0.0.1", {{"Forwarded", "proto=https"}}), "unnamed by a proxy");
}

TEST(Proxies, OfTwoHeadersThatDifferOneIsTheClientsOwn) {
  EXPECT_EQ(
      counted("127.0.0.1", {{"X-Forwarded-For", "198.51.100.7"}, {"Forwarded", "for=203.0.113.1"}}),
      "unnamed by a proxy");
  EXPECT_EQ(counted("127.0.0.1",
                    {{"X-Forwarded-For", "198.51.100.7"}, {"Forwarded", "for=198.51.100.7"}}),
            "198.51.100.7");
}

TEST(Proxies, TheHostIsTheOneByWhichTheProxyWasReached) {
  EXPECT_EQ(origin("127.0.0.1", {{"X-Forwarded-Host", "onair.example"}}).host, "onair.example");
  EXPECT_EQ(origin("127.0.0.1", {{"X-Forwarded-Proto", "https"}}).scheme, "https");
  EXPECT_EQ(origin("127.0.0.1", {{"Forwarded", "for=1.2.3.4;host=\"onair.example:8443\""}}).host,
            "onair.example:8443");
  EXPECT_EQ(origin("192.0.2.1", {{"X-Forwarded-Host", "onair.example"}}).host, "inner:9001");
  EXPECT_EQ(origin("127.0.0.1", {}).host, "inner:9001");
}

TEST(Proxies, WhatIsNoNetworkIsRefused) {
  for (const char* wrong : {"", "proxy", "10.0.0.0/33", "10.0.0.0/8/8", "fd00::/129"}) {
    EXPECT_THROW(TrustedProxies({wrong}), std::invalid_argument) << wrong;
  }
  EXPECT_TRUE(TrustedProxies({"fd00::/8"}).contains(boost::asio::ip::make_address("fd12::1")));
}

TEST(Proxies, PrivateAddressesAreThoseThatNoRouterOfTheInternetKnows) {
  for (const char* address :
       {"10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.1.1", "100.64.0.1",
        "127.0.0.1", "fc00::1", "fd12::1", "fe80::1", "::1", "::ffff:192.168.0.1"}) {
    EXPECT_TRUE(is_private(boost::asio::ip::make_address(address))) << address;
  }
  for (const char* address : {"9.255.255.255", "172.32.0.1", "192.169.0.1", "100.128.0.1",
                              "8.8.8.8", "2001:db8::1", "fec0::1", "::2", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(is_private(boost::asio::ip::make_address(address))) << address;
  }
}

TEST(Origins, WhatNoBrowserSendsIsRefused) {
  for (const char* const origin : {"https://*.example", "https://*", "https://a.example/b",
                                   "a.example", "https://", "https://a@b.example", "null"}) {
    EXPECT_THROW(Origins({origin}), std::invalid_argument) << origin;
  }
  for (const char* const origin : {"*", "https://a.example", "https://a.example/"}) {
    EXPECT_NO_THROW(Origins({origin})) << origin;
  }
}

TEST(Origins, ANameThatAStrangerMayRegisterIsPublic) {
  for (const char* host :
       {"evil.example", "evil.example:9001", "10.0.0.7.evil.example", "local.example",
        "EVIL.Example.", "localhost.evil.example:80", "1.2.3.4.5"}) {
    EXPECT_TRUE(is_public_name(host)) << host;
  }
  for (const char* host :
       {"", "localhost", "localhost:9001", "studio", "studio:9001", "studio.local", "STUDIO.LOCAL.",
        "a.b.home.arpa:9001", "onair.lan", "x.internal", "192.168.1.5:9001", "192.168.1.5",
        "[fd00::2]:9001", "[::1]", "x.localhost"}) {
    EXPECT_FALSE(is_public_name(host)) << host;
  }
}

/// True where the gate lets a page in that asks from `remote`.
bool is_let_in(const char* remote, const Headers& lines,
               const std::vector<std::string>& allowed = {}) {
  const ServerContext server(StaticFiles(), StaticFiles(), Limits(), Origins(allowed),
                             TrustedProxies({"10.0.0.9"}), {});
  Request request;
  for (const auto& [name, value] : lines) request.insert(name, value);
  return is_welcome_origin(
      request, client_origin(boost::asio::ip::make_address(remote), request, server.proxies),
      server);
}

TEST(Gate, APageWhoseNameWasLedIntoThePrivateNetworkIsKeptOut) {
  const Headers rebound = {{"Host", "evil.example:9001"}, {"Origin", "http://evil.example:9001"}};
  for (const char* remote : {"192.168.1.5", "10.0.0.7", "172.18.0.1", "100.64.0.3", "169.254.1.1",
                             "fd00::2", "fe80::1", "::ffff:192.168.1.5"}) {
    EXPECT_FALSE(is_let_in(remote, rebound)) << remote;
    EXPECT_FALSE(is_let_in(remote, {{"Host", "evil.example"}, {"User-Agent", "Mozilla/5.0"}}))
        << remote;
  }
  EXPECT_TRUE(is_let_in("192.168.1.5", rebound, {"http://evil.example:9001"}))
      << "the operator's own name";
  EXPECT_TRUE(is_let_in("192.168.1.5", {{"Host", "evil.example"}, {"User-Agent", "Mozilla/5.0"}},
                        {"http://evil.example"}));
}

TEST(Gate, WhatIsNoReboundPageComesIn) {
  const Headers page = {{"Host", "onair.example"}, {"Origin", "http://onair.example"}};
  EXPECT_TRUE(is_let_in("203.0.113.7", page)) << "a client of the Internet";
  EXPECT_TRUE(is_let_in("10.0.0.9", page)) << "a trusted proxy";
  EXPECT_TRUE(is_let_in("127.0.0.1", page)) << "a proxy on this machine";
  EXPECT_TRUE(
      is_let_in("172.18.0.3", {{"Host", "onair.example"}, {"Origin", "https://onair.example"}}))
      << "a proxy that ends the TLS";
  EXPECT_TRUE(is_let_in("192.168.1.5", {{"Host", "onair.example"}})) << "a program";
  EXPECT_TRUE(is_let_in("192.168.1.5",
                        {{"Host", "192.168.1.9:9001"}, {"Origin", "http://192.168.1.9:9001"}}));
  EXPECT_TRUE(
      is_let_in("192.168.1.5", {{"Host", "studio.local"}, {"Origin", "http://studio.local"}}));
  EXPECT_FALSE(
      is_let_in("192.168.1.5", {{"Host", "studio.local"}, {"Origin", "http://evil.example"}}));
}

TEST(Origins, ASchemesOwnPortMakesNoDifference) {
  const Origins origins({"https://school.example/", "http://LAB.example:80"});
  EXPECT_TRUE(origins.allows("https://onair.example", "onair.example:443"));
  EXPECT_TRUE(origins.allows("https://onair.example:443", "onair.example"));
  EXPECT_FALSE(origins.allows("https://onair.example", "onair.example:80"));
  EXPECT_TRUE(origins.allows("https://school.example", "x"));
  EXPECT_TRUE(origins.allows("https://school.example:443", "x"));
  EXPECT_TRUE(origins.allows("http://lab.example", "x"));
  EXPECT_FALSE(origins.allows("http://school.example", "x"));
}

TEST(Origins, WhatIsNoOriginIsRefused) {
  for (const char* wrong : {"", "school.example", "https://", "https://a/b", "https://a b"}) {
    EXPECT_THROW(Origins({wrong}), std::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace onair::net
