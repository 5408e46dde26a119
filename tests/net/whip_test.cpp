// WHIP and WHEP against the real server, with a forwarder without media.
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/auth/entry_tokens.hpp"
#include "net/auth/signed_resume_tokens.hpp"
#include "net/whip_fixture.hpp"
#include "sfu/offers.hpp"

namespace onair::tests {
namespace {

const std::string kSecret = "a secret of those who mint tokens";

TEST_F(WhipTest, AnEncoderIsTheTalkerOfItsRoom) {
  WebSocketClient early(server->port());
  EXPECT_EQ(early.enter("watch")["talkers"], json::array());
  const Response created = post("/whip/lesson");
  ASSERT_EQ(created.result_int(), 201u) << created.body();
  EXPECT_EQ(created[field::content_type], "application/sdp");
  EXPECT_TRUE(target_of(created).starts_with("/whip/lesson/")) << target_of(created);
  EXPECT_TRUE(created[field::etag].starts_with("\""));
  EXPECT_EQ(created[field::access_control_allow_origin], "*");
  const auto published = forwarder.expect<control::Publish>();
  EXPECT_EQ(published.room, "lesson");
  EXPECT_EQ(published.sdp, kOffer);
  EXPECT_EQ(created.body(), "v=0\r\ns=" + published.peer + "\r\n");

  forwarder.send_connected(published.peer);
  const std::string talker = early.receive_type("talk_ready")["from"];
  WebSocketClient late(server->port());
  EXPECT_EQ(late.enter("watch")["talkers"], json{talker});

  const auto [peer, connection] = watch(early, talker);
  early.send(json{{"type", "bye"}, {"sendto", talker}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);

  EXPECT_EQ(remove(target_of(created)).result_int(), 200u);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, published.peer);
  EXPECT_EQ(early.receive_type("end_talk")["from"], talker);
  EXPECT_EQ(early.receive_type("user_disconnected")["id"], talker);
  EXPECT_EQ(remove(target_of(created)).result_int(), 404u);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 0);
}

TEST_F(WhipTest, APageThatLeavesIsClosedAtTheForwarder) {
  const auto encoder = broadcast();
  auto viewer = std::make_unique<WebSocketClient>(server->port());
  const std::string talker = talker_found_by(*viewer);
  const auto [peer, connection] = watch(*viewer, talker);
  viewer->close();
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(WhipTest, APageThatAsksAgainGetsANewConnection) {
  const auto encoder = broadcast();
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  const auto [first, connection] = watch(viewer, talker);
  const auto [second, other] = watch(viewer, talker);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, first);
  EXPECT_NE(connection, other);
}

TEST_F(WhipTest, ClientsOfSocketioWatchAnEncoder) {
  const auto encoder = broadcast();
  WebSocketClient viewer(server->port(), "/socket.io/?EIO=4&transport=websocket");
  viewer.receive_text();
  viewer.send("40");
  viewer.receive_text();
  viewer.send("42" + json{"enter", "lesson"}.dump());
  viewer.send("42" + json{"message", {{"type", "talk_request"}}}.dump());
  const std::string peer = forwarder.expect<control::Invite>().peer;
  const json event = json::parse(viewer.receive_text().substr(2));
  EXPECT_EQ(event[0], "message");
  EXPECT_EQ(event[1]["type"], "offer");
  viewer.send(
      "42" +
      json{"message", {{"type", "answer"}, {"sendto", event[1]["from"]}, {"sdp", "v=0"}}}.dump());
  EXPECT_EQ(forwarder.expect<control::Answer>(), (control::Answer{peer, "v=0"}));
}

TEST_F(WhipTest, ARoomHasOneTalker) {
  const auto encoder = broadcast();
  const Response second = post("/whip/lesson", {{"Authorization", "Bearer another"}});
  EXPECT_EQ(second.result_int(), 409u);
  EXPECT_EQ(second[field::content_type], "application/problem+json");
  const json problem = json::parse(second.body());
  EXPECT_EQ(problem["code"], "room_taken");
  EXPECT_EQ(problem["status"], 409);
  WebSocketClient page(server->port());
  EXPECT_EQ(page.enter("talk")["code"], "room_taken");

  WebSocketClient talker(server->port());
  talker.enter("talk", "other");
  const Response third = post("/whip/other");
  EXPECT_EQ(third.result_int(), 409u);
  EXPECT_EQ(json::parse(third.body())["code"], "room_taken");
}

TEST_F(WhipTest, AnEncoderThatReconnectsKeepsItsSlot) {
  const Headers key = {{"Authorization", "Bearer studio"}};
  const auto [resource, peer] = broadcast("lesson", key);
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  const auto [viewing, connection] = watch(viewer, talker);
  EXPECT_EQ(post("/whip/lesson", key).result_int(), 409u) << "it lives";

  forwarder.send_media(peer, false);
  settle(resource);
  WebSocketClient page(server->port());
  EXPECT_EQ(page.enter("talk")["code"], "room_taken") << "its slot is kept";
  EXPECT_EQ(post("/whip/lesson", {{"Authorization", "Bearer stranger"}}).result_int(), 409u);
  EXPECT_EQ(post("/whip/lesson").result_int(), 409u);

  const auto [again, second] = broadcast("lesson", key);
  EXPECT_NE(resource, again);
  EXPECT_EQ(remove(resource).result_int(), 404u);
  EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker) << "the same member";
  EXPECT_EQ(forwarder.count<control::Close>(), 0u) << "viewers go on";
  viewer.send(json{{"type", "bye"}, {"sendto", talker}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, viewing);
  EXPECT_EQ(remove(again).result_int(), 200u);
}

TEST_F(WhipTest, AnEncoderThatHasNotBegunYetKeepsItsSlot) {
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(post("/whip/lesson").result_int(), 201u);
  const Response second = post("/whip/lesson");
  if (std::chrono::steady_clock::now() - began > std::chrono::seconds(2)) {
    GTEST_SKIP() << "this machine is too slow";
  }
  EXPECT_EQ(second.result_int(), 409u) << "its connection is under way";
}

TEST_F(WhipTest, AnEncoderThatLosesItsSlotIsGone) {
  const auto [resource, peer] = broadcast();
  WebSocketClient viewer(server->port());
  const std::string encoder = talker_found_by(viewer);
  const std::string viewing = watch(viewer, encoder).first;
  // A talker from before this server began has the older right.
  net::SignedResumeTokens before("a secret of the tests", rooms::kResumeLifetime, [] {
    return std::chrono::system_clock::now() - std::chrono::seconds(30);
  });
  const std::string id = "0123456789abcdef01234567";
  WebSocketClient page(server->port());
  page.send(json{{"type", "enter"},
                 {"room", "lesson"},
                 {"role", "talk"},
                 {"resume", before.issue({protocol::PeerId(id), "lesson", protocol::Role::talk})}}
                .dump());
  EXPECT_EQ(page.receive_type("welcome")["id"], id);
  EXPECT_EQ(next_closed(2), (std::set{peer, viewing}));
  EXPECT_EQ(remove(resource).result_int(), 404u);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 0);
  EXPECT_EQ(viewer.receive_type("user_disconnected")["id"], encoder);
}

TEST_F(WhipTest, ARefusedOfferEndsTheSilentEncoderThatItWasToReplace) {
  const Headers key = {{"Authorization", "Bearer studio"}};
  const auto [resource, peer] = broadcast("lesson", key);
  forwarder.send_media(peer, false);
  settle(resource);
  forwarder.fail_with(control::ErrorCode::no_codec);
  EXPECT_EQ(post("/whip/lesson", key).result_int(), 422u);
  EXPECT_TRUE(next_closed(2).contains(peer)) << "nobody else could end it while it sends";
  forwarder.fail_with({});
  EXPECT_EQ(post("/whip/lesson", key).result_int(), 201u);
}

TEST(WhipTimesTest, AnEncoderThatStaysAwayLosesItsSlot) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.grace = std::chrono::milliseconds(300);
  const RunningServer server(options);
  Response created;
  do {
    created = request(server.port(), verb::post, "/whip/lesson",
                      {{"Content-Type", "application/sdp"}}, kOffer);
  } while (created.result_int() == 503);
  const std::string peer = forwarder.expect<control::Publish>().peer;
  forwarder.send_connected(peer);
  WebSocketClient viewer(server.port());
  const json welcome = viewer.enter("watch");
  if (welcome["talkers"].empty()) viewer.receive_type("talk_ready");
  forwarder.send_gone(peer, control::GoneReason::closed);
  viewer.receive_type("end_talk");
  viewer.receive_type("user_disconnected");
}

class WhipTimeoutTest : public WhipTest {
 protected:
  void SetUp() override {
    Options options = options_with(forwarder);
    options.limits.handshake_time = std::chrono::milliseconds(500);
    start(std::move(options));
  }
};

TEST_F(WhipTimeoutTest, AnEncoderThatNeverSendsIsEnded) {
  broadcast("sends");
  ASSERT_EQ(post("/whip/silent").result_int(), 201u);
  const std::string silent = forwarder.expect<control::Publish>().peer;
  forwarder.send_connected(silent);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, silent);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 1) << "the other goes on";
}

/// A server with clients behind a proxy, so that they have addresses.
class WhipAddressTest : public WhipTest {
 protected:
  void SetUp() override {
    Options options = options_with(forwarder);
    options.limits.encoders_per_address = 2;
    options.limits.peers_per_address = 5;
    start(std::move(options));
  }
  static Headers from(const std::string& address) { return {{"X-Forwarded-For", address}}; }
};

TEST_F(WhipAddressTest, AnAddressHasSoManyEncoders) {
  const auto first = broadcast("first", from("192.0.2.1"));
  const auto second = broadcast("second", from("192.0.2.1"));
  settle(second.first);
  const Response third = post("/whip/third", from("192.0.2.1"));
  EXPECT_EQ(third.result_int(), 429u) << third.body();
  EXPECT_EQ(json::parse(third.body())["code"], "too_many_clients");
  EXPECT_EQ(post("/whip/third", from("192.0.2.2")).result_int(), 201u) << "others have their own";
  forwarder.expect<control::Publish>();

  forwarder.send_media(first.second, false);
  settle(first.first);
  EXPECT_EQ(post("/whip/fourth", from("192.0.2.1")).result_int(), 201u) << "the silent gives way";
  EXPECT_EQ(forwarder.expect<control::Close>().peer, first.second);
  EXPECT_EQ(forwarder.expect<control::Publish>().room, "fourth");
}

TEST_F(WhipAddressTest, OneThatTakesOverCountsAtItsAddress) {
  Headers guest = from("192.0.2.9");
  guest.emplace_back("Authorization", "Bearer shared by both");
  const auto own = broadcast("own", guest);
  const auto [first, first_peer] = broadcast("first", from("192.0.2.1"));
  const auto [second, second_peer] = broadcast("second", from("192.0.2.1"));
  forwarder.send_media(own.second, false);
  settle(own.first);
  Headers taker = from("192.0.2.1");
  taker.push_back(guest.back());
  const Response refused = post("/whip/own", taker);
  EXPECT_EQ(refused.result_int(), 429u) << refused.body();

  forwarder.send_media(first_peer, false);
  settle(first);
  EXPECT_EQ(post("/whip/own", taker).result_int(), 201u) << "its silent one gives way";
  EXPECT_EQ(forwarder.expect<control::Close>().peer, first_peer);
  EXPECT_EQ(server->metric("onair_whip_encoders"), 2);
}

TEST_F(WhipAddressTest, OneThatComesBackTakesItsOwnSlotAlone) {
  const auto [first, first_peer] = broadcast("first", from("192.0.2.1"));
  const auto [second, second_peer] = broadcast("second", from("192.0.2.1"));
  for (const std::string& peer : {first_peer, second_peer}) forwarder.send_media(peer, false);
  settle(second);
  EXPECT_EQ(post("/whip/first", from("192.0.2.1")).result_int(), 201u);
  EXPECT_EQ(forwarder.expect<control::Publish>().room, "first");
  EXPECT_EQ(forwarder.count<control::Close>(), 0u) << "the other waits for its encoder";
  EXPECT_EQ(server->metric("onair_whip_encoders"), 2);
}

TEST_F(WhipAddressTest, OneThatANewServerTakesBackCountsAtItsAddress) {
  broadcast("first", from("192.0.2.1"));
  broadcast("second", from("192.0.2.1"));
  server.reset();  // as kill -9: it tells the forwarder nothing
  WhipAddressTest::SetUp();
  while (server->metric("onair_whip_encoders") < 2) std::this_thread::yield();
  EXPECT_EQ(post("/whip/third", from("192.0.2.1")).result_int(), 429u);
  EXPECT_EQ(post("/whip/third", from("192.0.2.2")).result_int(), 201u) << "others have their own";
}

TEST_F(WhipAddressTest, ClientsThatANewServerTakesBackCountAtTheirAddress) {
  broadcast("lesson", from("192.0.2.1"));
  ASSERT_EQ(post("/whep/lesson", from("192.0.2.1")).result_int(), 201u);
  server.reset();  // as kill -9: it tells the forwarder nothing
  WhipAddressTest::SetUp();
  while (server->metric("onair_whep_players") < 1) std::this_thread::yield();
  for (int i = 2; i < 5; ++i) {
    EXPECT_EQ(post("/whep/lesson", from("192.0.2.1")).result_int(), 201u) << i;
  }
  EXPECT_EQ(post("/whep/lesson", from("192.0.2.1")).result_int(), 429u);
}

TEST_F(WhipAddressTest, AnAddressAsksSoOften) {
  const auto ask = [&](const std::string& address) {
    return patch("/whip/lesson/none", "a=end-of-candidates\r\n", from(address));
  };
  Response last;
  for (int i = 0; i < 1'000 && last.result_int() != 429; ++i) last = ask("192.0.2.1");
  EXPECT_EQ(last.result_int(), 429u);
  EXPECT_EQ(json::parse(last.body())["code"], "rate_limited");
  EXPECT_EQ(last[field::retry_after], "1");
  EXPECT_EQ(ask("192.0.2.2").result_int(), 404u) << "others may";
}

TEST_F(WhipTest, APlayerWatchesAnEncoder) {
  const Response nobody = post("/whep/lesson");
  EXPECT_EQ(nobody.result_int(), 409u);
  EXPECT_EQ(nobody[field::retry_after], "2");
  EXPECT_EQ(json::parse(nobody.body())["code"], "not_on_air");

  const auto encoder = broadcast();
  const Response created = post("/whep/lesson");
  ASSERT_EQ(created.result_int(), 201u) << created.body();
  const auto played = forwarder.expect<control::Play>();
  EXPECT_EQ(played.room, "lesson");
  EXPECT_EQ(created.body(), "v=0\r\ns=" + played.peer + "\r\n");
  EXPECT_EQ(server->metric("onair_whep_players"), 1);
  EXPECT_EQ(server->metric("onair_websockets"), 0);
  EXPECT_EQ(remove(target_of(created)).result_int(), 200u);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, played.peer);
  EXPECT_EQ(server->metric("onair_whep_players"), 0);
}

/// As OBS and medooze's client do.
TEST_F(WhipTest, AClientMayCloseItsConnectionBeforeItsDelete) {
  const auto [resource, encoder] = broadcast();
  const Response created = post("/whep/lesson");
  forwarder.send_gone(forwarder.expect<control::Play>().peer, control::GoneReason::closed);
  while (server->metric("onair_whep_players") > 0) std::this_thread::yield();
  EXPECT_EQ(remove(target_of(created)).result_int(), 200u);
  EXPECT_EQ(remove(target_of(created)).result_int(), 404u);

  const Response silent = post("/whep/lesson");
  forwarder.send_gone(forwarder.expect<control::Play>().peer, control::GoneReason::silent);
  while (server->metric("onair_whep_players") > 0) std::this_thread::yield();
  EXPECT_EQ(remove(target_of(silent)).result_int(), 404u);

  WebSocketClient viewer(server->port());
  talker_found_by(viewer);
  forwarder.send_gone(encoder, control::GoneReason::closed);
  EXPECT_EQ(remove(resource).result_int(), 200u);
  viewer.receive_type("end_talk");
  EXPECT_EQ(remove(resource).result_int(), 404u);
}

TEST_F(WhipTest, PlayersOutliveTheirTalker) {
  const auto encoder = broadcast();
  const Response created = post("/whep/lesson");
  const std::string player = forwarder.expect<control::Play>().peer;
  EXPECT_EQ(remove(encoder.first).result_int(), 200u);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, encoder.second);
  broadcast();
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  EXPECT_EQ(server->metric("onair_whep_players"), 1);
  forwarder.send_gone(player, control::GoneReason::silent);
  while (server->metric("onair_whep_players") > 0) std::this_thread::yield();
}

TEST_F(WhipTest, ABrowserIsAskedOnceForAllPlayers) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto first = post_later("/whep/lesson");
  const json asked = talker.receive_type("talk_request");
  talker.send(json{{"type", "offer"},
                   {"sendto", asked["from"]},
                   {"sdp", "v=0\r\nof the browser"},
                   {"connection", 7}}
                  .dump());
  const auto published = forwarder.expect<control::Publish>();
  EXPECT_EQ(published.sdp, "v=0\r\nof the browser");
  const json answer = talker.receive_type("answer");
  EXPECT_EQ(answer["connection"], 7);
  EXPECT_EQ(answer["sdp"], "v=0\r\ns=" + published.peer + "\r\n");
  const Response one = first.get();
  ASSERT_EQ(one.result_int(), 201u) << one.body();
  const Response two = post("/whep/lesson");
  ASSERT_EQ(two.result_int(), 201u) << two.body();
  EXPECT_EQ(forwarder.count<control::Play>(), 2u);
  while (talker.receive_type("audience")["watching"] != 2) {
  }

  // The broadcaster reloads: it is asked again, and players go on.
  talker.send(json{{"type", "end_talk"}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, published.peer);
  talker.send(json{{"type", "talk_ready"}}.dump());
  EXPECT_EQ(talker.receive_type("talk_request")["from"], asked["from"]);

  EXPECT_EQ(remove(target_of(one)).result_int(), 200u);
  EXPECT_EQ(remove(target_of(two)).result_int(), 200u);
  EXPECT_EQ(talker.receive_type("bye")["from"], asked["from"]);
}

class SeveralTalkersTest : public WhipTest {
 protected:
  void SetUp() override {
    Options options = options_with(forwarder);
    options.room_limits.talkers_per_room = 3;
    start(options);
  }
};

TEST_F(SeveralTalkersTest, PlayersGetAnotherTalkerWhenTheirsEnds) {
  WebSocketClient first(server->port());
  go_on_air(first);
  auto player = post_later("/whep/lesson");
  const std::string peer = offer(first);
  EXPECT_EQ(player.get().result_int(), 201u);
  WebSocketClient second(server->port());
  go_on_air(second);
  first.send(json{{"type", "ping"}}.dump());
  first.receive_type("pong");
  EXPECT_EQ(forwarder.count<control::Close>(), 0u) << "players stay with theirs";
  first.send(json{{"type", "end_talk"}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
  EXPECT_NE(offer(second), peer);
}

TEST_F(SeveralTalkersTest, PlayersGetTheBrowserBackWhenAnEncoderEnds) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto player = post_later("/whep/lesson");
  const std::string peer = offer(talker);
  EXPECT_EQ(player.get().result_int(), 201u);
  const auto [resource, encoder] = broadcast();
  forwarder.send_gone(peer, control::GoneReason::replaced);
  settle(resource);
  EXPECT_EQ(remove(resource).result_int(), 200u);
  EXPECT_NE(offer(talker), peer);
}

TEST_F(WhipTest, ABrowserThatComesAnewIsAskedAgain) {
  WebSocketClient talker(server->port());
  go_on_air(talker);
  auto player = post_later("/whep/lesson");
  const std::string talk_ready = json{{"type", "talk_ready"}}.dump();
  const std::string first = offer(talker);
  const Response created = player.get();
  ASSERT_EQ(created.result_int(), 201u);

  // A tab that crashed is back before its silence is noticed.
  forwarder.send_media(first, true);
  settle(target_of(created));
  talker.send(talk_ready);
  talker.send(json{{"type", "ping"}}.dump());
  talker.receive_type("pong");
  forwarder.send_media(first, false);
  const std::string second = offer(talker);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, first);

  // And afterwards.
  forwarder.send_media(second, true);
  forwarder.send_media(second, false);
  settle(target_of(created));
  talker.send(talk_ready);
  EXPECT_NE(offer(talker), second);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, second);
}

class DeclinedTest : public WhipTest {
 protected:
  /// Returns the sentence that a player gets.
  std::string sentence_after(const std::string& reason) const {
    WebSocketClient talker(server->port());
    go_on_air(talker);
    auto player = post_later("/whep/lesson");
    const json asked = talker.receive_type("talk_request");
    talker.send(
        json{{"type", "talk_declined"}, {"sendto", asked["from"]}, {"reason", reason}}.dump());
    const Response refused = player.get();
    EXPECT_EQ(refused.result_int(), 503u);
    EXPECT_EQ(refused[field::retry_after], "2");
    const json problem = json::parse(refused.body());
    EXPECT_EQ(problem["code"], "broadcaster_full");
    return problem["detail"];
  }
};

TEST_F(DeclinedTest, ABrowserThatIsFullIsNotWaitedFor) {
  EXPECT_EQ(sentence_after("full"), "The broadcaster can't send to one more just now.");
}

TEST_F(DeclinedTest, ABrowserThatCantServeForAnotherReasonIsNotCalledFull) {
  EXPECT_EQ(sentence_after("failed"), "The broadcast is not available now. Try again.");
}

TEST_F(WhipTest, PatchesTrickleAndRestartIce) {
  const Response created = post("/whip/lesson");
  const std::string target = target_of(created);
  const std::string etag(created[field::etag]);
  const std::string peer = forwarder.expect<control::Publish>().peer;
  const std::string candidate =
      "a=ice-ufrag:old\r\na=ice-pwd:oldoldold\r\na=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n";
  const std::string anew = "a=ice-ufrag:new\r\na=ice-pwd:newnewnew\r\n";
  for (const Headers& headers :
       {Headers{}, Headers{{"If-Match", "*"}}, Headers{{"If-Match", etag}}}) {
    EXPECT_EQ(patch(target, candidate, headers).result_int(), 204u);
    EXPECT_EQ(forwarder.expect<control::Trickle>(), (control::Trickle{peer, candidate}));
  }
  EXPECT_EQ(patch(target, candidate, {{"If-Match", "\"other\""}}).result_int(), 412u);
  EXPECT_EQ(patch(target, anew).result_int(), 428u);
  EXPECT_EQ(patch(target, "nothing").result_int(), 400u);
  const Response restarted = patch(target, anew, {{"If-Match", "*"}});
  EXPECT_EQ(restarted.result_int(), 200u);
  EXPECT_EQ(restarted[field::content_type], kFragmentType);
  EXPECT_NE(restarted[field::etag], etag);
  EXPECT_EQ(restarted.body(), "a=ice-ufrag:new of " + peer + "\r\n");
  EXPECT_EQ(patch(target, anew, {{"If-Match", etag}}).result_int(), 412u);
  EXPECT_EQ(patch(target, anew, {{"If-Match", std::string(restarted[field::etag])}}).result_int(),
            204u);
  EXPECT_EQ(
      request(server->port(), verb::patch, target, {{"Content-Type", "application/sdp"}}, kOffer)
          .result_int(),
      415u);
  EXPECT_EQ(patch("/whip/other" + target.substr(target.rfind('/')), candidate).result_int(), 404u);
  forwarder.fail_with(control::ErrorCode::bad_request);
  EXPECT_EQ(patch(target, "a=end-of-candidates\r\n").result_int(), 422u);
}

/// MediaMTX's reader sends each candidate with `If-Match: *`, and takes only 204 for success.
TEST_F(WhipTest, AReaderTricklesWithAnyEtag) {
  const auto encoder = broadcast();
  const Response created = post("/whep/lesson", {}, std::string(kMediamtxReader));
  ASSERT_EQ(created.result_int(), 201u) << created.body();
  const auto played = forwarder.expect<control::Play>();
  EXPECT_EQ(played.sdp, kMediamtxReader);
  for (const std::string_view port : {"52133", "9"}) {
    const std::string fragment =
        "a=ice-ufrag:Jpbd\r\na=ice-pwd:Fus4hRjMrpP46HRkXRz+RPdL\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:0\r\n"
        "a=candidate:1160438246 1 udp 2122260223 192.0.2.78 " +
        std::string(port) + " typ host generation 0 ufrag Jpbd network-cost 999\r\n";
    EXPECT_EQ(patch(target_of(created), fragment, {{"If-Match", "*"}}).result_int(), 204u);
    EXPECT_EQ(forwarder.expect<control::Trickle>(), (control::Trickle{played.peer, fragment}));
  }
  EXPECT_EQ(remove(target_of(created)).result_int(), 200u);
}

TEST_F(WhipTest, RefusesWhatIsNoOffer) {
  EXPECT_EQ(post("/whip/lesson", {}, kOffer, "text/plain").result_int(), 415u);
  EXPECT_EQ(post("/whip/lesson", {}, "hello").result_int(), 400u);
  EXPECT_EQ(post("/whip/lesson", {}, "").result_int(), 400u);
  EXPECT_EQ(post("/whip/lesson", {}, "v=0" + std::string(32'768, 'x')).result_int(), 413u);
  EXPECT_EQ(post("/whip/%zz").result_int(), 404u);
  EXPECT_EQ(post("/whip/a/b/c").result_int(), 404u);
  EXPECT_EQ(forwarder.count<control::Publish>(), 0u);
  forwarder.fail_with(control::ErrorCode::no_codec);
  const Response refused = post("/whip/lesson");
  EXPECT_EQ(refused.result_int(), 422u);
  EXPECT_EQ(json::parse(refused.body())["code"], "no_codec");
  forwarder.fail_with(control::ErrorCode::bad_sdp);
  EXPECT_EQ(post("/whip/lesson").result_int(), 400u);
  forwarder.fail_with({});
  EXPECT_EQ(post("/whip/lesson").result_int(), 201u) << "the room is free again";
}

TEST_F(WhipTest, AClientMayWaitUntilItsBodyIsWanted) {
  RawConnection client(server->port());
  client.send(
      "POST /whip/lesson HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\n"
      "Expect: 100-continue\r\nConnection: close\r\nContent-Length: " +
      std::to_string(kOffer.size()) + "\r\n\r\n");
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(client.receive(go_on.size()), go_on);
  client.send(kOffer);
  EXPECT_TRUE(client.receive_all().starts_with("HTTP/1.1 201"));
}

TEST_F(WhipTest, RoomNamesAreAsInThePagesAddresses) {
  const Response created = post("/whip/%E6%95%99%E5%AE%A4%2F1");
  EXPECT_EQ(forwarder.expect<control::Publish>().room, "教室/1");
  EXPECT_TRUE(target_of(created).starts_with("/whip/%E6%95%99%E5%AE%A4%2F1/"));
  EXPECT_EQ(remove(target_of(created)).result_int(), 200u);
  post("/whip");
  EXPECT_EQ(forwarder.expect<control::Publish>().room, "_defaultroom");
}

TEST_F(WhipTest, SaysWhatMayBeAsked) {
  const Response options = request(
      server->port(), verb::options, "/whep/lesson",
      {{"Origin", "https://player.example"}, {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(options.result_int(), 200u);
  EXPECT_EQ(options["Accept-Post"], "application/sdp");
  EXPECT_EQ(options[field::access_control_allow_origin], "*");
  EXPECT_EQ(options[field::access_control_allow_methods], "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(options[field::access_control_allow_headers], "authorization");
  EXPECT_NE(options[field::access_control_expose_headers].find("Location"),
            boost::beast::string_view::npos);
}

TEST_F(WhipTest, TheForwarderMayGoAndComeBack) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  WebSocketClient viewer(server->port());
  const std::string talker = talker_found_by(viewer);
  watch(viewer, talker);
  forwarder.restart();
  EXPECT_EQ(viewer.receive_type("end_talk")["from"], talker);
  EXPECT_EQ(patch(resource, "a=candidate:1\r\n").result_int(), 404u);
  while (server->metric("onair_whep_players") > 0) std::this_thread::yield();
  EXPECT_EQ(patch(target_of(player), "a=candidate:1\r\n").result_int(), 404u);
  broadcast();
  EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker);
  watch(viewer, talker);
}

TEST_F(WhipTest, ANewServerTakesAllBack) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  const std::string player_peer = forwarder.expect<control::Play>().peer;
  std::string viewer_peer;
  std::string talker;
  std::string resume;
  {
    WebSocketClient viewer(server->port());
    const json welcome = viewer.enter("watch");
    resume = welcome["resume"];
    talker = welcome["talkers"][0];
    viewer_peer = watch(viewer, talker).first;
  }
  server.reset();
  start(options_with(forwarder));

  WebSocketClient viewer(server->port());
  viewer.send(
      json{{"type", "enter"}, {"room", "lesson"}, {"role", "watch"}, {"resume", resume}}.dump());
  const json welcome = viewer.receive_type("welcome");
  if (welcome["talkers"].empty()) {
    EXPECT_EQ(viewer.receive_type("talk_ready")["from"], talker);
  } else {
    EXPECT_EQ(welcome["talkers"], json{talker});
  }
  EXPECT_EQ(post("/whip/lesson").result_int(), 409u);
  while (server->metric("onair_whep_players") < 1) std::this_thread::yield();
  EXPECT_EQ(patch(target_of(player), "a=candidate:1\r\n",
                  {{"If-Match", std::string(player[field::etag])}})
                .result_int(),
            204u);
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  viewer.send(json{{"type", "bye"}, {"sendto", talker}}.dump());
  EXPECT_EQ(forwarder.expect<control::Close>().peer, viewer_peer);
  EXPECT_EQ(remove(target_of(player)).result_int(), 200u);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, player_peer);
  EXPECT_EQ(remove(resource).result_int(), 200u);
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(WhipTest, ADrainingServerLeavesPeersForTheNext) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  RawConnection open(server->port());
  server->server().drain();
  open.send("POST /whep/lesson HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\n" +
            std::string("Content-Length: 3\r\nConnection: close\r\n\r\nv=0"));
  const std::string refused = open.receive_all();
  // It may have ended before it has read that.
  if (!refused.empty()) {
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503")) << refused;
    EXPECT_NE(refused.find("Retry-After: 5"), std::string::npos);
  }
  server->join();
  EXPECT_EQ(forwarder.count<control::Close>(), 0u);
  server.reset();
  start(options_with(forwarder));
  while (server->metric("onair_whep_players") < 1) std::this_thread::yield();
  EXPECT_EQ(remove(target_of(player)).result_int(), 200u);
  EXPECT_EQ(remove(resource).result_int(), 200u);
}

TEST_F(WhipTest, TheOperatorEndsARoomWithItsEncoderAndPlayers) {
  const auto [resource, peer] = broadcast();
  const Response player = post("/whep/lesson");
  const std::string player_peer = forwarder.expect<control::Play>().peer;
  const Headers key = {{"Authorization", "Bearer a key of the tests"}};
  const Response shown = request(server->admin_port(), verb::get, "/v1/rooms/lesson", key);
  EXPECT_EQ(json::parse(shown.body())["watching"], 1);
  EXPECT_EQ(json::parse(shown.body())["talkers"], 1);
  EXPECT_LT(request(server->admin_port(), verb::delete_, "/v1/rooms/lesson", key).result_int(),
            300u);
  const std::string one = forwarder.expect<control::Close>().peer;
  const std::string two = forwarder.expect<control::Close>().peer;
  EXPECT_TRUE((one == peer && two == player_peer) || (one == player_peer && two == peer));
  EXPECT_EQ(remove(resource).result_int(), 404u);
}

class WhipAuthTest : public WhipTest {
 protected:
  void SetUp() override {
    Options options = options_with(forwarder);
    options.auth = net::Auth::all;
    options.auth_secret = kSecret;
    start(options);
  }
  static Headers token(protocol::Role role, std::chrono::seconds ttl = std::chrono::seconds(60)) {
    return {{"Authorization",
             "Bearer " +
                 net::mint({"lesson", role, std::chrono::system_clock::now() + ttl}, kSecret, {})}};
  }
};

TEST_F(WhipAuthTest, TokensAreThoseOfTheRooms) {
  const Response none = post("/whip/lesson");
  EXPECT_EQ(none.result_int(), 401u);
  EXPECT_EQ(none[field::www_authenticate], "Bearer");
  EXPECT_EQ(json::parse(none.body())["code"], "token_required");
  EXPECT_EQ(post("/whip/lesson", token(protocol::Role::watch)).result_int(), 401u);
  EXPECT_EQ(post("/whip/other", token(protocol::Role::talk)).result_int(), 401u);
  const auto encoder = broadcast("lesson", token(protocol::Role::talk));
  EXPECT_EQ(post("/whep/lesson", token(protocol::Role::watch)).result_int(), 201u);
  Headers foreign = token(protocol::Role::watch);
  foreign.emplace_back("Origin", "https://player.example");
  EXPECT_EQ(post("/whep/lesson", foreign).result_int(), 201u) << "a token needs no origin";
  EXPECT_EQ(remove(encoder.first).result_int(), 200u) << "the address is secret";
}

TEST_F(WhipAuthTest, TheForwarderItselfNeedsNoToken) {
  const std::string bearer = token(protocol::Role::talk)[0].second;
  WebSocketClient talker(server->port());
  talker.send(json{{"type", "enter"},
                   {"room", "lesson"},
                   {"role", "talk"},
                   {"token", bearer.substr(bearer.find(' ') + 1)}}
                  .dump());
  talker.receive_type("welcome");
  talker.send(json{{"type", "talk_ready"}}.dump());
  talker.send(json{{"type", "ping"}}.dump());
  talker.receive_type("pong");  // it is on air
  auto player = std::async(std::launch::async,
                           [this] { return post("/whep/lesson", token(protocol::Role::watch)); });
  offer(talker, talker.receive_type("talk_request"));
  EXPECT_EQ(player.get().result_int(), 201u);
}

TEST_F(WhipAuthTest, AMemberLeavesWhenItsTokenExpires) {
  const auto encoder = broadcast("lesson", token(protocol::Role::talk));
  post("/whep/lesson", token(protocol::Role::watch, std::chrono::seconds(2)));
  const std::string peer = forwarder.expect<control::Play>().peer;
  EXPECT_EQ(forwarder.expect<control::Close>().peer, peer);
}

TEST_F(WhipTest, PagesOfOtherOriginsNeedAToken) {
  const Response refused = post("/whip/lesson", {{"Origin", "https://player.example"}});
  EXPECT_EQ(refused.result_int(), 403u);
  EXPECT_EQ(refused[field::access_control_allow_origin], "*") << "so that the page can say why";
}

TEST(WhipOffTest, WithoutAForwarderThereIsNothing) {
  const RunningServer server;
  const Response off = request(server.port(), verb::post, "/whip/lesson",
                               {{"Content-Type", "application/sdp"}}, kOffer);
  EXPECT_EQ(off.result_int(), 404u);
  EXPECT_EQ(json::parse(off.body())["code"], "forwarder_off");
}

TEST(WhipOffTest, AForwarderThatIsAwayIsTriedAgain) {
  Options options = test_options();
  options.forwarder = {net::ForwarderOptions::Mode::external, "/nonexistent/forwarder.sock", 0, {}};
  const RunningServer server(options);
  const Response away = request(server.port(), verb::post, "/whip/lesson",
                                {{"Content-Type", "application/sdp"}}, kOffer);
  EXPECT_EQ(away.result_int(), 503u);
  EXPECT_EQ(away[field::retry_after], "2");
}

TEST(WhipIceTest, ListsTheIceServersOfTheRoom) {
  FakeForwarder forwarder;
  Options options = options_with(forwarder);
  options.ice_servers = {"stun:stun.example.org"};
  options.turn_servers = {"turn:turn.example.org"};
  options.turn_secret = "a secret of the tests";
  const RunningServer server(options);
  Response created;
  do {
    created = request(server.port(), verb::post, "/whip/lesson",
                      {{"Content-Type", "application/sdp"}}, kOffer);
  } while (created.result_int() == 503);
  std::vector<std::string> links;
  const auto range = created.equal_range(field::link);
  for (auto link = range.first; link != range.second; ++link) links.emplace_back(link->value());
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0], "<stun:stun.example.org>; rel=\"ice-server\"");
  EXPECT_TRUE(links[1].starts_with("<turn:turn.example.org>; rel=\"ice-server\"; username=\""));
}

}  // namespace
}  // namespace onair::tests
