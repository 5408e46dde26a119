// Parts of the forwarder's edge that need no socket.
#include <gtest/gtest.h>

#include "sfu/net/addresses.hpp"
#include "sfu/net/idle_end.hpp"
#include "sfu/net/socket_address.hpp"

namespace onair::sfu {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::string> announced(const std::vector<std::pair<std::string, std::string>>& found) {
  std::vector<InterfaceAddress> addresses;
  for (const auto& [interface, ip] : found) addresses.push_back({interface, *parse_ip(ip)});
  std::vector<std::string> texts;
  for (const Address& address : to_announce(addresses)) texts.push_back(ip_text(address));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Addresses, ThoseThatOthersReachAreAnnouncedIpv4First) {
  EXPECT_EQ(announced({{"lo", "127.0.0.1"},
                       {"lo", "::1"},
                       {"eth0", "2001:db8::5"},
                       {"eth0", "fe80::1"},
                       {"eth0", "192.0.2.5"},
                       {"eth1", "10.0.0.5"},
                       {"eth2", "169.254.7.7"}}),
            (Texts{"192.0.2.5", "10.0.0.5", "2001:db8::5"}));
}

TEST(Addresses, BridgesOfContainersAreNot) {
  EXPECT_EQ(announced({{"docker0", "172.17.0.1"},
                       {"br-0123456789ab", "172.18.0.1"},
                       {"virbr0", "192.168.122.1"},
                       {"br0", "192.0.2.5"}}),
            (Texts{"192.0.2.5"}));
  EXPECT_EQ(announced({{"docker0", "172.17.0.1"}}), (Texts{"172.17.0.1"})) << "nothing else";
}

TEST(Addresses, LoopbackIsAnnouncedWhereThereIsNothingElse) {
  EXPECT_EQ(announced({{"lo", "::1"}, {"lo", "127.0.0.1"}, {"eth0", "fe80::1"}}),
            (Texts{"127.0.0.1", "::1"}));
  EXPECT_EQ(announced({}), Texts{});
}

TEST(Addresses, OneOfTwoInterfacesIsAnnouncedOnceAndNotMoreThanEightAre) {
  EXPECT_EQ(announced({{"eth0", "192.0.2.5"}, {"macvlan0", "192.0.2.5"}}), (Texts{"192.0.2.5"}));
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 1; i < 50; ++i) many.emplace_back("eth0", "192.0.2." + std::to_string(i));
  EXPECT_EQ(announced(many).size(), 8u);
}

TEST(Addresses, EachIsACandidateOfUdpAndThenOfTcp) {
  const auto candidates = candidates_of({*parse_ip("192.0.2.5"), *parse_ip("::1")}, 9100);
  ASSERT_EQ(candidates.size(), 4u);
  EXPECT_EQ(candidates[0].transport, LocalCandidate::Transport::udp);
  EXPECT_EQ(candidates[2].transport, LocalCandidate::Transport::tcp_passive);
  EXPECT_EQ(candidates[3].address.port, 9100);
  EXPECT_EQ(ip_text(candidates[3].address), "::1");
}

TEST(Addresses, AreLookedForAgainOnceASecond) {
  std::vector<InterfaceAddress> found = {{"lo", *parse_ip("127.0.0.1")}};
  AnnouncedAddresses announced({}, 9100, [&] { return found; });
  const auto first = [&] { return ip_text(announced.candidates().front().address); };
  EXPECT_EQ(first(), "127.0.0.1") << "the network comes later";
  TimePoint now(minutes(1));
  EXPECT_FALSE(announced.have_changed(now));
  found.push_back({"eth0", *parse_ip("192.0.2.5")});
  EXPECT_FALSE(announced.have_changed(now));
  now += seconds(1);
  EXPECT_TRUE(announced.have_changed(now));
  EXPECT_EQ(first(), "192.0.2.5");
  now += seconds(1);
  EXPECT_FALSE(announced.have_changed(now));
  found.clear();
  EXPECT_FALSE(announced.have_changed(now + seconds(1))) << "the last ones are better than none";
}

TEST(Addresses, ThoseThatAreGivenStay) {
  AnnouncedAddresses announced({*parse_ip("203.0.113.1")}, 9100, [] {
    return std::vector<InterfaceAddress>{{"eth0", *parse_ip("192.0.2.5")}};
  });
  EXPECT_FALSE(announced.have_changed(TimePoint(minutes(1))));
  EXPECT_EQ(ip_text(announced.candidates().front().address), "203.0.113.1");
}

TEST(Addresses, AreReadAndWritten) {
  for (const char* ip : {"192.0.2.1", "2001:db8::1", "::1", "127.0.0.1"}) {
    Address address = parse_ip(ip).value();
    EXPECT_EQ(ip_text(address), ip);
    address.port = 7;
    const SocketAddress v6 = to_socket_address(address, AF_INET6);
    EXPECT_EQ(from_socket_address(v6.get()), address);
    if (!address.is_v4()) continue;
    const SocketAddress v4 = to_socket_address(address, AF_INET);
    EXPECT_EQ(v4.get()->sa_family, AF_INET);
    EXPECT_EQ(from_socket_address(v4.get()), address);
  }
  for (const char* text : {"", "1", "192.0.2", "192.0.2.256", "example.org", "fe80::1%eth0"})
    EXPECT_FALSE(parse_ip(text)) << text;
}

TEST(Addresses, OfIpv6ThoseOfANetworkCountAsOne) {
  EXPECT_EQ(counted_address(*parse_ip("2001:db8::1")), counted_address(*parse_ip("2001:db8::2")));
  EXPECT_NE(counted_address(*parse_ip("192.0.2.1")), counted_address(*parse_ip("192.0.2.2")));
}

TEST(IdleEnd, ComesAMinuteAfterTheLastServerAndPeer) {
  IdleEnd idle;
  const TimePoint start{seconds(1'000)};
  EXPECT_FALSE(idle.advance(0, 0, start));
  EXPECT_EQ(idle.next_deadline(), start + seconds(60));
  EXPECT_FALSE(idle.advance(0, 0, start + seconds(59)));
  EXPECT_TRUE(idle.advance(0, 0, start + seconds(60)));
}

TEST(IdleEnd, NeverComesWhileAServerIsThere) {
  IdleEnd idle;
  const TimePoint start{seconds(1'000)};
  EXPECT_FALSE(idle.advance(0, 0, start));
  EXPECT_FALSE(idle.advance(1, 0, start + seconds(59)));
  EXPECT_EQ(idle.next_deadline(), std::nullopt);
  EXPECT_FALSE(idle.advance(1, 5, start + minutes(600)));
  EXPECT_FALSE(idle.advance(0, 0, start + minutes(600))) << "begins anew";
}

TEST(IdleEnd, WaitsLongerWhileThereArePeers) {
  IdleEnd idle;
  const TimePoint start{seconds(1'000)};
  EXPECT_FALSE(idle.advance(0, 2, start));
  EXPECT_FALSE(idle.advance(0, 2, start + minutes(9)));
  EXPECT_FALSE(idle.advance(0, 0, start + minutes(9)));
  EXPECT_FALSE(idle.advance(0, 0, start + minutes(9) + seconds(59)));
  EXPECT_TRUE(idle.advance(0, 0, start + minutes(10)));
  IdleEnd other;
  EXPECT_FALSE(other.advance(0, 2, start));
  EXPECT_TRUE(other.advance(0, 2, start + minutes(10))) << "nobody can end its rooms";
}

}  // namespace
}  // namespace onair::sfu
