#include "net/auth/ice_servers.hpp"

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::net {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

TEST(IceServers, AreNoneWithoutOptions) {
  EXPECT_TRUE(ice_servers_for({}, "5f0c", system_clock::now()).empty());
}

TEST(IceServers, CarryTurnRestCredentials) {
  const IceOptions options{{"stun:s"}, {"turn:t", "turns:t"}, "north", seconds(3600)};
  const auto servers = ice_servers_for(options, "5f0c", system_clock::time_point(seconds(1000)));
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0], (protocol::IceServer{{"stun:s"}, std::nullopt, std::nullopt}));
  EXPECT_EQ(servers[1].urls, (std::vector<std::string>{"turn:t", "turns:t"}));
  EXPECT_EQ(servers[1].username, "4600:5f0c");
  // printf 4600:5f0c | openssl dgst -sha1 -hmac north -binary | base64
  EXPECT_EQ(servers[1].credential, "+5RFCpkCzdAZzEJczkaHYtQScMw=");
}

TEST(IceServers, ComeWithTheWelcomeAndEveryPong) {
  Options options;
  options.ice_servers = {"stun:s"};
  options.relay_only = true;
  tests::RunningServer server(options);
  tests::WebSocketClient client(server.port());
  const auto welcome = client.enter("watch");
  const auto expected = nlohmann::json::parse(R"([{"urls":["stun:s"]}])");
  EXPECT_EQ(welcome["iceServers"], expected);
  EXPECT_EQ(welcome["relayOnly"], true);
  client.send(R"({"type":"ping"})");
  EXPECT_EQ(client.receive(), nlohmann::json({{"type", "pong"}, {"iceServers", expected}}));
}

}  // namespace
}  // namespace onair::net
