// Encoders, players and pages when the forwarder dies, in each order of events, and when only the
// connection with it is lost.
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "net/whip_fixture.hpp"

namespace onair::tests {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

class ForwarderDeathTest : public WhipTest {
 protected:
  double players() const { return server->metric("onair_whep_players"); }
  void await_players(double count) const {
    while (players() != count) std::this_thread::yield();
  }
  /// The server knows that the connection is lost.
  void await_loss() const {
    while (server->metric("onair_forwarder_connected") > 0) std::this_thread::yield();
  }
};

TEST_F(ForwarderDeathTest, EveryoneIsToldAtOnce) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  watch(viewer, talker);
  const auto began = steady_clock::now();
  forwarder.die();
  EXPECT_EQ(viewer.receive_type("end_talk")["from"], talker);
  await_players(0);
  EXPECT_LT(steady_clock::now() - began, seconds(5)) << "long before its time-out";
  EXPECT_EQ(remove(target_of(player)).result_int(), 404u);
  EXPECT_EQ(patch(resource, "a=candidate:1\r\n").result_int(), 404u);
  const Response away = post("/whep/lesson");
  EXPECT_EQ(away.result_int(), 503u);
  EXPECT_EQ(away[field::retry_after], "2");

  forwarder.rise();
  await_forwarder();
  broadcast();
  EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker) << "the same member";
  watch(viewer, talker);
  EXPECT_EQ(post("/whep/lesson").result_int(), 201u);
}

TEST_F(ForwarderDeathTest, AnEncoderThatReconnectsAsItDiesComesAgain) {
  const Headers key = {{"Authorization", "Bearer studio"}};
  const auto [resource, peer] = broadcast("lesson", key);
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  watch(viewer, talker);
  forwarder.send_media(peer, false);
  settle(resource);
  forwarder.fall_silent();
  auto again = std::async(std::launch::async, [&] { return post("/whip/lesson", key); });
  forwarder.expect<control::Publish>();
  forwarder.die();
  EXPECT_EQ(again.get().result_int(), 503u);
  EXPECT_EQ(viewer.receive_type("end_talk")["from"], talker) << "its picture is gone";
  forwarder.rise();
  await_forwarder();
  broadcast("lesson", key);
  EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker);
  watch(viewer, talker);
}

TEST_F(ForwarderDeathTest, AnEncoderThatComesAsItDiesIsTheOnlyOneRefused) {
  forwarder.fall_silent();
  auto refused = post_later("/whip/lesson");
  forwarder.expect<control::Publish>();
  forwarder.die();
  EXPECT_EQ(refused.get().result_int(), 503u);
  forwarder.rise();
  await_forwarder();
  EXPECT_EQ(post("/whip/lesson", {{"Authorization", "Bearer another"}}).result_int(), 201u)
      << "the room is free";
}

TEST_F(ForwarderDeathTest, AnEncoderThatIsAwayAsItDiesKeepsItsPlace) {
  const Headers key = {{"Authorization", "Bearer studio"}};
  const auto [resource, peer] = broadcast("lesson", key);
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  watch(viewer, talker);
  forwarder.send_gone(peer, control::GoneReason::silent);
  while (patch(resource, "a=candidate:1\r\n").result_int() != 404) std::this_thread::yield();
  forwarder.restart();
  EXPECT_EQ(viewer.receive_type("end_talk")["from"], talker) << "its picture is gone";
  await_forwarder();
  broadcast("lesson", key);
  EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker);
}

TEST_F(ForwarderDeathTest, ABrowsersBroadcastComesBackForPlayers) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  offer(talker, talker.receive_type("talk_request"));
  EXPECT_EQ(first.get().result_int(), 201u);
  forwarder.expect<control::Publish>();
  forwarder.die();
  talker.receive_type("bye");
  await_players(0);
  forwarder.rise();
  offer(talker, talker.receive_type("talk_request"));
  forwarder.expect<control::Publish>();
  EXPECT_EQ(post("/whep/lesson").result_int(), 201u);
}

TEST_F(ForwarderDeathTest, ABrowserThatOffersWhileItIsAwayIsAskedAgain) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto player = post_later("/whep/lesson");
  const json asked = talker.receive_type("talk_request");
  forwarder.die();
  await_loss();
  offer(talker, asked);
  EXPECT_EQ(talker.receive_type("bye")["from"], asked["from"]);
  forwarder.rise();
  offer(talker, talker.receive_type("talk_request"));
  EXPECT_EQ(player.get().result_int(), 201u) << "it has waited";
}

TEST_F(ForwarderDeathTest, ABrowsersOfferThatItDiesWithIsMadeAgain) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto player = post_later("/whep/lesson");
  const json asked = talker.receive_type("talk_request");
  forwarder.fall_silent();
  offer(talker, asked);
  forwarder.expect<control::Publish>();
  forwarder.die();
  EXPECT_EQ(talker.receive_type("bye")["from"], asked["from"]);
  forwarder.rise();
  offer(talker, talker.receive_type("talk_request"));
  EXPECT_EQ(player.get().result_int(), 201u) << "it has waited";
}

TEST_F(ForwarderDeathTest, ALostConnectionChangesNothing) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  const auto [viewing, connection] = watch(viewer, talker);
  forwarder.fall_silent();
  forwarder.hang_up();
  await_loss();
  forwarder.answer_again();
  await_forwarder();
  settle(resource);
  settle(target_of(player));
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  viewer.send(json{{"type", "bye"}, {"sendto", talker}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, viewing);
}

TEST_F(ForwarderDeathTest, WhatEndsWhileTheConnectionIsLostDoesNotComeBack) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  const std::string player_peer = forwarder.expect<control::Play>().peer;
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  const auto [viewing, connection] = watch(viewer, talker);
  forwarder.fall_silent();
  forwarder.hang_up();
  await_loss();
  EXPECT_EQ(remove(target_of(player)).result_int(), 200u);
  EXPECT_EQ(remove(resource).result_int(), 200u);
  EXPECT_EQ(viewer.receive_type("user_disconnected")["id"], talker);
  forwarder.answer_again();
  await_forwarder();
  EXPECT_EQ(next_closed(3), (std::set{peer, player_peer, viewing}));
  EXPECT_EQ(players(), 0);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 0);
}

TEST_F(ForwarderDeathTest, AnEncoderRefusedForALostConnectionDoesNotComeBack) {
  forwarder.fall_silent();
  auto refused = post_later("/whip/lesson");
  const std::string peer = forwarder.expect<control::Publish>().peer;
  forwarder.hang_up();
  EXPECT_EQ(refused.get().result_int(), 503u);
  forwarder.answer_again();  // it has the peer now
  await_forwarder();
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 0);
}

TEST_F(ForwarderDeathTest, ANewServerKnowsTheTagOfAnIceRestart) {
  const auto [resource, peer] = broadcast();
  const std::string anew = "a=ice-ufrag:new\r\na=ice-pwd:newnewnew\r\n";
  const Response restarted = patch(resource, anew, {{"If-Match", "*"}});
  ASSERT_EQ(restarted.result_int(), 200u);
  const std::string tag(restarted[field::etag]);
  server.reset();  // as kill -9: it tells the forwarder nothing
  start(options_with(forwarder));
  while (server->metric("onair_whip_encoders") < 1) std::this_thread::yield();
  const std::string candidate = "a=ice-ufrag:new\r\na=ice-pwd:newnewnew\r\na=candidate:1\r\n";
  EXPECT_EQ(patch(resource, candidate, {{"If-Match", tag}}).result_int(), 204u)
      << "its tag, and the client's credentials";
}

}  // namespace
}  // namespace onair::tests
