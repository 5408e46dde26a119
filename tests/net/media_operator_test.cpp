// What operators and broadcasters see of encoders, players and the forwarder, and how they end
// them.
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
  /// Answers the forwarder's request to a browser's page. The peer of the broadcast.
  std::string offer(WebSocketClient& talker) {
    const json asked = talker.receive_type("talk_request");
    talker.send(json{{"type", "offer"}, {"sendto", asked["from"]}, {"sdp", "v=0\r\n"}}.dump());
    talker.receive_type("answer");
    return forwarder.expect<control::Publish>().peer;
  }
  /// A player of a browser's broadcast that is at the forwarder already.
  std::pair<std::string, std::string> play() {
    const Response created = post("/whep/lesson");
    EXPECT_EQ(created.result_int(), 201u) << created.body();
    return {target_of(created), forwarder.expect<control::Play>().peer};
  }
  std::set<std::string> next_closed(int count) {
    std::set<std::string> closed;
    for (int i = 0; i < count; ++i) closed.insert(forwarder.expect<control::Close>().peer);
    return closed;
  }
};

TEST_F(MediaOperatorTest, TheBroadcasterIsToldHowManyPlayersTheForwarderServes) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  const json told = talker.receive_type("players");
  EXPECT_EQ(told["players"], 1);
  const json asked = talker.receive_type("talk_request");
  EXPECT_EQ(asked["from"], told["from"]) << "before it asks";
  talker.send(json{{"type", "offer"}, {"sendto", asked["from"]}, {"sdp", "v=0\r\n"}}.dump());
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

}  // namespace
}  // namespace onair::tests
