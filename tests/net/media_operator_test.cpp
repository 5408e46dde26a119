// Tests what operators and broadcasters see of encoders, players and the forwarder, and how they
// end them.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "net/whip_fixture.hpp"

namespace onair::tests {
namespace {

class MediaOperatorTest : public WhipTest {
 protected:
  Response admin(verb method, const std::string& path) const {
    return request(server->admin_port(), method, path,
                   {{"Authorization", "Bearer a key of the tests"}});
  }
  /// The id of the room's one member of a kind.
  std::string member(const std::string& kind) const {
    const json room = json::parse(admin(verb::get, "/v1/rooms/lesson").body());
    std::string found;
    for (const json& peer : room["peers"]) {
      if (peer.value("kind", "onair") != kind) continue;
      EXPECT_EQ(found, "") << "one of a kind";
      found = peer["id"];
    }
    EXPECT_NE(found, "") << kind << " in " << room;
    return found;
  }
  void remove_member(const std::string& id) const {
    EXPECT_EQ(admin(verb::delete_, "/v1/rooms/lesson/peers/" + id).result_int(), 204u);
  }
  bool is_gone(const std::string& resource) const {
    return request(server->port(), verb::get, resource).result_int() == 404;
  }
  /// A player of a browser's broadcast that is at the forwarder already.
  std::pair<std::string, std::string> play() {
    const Response created = post("/whep/lesson");
    EXPECT_EQ(created.result_int(), 201u) << created.body();
    return {target_of(created), forwarder.expect<control::Play>().peer};
  }
};

TEST_F(MediaOperatorTest, TheOperatorRemovesAPlayer) {
  const auto [resource, encoder] = broadcast();
  const auto [player_resource, player] = play();
  remove_member(member("whep"));
  EXPECT_EQ(next_closed(1), std::set{player});
  EXPECT_TRUE(is_gone(player_resource));
  EXPECT_FALSE(is_gone(resource));
  EXPECT_EQ(server->metric("onair_whep_players"), 0);
}

TEST_F(MediaOperatorTest, TheOperatorRemovesAnEncoder) {
  const auto [resource, encoder] = broadcast();
  const auto [player_resource, player] = play();
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  const auto [viewing, connection] = watch(viewer, talker);
  EXPECT_EQ(member("whip"), talker);
  remove_member(talker);
  EXPECT_EQ(next_closed(2), (std::set{encoder, viewing}));
  EXPECT_EQ(viewer.receive_type("user_disconnected")["id"], talker);
  EXPECT_TRUE(is_gone(resource));
  EXPECT_FALSE(is_gone(player_resource)) << "it waits for the next encoder";
  EXPECT_EQ(server->metric("onair_whip_encoders"), 0);
  EXPECT_EQ(post("/whip/lesson").result_int(), 201u) << "the room is free";
}

TEST_F(MediaOperatorTest, WhoeverRemovesTheForwarderRemovesItsPlayers) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  const std::string feed = offer(talker);
  const std::string first_resource = target_of(first.get());
  const std::string first_player = forwarder.expect<control::Play>().peer;
  const auto [second_resource, second_player] = play();
  remove_member(member("forwarder"));
  EXPECT_EQ(next_closed(3), (std::set{feed, first_player, second_player}));
  EXPECT_TRUE(is_gone(first_resource));
  EXPECT_TRUE(is_gone(second_resource));
  EXPECT_EQ(server->metric("onair_whep_players"), 0);

  auto again = post_later("/whep/lesson");
  const std::string next_feed = offer(talker);
  const std::string next_resource = target_of(again.get());
  const std::string next_player = forwarder.expect<control::Play>().peer;
  talker.send(json{{"type", "remove_peer"}, {"id", member("forwarder")}}.dump());
  EXPECT_EQ(next_closed(2), (std::set{next_feed, next_player})) << "by the broadcaster";
  EXPECT_TRUE(is_gone(next_resource));
}

TEST_F(MediaOperatorTest, TheBroadcasterEndsTheRoomForPlayersToo) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  const std::string feed = offer(talker);
  const std::string resource = target_of(first.get());
  const std::string player = forwarder.expect<control::Play>().peer;
  talker.send(json{{"type", "end_room"}}.dump());
  EXPECT_EQ(next_closed(2), (std::set{feed, player}));
  EXPECT_TRUE(is_gone(resource));
}

TEST_F(MediaOperatorTest, ALockKeepsPlayersOutAndThoseInside) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  offer(talker);
  const std::string resource = target_of(first.get());
  talker.send(json{{"type", "lock_room"}, {"locked", true}}.dump());
  while (!json::parse(admin(verb::get, "/v1/rooms/lesson").body())["locked"]) {
  }
  const Response refused = post("/whep/lesson");
  EXPECT_EQ(refused.result_int(), 403u);
  EXPECT_EQ(json::parse(refused.body())["code"], "room_locked");
  EXPECT_FALSE(is_gone(resource));
  talker.send(json{{"type", "lock_room"}, {"locked", false}}.dump());
  while (json::parse(admin(verb::get, "/v1/rooms/lesson").body())["locked"]) {
  }
  EXPECT_EQ(post("/whep/lesson").result_int(), 201u);
}

TEST_F(MediaOperatorTest, TheBroadcasterIsToldHowManyPlayersTheForwarderServes) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  const json players = talker.receive_type("players");
  EXPECT_EQ(players["players"], 1);
  const json asked = talker.receive_type("talk_request");
  EXPECT_EQ(asked["from"], players["from"]) << "before it asks";
  offer(talker, asked);
  const std::string resource = target_of(first.get());
  forwarder.expect<control::Play>();
  play();
  play();
  json counted;
  do {  // once a second at most, so that 2 may be left out
    counted = talker.receive_type("players");
  } while (counted["players"] != 3);
  EXPECT_EQ(counted["from"], asked["from"]);
  EXPECT_EQ(remove(resource).result_int(), 200u);
  EXPECT_EQ(talker.receive_type("players")["players"], 2);

  WebSocketClient viewer(server->port());
  viewer.enter("watch");
  viewer.send(json{{"type", "players"}, {"players", 1'000}}.dump());
  EXPECT_EQ(viewer.receive_type("error")["code"], "unknown_type") << "nobody else says so";
}

TEST_F(MediaOperatorTest, AnEncoderOfAnotherProcessIsNoBroadcastForPlayers) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto player = post_later("/whep/lesson");
  const json asked = talker.receive_type("talk_request");
  // As another process's encoder answers over the bus: an offer of its forwarder.
  talker.send(json{{"type", "offer"},
                   {"sendto", asked["from"]},
                   {"sdp", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=ice-lite\r\n"}}
                  .dump());
  EXPECT_EQ(talker.receive_type("bye")["from"], asked["from"]);
  for (const Response& refused : {player.get(), post("/whep/lesson")}) {
    EXPECT_EQ(refused.result_int(), 503u);
    EXPECT_EQ(refused[field::retry_after], "10");
    EXPECT_EQ(json::parse(refused.body())["code"], "encoder_elsewhere");
  }
  EXPECT_EQ(forwarder.count<control::Publish>(), 0u);
}

TEST_F(MediaOperatorTest, TheForwardersFiguresAreMetrics) {
  control::Report report;
  report.total = {.viewers = 3,
                  .packets_in = 10,
                  .packets_out = 30,
                  .bytes_in = 1'000,
                  .bytes_out = 3'000,
                  .key_frames_asked = 2};
  report.packets_dropped = 4;
  report.cpu_seconds = 1.5;
  forwarder.set_report(report);
  EXPECT_EQ(server->metric("onair_forwarder_viewers"), 3);
  EXPECT_EQ(server->metric("onair_forwarder_packets_in_total"), 10);
  EXPECT_EQ(server->metric("onair_forwarder_packets_out_total"), 30);
  EXPECT_EQ(server->metric("onair_forwarder_bytes_in_total"), 1'000);
  EXPECT_EQ(server->metric("onair_forwarder_bytes_out_total"), 3'000);
  EXPECT_EQ(server->metric("onair_forwarder_key_frames_asked_total"), 2);
  EXPECT_EQ(server->metric("onair_forwarder_packets_dropped_total"), 4);
  EXPECT_EQ(server->metric("onair_forwarder_cpu_seconds_total"), 1.5);
}

TEST(MediaLimitsTest, EncodersAndPlayersCountAtTheirAddress) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.limits.peers_per_address = 1;
  const RunningServer server(options);
  const auto post = [&](const char* path, const char* address) {
    return request(server.port(), verb::post, path,
                   {{"Content-Type", "application/sdp"}, {"X-Forwarded-For", address}}, kOffer);
  };
  Response encoder;
  do {
    encoder = post("/whip/lesson", "192.0.2.1");
  } while (encoder.result_int() == 503);
  EXPECT_EQ(encoder.result_int(), 201u);
  EXPECT_EQ(post("/whep/lesson", "192.0.2.1").result_int(), 429u);
  const Response player = post("/whep/lesson", "192.0.2.2");
  EXPECT_EQ(player.result_int(), 201u);
  EXPECT_EQ(post("/whep/lesson", "192.0.2.2").result_int(), 429u);
  EXPECT_EQ(request(server.port(), verb::delete_, target_of(player)).result_int(), 200u);
  EXPECT_EQ(post("/whep/lesson", "192.0.2.2").result_int(), 201u) << "its place is free again";
}

TEST(MediaLimitsTest, RefusalsByTokenAreCounted) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.auth = net::Auth::all;
  options.auth_secret = "a secret that nobody here knows";
  const RunningServer server(options);
  const auto post = [&](const char* path, const std::string& token) {
    return request(server.port(), verb::post, path,
                   {{"Content-Type", "application/sdp"}, {"Authorization", token}}, kOffer)
        .result_int();
  };
  EXPECT_EQ(post("/whip/lesson", "Basic no token"), 401u);
  EXPECT_EQ(post("/whep/lesson", "Bearer"), 401u);
  EXPECT_EQ(post("/whep/lesson", "Bearer not.a.token"), 401u);
  EXPECT_EQ(server.metric("onair_refused_total{code=\"token_required\"}"), 2);
  EXPECT_EQ(server.metric("onair_refused_total{code=\"token_invalid\"}"), 1);
}

TEST(MediaLimitsTest, AFullRoomTakesNoPlayer) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.room_limits.peers_per_room = 2;
  const RunningServer server(options);
  const auto post = [&](const char* path) {
    return request(server.port(), verb::post, path, {{"Content-Type", "application/sdp"}}, kOffer);
  };
  while (post("/whip/lesson").result_int() == 503) {
  }
  while (post("/whep/lesson").result_int() == 201) {
  }
  const Response full = post("/whep/lesson");
  EXPECT_EQ(full.result_int(), 503u);
  EXPECT_EQ(full[field::retry_after], "10");
  EXPECT_EQ(json::parse(full.body())["code"], "room_full");
}

}  // namespace
}  // namespace onair::tests
