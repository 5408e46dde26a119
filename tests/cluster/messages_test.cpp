#include "cluster/messages.hpp"

#include <gtest/gtest.h>

#include "cluster/wire.hpp"

namespace onair::cluster {
namespace {

using rooms::Reach;
using Kind = Subjects::Topic::Kind;

const Subjects kSubjects("onair", "5f0c");

TEST(ClusterMessages, ASubjectIsOneWordForNats) {
  for (const char* const good : {"onair", "onair.peer.5f0c", "_INBOX.a-B_9.$x"}) {
    EXPECT_TRUE(is_subject(good)) << good;
    EXPECT_TRUE(is_subscription(good)) << good;
  }
  for (const char* const bad : {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB b 0", "a\tb", "a\x7f",
                                "\xc3\xa4", "a.*", "*", ">", "a>"}) {
    EXPECT_FALSE(is_subject(bad)) << bad;
    EXPECT_FALSE(is_subscription(bad)) << bad;
  }
  EXPECT_TRUE(is_subscription("onair.process.5f0c.>"));
  EXPECT_FALSE(is_subject("onair.process.5f0c.>"));
}

TEST(ClusterMessages, SubjectsSayWhatTheyAreAbout) {
  const std::string room = "\xe6\x95\x99\xe5\xae\xa4 1.*>";
  struct Case {
    std::string subject;
    Kind kind;
    bool of_room;
  };
  for (const Case& c : {
           Case{kSubjects.frames(room, Reach::talkers), Kind::frames, true},
           Case{kSubjects.frames(room, Reach::talkers_and_socketio), Kind::frames, true},
           Case{kSubjects.shares(room), Kind::shares, true},
           Case{kSubjects.ask(room), Kind::ask, true},
           Case{kSubjects.members(room), Kind::members, true},
           Case{kSubjects.list(room), Kind::list, true},
           Case{kSubjects.share_for(room), Kind::share_for, true},
           Case{kSubjects.members_of(room), Kind::members_of, true},
           Case{kSubjects.undelivered(7), Kind::undelivered, false},
           Case{kSubjects.peer("id"), Kind::peer, false},
           Case{kSubjects.orders(), Kind::orders, false},
           Case{kSubjects.alive(), Kind::alive, false},
           Case{kSubjects.gone(), Kind::gone, false},
       }) {
    const auto topic = kSubjects.topic_of(c.subject);
    ASSERT_TRUE(topic) << c.subject;
    EXPECT_EQ(topic->kind, c.kind) << c.subject;
    EXPECT_EQ(topic->room, c.of_room ? room : "") << c.subject;
    EXPECT_EQ(c.subject.find_first_of("*> "), std::string::npos) << c.subject;
  }
  EXPECT_EQ(kSubjects.topic_of(kSubjects.frames(room, Reach::talkers))->reach, Reach::talkers);
  for (const char* other :
       {"", "onair", "onair.", "onairs.orders", "onair.orders.x", "onair.room", "onair.room.zz.all",
        "onair.room.6.all", "onair.room.61.none", "onair.process.other.part.61",
        "onair.process.5f0c.x.61", "onair.process.5f0c.undelivered.x"}) {
    EXPECT_FALSE(kSubjects.topic_of(other)) << other;
  }
}

TEST(ClusterMessages, SharesAreReadAsTheyWereWritten) {
  const Share share{
      "5f0c",
      rooms::RoomShare{3,
                       {{"a", true, false, std::chrono::seconds(2)}, {"b"}},
                       1,
                       6,
                       2,
                       1,
                       {{"a", {1, 2, 3, {{"v", {protocol::Quality::poor, 80, 900}}}}}, {"b", {}}}},
      {"x", "y"},
      {{{"c", true}, std::chrono::milliseconds(1'500)}}};
  const auto read = decode_share(encode(share));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->process, share.process);
  EXPECT_EQ(read->share, share.share);
  EXPECT_EQ(read->others, share.others);
  ASSERT_EQ(read->orphans.size(), 1u);
  EXPECT_EQ(read->orphans[0].talker, share.orphans[0].talker);
  EXPECT_EQ(read->orphans[0].left, share.orphans[0].left);
  EXPECT_EQ(decode_share(encode(Share{"5f0c", std::nullopt}))->share, std::nullopt);
}

TEST(ClusterMessages, FramesCrossAsTheyAre) {
  const std::string frame = "{\"from\":\"a\",\n \"sdp\":\"\xe6\x95\x99\"}";
  const std::string text =
      encode(ToPeer{ToPeer::Kind::frame, "room\n", "a", Reach::everyone, frame});
  const auto read = decode_to_peer(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->frame, frame);
  EXPECT_EQ(read->room, "room\n");
  EXPECT_EQ(read->from, "a");
  EXPECT_EQ(read->reach, Reach::everyone);
  EXPECT_EQ(decode_to_peer(encode(ToPeer{ToPeer::Kind::take_over, "r"}))->kind,
            ToPeer::Kind::take_over);
}

TEST(ClusterMessages, AServedPeerIsReadAsItWasWritten) {
  const auto age_of = [](std::chrono::milliseconds age) {
    const auto read = decode_to_peer(encode(
        ToPeer{.kind = ToPeer::Kind::served_too, .room = "lesson", .process = "5f0c", .age = age}));
    EXPECT_TRUE(read && read->kind == ToPeer::Kind::served_too && read->process == "5f0c");
    return read ? read->age : std::chrono::milliseconds(-1);
  };
  EXPECT_EQ(age_of(std::chrono::milliseconds(1'500)), std::chrono::milliseconds(1'500));
  EXPECT_GT(age_of(std::chrono::hours(24 * 365)), std::chrono::hours(24 * 49));
  const auto topic = kSubjects.topic_of(Subjects("onair", "other").claimed_at("5f0c", "id"));
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->kind, Kind::claimed);
  EXPECT_EQ(topic->peer, "id");
}

TEST(ClusterMessages, OrdersAreReadAsTheyWereWrittenOrStayHere) {
  using rooms::Order;
  for (const Order& order : {Order{Order::Kind::remove_peer, "lesson", "5f0c"},
                             Order{Order::Kind::remove_peer, "lesson", "5f0c", true},
                             Order{Order::Kind::release_forwarder, "lesson", "5f0c"},
                             Order{Order::Kind::end_room, "lesson", "5f0c"},
                             Order{Order::Kind::end_room, "lesson", ""}}) {
    const auto text = encode(order);
    ASSERT_TRUE(text);
    const auto read = decode_order(*text);
    ASSERT_TRUE(read) << *text;
    EXPECT_EQ(read->kind, order.kind);
    EXPECT_EQ(read->room, order.room);
    EXPECT_EQ(read->peer, order.peer);
    EXPECT_EQ(read->was_member, order.was_member);
  }
  EXPECT_FALSE(encode(Order{Order::Kind::release_slot, "lesson", "5f0c"}));
  for (const char* text : {R"({"kind":"release_slot","room":"lesson","peer":"5f0c"})",
                           R"({"kind":"end","room":"lesson","peer":"5f0c"})",
                           R"({"kind":"remove_peer","room":"lesson","peer":""})",
                           R"({"kind":"remove_peer","room":"lesson","peer":"a","member":1})",
                           R"({"kind":"remove_peer","room":"lesson","peer":"a b"})"}) {
    EXPECT_FALSE(decode_order(text)) << text;
  }
}

TEST(ClusterMessages, RefuseWhatIsNone) {
  for (const char* text : {"", "x", "[]", "{}", "null", R"({"process":7})", R"({"process":""})",
                           R"({"process":"a","others":["*"],"orphans":[]})",
                           R"({"process":"a.b","others":[],"orphans":[],"come":[],"gone":[]})",
                           R"({"process":"a","others":[7],"orphans":[]})",
                           R"({"process":"a","others":[],"orphans":[7]})",
                           R"({"process":"a","others":[],"orphans":[],"part":7})",
                           R"({"process":"a","others":[],"orphans":[],"part":{"talkers":[{}]}})"}) {
    EXPECT_FALSE(decode_share(text)) << text;
    EXPECT_FALSE(decode_to_peer(text)) << text;
    EXPECT_FALSE(decode_order(text)) << text;
    EXPECT_FALSE(decode_members(text)) << text;
  }
  EXPECT_FALSE(
      decode_to_peer("{\"kind\":\"frame\",\"room\":\"r\",\"from\":\"a\","
                     "\"reach\":\"all\"}\nnot json"));
  for (const std::string& text : {std::string(), std::string("a b"), std::string(65, 'a')}) {
    EXPECT_FALSE(decode_process(text)) << text;
  }
  EXPECT_EQ(decode_process(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_FALSE(is_frame("{\"a\":\"\xff\"}"));
  EXPECT_FALSE(is_frame("{\"a\":\"" + std::string(300'000, 'x') + "\"}"));
}

}  // namespace
}  // namespace onair::cluster
