// The book of a room that several processes serve.
#include "cluster/shared_room.hpp"

#include <gtest/gtest.h>

namespace onair::cluster {
namespace {

using rooms::TalkerInfo;
using std::chrono::seconds;
using Ids = std::vector<protocol::PeerId>;

TalkerInfo talker(const protocol::PeerId& id) {
  TalkerInfo talker;
  talker.id = id;
  return talker;
}

Ids ids_of(const std::vector<TalkerInfo>& talkers) {
  Ids ids;
  for (const TalkerInfo& talker : talkers) ids.push_back(talker.id);
  return ids;
}

constexpr TimePoint kNow{};

TEST(MembersElsewhere, AreKnownFromTheirProcess) {
  MembersElsewhere elsewhere;
  elsewhere.come("p1", "anna");
  EXPECT_TRUE(elsewhere.contains("anna"));
  elsewhere.go("p2", "anna");  // whence it moved to p1; late news
  EXPECT_TRUE(elsewhere.contains("anna"));
  elsewhere.go("p1", "anna");
  EXPECT_FALSE(elsewhere.contains("anna"));
}

TEST(MembersElsewhere, OfALostProcessHaveTheGraceTime) {
  MembersElsewhere elsewhere;
  for (const char* id : {"anna", "ben", "cleo"}) elsewhere.come("p1", id);
  elsewhere.come("p2", "dora");
  EXPECT_TRUE(elsewhere.lose("p1", kNow + seconds(15)));
  EXPECT_FALSE(elsewhere.lose("p1", kNow + seconds(16))) << "it has nobody any more";
  EXPECT_TRUE(elsewhere.contains("anna"));
  EXPECT_EQ(elsewhere.take_overdue(kNow + seconds(14)), Ids{});
  elsewhere.come("p2", "anna");
  elsewhere.take("ben");  // came back here
  EXPECT_EQ(elsewhere.take_overdue(kNow + seconds(15)), Ids{"cleo"});
  EXPECT_EQ(elsewhere.take_overdue(kNow + seconds(15)), Ids{});
  EXPECT_TRUE(elsewhere.contains("dora"));
}

TEST(MembersElsewhere, WhoIsInNoPieceOfAListIsLost) {
  MembersElsewhere elsewhere;
  for (const char* id : {"anna", "ben", "cleo"}) elsewhere.come("p1", id);
  EXPECT_FALSE(elsewhere.list({.process = "p1", .come = {"anna"}}, kNow));
  EXPECT_TRUE(elsewhere.list({.process = "p1", .come = {"ben"}, .ends_list = true}, kNow));
  EXPECT_EQ(elsewhere.take_overdue(kNow), Ids{"cleo"});
  // The next list begins anew.
  EXPECT_TRUE(elsewhere.list({.process = "p1", .come = {"ben"}, .ends_list = true}, kNow));
  EXPECT_EQ(elsewhere.take_overdue(kNow), Ids{"anna"});
}

TEST(HeldSlots, AreFreedForThoseWhoAreBackAndInTheEnd) {
  HeldSlots held_slots;
  EXPECT_TRUE(held_slots.add(talker("anna"), kNow + seconds(15)));
  EXPECT_FALSE(held_slots.add(talker("anna"), kNow + seconds(99))) << "the first time holds";
  EXPECT_TRUE(held_slots.add(talker("ben"), kNow + seconds(15)));
  EXPECT_FALSE(held_slots.release({talker("cleo")}));
  EXPECT_TRUE(held_slots.release({talker("ben")}));
  EXPECT_FALSE(held_slots.contains("ben"));
  EXPECT_EQ(held_slots.take_overdue(kNow + seconds(14)), Ids{});
  EXPECT_EQ(held_slots.take_overdue(kNow + seconds(15)), Ids{"anna"});
  EXPECT_TRUE(held_slots.all().empty());
}

TEST(SharedRoom, SumsUpWhatAllHave) {
  SharedRoom room;
  room.local[0] = {.watching = 2, .talkers = {talker("anna")}, .members = 3};
  room.remote["p1"] = {.watching = 5, .talkers = {talker("anna"), talker("ben")}, .members = 7};
  room.held_slots.add(talker("cleo"), kNow);
  EXPECT_EQ(room.local_share().watching, 2u);
  EXPECT_EQ(room.remote_share().watching, 5u);
  EXPECT_EQ(ids_of(room.remote_share().talkers), (Ids{"anna", "ben", "cleo"}));
  EXPECT_EQ(ids_of(room.talkers()), (Ids{"anna", "ben", "cleo"}));
  EXPECT_EQ(ids_of(room.present_talkers()), (Ids{"anna", "ben"}));
  EXPECT_TRUE(room.expects("cleo"));
  EXPECT_FALSE(room.expects("dora"));
}

TEST(SharedRoom, NotesFramesAboutWhoIsOnAir) {
  SharedRoom room;
  room.remote["p1"] = {.watching = 5, .talkers = {talker("anna"), talker("ben")}, .members = 7};
  const auto is_on_air = [&](const char* id) {
    return find(room.remote_share().talkers, id)->on_air;
  };
  EXPECT_TRUE(room.note_on_air(R"({"from":"anna","type":"talk_ready"})"));
  EXPECT_FALSE(room.note_on_air(R"({"from":"anna","type":"talk_ready"})")) << "it is known";
  EXPECT_TRUE(is_on_air("anna"));
  EXPECT_FALSE(is_on_air("ben"));
  EXPECT_TRUE(room.note_on_air(R"({"from":"anna","type":"end_talk"})"));
  EXPECT_FALSE(is_on_air("anna"));
  EXPECT_TRUE(room.note_on_air(R"({"from":"ben","type":"talk_ready"})"));
  EXPECT_TRUE(room.note_on_air(R"({"type":"user_disconnected","id":"ben"})"));
  EXPECT_FALSE(is_on_air("ben"));
  for (const char* other : {R"({"from":"cleo","type":"talk_ready"})", R"({"type":"talk_ready"})",
                            R"({"from":"anna","type":"wave"})", R"({"type":7})", "[]", ""}) {
    EXPECT_FALSE(room.note_on_air(other)) << other;
  }
}

TEST(SharedRoom, MembersMatterToTheForwarder) {
  SharedRoom room;
  room.local[0] = {.members = 1, .forwarders = 1};
  EXPECT_TRUE(room.receives_members());
  EXPECT_EQ(room.local_share().forwarders, 1u);
}

TEST(SharedRoom, MembersMatterToTalkersAndToThoseWithoutARole) {
  SharedRoom room;
  room.local[0] = {.watching = 2, .members = 2};
  EXPECT_FALSE(room.receives_members());
  room.local[1] = {.socketio = 1, .members = 1};
  EXPECT_TRUE(room.receives_members());
  EXPECT_FALSE(room.sends_members());
  room.remote["p1"] = {.talkers = {talker("anna")}, .members = 1};
  EXPECT_TRUE(room.sends_members());
}

}  // namespace
}  // namespace onair::cluster
