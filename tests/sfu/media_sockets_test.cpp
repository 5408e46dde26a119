// The edge over real sockets on loopback, with a core that echoes.
#include "sfu/net/media_sockets.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/allocations.hpp"
#include "sfu/sockets.hpp"

namespace onair::sfu {
namespace {

using std::chrono::seconds;
using tests::Peer;
using tests::tick_until;

/// Answers a packet that begins with `answer_to` by itself.
class Echo final : public PacketReceiver {
 public:
  void receive(MutableBytes packet, const Path& from, TimePoint) override {
    packets.emplace_back(text_of(packet));
    paths.push_back(from);
    if (sink != nullptr && packets.back().starts_with(answer_to)) sink->send(from, packet, 0);
  }
  void connection_closed(std::uint32_t connection, TimePoint) override {
    closed.push_back(connection);
  }

  PacketSink* sink = nullptr;
  std::string answer_to;
  std::vector<std::string> packets;
  std::vector<Path> paths;
  std::vector<std::uint32_t> closed;
};

class MediaSocketsTest : public testing::Test {
 protected:
  explicit MediaSocketsTest(TcpBounds bounds = {}) : media(loop, 0, echo, bounds) {
    echo.sink = &media;
  }

  Peer udp(const std::string& ip = "127.0.0.1") { return {loop, SOCK_DGRAM, ip, media.port()}; }
  Peer tcp(const std::string& ip = "127.0.0.1") { return {loop, SOCK_STREAM, ip, media.port()}; }
  bool has_ipv6() { return media.udp().family() == AF_INET6; }

  EventLoop loop;
  Echo echo;
  MediaSockets media;
};

/// A frame of RFC 4571.
std::string frame(const std::string& packet) {
  return std::string{static_cast<char>(packet.size() >> 8), static_cast<char>(packet.size())} +
         packet;
}

const std::string kStun("\x00\x01\x00\x00\x21\x12\xa4\x42transaction0", 20);

TEST_F(MediaSocketsTest, AnswersOverUdp) {
  Peer peer = udp();
  peer.send("hello");
  EXPECT_EQ(peer.receive(), "hello");
  EXPECT_TRUE(echo.paths.at(0).remote.is_v4());
  EXPECT_EQ(echo.paths.at(0).connection, 0u);
  if (!has_ipv6()) return;
  Peer v6 = udp("::1");
  v6.send("hello");
  EXPECT_EQ(v6.receive(), "hello");
  EXPECT_FALSE(echo.paths.at(1).remote.is_v4());
}

TEST_F(MediaSocketsTest, AnswersLeaveFromTheAddressThatThePacketCameTo) {
  // A connected socket takes only what comes from 127.0.0.2. By itself the system would send from
  // 127.0.0.1.
  Peer peer = udp("127.0.0.2");
  peer.send("one");
  EXPECT_EQ(peer.receive(), "one");
  Peer other = udp("127.0.0.3");
  other.send("two");
  EXPECT_EQ(other.receive(), "two");
  peer.send("three");
  EXPECT_EQ(peer.receive(), "three");
  EXPECT_EQ(echo.paths.at(0), echo.paths.at(2));
  EXPECT_NE(echo.paths.at(0).local, echo.paths.at(1).local);
}

TEST_F(MediaSocketsTest, TheNextProcessSendsFromTheSameAddress) {
  for (const char* ip : {"127.0.0.3", "127.0.0.2"}) {
    Peer peer = udp(ip);
    peer.send("one");
    EXPECT_EQ(peer.receive(), "one");
  }
  UdpSocket next(0);
  next.take_over(media.udp().local_addresses());
  Peer peer(loop, SOCK_DGRAM, "127.0.0.2", next.port());
  peer.send("two");
  bool has_come = false;
  EXPECT_TRUE(tick_until(loop, [&] {
    next.receive([&](MutableBytes packet, const Path& from) {
      has_come = true;
      next.send({.remote = from.remote, .local = echo.paths.at(1).local}, packet, 0);
    });
    return has_come;
  }));
  EXPECT_EQ(peer.receive(), "two") << "it takes nothing from another address";
}

TEST_F(MediaSocketsTest, TakesABatchOfPackets) {
  Peer peer = udp();
  for (int i = 0; i < 200; ++i) peer.send(std::to_string(i));
  ASSERT_TRUE(tick_until(loop, [this] { return echo.packets.size() == 200; }));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(peer.receive(), std::to_string(i));
}

TEST_F(MediaSocketsTest, AnEmptyDatagramIsNoPacket) {
  Peer peer = udp();
  peer.send("");
  peer.send("x");
  EXPECT_EQ(peer.receive(), "x");
  EXPECT_EQ(echo.packets.size(), 1u);
}

TEST_F(MediaSocketsTest, ALongerDatagramThanAPacketIsDropped) {
  Peer peer = udp();
  peer.send(std::string(kMaxPacket + 1, 'x'));
  peer.send(std::string(kMaxPacket, 'y'));
  EXPECT_EQ(peer.receive(), std::string(kMaxPacket, 'y'));
  EXPECT_EQ(media.udp().counters().truncated, 1u);
}

void expect_segments(Peer& peer, MediaSockets& media, const Path& path) {
  std::string bytes;
  for (int i = 0; i < 150; ++i) bytes += std::string(300, static_cast<char>('0' + i % 10));
  bytes += "last";
  media.send(path, bytes_of(bytes), 300);
  for (int i = 0; i < 150; ++i)
    ASSERT_EQ(peer.receive(), std::string(300, static_cast<char>('0' + i % 10))) << i;
  EXPECT_EQ(peer.receive(), "last");
  EXPECT_EQ(media.dropped(), 0u);
}

TEST_F(MediaSocketsTest, OneSendOfSeveralDatagrams) {
  Peer peer = udp();
  peer.send("x");
  peer.receive();
  expect_segments(peer, media, echo.paths.at(0));
  media.udp().disable_segmentation();
  expect_segments(peer, media, echo.paths.at(0));
}

TEST_F(MediaSocketsTest, WhatTheKernelDoesNotCutIsSentSingly) {
  if (!has_ipv6()) return;  // only IPv6 has a way to make the MTU of one socket small
  Peer peer = udp("::1");
  peer.send("x");
  peer.receive();
  const int mtu = 1'280;
  ASSERT_EQ(setsockopt(media.udp().descriptor(), IPPROTO_IPV6, IPV6_MTU, &mtu, sizeof mtu), 0);
  const std::string bytes(14'000, 'x');
  media.send(echo.paths.at(0), bytes_of(bytes), 1'400);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(peer.receive().size(), 1'400u) << i;
  EXPECT_EQ(media.udp().counters().uncut, 1u);
  EXPECT_EQ(media.dropped(), 0u);
}

TEST_F(MediaSocketsTest, WhatHasNoWayIsCounted) {
  media.send({.remote = tests::address_of("255.255.255.255", 9)}, bytes_of("x"), 0);
  EXPECT_EQ(media.udp().counters().failed, 1u);
  media.send({.remote = {}, .connection = 77}, bytes_of("x"), 0);  // a connection that is gone
}

TEST(MediaPort, OneThatIsTakenIsAClearError) {
  EventLoop loop;
  Echo echo;
  const MediaSockets first(loop, 0, echo);
  try {
    const MediaSockets second(loop, first.port(), echo);
    FAIL() << "took a port that was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(),
              "Can't take UDP port " + std::to_string(first.port()) +
                  " for media (Address already in use): stop the program that has it, or choose "
                  "another with --media-port.");
  }
}

TEST(MediaPort, OneThatIsTakenForTcpAloneIsAClearError) {
  EventLoop loop;
  Echo echo;
  const Descriptor listener(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_GE(listener.get(), 0);
  SocketAddress address = to_socket_address(Address{}, AF_INET6);
  // Where it is -1 the test has ended, which the analyzer does not see.
  // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions)
  ASSERT_EQ(bind(listener.get(), address.get(), address.size), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  ASSERT_EQ(getsockname(listener.get(), address.get(), &address.size), 0);
  try {
    const MediaSockets media(loop, from_socket_address(address.get()).port, echo);
    FAIL() << "took a port that was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("Can't take TCP port ")) << error.what();
  }
}

TEST_F(MediaSocketsTest, AnswersOverTcp) {
  Peer peer = tcp();
  peer.send(frame(kStun));
  EXPECT_EQ(peer.receive(22), frame(kStun));
  EXPECT_NE(echo.paths.at(0).connection, 0u);
  peer.send(frame("one") + frame("") + frame("two"));
  EXPECT_EQ(peer.receive(10), frame("one") + frame("two"));
  Peer other = tcp("127.0.0.2");
  other.send(frame(kStun));
  EXPECT_EQ(other.receive(22), frame(kStun));
  EXPECT_NE(echo.paths.at(0).connection, echo.paths.back().connection);
  EXPECT_EQ(media.tcp().connections(), 2u);
}

TEST_F(MediaSocketsTest, AFrameMayComeByteByByte) {
  Peer peer = tcp();
  const std::string bytes = frame(kStun) + frame(std::string(kMaxPacket, 'x'));
  for (const char byte : bytes.substr(0, 40)) peer.send(std::string(1, byte));
  peer.send(bytes.substr(40));
  EXPECT_EQ(peer.receive(bytes.size()), bytes);
}

TEST_F(MediaSocketsTest, SegmentsAreFramesOverTcp) {
  Peer peer = tcp();
  peer.send(frame(kStun));
  peer.receive(22);
  media.send(echo.paths.at(0), bytes_of("aabbc"), 2);
  EXPECT_EQ(peer.receive(11), frame("aa") + frame("bb") + frame("c"));
}

TEST_F(MediaSocketsTest, AConnectionThatDoesNotBeginWithStunIsClosed) {
  Peer peer = tcp();
  peer.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(peer.is_closed());
  Peer other = tcp();
  other.send(frame("no STUN, but a frame of it"));
  EXPECT_TRUE(other.is_closed());
  EXPECT_TRUE(echo.packets.empty());
  EXPECT_EQ(echo.closed, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(MediaSocketsTest, AFrameLongerThanAPacketClosesTheConnection) {
  Peer peer = tcp();
  peer.send(frame(kStun) + frame(std::string(kMaxPacket + 1, 'x')));
  peer.receive(22);
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(MediaSocketsTest, AConnectionThatTheCoreDoesNotAnswerIsClosedInSeconds) {
  echo.answer_to = "never";
  Peer peer = tcp();
  peer.send(frame(kStun));
  ASSERT_TRUE(tick_until(loop, [this] { return echo.packets.size() == 1; }));
  const TimePoint now = Clock::now();
  EXPECT_TRUE(media.next_deadline().has_value());
  media.advance(now + seconds(2));
  EXPECT_EQ(media.tcp().connections(), 1u);
  media.advance(now + seconds(6));
  EXPECT_EQ(media.tcp().connections(), 0u);
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(echo.closed.size(), 1u);
  EXPECT_FALSE(media.next_deadline().has_value());
}

TEST_F(MediaSocketsTest, AConnectionThatTheCoreAnswersStaysForAsLongAsThat) {
  Peer peer = tcp();
  peer.send(frame(kStun));
  peer.receive(22);
  const TimePoint now = Clock::now();
  media.advance(now + seconds(30));
  EXPECT_EQ(media.tcp().connections(), 1u);
  media.advance(now + seconds(50));
  EXPECT_EQ(media.tcp().connections(), 0u);
}

TEST_F(MediaSocketsTest, APeerThatReadsSlowlyLosesPackets) {
  Peer peer = tcp();
  peer.send(frame(kStun));
  peer.receive(22);
  const std::string packet(1'000, 'x');
  constexpr std::size_t kSent = 2'000;
  for (std::size_t i = 0; i < kSent; ++i) media.send(echo.paths.at(0), bytes_of(packet), 0);
  EXPECT_GT(media.dropped(), kSent / 2);
  EXPECT_LT(media.dropped(), kSent);
  // Whole frames come.
  for (std::size_t i = 0; i < kSent - media.dropped(); ++i)
    ASSERT_EQ(peer.receive(1'002), frame(packet)) << i;
  peer.send(frame("goes on"));
  EXPECT_EQ(peer.receive(9), frame("goes on"));
}

TEST_F(MediaSocketsTest, APeerThatHasCaughtUpHoldsNoMemory) {
  Peer peer = tcp();
  peer.send(frame(kStun));
  peer.receive(22);
  const std::string packet(1'000, 'x');
  constexpr std::size_t kSent = 2'000;
  const std::size_t before = test::allocated_bytes();
  for (std::size_t i = 0; i < kSent; ++i) media.send(echo.paths.at(0), bytes_of(packet), 0);
  EXPECT_GT(test::allocated_bytes(), before + 100'000);
  const std::size_t came = kSent - media.dropped();
  for (std::size_t i = 0; i < came; ++i) ASSERT_EQ(peer.receive(1'002), frame(packet)) << i;
  EXPECT_LT(test::allocated_bytes(), before + 65'536) << "what the test itself has read ahead";
}

class SlowPeersTest : public MediaSocketsTest {
 protected:
  SlowPeersTest() : MediaSocketsTest({.output = 200'000, .all_output = 12'800'000}) {}

  /// Its path is the last of `echo`.
  Peer slow() {
    Peer peer = tcp();
    peer.send(frame(kStun));
    peer.receive(22);
    return peer;
  }
  /// How many of so many packets were not dropped.
  std::size_t taken(const Path& to, std::size_t count) {
    const std::uint64_t before = media.dropped();
    for (std::size_t i = 0; i < count; ++i) media.send(to, bytes_of(std::string(1'000, 'x')), 0);
    return count - static_cast<std::size_t>(media.dropped() - before);
  }
};

TEST_F(SlowPeersTest, ManyThatReadNothingLeaveTheOthersSomething) {
  std::vector<Peer> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(slow());
  // The kernel takes as much of each.
  const std::size_t of_first = taken(echo.paths.front(), 1'000);
  for (const Path& path : echo.paths) taken(path, 1'000);
  const Peer other = slow();
  EXPECT_GT(taken(echo.paths.back(), 1'000) + 200, of_first + 30);
}

TEST_F(MediaSocketsTest, ManyConnectionsComeAndGo) {
  for (int i = 0; i < 50; ++i) {
    Peer peer = tcp();
    peer.send(frame(kStun));
    peer.receive(22);
  }
  EXPECT_TRUE(tick_until(loop, [this] { return media.tcp().connections() == 0; }));
  EXPECT_EQ(echo.closed.size(), 50u);
}

class BoundedMediaSocketsTest : public MediaSocketsTest {
 protected:
  BoundedMediaSocketsTest() : MediaSocketsTest({.connections = 3, .per_address = 2}) {}
};

TEST_F(BoundedMediaSocketsTest, OneConnectionTooManyIsClosed) {
  const auto is_served = [](Peer& peer) {
    peer.send(frame(kStun));
    return peer.receive(22) == frame(kStun);
  };
  Peer first = tcp(), second = tcp();
  EXPECT_TRUE(is_served(first));
  EXPECT_TRUE(is_served(second));
  Peer third = tcp();
  EXPECT_TRUE(third.is_closed()) << "the third of an address";
  EXPECT_EQ(media.tcp().connections(), 2u);
  {
    const Peer gone = std::move(first);
  }
  ASSERT_TRUE(tick_until(loop, [this] { return media.tcp().connections() == 1; }));
  Peer fourth = tcp();
  EXPECT_TRUE(is_served(fourth));
}

}  // namespace
}  // namespace onair::sfu
