#include "socketio/packet_codec.hpp"

#include <gtest/gtest.h>

namespace onair::socketio {
namespace {

using PacketKind = Packet::Kind;

std::optional<Packet> packet_of(std::string_view text) {
  const auto decoded = decode(text);
  const auto* packet = std::get_if<Packet>(&decoded);
  return packet == nullptr ? std::nullopt : std::optional(*packet);
}

std::optional<Fault> fault_of(std::string_view text) {
  const auto decoded = decode(text);
  const auto* fault = std::get_if<Fault>(&decoded);
  return fault == nullptr ? std::nullopt : std::optional(*fault);
}

TEST(PacketCodec, ReadsKindNamespaceAndData) {
  struct Case {
    const char* text;
    PacketKind kind;
    const char* name_space;
    const char* data;
  };
  for (const Case& c : {
           Case{"0", PacketKind::connect, "/", ""},
           Case{R"(0{"token":"x"})", PacketKind::connect, "/", R"({"token":"x"})"},
           Case{"0/admin,", PacketKind::connect, "/admin", ""},
           Case{"0/admin", PacketKind::connect, "/admin", ""},
           Case{"0/admin?a=b,", PacketKind::connect, "/admin", ""},
           Case{"1", PacketKind::disconnect, "/", ""},
           Case{R"(2["a",1])", PacketKind::event, "/", R"(["a",1])"},
           Case{R"(2/n,["a"])", PacketKind::event, "/n", R"(["a"])"},
           Case{R"(212["a"])", PacketKind::event, "/", R"(["a"])"},
           Case{R"(2/n,456["a"])", PacketKind::event, "/n", R"(["a"])"},
           Case{"312[]", PacketKind::ack, "/", "[]"},
           Case{R"(4{"message":"no"})", PacketKind::connect_error, "/", R"({"message":"no"})"},
       }) {
    const auto packet = packet_of(c.text);
    ASSERT_TRUE(packet) << c.text;
    EXPECT_EQ(packet->kind, c.kind) << c.text;
    EXPECT_EQ(packet->name_space, c.name_space) << c.text;
    EXPECT_EQ(packet->data, c.data) << c.text;
  }
}

TEST(PacketCodec, RefusesWhatIsNoPacket) {
  for (const char* text : {"", "7", "x", "-1", "5", "5-", "5x-", "6[]"}) {
    EXPECT_EQ(fault_of(text), Fault::malformed) << text;
  }
}

TEST(PacketCodec, RecognisesBinary) {
  EXPECT_EQ(fault_of(R"(51-["a",{"_placeholder":true,"num":0}])"), Fault::binary);
  EXPECT_EQ(fault_of(R"(61-/n,3[{"_placeholder":true,"num":0}])"), Fault::binary);
}

TEST(PacketCodec, ReadsEvents) {
  const auto event = decode_event(R"([ "message" , {"a":[1,2]} ,"x"])");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "message");
  ASSERT_EQ(event->arguments.size(), 2u);
  EXPECT_EQ(event->arguments[0].text, R"({"a":[1,2]})");
  EXPECT_EQ(event->arguments[1].text, R"("x")");
  EXPECT_EQ(decode_event(R"(["a\u0062"])")->name, "ab");
  for (const char* data : {"", "[]", "{}", "[1]", R"(["a")", R"(["a",])", R"(["a"]x)", "null",
                           R"(abc["a"])", R"(["a" "b"])"}) {
    EXPECT_FALSE(decode_event(data)) << data;
  }
}

TEST(PacketCodec, ReadsDeepEvents) {
  const std::string deep =
      R"(["message",)" + std::string(30'000, '[') + std::string(30'000, ']') + "]";
  ASSERT_TRUE(decode_event(deep));
}

TEST(PacketCodec, WritesForBothRevisions) {
  EXPECT_EQ(encode_event("user disconnected", R"({"id":"x"})"),
            R"(2["user disconnected",{"id":"x"}])");
  EXPECT_EQ(encode_connect(Revision::v3, "x"), "0");
  EXPECT_EQ(encode_connect(Revision::v4, "x"), R"(0{"sid":"x"})");
  EXPECT_EQ(encode_unknown_namespace(Revision::v3, "/n"), R"(4/n,"Invalid namespace")");
  EXPECT_EQ(encode_unknown_namespace(Revision::v4, "/n"), R"(4/n,{"message":"Invalid namespace"})");
  EXPECT_EQ(encode_disconnect(), "1");
}

}  // namespace
}  // namespace onair::socketio
