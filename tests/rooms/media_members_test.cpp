// Encoders, players and the forwarder as members of rooms.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "rooms/hub_fixture.hpp"

namespace onair::rooms {
namespace {

using std::chrono::seconds;

class MediaMembersTest : public HubFixture {
 protected:
  void enter(Client& client, const MemberKind& kind, protocol::Role role) {
    hub.enter(client, {kind, {"lesson", role}}, now);
  }
  void enter_page(Client& client, const std::string& role) {
    send(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"}");
  }
  void take_back(Client& client, const MemberKind& kind, protocol::Role role,
                 const protocol::PeerId& id, Duration age, Pass pass = {}) {
    EntryRequest request{kind, {"lesson", role}};
    request.resumption = Resumption{id, age};
    request.pass = std::move(pass);
    hub.enter(client, request, now);
  }

  Client talker, player, page;
};

TEST_F(MediaMembersTest, NoDrainWaitsForThoseWhoComeBackHere) {
  enter(talker, kWhipTalker, protocol::Role::talk);
  enter(player, kWhepPlayer, protocol::Role::watch);
  enter_page(page, "watch");
  for (Client* each : {&talker, &player, &page}) hub.send_off(*each, now);
  EXPECT_EQ(hub.census().away, 3u);
  EXPECT_EQ(hub.census().sent_off, 1u) << "the page, which may go on elsewhere";
}

TEST_F(MediaMembersTest, PlayersCountAndTheForwarderDoesNot) {
  enter_page(talker, "talk");
  enter(player, kWhepPlayer, protocol::Role::watch);
  pass(seconds(1));
  EXPECT_EQ(talker.last()["watching"], 1);
  talker.news();
  Client forwarder;
  enter(forwarder, kForwarder, protocol::Role::watch);
  pass(seconds(1));
  EXPECT_EQ(talker.news(), News{});
  leave(forwarder);
  pass(seconds(1));
  EXPECT_EQ(talker.news(), News{"user_disconnected"});
}

TEST_F(MediaMembersTest, TheForwarderAloneSaysHowManyPlayersItServes) {
  const std::string frame = R"({"type":"players","players":3})";
  enter_page(talker, "talk");
  talker.news();
  Client forwarder;
  enter(forwarder, kForwarder, protocol::Role::watch);
  hub.send(forwarder, {.type = "players", .sendto = {}}, frame, now);
  EXPECT_EQ(talker.last()["players"], 3);
  EXPECT_EQ(news_of(talker), News{"players"});
  for (const MemberKind* kind : {&kProtocolClient, &kWhepPlayer}) {
    Client other;
    enter(other, *kind, protocol::Role::watch);
    other.news();
    hub.send(other, {.type = "players", .sendto = {}}, frame, now);
    EXPECT_EQ(other.news(), News{"error unknown_type"});
    leave(other);
  }
  send(talker, frame);
  EXPECT_EQ(talker.last()["code"], "unknown_type");
}

class ForwarderMemberTest : public MediaMembersTest {
 protected:
  void SetUp() override {
    enter_page(talker, "talk");
    enter_page(page, "watch");
    enter(forwarder, kForwarder, protocol::Role::watch);
    for (Client* each : {&talker, &page, &forwarder}) each->news();
  }
  void send_to(Client& from, const protocol::PeerId& to, const std::string& type,
               const std::string& more = "") {
    const std::string sendto = to.empty() ? "" : R"(,"sendto":")" + to + '"';
    const std::string frame = R"({"type":")" + type + '"' + sendto + more + '}';
    const auto scanned = protocol::scan_envelope(frame);
    hub.send(from, std::get<protocol::Envelope>(scanned), frame, now);
  }

  Client forwarder;
};

TEST_F(ForwarderMemberTest, SendsWhatTalkersSendToOneAtATime) {
  for (const char* type : {"talk_ready", "offer", "talk_declined", "end_talk"}) {
    send_to(forwarder, page.id(), type);
    EXPECT_EQ(page.news(), News{type});
    EXPECT_EQ(page.last()["from"], forwarder.id());
    send_to(forwarder, "", type);
    EXPECT_EQ(page.news(), News{});
    EXPECT_EQ(forwarder.news(), News{"error wrong_role"}) << type;
  }
  for (const char* type : {"lock_room", "use_forwarder", "invite_watchers"}) {
    send_to(forwarder, talker.id(), type);
    EXPECT_EQ(forwarder.news(), News{"error wrong_role"}) << type;
  }
  Client late;
  enter_page(late, "watch");
  EXPECT_EQ(late.last()["talkers"], nlohmann::json::array()) << "nobody is on air";
}

TEST_F(ForwarderMemberTest, IsNoTalkerForOtherPlayers) {
  enter(player, kWhepPlayer, protocol::Role::watch);
  send_to(player, page.id(), "offer");
  EXPECT_EQ(player.news().back(), "error wrong_role");
}

TEST_F(ForwarderMemberTest, IsReachedByViewersAndHearsWhoLeft) {
  send_to(page, forwarder.id(), "talk_request");
  EXPECT_EQ(forwarder.news(), News{"talk_request"});
  send_to(talker, forwarder.id(), "invite_watchers", R"(,"peers":["x"])");
  EXPECT_EQ(forwarder.news(), News{"invite_watchers"});
  Client other;
  enter_page(other, "watch");
  pass(seconds(1));
  send_to(page, other.id(), "talk_request");
  EXPECT_EQ(page.news(), News{"error no_such_peer"});
  send(talker, R"({"type":"remove_peer","id":")" + page.id() + "\"}");
  EXPECT_EQ(forwarder.news(), News{"user_disconnected"}) << "and nothing of the audience";
  leave(forwarder);
  EXPECT_EQ(other.news().back(), "user_disconnected");
}

TEST_F(ForwarderMemberTest, ComesIntoALockedRoom) {
  send(talker, R"({"type":"lock_room","locked":true})");
  leave(forwarder);
  Client again;
  enter(again, kForwarder, protocol::Role::watch);
  EXPECT_EQ(again.news(), News{"welcome"});
}

TEST_F(ForwarderMemberTest, HoldsNoTalkSlot) {
  leave(talker);
  Client next;
  enter_page(next, "talk");
  EXPECT_EQ(next.news(), (News{"welcome", "audience"}));
}

TEST_F(ForwarderMemberTest, NobodyElseSpeaksForATalker) {
  const std::string of = R"(,"of":"id9")";
  send_to(forwarder, page.id(), "talk_ready", of);
  EXPECT_EQ(page.last()["of"], "id9");
  page.news();
  Client equal;
  hub.enter(equal, {kSocketioClient, {"lesson", protocol::Role::none}}, now);
  for (Client* other : {&talker, &equal}) {
    for (const std::string& to : {page.id(), std::string()}) {
      send_to(*other, to, "talk_ready", of);
      EXPECT_EQ(other->news().back(), "error wrong_role");
    }
  }
  EXPECT_EQ(page.news(), News{});
}

TEST_F(ForwarderMemberTest, IsUsedByTalkersAlone) {
  const std::string on = R"({"type":"use_forwarder","on":true})";
  send(talker, on);
  send(talker, R"({"type":"use_forwarder","on":false})");
  EXPECT_EQ(forwarder_uses, (std::vector<std::string>{"lesson id1 on", "lesson id1 off"}));
  send(page, on);
  EXPECT_EQ(page.news(), News{"error wrong_role"});
  send(talker, R"({"type":"use_forwarder"})");
  EXPECT_EQ(talker.news(), News{"error bad_message"});
  EXPECT_EQ(forwarder.news(), News{}) << "nobody is sent it";
  EXPECT_EQ(forwarder_uses.size(), 2u);
}

TEST_F(ForwarderMemberTest, ComesAndGoesAtATalkersExpense) {
  const auto use = [this](bool on) {
    send(talker, std::string(R"({"type":"use_forwarder","on":)") + (on ? "true}" : "false}"));
  };
  for (int i = 0; i < 1'000; ++i) use(true);
  EXPECT_EQ(talker.news(), News{}) << "what it says again costs a frame";
  pass(std::chrono::seconds(10));
  forwarder_uses.clear();
  for (int i = 0; i < 500 && !talker.closed; ++i) use(i % 2 == 1);
  EXPECT_EQ(talker.closed, protocol::CloseCode::policy_violation);
  EXPECT_LT(forwarder_uses.size(), 250u);
}

TEST_F(ForwarderMemberTest, IsPaidForAgainWhereATalkerRemovesIt) {
  for (int i = 0; i < 1'000 && !talker.closed; ++i) {
    send(talker, R"({"type":"use_forwarder","on":true})");
    send(talker, R"({"type":"remove_peer","id":"forwarder"})");
  }
  EXPECT_EQ(talker.closed, protocol::CloseCode::policy_violation);
  EXPECT_LT(forwarder_uses.size(), 250u);
}

/// Options of a hub of its own, whose ids count up.
HubOptions options_with(tests::PlainTokens& tokens) {
  return {.make_id = [last = 0]() mutable { return "id" + std::to_string(++last); },
          .resume_tokens = tokens,
          .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>(); }};
}

TEST(MediaMembers, TalkersLearnWhenToUseTheForwarder) {
  tests::PlainTokens tokens;
  ThreadBus bus{0, 1, nullptr};
  HubOptions options = options_with(tokens);
  options.forward = "20";
  Hub hub(options, bus);
  bus.serve(hub);
  Client talker, viewer;
  hub.receive(talker, R"({"type":"enter","room":"lesson","role":"talk"})", TimePoint());
  hub.receive(viewer, R"({"type":"enter","room":"lesson","role":"watch"})", TimePoint());
  EXPECT_EQ(talker.frames.front()["forward"], "20");
  EXPECT_FALSE(viewer.frames.front().contains("forward"));
}

TEST_F(MediaMembersTest, AnEncoderHoldsTheRoom) {
  enter(talker, kWhipTalker, protocol::Role::talk);
  enter_page(page, "talk");
  EXPECT_EQ(page.news(), News{"error room_taken"});
}

TEST_F(MediaMembersTest, OneThatIsTakenBackIsWhoItWas) {
  take_back(talker, kWhipTalker, protocol::Role::talk, "abc", seconds(60));
  EXPECT_EQ(talker.id(), "abc");
  take_back(player, kWhepPlayer, protocol::Role::watch, "def", seconds(60),
            {.holds_for = seconds(5)});
  EXPECT_EQ(player.id(), "def");
  pass(seconds(6));
  EXPECT_EQ(player.closed, protocol::CloseCode::token_expired) << "its pass goes on";
  EXPECT_FALSE(talker.closed);
}

TEST(MediaMembers, AnEncoderThatIsTakenBackGetsItsRoomFromWhoCameSince) {
  const TimePoint began{seconds(100)};
  tests::PlainTokens tokens;
  ThreadBus bus{0, 1, nullptr};
  HubOptions options = options_with(tokens);
  options.began = began;
  Hub hub(options, bus);
  bus.serve(hub);
  Client stranger, encoder;
  hub.receive(stranger, R"({"type":"enter","room":"lesson","role":"talk"})", began + seconds(1));
  stranger.news();
  EntryRequest request{kWhipTalker, {"lesson", protocol::Role::talk}};
  request.resumption = Resumption{"abc", seconds(60)};
  request.pass = Pass{};
  hub.enter(encoder, request, began + seconds(2));
  EXPECT_EQ(encoder.id(), "abc");
  EXPECT_EQ(stranger.news(), News{"error room_taken"});
}

TEST_F(MediaMembersTest, ADrainingServerAnnouncesNoEncoderAsGone) {
  enter(talker, kWhipTalker, protocol::Role::talk);
  enter_page(page, "watch");
  page.news();
  hub.send_off(talker, now);
  vanish(talker);
  EXPECT_EQ(page.news(), News{});
}

}  // namespace
}  // namespace onair::rooms
