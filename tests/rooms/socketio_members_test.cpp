// Clients of socket.io beside those of our protocol: on one hub, and spread over several.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/envelope.hpp"
#include "rooms/client.hpp"
#include "rooms/hub.hpp"
#include "support/cluster.hpp"
#include "support/world.hpp"

namespace onair::rooms {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using Objects = std::vector<json>;

/// A client whose hub is chosen when it is made.
struct Member {
  HubId hub;
  std::string id;
  Client client = {};
  std::size_t seen = 0;

  /// The frames since the last call, without those for clients of our protocol alone.
  Objects news() {
    Objects all;
    for (; seen < client.frames.size(); ++seen) {
      const json& frame = client.frames[seen];
      const std::string type = frame.contains("from") ? "" : frame["type"];
      if (type != "welcome" && type != "audience") all.push_back(frame);
    }
    return all;
  }
  std::uint32_t audience_sent() const {
    for (auto frame = client.frames.rbegin(); frame != client.frames.rend(); ++frame) {
      if (frame->value("type", "") == "audience") return frame->at("watching");
    }
    return 9'999;
  }
};

class SocketioMembersTest : public testing::TestWithParam<HubId> {
 protected:
  void settle() { cluster.settle(); }
  Hub& hub_of(const Member& member) { return cluster.hub(member.hub % GetParam()); }
  void enter(Member& member, const std::string& room = "lesson",
             const std::optional<std::string>& token = {}) {
    protocol::Enter enter{room, protocol::Role::none};
    enter.token = token;
    hub_of(member).enter(member.client, {kSocketioClient, enter, member.id}, now);
    settle();
  }
  void enter_as(Member& member, const std::string& role, const std::string& room = "lesson") {
    hub_of(member).receive(member.client,
                           json{{"type", "enter"}, {"room", room}, {"role", role}}.dump(), now);
    settle();
    for (const json& frame : member.client.frames) {
      if (frame["type"] == "welcome") member.id = frame["id"];
    }
    member.news();
  }
  void send_as(Member& member, const std::string& frame) {
    hub_of(member).receive(member.client, frame, now);
    settle();
  }
  void send(Member& member, const std::string& object) {
    const auto scanned = protocol::scan_envelope(object);
    const auto* envelope = std::get_if<protocol::Envelope>(&scanned);
    hub_of(member).send(member.client, envelope ? *envelope : protocol::Envelope{}, object, now);
    settle();
  }
  void leave(Member& member) {
    hub_of(member).disconnected(member.client, Hub::Leaving::perhaps, now);
    settle();
  }
  void pass(Duration duration) { cluster.pass(duration); }
  static Objects one(const std::string& object) { return {json::parse(object)}; }

  tests::PlainTokens tokens;
  int last_id = 0;
  Doorkeeper doorkeeper = let_everyone_in;
  tests::Cluster cluster{
      {GetParam()}, [this] {
        return HubOptions{
            .make_id = [this] { return "id" + std::to_string(++last_id); },
            .resume_tokens = tokens,
            .ice_servers = [](const auto&) { return std::vector<protocol::IceServer>{}; },
            .doorkeeper = [this](const protocol::Enter& enter) { return doorkeeper(enter); },
            .limits = {.rates = {100, 10'000, seconds(1)}, .peers_per_room = 5},
        };
      }};
  const TimePoint& now = cluster.now;
  Member anna{0, "anna"}, bert{1, "bert"}, carl{2, "carl"};
};

INSTANTIATE_TEST_SUITE_P(OnHubs, SocketioMembersTest, testing::Values(1, 3));

TEST_P(SocketioMembersTest, HearAllThatOthersSayToTheRoom) {
  for (Member* member : {&anna, &bert, &carl}) enter(*member);
  send(anna, R"({"type":"talk_ready"})");
  EXPECT_EQ(bert.news(), one(R"({"type":"talk_ready","from":"anna"})"));
  EXPECT_EQ(carl.news(), one(R"({"type":"talk_ready","from":"anna"})"));
  EXPECT_EQ(anna.news(), Objects{});
  send(bert, R"({"type":"talk_request","n":[1,{}]})");
  EXPECT_EQ(anna.news(), one(R"({"type":"talk_request","n":[1,{}],"from":"bert"})"));
  EXPECT_EQ(carl.news(), one(R"({"type":"talk_request","n":[1,{}],"from":"bert"})"));
}

TEST_P(SocketioMembersTest, SpeakToOneAlone) {
  for (Member* member : {&anna, &bert, &carl}) enter(*member);
  send(anna, R"({"type":"offer","sdp":"v=0","sendto":"carl"})");
  EXPECT_EQ(carl.news(), one(R"({"type":"offer","sdp":"v=0","sendto":"carl","from":"anna"})"));
  EXPECT_EQ(bert.news(), Objects{});
  send(anna, R"({"type":"offer","sdp":"v=0","sendto":"nobody"})");
  ASSERT_EQ(anna.news().size(), 1u);
  EXPECT_EQ(anna.client.frames.back()["code"], "no_such_peer");
}

TEST_P(SocketioMembersTest, PassOnWhateverObjectAsItIs) {
  enter(anna);
  enter(bert);
  for (const char* object : {R"({"a":1})", R"({"type":7})", R"({"type":"welcome","id":"x"})",
                             R"({"type":"end_room"})", R"({"type":"ping"})", R"({})"}) {
    send(anna, object);
    json stamped = json::parse(object);
    stamped["from"] = "anna";
    EXPECT_EQ(bert.news(), Objects{stamped});
  }
}

TEST_P(SocketioMembersTest, NothingCrossesRooms) {
  enter(anna);
  enter(bert);
  enter(carl, "other");
  send(anna, R"({"type":"talk_ready"})");
  send(anna, R"({"type":"offer","sendto":"carl"})");
  EXPECT_EQ(carl.news(), Objects{});
  enter(bert, "other");
  bert.news();
  send(anna, R"({"type":"talk_ready"})");
  EXPECT_EQ(bert.news(), Objects{});
  send(carl, R"({"type":"talk_ready"})");
  EXPECT_EQ(bert.news(), one(R"({"type":"talk_ready","from":"carl"})"));
}

TEST_P(SocketioMembersTest, AMemberThatLeavesIsAnnouncedAtOnceAndAPasserByIsNot) {
  for (Member* member : {&anna, &bert, &carl}) enter(*member);
  leave(bert);
  EXPECT_EQ(anna.news(), one(R"({"type":"user_disconnected","id":"bert"})"));
  enter(carl, "other");
  EXPECT_EQ(anna.news(), Objects{});
  enter(carl);
  send(carl, "{}");
  anna.news();
  enter(carl, "other");
  EXPECT_EQ(anna.news(), one(R"({"type":"user_disconnected","id":"carl"})"));
  leave(carl);
  leave(anna);
  for (HubId hub = 0; hub < GetParam(); ++hub) EXPECT_EQ(cluster.hub(hub).census().rooms, 0u);
}

TEST_P(SocketioMembersTest, EnteringTheSameRoomAgainChangesNothing) {
  enter(anna);
  enter(bert);
  const std::size_t before = bert.client.frames.size();
  enter(bert);
  EXPECT_EQ(bert.client.frames.size(), before);
  EXPECT_EQ(anna.news(), Objects{});
}

TEST_P(SocketioMembersTest, ATalkersFramesArriveAndItIsAsked) {
  enter_as(anna, "talk");
  enter(bert);
  send_as(anna, R"({"type":"talk_ready"})");
  EXPECT_EQ(bert.news(), Objects{json({{"type", "talk_ready"}, {"from", anna.id}})});
  send(bert, R"({"type":"talk_request"})");
  EXPECT_EQ(anna.news(), one(R"({"type":"talk_request","from":"bert"})"));
  send_as(anna, R"({"type":"offer","sdp":"v=0","sendto":"bert"})");
  EXPECT_EQ(bert.news().size(), 1u);
  send(bert, R"({"type":"answer","sdp":"v=0","sendto":")" + anna.id + R"("})");
  EXPECT_EQ(anna.news().size(), 1u);
  leave(bert);
  EXPECT_EQ(anna.news(), one(R"({"type":"user_disconnected","id":"bert"})"));
}

TEST_P(SocketioMembersTest, WatchersLearnWhoHoldsTheTalkSlot) {
  enter_as(anna, "watch");
  enter(bert);
  send(bert, R"({"type":"offer","sdp":"v=0","sendto":")" + anna.id + R"("})");
  EXPECT_EQ(bert.news().size(), 1u);
  EXPECT_EQ(bert.client.frames.back()["code"], "no_such_peer");
  send(bert, R"({"type":"wave"})");
  EXPECT_EQ(anna.news(), Objects{});

  send(bert, R"({"type":"talk_ready"})");
  EXPECT_EQ(anna.news(), one(R"({"type":"talk_ready","from":"bert"})"));
  send_as(anna, R"({"type":"talk_request","sendto":"bert"})");
  EXPECT_EQ(bert.news(),
            Objects{json({{"type", "talk_request"}, {"sendto", "bert"}, {"from", anna.id}})});
  send(bert, R"({"type":"offer","sdp":"v=0","sendto":")" + anna.id + R"("})");
  EXPECT_EQ(anna.news().size(), 1u);
  send(bert, R"({"no":"type"})");
  EXPECT_EQ(anna.news(), Objects{});
  send(bert, R"({"type":"end_talk"})");
  EXPECT_EQ(anna.news(), one(R"({"type":"end_talk","from":"bert"})"));
  send(bert, R"({"type":"wave"})");
  EXPECT_EQ(anna.news(), Objects{});
}

TEST_P(SocketioMembersTest, WhoComesLaterLearnsWhoIsOnAir) {
  enter(anna);
  send(anna, R"({"type":"talk_ready"})");
  enter_as(bert, "watch");
  EXPECT_EQ(bert.client.frames[0]["talkers"], json({"anna"}));
  leave(anna);
  EXPECT_EQ(bert.news(), one(R"({"type":"user_disconnected","id":"anna"})"));
  enter_as(carl, "watch");
  EXPECT_EQ(carl.client.frames[0]["talkers"], json::array());
}

TEST_P(SocketioMembersTest, NobodyTakesTheTalkSlotFromAnother) {
  enter(anna);
  enter_as(bert, "talk");
  enter_as(carl, "watch");
  send_as(bert, R"({"type":"talk_ready"})");
  carl.news();
  send(anna, R"({"type":"talk_ready"})");
  send(anna, R"({"type":"offer","sdp":"v=0","sendto":")" + carl.id + R"("})");
  EXPECT_EQ(carl.news(), Objects{});
}

TEST_P(SocketioMembersTest, WhoIsOnAirHoldsTheRoomAgainstTalkers) {
  enter(anna);
  send(anna, R"({"type":"talk_ready"})");
  enter_as(bert, "talk");
  EXPECT_EQ(bert.client.frames.back()["code"], "room_taken");
  send(anna, R"({"type":"end_talk"})");
  enter_as(bert, "talk");
  EXPECT_EQ(bert.client.frames.back()["type"], "audience");
}

TEST_P(SocketioMembersTest, TheAudienceCountsThoseWhoAsked) {
  enter_as(anna, "talk");
  enter_as(bert, "watch");
  enter(carl);
  pass(seconds(1));
  EXPECT_EQ(anna.audience_sent(), 1u);
  send(carl, R"({"type":"talk_request"})");
  pass(seconds(1));
  EXPECT_EQ(anna.audience_sent(), 2u);
  send(carl, R"({"type":"bye"})");
  pass(seconds(1));
  EXPECT_EQ(anna.audience_sent(), 1u);
  send(carl, R"({"type":"talk_request"})");
  pass(seconds(1));
  leave(carl);
  pass(seconds(1));
  EXPECT_EQ(anna.audience_sent(), 1u);
}

TEST_P(SocketioMembersTest, MayTalkAsFarAsTheirPassAllows) {
  doorkeeper = [](const protocol::Enter& enter) -> std::variant<Pass, protocol::Refusal> {
    if (enter.role == protocol::Role::watch) return Pass{};
    if (!enter.token) {
      return protocol::Refusal{protocol::ErrorCode::token_required, "Say who you are."};
    }
    return Pass{.may_talk = *enter.token == "talk"};
  };
  enter_as(carl, "watch");
  enter(anna);
  EXPECT_EQ(anna.client.frames.back()["code"], "token_required");
  send(anna, "{}");
  EXPECT_EQ(anna.client.frames.back()["code"], "not_entered");
  enter(anna, "lesson", "watch");
  send(anna, R"({"type":"talk_ready"})");
  EXPECT_EQ(carl.news(), Objects{});
  enter(bert, "lesson", "talk");
  send(bert, R"({"type":"talk_ready"})");
  EXPECT_EQ(carl.news(), one(R"({"type":"talk_ready","from":"bert"})"));
}

TEST_P(SocketioMembersTest, ObeyNoneOfTheirOrders) {
  enter_as(anna, "watch");
  enter(bert);
  send(bert, R"({"type":"talk_ready"})");
  send(bert, R"({"type":"lock_room","locked":true})");
  send(bert, R"({"type":"remove_peer","id":")" + anna.id + R"("})");
  send(bert, R"({"type":"end_room"})");
  EXPECT_FALSE(anna.client.closed);
  enter_as(carl, "watch");
  EXPECT_EQ(carl.client.frames[0]["type"], "welcome");
}

TEST_P(SocketioMembersTest, ATalkerSendsThemAway) {
  enter_as(anna, "talk");
  enter(bert);
  enter(carl);
  send_as(anna, R"({"type":"remove_peer","id":"bert"})");
  EXPECT_EQ(bert.client.frames.back()["code"], "removed");
  EXPECT_EQ(bert.client.closed, protocol::CloseCode::removed);
  send_as(anna, R"({"type":"lock_room","locked":true})");
  Member dora{1, "dora"};
  enter(dora);
  EXPECT_EQ(dora.client.frames.back()["code"], "room_locked");
  send_as(anna, R"({"type":"end_room"})");
  EXPECT_EQ(carl.client.closed, protocol::CloseCode::room_ended);
}

TEST_P(SocketioMembersTest, CountAsMembersOfAFullRoom) {
  std::vector<std::unique_ptr<Member>> members;
  for (HubId i = 0; i < 6; ++i) {
    members.push_back(std::make_unique<Member>(Member{i, "member" + std::to_string(i)}));
    enter(*members.back());
  }
  EXPECT_EQ(members[4]->client.frames.back()["type"], "welcome");
  EXPECT_EQ(members[5]->client.frames.back()["code"], "room_full");
}

TEST_P(SocketioMembersTest, SpendAsOthersDo) {
  enter(anna);
  int fine = 0;
  while (hub_of(anna).spend(anna.client, 1, now)) ++fine;
  EXPECT_EQ(fine, 200);
  EXPECT_EQ(anna.client.closed, protocol::CloseCode::policy_violation);
}

}  // namespace
}  // namespace onair::rooms
