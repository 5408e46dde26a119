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
    say(client, R"({"type":"enter","room":"lesson","role":")" + role + "\"}");
  }
  void take_back(Client& client, const MemberKind& kind, protocol::Role role,
                 const protocol::PeerId& id, Duration age, Pass pass = {}) {
    EntryRequest request{kind, {"lesson", role}};
    request.identity = Resumption{id, age};
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
  say(talker, frame);
  EXPECT_EQ(talker.last()["code"], "unknown_type");
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
  int last_id = 0;
  Hub hub({.make_id = [&last_id] { return "id" + std::to_string(++last_id); },
           .resume_tokens = tokens,
           .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>(); },
           .began = began},
          bus);
  bus.serve(hub);
  Client stranger, encoder;
  hub.receive(stranger, R"({"type":"enter","room":"lesson","role":"talk"})", began + seconds(1));
  stranger.news();
  EntryRequest request{kWhipTalker, {"lesson", protocol::Role::talk}};
  request.identity = Resumption{"abc", seconds(60)};
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
