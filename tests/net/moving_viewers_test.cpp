// Viewers of a browser's broadcast who move to the forwarder, against the real server and a
// forwarder without media. Connections go to the server's threads one after the other.
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "net/whip_fixture.hpp"

namespace onair::tests {
namespace {

class MovingViewersTest : public WhipTest {
 protected:
  void SetUp() override {
    WhipTest::SetUp();
    talker.emplace(server->port());
    viewer.emplace(server->port());
  }
  /// Starts the server anew with these options, and connects both.
  void restart(const Options& options) {
    talker.reset();
    viewer.reset();
    server.reset();
    start(options);
    talker.emplace(server->port());
    viewer.emplace(server->port());
  }
  static void use_forwarder(WebSocketClient& page, bool on) {
    page.send(json{{"type", "use_forwarder"}, {"on", on}}.dump());
  }
  /// Its answer to a ping: what it sent before has been handled.
  static void sync(WebSocketClient& client) {
    client.send(json{{"type", "ping"}}.dump());
    client.receive_type("pong");
  }
  /// Enters as whom an earlier server has welcomed.
  static void come_back(WebSocketClient& client, const std::string& role, const json& before) {
    client.send(
        json{{"type", "enter"}, {"room", "lesson"}, {"role", role}, {"resume", before["resume"]}}
            .dump());
    EXPECT_EQ(client.receive_type("welcome")["id"], before["id"]);
  }
  /// The talker comes back to a new server, and removes the viewer, which has not come back.
  void come_back_and_remove(WebSocketClient& again) {
    come_back(again, "talk", welcome);
    again.send(json{{"type", "remove_peer"}, {"id", viewer_id}}.dump());
  }
  /// The talker is on air, and the forwarder has its broadcast.
  void hold() {
    viewer_welcome = viewer->enter("watch");
    viewer_id = viewer_welcome["id"];
    welcome = talker->enter("talk");
    talker->send(json{{"type", "talk_ready"}}.dump());
    use_forwarder(*talker, true);
    publish(*talker);
  }
  /// The talker offers to the forwarder, which asks.
  void publish(WebSocketClient& page) {
    const json asked = page.receive_type("talk_request");
    forwarder_id = asked["from"];
    offer(page, asked);
    page.receive_type("answer");
    broadcast_peer = forwarder.expect<control::Publish>().peer;
  }
  void invite(WebSocketClient& page, const std::string& id) const {
    page.send(json{{"type", "invite_watchers"}, {"sendto", forwarder_id}, {"peers", {id}}}.dump());
  }
  /// The viewer moves. Its peer at the forwarder.
  std::string move() {
    invite(*talker, viewer_id);
    while (viewer->receive_type("talk_ready").value("of", "") != welcome["id"].get<std::string>()) {
    }
    return watch(*viewer, forwarder_id).first;
  }
  std::string id() const { return welcome["id"]; }

  std::optional<WebSocketClient> talker, viewer;
  json welcome;  ///< the talker's
  json viewer_welcome;
  std::string viewer_id, forwarder_id, broadcast_peer;
};

TEST_F(MovingViewersTest, TheTalkerIsAskedAndSendsThemOver) {
  welcome = talker->enter("talk");
  EXPECT_EQ(welcome["forward"], "auto");
  use_forwarder(*talker, true);
  EXPECT_EQ(talker->receive_type("players")["players"], 0);
  publish(*talker);
  viewer_id = viewer->enter("watch")["id"];
  invite(*talker, viewer_id);
  const json ready = viewer->receive_type("talk_ready");
  EXPECT_EQ(ready["of"], id());
  EXPECT_EQ(ready["from"], forwarder_id);
  const auto [peer, connection] = watch(*viewer, forwarder_id);
  EXPECT_EQ(server->metric("onair_whep_players"), 0);
  viewer->send(json{{"type", "bye"}, {"sendto", forwarder_id}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, OneThatDoesNotAskGetsAnOfferAllTheSame) {
  hold();
  invite(*talker, viewer_id);
  const std::string peer = forwarder.expect<control::Invite>().peer;
  const json offer = viewer->receive_type("offer");
  EXPECT_EQ(offer["from"], forwarder_id);
  EXPECT_EQ(offer["sdp"], "v=0\r\ns=" + peer + "\r\n");
}

TEST_F(MovingViewersTest, InventedIdsTakeFewConnectionsOfTheForwarder) {
  hold();
  for (int frame = 0; frame < 7; ++frame) {
    json ids = json::array();
    for (int i = 0; i < 64; ++i) ids.push_back("nobody" + std::to_string(64 * frame + i));
    talker->send(
        json{{"type", "invite_watchers"}, {"sendto", forwarder_id}, {"peers", ids}}.dump());
  }
  sync(*talker);
  // Those who are invited in another room after them get their offers after them too.
  WebSocketClient second(server->port());
  WebSocketClient of_second(server->port());
  second.enter("talk", "second");
  second.send(json{{"type", "talk_ready"}}.dump());
  use_forwarder(second, true);
  const std::string forwarder_here = forwarder_id;
  publish(second);
  invite(second, of_second.enter("watch", "second")["id"]);
  int offers = 0;
  while (forwarder.expect<control::Invite>().room != "second") ++offers;
  EXPECT_LE(offers, 64);
  watch(*viewer, forwarder_here);  // one that asks is there, and gets its offer
}

TEST_F(MovingViewersTest, AnOfferThatNobodyAnswersIsTakenBack) {
  Options options = options_with(forwarder);
  options.limits.handshake_time = std::chrono::milliseconds(500);
  restart(options);
  hold();
  invite(*talker, "nobody");
  const std::string peer = forwarder.expect<control::Invite>().peer;
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, AForwarderWithoutAudienceDoesNotWaitForATalkerThatLeaves) {
  hold();
  invite(*talker, "nobody");
  forwarder.expect<control::Invite>();
  const auto left = std::chrono::steady_clock::now();
  talker->close();
  while (viewer->receive_type("user_disconnected")["id"] != forwarder_id) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - left, std::chrono::seconds(10));
}

TEST_F(MovingViewersTest, AnAddressHasSoManyPublicationsInAll) {
  Options options = options_with(forwarder);
  options.limits.encoders_per_address = 2;
  restart(options);
  const auto page_of = [this](const std::string& room, const std::string& address) {
    auto page = std::make_unique<WebSocketClient>(server->port(), "/ws", address);
    page->enter("talk", room);
    page->send(json{{"type", "talk_ready"}}.dump());
    use_forwarder(*page, true);
    sync(*page);
    return page;
  };
  // Something comes from both: else one would give way on a machine that is slow enough.
  const auto first = page_of("first", "192.0.2.1");
  publish(*first);
  forwarder.send_media(broadcast_peer, true);
  const auto second = page_of("second", "192.0.2.1");
  publish(*second);
  forwarder.send_media(broadcast_peer, true);
  const auto before = page_of("before", "192.0.2.2");
  publish(*before);  // the forwarder's answer comes behind its news of those two
  const auto third = page_of("third", "192.0.2.1");
  const auto neighbour = page_of("fourth", "192.0.2.3");
  publish(*neighbour);  // its wish came after the third one's
  EXPECT_EQ(post("/whip/fifth", {{"X-Forwarded-For", "192.0.2.1"}}).result_int(), 429u);
  use_forwarder(*third, false);
  use_forwarder(*first, false);
  first->receive_type("bye");
  use_forwarder(*third, true);
  publish(*third);
}

TEST_F(MovingViewersTest, OneThatIsThereIsNotInvitedAgain) {
  hold();
  forwarder.send_connected(move());
  WebSocketClient other(server->port());
  const std::string other_id = other.enter("watch")["id"];
  watch(other, forwarder_id);  // its offer comes behind that event
  invite(*talker, viewer_id);
  invite(*talker, other_id);
  EXPECT_EQ(other.receive_type("talk_ready")["of"], id());
  viewer->send(json{{"type", "ping"}}.dump());
  EXPECT_EQ(viewer->receive()["type"], "pong");
}

TEST_F(MovingViewersTest, OneThatHasNotConnectedIsInvitedAgain) {
  hold();
  const std::string lost = move();
  const std::string peer = move();
  EXPECT_NE(peer, lost);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, lost);
}

TEST_F(MovingViewersTest, TheyAreToldWhenTheTalkerEnds) {
  hold();
  const std::string peer = move();
  talker->send(json{{"type", "end_talk"}}.dump());
  while (viewer->receive_type("end_talk")["from"] != forwarder_id) {
  }
  EXPECT_EQ(next_closed(2), (std::set{broadcast_peer, peer}));
}

TEST_F(MovingViewersTest, TheyAreToldWhenTheTalkerNeedsTheForwarderNoMore) {
  hold();
  const std::string peer = move();
  use_forwarder(*talker, false);
  EXPECT_EQ(talker->receive_type("bye")["from"], forwarder_id);
  EXPECT_EQ(viewer->receive_type("end_talk")["from"], forwarder_id);
  EXPECT_EQ(viewer->receive_type("user_disconnected")["id"], forwarder_id);
  EXPECT_EQ(next_closed(2), (std::set{broadcast_peer, peer}));
}

TEST_F(MovingViewersTest, OneThatIsRemovedIsCutOff) {
  hold();
  const std::string peer = move();
  talker->send(json{{"type", "remove_peer"}, {"id", viewer_id}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, ATalkerThatLoadsItsPageAnewKeepsThem) {
  hold();
  const std::string peer = move();
  talker->close();
  EXPECT_EQ(forwarder.expect<control::Close>().peer, broadcast_peer);
  WebSocketClient again(server->port());
  again.send(json{
      {"type", "enter"},
      {"room", "lesson"},
      {"role", "talk"},
      {"resume", welcome["resume"]},
      {"fresh",
       true}}.dump());
  EXPECT_EQ(again.receive_type("welcome")["id"], id());
  again.send(json{{"type", "talk_ready"}}.dump());
  use_forwarder(again, true);
  const std::string before = forwarder_id;
  publish(again);
  EXPECT_EQ(forwarder_id, before);
  EXPECT_EQ(forwarder.count<control::Close>(), 0u) << "by the connection that it has";
  viewer->send(json{{"type", "bye"}, {"sendto", forwarder_id}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, TheForwarderIsKilled) {
  hold();
  move();
  forwarder.die();
  EXPECT_EQ(viewer->receive_type("end_talk")["from"], forwarder_id);
  forwarder.rise();
  publish(*talker);
  invite(*talker, viewer_id);
  EXPECT_EQ(viewer->receive_type("talk_ready")["of"], id());
  watch(*viewer, forwarder_id);
}

TEST_F(MovingViewersTest, ANewServerTakesThemBack) {
  hold();
  const std::string peer = move();
  server.reset();  // as kill -9: it tells the forwarder nothing
  start(options_with(forwarder));
  WebSocketClient talker_again(server->port());
  come_back(talker_again, "talk", welcome);
  WebSocketClient viewer_again(server->port());
  come_back(viewer_again, "watch", viewer_welcome);
  WebSocketClient other(server->port());
  const std::string other_id = other.enter("watch")["id"];
  invite(talker_again, other_id);
  EXPECT_EQ(other.receive_type("talk_ready")["of"], id()) << "it is held without being asked";
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  viewer_again.send(json{{"type", "bye"}, {"sendto", forwarder_id}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, OneThatIsRemovedBeforeItComesBackToANewServerIsCutOff) {
  hold();
  const std::string peer = move();
  server.reset();
  start(options_with(forwarder));
  WebSocketClient again(server->port());
  come_back_and_remove(again);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(MovingViewersTest, OneThatIsRemovedBeforeANewServerKnowsTheForwarderIsCutOff) {
  hold();
  const std::string peer = move();
  server.reset();
  forwarder.fall_silent();
  server = std::make_unique<RunningServer>(options_with(forwarder));
  WebSocketClient again(server->port());
  come_back_and_remove(again);
  sync(again);
  forwarder.answer_again();
  await_forwarder();
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
  EXPECT_EQ(forwarder.count<control::Close>(), 0u) << "the broadcast goes on";
}

TEST_F(MovingViewersTest, ATalkerThatAsksBeforeANewServerKnowsTheForwarderKeepsItsViewers) {
  hold();
  const std::string peer = move();
  server.reset();
  forwarder.fall_silent();
  server = std::make_unique<RunningServer>(options_with(forwarder));
  WebSocketClient again(server->port());
  come_back(again, "talk", welcome);
  use_forwarder(again, true);
  sync(again);  // a member has entered that follows the talker
  forwarder.answer_again();
  await_forwarder();
  WebSocketClient viewer_again(server->port());
  come_back(viewer_again, "watch", viewer_welcome);
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  use_forwarder(again, false);
  EXPECT_EQ(viewer_again.receive_type("end_talk")["from"], forwarder_id) << "one member, one hold";
  EXPECT_EQ(next_closed(2), (std::set{broadcast_peer, peer}));
}

TEST_F(MovingViewersTest, PagesGetNothingOfATalkerThatServesPlayersAlone) {
  viewer->enter("watch");
  talker->enter("talk");
  talker->send(json{{"type", "talk_ready"}}.dump());
  viewer->receive_type("talk_ready");
  auto player = post_later("/whep/lesson");
  publish(*talker);
  EXPECT_EQ(player.get().result_int(), 201u);
  viewer->send(json{{"type", "talk_request"}, {"sendto", forwarder_id}}.dump());
  EXPECT_EQ(viewer->receive_type("talk_declined")["from"], forwarder_id);
  EXPECT_EQ(forwarder.count<control::Invite>(), 0u);
}

class MovingViewersOfTwoTest : public MovingViewersTest {
 protected:
  void start_for_two() {
    Options options = options_with(forwarder);
    options.room_limits.talkers_per_room = 2;
    restart(options);
  }
};

TEST_F(MovingViewersOfTwoTest, TheForwarderIsTheFirstOnesUntilThatEnds) {
  start_for_two();
  hold();
  WebSocketClient second(server->port());
  second.enter("talk");
  second.send(json{{"type", "talk_ready"}}.dump());
  use_forwarder(second, true);
  sync(second);
  const std::string peer = move();
  const std::string first_broadcast = broadcast_peer;
  use_forwarder(*talker, false);
  EXPECT_EQ(viewer->receive_type("end_talk")["from"], forwarder_id)
      << "it may not get the other one's picture in its place";
  publish(second);
  EXPECT_EQ(next_closed(2), (std::set{first_broadcast, peer}));
}

TEST_F(MovingViewersOfTwoTest, AnEncodersPictureIsNotShownAsTheTalkers) {
  start_for_two();
  hold();
  move();
  broadcast();
  forwarder.send_gone(broadcast_peer, control::GoneReason::replaced);
  EXPECT_EQ(viewer->receive_type("end_talk")["from"], forwarder_id);
}

TEST_F(MovingViewersTest, AnOperatorMayForbidIt) {
  Options options = options_with(forwarder);
  options.forwarder.forward = "never";
  restart(options);
  EXPECT_EQ(talker->enter("talk")["forward"], "never");
  talker->send(json{{"type", "talk_ready"}}.dump());
  use_forwarder(*talker, true);
  sync(*talker);
  auto player = post_later("/whep/lesson");
  EXPECT_EQ(talker->receive_type("players")["players"], 1) << "it came for the player";
  publish(*talker);
  EXPECT_EQ(player.get().result_int(), 201u);
  invite(*talker, viewer->enter("watch")["id"]);
  sync(*talker);
  viewer->send(json{{"type", "talk_request"}, {"sendto", forwarder_id}}.dump());
  EXPECT_EQ(viewer->receive_type("talk_declined")["from"], forwarder_id);
}

TEST_F(MovingViewersTest, AnOperatorMayForbidItInTheMiddleOfABroadcast) {
  hold();
  const std::string peer = move();
  server.reset();
  Options options = options_with(forwarder);
  options.forwarder.forward = "never";
  start(options);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST(MovingViewersOffTest, WithoutAForwarderNobodyIsToldToUseIt) {
  Options options = test_options();
  options.forwarder.mode = net::ForwarderOptions::Mode::off;
  const RunningServer server(std::move(options));
  WebSocketClient talker(server.port());
  EXPECT_FALSE(talker.enter("talk").contains("forward"));
}

}  // namespace
}  // namespace onair::tests
