// Every bound of a running server, and that the others go on when one client hits it.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/client.hpp"

namespace onair::tests {
namespace {

using boost::beast::http::verb;
using nlohmann::json;
using std::chrono::milliseconds;

/// A talker, a viewer that reads only on request, and one that keeps up.
struct Crowd {
  explicit Crowd(const RunningServer& server)
      : talker(server.port()), slow(server.port(), 4'096), quick(server.port()) {
    talker.enter("talk");
    slow.enter("watch");
    quick.enter("watch");
  }
  WebSocketClient talker;
  WebSocketClient slow;
  WebSocketClient quick;
};

TEST(Bounds, FrameBytesCanBeSet) {
  Options options = test_options();
  options.limits.frame_bytes = 2'000;
  const RunningServer server(options);
  WebSocketClient client(server.port());
  client.send(std::string(2'000, ' '));
  EXPECT_EQ(client.receive()["code"], "bad_json");
  client.send(std::string(2'001, ' '));
  EXPECT_EQ(client.receive()["code"], "frame_too_large");
  EXPECT_EQ(client.receive_close(), 1009);
}

TEST(Bounds, AFloodIsWarnedThenClosed) {
  Options options = test_options();
  options.room_limits.rates = {50, 1e9, std::chrono::seconds(1)};
  const RunningServer server(options);
  WebSocketClient talker(server.port());
  talker.enter("talk");
  WebSocketClient flooder(server.port());
  flooder.enter("watch");
  for (int i = 0; i < 150; ++i) flooder.send(R"({"type":"wave"})");
  EXPECT_EQ(flooder.receive()["code"], "rate_limited");
  EXPECT_EQ(flooder.receive_close(), 1008);
  EXPECT_EQ(talker.receive_type("user_disconnected")["type"], "user_disconnected");
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"rate\"}"), 1);
}

TEST(Bounds, AClientThatReadsTooSlowlyIsCutOffAndTheOthersGoOn) {
  Options options = test_options();
  options.limits.send_queue_bytes = 65'536;
  options.room_limits.rates = {1e6, 1e9, std::chrono::seconds(5)};
  const RunningServer server(options);
  auto [talker, slow, quick] = Crowd(server);
  const std::string text(40'000, 'x');
  int sent = 0;
  while (server.metric("onair_evictions_total{reason=\"slow_consumer\"}") == 0) {
    ASSERT_LT(sent, 2'000) << "80 MB, and nobody was cut off";
    for (int i = 0; i < 20; ++i, ++sent) {
      talker.send(json{{"type", "wave"}, {"n", sent}, {"text", text}}.dump());
      ASSERT_EQ(quick.receive()["n"], sent);
    }
    EXPECT_LE(server.metric("onair_send_queue_bytes"), 3 * 65'536);
  }
  EXPECT_EQ(slow.receive_close(), 1013);
  talker.send(R"({"type":"wave","n":"last"})");
  EXPECT_EQ(quick.receive()["n"], "last");
}

TEST(Bounds, TheQueuesOfAllClientsTogether) {
  Options options = test_options();
  options.threads = 1;
  options.limits.send_queue_bytes = 1'048'576;
  options.limits.queue_bytes = 262'144;
  options.room_limits.rates = {1e6, 1e9, std::chrono::seconds(5)};
  const RunningServer server(options);
  auto [talker, slow, quick] = Crowd(server);
  const std::string text(4'000, 'x');
  for (int sent = 0; server.metric("onair_evictions_total{reason=\"slow_consumer\"}") == 0;
       ++sent) {
    ASSERT_LT(sent, 5'000) << "20 MB, and nobody was cut off";
    talker.send(json{{"type", "wave"}, {"n", sent}, {"text", text}}.dump());
    ASSERT_EQ(quick.receive()["n"], sent);
    ASSERT_LE(server.metric("onair_send_queue_bytes"), 300'000);
  }
  EXPECT_EQ(slow.receive_close(), 1013);
}

/// Opens a session of Engine.IO 3 that polls. Gives the target of its requests.
std::string open_polling_session(const RunningServer& server) {
  const std::string path = "/socket.io/?EIO=3&transport=polling";
  const auto opened = request(server.port(), verb::get, path).body();
  const std::string sid = opened.substr(opened.find("\"sid\":\"") + 7);
  return path + "&sid=" + sid.substr(0, sid.find('"'));
}

TEST(Bounds, SessionsThatPollCountAmongAllQueues) {
  Options options = test_options();
  options.threads = 1;
  options.limits.send_queue_bytes = 1'048'576;
  options.limits.queue_bytes = 1'048'576;
  const RunningServer server(options);
  // Engine.IO 3 has a client's pings echoed, here into a queue that nobody fetches.
  const std::string ping = "60001:2" + std::string(60'000, 'x');
  std::vector<std::string> targets;
  for (int i = 0; i < 4; ++i) {
    targets.push_back(open_polling_session(server));
    for (int n = 0; n < 8; ++n) request(server.port(), verb::post, targets.back(), {}, ping);
    EXPECT_LE(server.metric("onair_send_queue_bytes"), 1'200'000) << i << " sessions";
  }
  EXPECT_GE(server.metric("onair_evictions_total{reason=\"slow_consumer\"}"), 1);
}

TEST(Bounds, ManySmallQueuesCountTogether) {
  Options options = test_options();
  options.threads = 1;
  options.limits.queue_bytes = 262'144;
  const RunningServer server(options);
  const std::string ping = "20001:2" + std::string(20'000, 'x');
  for (int i = 0; i < 60; ++i) {
    const std::string target = open_polling_session(server);
    for (int n = 0; n < 3; ++n) request(server.port(), verb::post, target, {}, ping);
    ASSERT_LE(server.metric("onair_send_queue_bytes"), 2 * 262'144 + 20'128) << i << " sessions";
  }
}

/// The head of a client's frame of 60,000 bytes, and as much of the text as is asked for.
std::string begun_message(std::size_t bytes) {
  return std::string("\x81\xfe\xea\x60\x00\x00\x00\x00", 8) + std::string(bytes, 'a');
}

TEST(Bounds, MessagesThatNeverEndCountTogether) {
  Options options = test_options();
  options.threads = 1;
  options.limits.input_bytes = 262'144;
  const RunningServer server(options);
  RawConnection small(server.port());
  small.send(upgrade_request());
  small.receive(12);
  small.send(begun_message(2'000));
  std::vector<std::unique_ptr<RawConnection>> hoarders;
  for (int i = 0; i < 8; ++i) {
    hoarders.push_back(std::make_unique<RawConnection>(server.port()));
    hoarders.back()->send(upgrade_request());
    hoarders.back()->receive(12);
    hoarders.back()->send(begun_message(59'000));
  }
  // Three fit. A close frame with 1013 ends the answer to each that has held its part for longest.
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(hoarders[static_cast<std::size_t>(i)]->receive_all().ends_with("\x88\x02\x03\xf5"))
        << i;
  }
  // Who comes now is served, and what is new costs one of the others its place.
  hoarders.back()->send(std::string(1'000, 'a'));
  std::string served;
  while (served.find("bad_json") == std::string::npos) served += hoarders.back()->receive(1);
  small.send(std::string(58'000, 'a'));
  // A client that holds little is served to its end.
  std::string answer;
  while (answer.find("bad_json") == std::string::npos) answer += small.receive(1);
}

TEST(Bounds, BodiesCountTogetherAndOnlyOfSessions) {
  Options options = test_options();
  options.threads = 1;
  options.limits.input_bytes = 262'144;
  const RunningServer server(options);
  const auto post = [](const std::string& sid, std::size_t length) {
    return "POST /socket.io/?EIO=4&transport=polling&sid=" + sid +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  RawConnection stranger(server.port());
  stranger.send(post("0123456789abcdef012345670", 200'000));
  EXPECT_EQ(stranger.receive(12), "HTTP/1.1 400") << "answered before the body has come";

  const auto opened =
      request(server.port(), verb::get, "/socket.io/?EIO=4&transport=polling").body();
  const std::string sid = json::parse(opened.substr(1))["sid"];
  RawConnection first(server.port());
  first.send(post(sid, 200'000) + std::string(1'000, 'a'));
  RawConnection next(server.port());
  next.send(post(sid, 200'000));
  EXPECT_EQ(first.receive_all(), "") << "it has held its place for longest";
  EXPECT_EQ(
      request(server.port(), verb::post, "/socket.io/?EIO=4&transport=polling&sid=" + sid, {}, "40")
          .result_int(),
      200u)
      << "a small one is served";
  next.send(std::string(200'000, 'a'));
  EXPECT_EQ(next.receive(12), "HTTP/1.1 400") << "read to its end, and no payload";
}

TEST(Bounds, AClientThatIsCutOffIsNotParsedAnyMore) {
  Options options = test_options();
  options.room_limits.rates = {50, 1e9, std::chrono::seconds(1)};
  const RunningServer server(options);
  RawConnection flooder(server.port());
  flooder.send(upgrade_request());
  flooder.receive(12);
  const std::string ping = "\x89\x80" + std::string("\x01\x02\x03\x04");
  std::string frames;
  for (int i = 0; i < 300; ++i) frames += ping;
  flooder.send(frames);
  EXPECT_TRUE(flooder.receive_all().ends_with("\x88\x02\x03\xf0"))
      << "nothing comes behind a close frame, and the server ends";
}

TEST(Bounds, PingsAndPongsCount) {
  Options options = test_options();
  options.room_limits.rates = {50, 1e9, std::chrono::seconds(1)};
  const RunningServer server(options);
  for (const char first : {'\x89', '\x8a'}) {
    RawConnection flooder(server.port());
    flooder.send(upgrade_request());
    flooder.receive(12);
    std::string frames;
    for (int i = 0; i < 500; ++i) frames += std::string{first, '\x80'} + "\x01\x02\x03\x04";
    flooder.send(frames);
    std::string answered;
    while (answered.find("Too many messages") == std::string::npos) {
      const std::string more = flooder.receive(1);
      ASSERT_FALSE(more.empty()) << "it was not cut off";
      answered += more;
    }
  }
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"rate\"}"), 2);
}

TEST(Bounds, PeersPerRoomAndRooms) {
  Options options = test_options();
  options.threads = 1;
  options.room_limits.peers_per_room = 1;
  options.room_limits.rooms = 2;
  const RunningServer server(options);
  WebSocketClient first(server.port());
  EXPECT_EQ(first.enter("watch", "a")["type"], "welcome");
  WebSocketClient second(server.port());
  EXPECT_EQ(second.enter("watch", "a")["code"], "room_full");
  EXPECT_EQ(second.enter("watch", "b")["type"], "welcome");
  WebSocketClient third(server.port());
  EXPECT_EQ(third.enter("watch", "c")["code"], "too_many_rooms");
}

TEST(Bounds, PeersPerAddress) {
  Options options = test_options();
  options.limits.peers_per_address = 1;
  const RunningServer server(options);
  const WebSocketClient uncounted(server.port());
  RawConnection held(server.port());
  held.send(upgrade_request("X-Forwarded-For: 192.0.2.9\r\n"));
  EXPECT_EQ(held.receive(12), "HTTP/1.1 101");
  EXPECT_EQ(upgrade_status(server.port(), {{"X-Forwarded-For", "192.0.2.9"}}), 429u);
  EXPECT_EQ(upgrade_status(server.port(), {{"X-Forwarded-For", "192.0.2.10"}}), 101u);
}

TEST(Bounds, APageOfAnAddressThatHasItsPeersLearnsSoByHttp) {
  Options options = test_options();
  options.limits.peers_per_address = 1;
  const RunningServer server(options);
  const auto ask = [&server](const char* address) {
    return request(server.port(), boost::beast::http::verb::post, "/ws",
                   {{"Content-Length", "0"},
                    {"Origin", "http://localhost"},
                    {"X-Forwarded-For", address}})
        .result_int();
  };
  EXPECT_EQ(ask("192.0.2.9"), 426u) << "would be let in";
  EXPECT_EQ(ask("192.0.2.9"), 426u) << "who asks is no peer";
  const WebSocketClient peer(server.port(), "/ws", "192.0.2.9");
  EXPECT_EQ(ask("192.0.2.9"), 429u);
  EXPECT_EQ(ask("192.0.2.10"), 426u);
}

TEST(Bounds, ConnectionsInAll) {
  Options options = test_options();
  options.limits.connections = 2;
  const RunningServer server(options);
  WebSocketClient first(server.port());
  first.enter("talk");
  WebSocketClient second(server.port());
  second.enter("watch");
  EXPECT_EQ(request(server.port(), boost::beast::http::verb::get, "/").result_int(), 503u);
  second.send(R"({"type":"talk_request"})");
  EXPECT_EQ(first.receive_type("talk_request")["type"], "talk_request");
}

TEST(Bounds, HeaderBytesCanBeSet) {
  Options options = test_options();
  options.limits.header_bytes = 256;
  const RunningServer server(options);
  EXPECT_EQ(
      raw_exchange(server.port(), "GET / HTTP/1.1\r\nX: " + std::string(300, 'a') + "\r\n\r\n")
          .substr(0, 12),
      "HTTP/1.1 431");
}

TEST(Bounds, ARequestThatNeverEndsIsCutOff) {
  Options options = test_options();
  options.limits.handshake_time = milliseconds(200);
  const RunningServer server(options);
  EXPECT_EQ(raw_exchange(server.port(), ""), "");
  EXPECT_EQ(raw_exchange(server.port(), "GET / HTTP/1.1\r\nHost: l"), "");
}

TEST(Bounds, OneWhoDoesNotEnterIsCutOffAndTheOthersStay) {
  Options options = test_options();
  options.limits.handshake_time = milliseconds(200);
  const RunningServer server(options);
  WebSocketClient member(server.port());
  member.enter("talk");
  WebSocketClient stranger(server.port());
  EXPECT_EQ(stranger.receive_close(), 1008);
  EXPECT_EQ(server.metric("onair_evictions_total{reason=\"never_entered\"}"), 1);
  member.send(R"({"type":"ping"})");
  EXPECT_EQ(member.receive_type("pong")["type"], "pong");
}

TEST(Bounds, ASilentClientIsPingedAndADeadOneGone) {
  Options options = test_options();
  options.limits.idle_time = milliseconds(400);
  options.grace = milliseconds(0);
  const RunningServer server(options);
  WebSocketClient talker(server.port());
  talker.enter("talk");
  RawConnection dead(server.port());
  dead.send(upgrade_request());
  dead.send(masked_text(R"({"type":"enter","room":"lesson","role":"watch"})"));
  // The talker answers pings as it reads; the other one does not.
  EXPECT_EQ(talker.receive_type("user_disconnected")["type"], "user_disconnected");
  talker.send(R"({"type":"ping"})");
  EXPECT_EQ(talker.receive_type("pong")["type"], "pong");
}

}  // namespace
}  // namespace onair::tests
