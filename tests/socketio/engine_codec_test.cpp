#include "socketio/engine_codec.hpp"

#include <gtest/gtest.h>

namespace onair::socketio {
namespace {

using EngineKind = EnginePacket::Kind;
using Packets = std::vector<EnginePacket>;

Packets packets_of(Revision revision, std::string_view body) {
  const auto decoded = decode_payload(revision, body);
  const auto* packets = std::get_if<Packets>(&decoded);
  return packets == nullptr ? Packets{} : *packets;
}

std::optional<Fault> fault_of(Revision revision, std::string_view body) {
  const auto decoded = decode_payload(revision, body);
  const auto* fault = std::get_if<Fault>(&decoded);
  return fault == nullptr ? std::nullopt : std::optional(*fault);
}

TEST(EngineCodec, KnowsTwoRevisions) {
  EXPECT_EQ(revision_of("3"), Revision::v3);
  EXPECT_EQ(revision_of("4"), Revision::v4);
  for (const char* other : {"", "2", "5", "33", "04", "abc"}) {
    EXPECT_EQ(revision_of(other), std::nullopt) << other;
  }
}

TEST(EngineCodec, ReadsEachKindOfPacket) {
  for (int kind = 0; kind <= 6; ++kind) {
    const std::string text = std::to_string(kind) + "data";
    const auto decoded = decode_packet(text);
    EXPECT_EQ(std::get<EnginePacket>(decoded),
              (EnginePacket{static_cast<EngineKind>(kind), "data"}));
    EXPECT_EQ(encode_packet(std::get<EnginePacket>(decoded)), text);
  }
}

TEST(EngineCodec, ReadsPayloadsOfRevision4) {
  EXPECT_EQ(packets_of(Revision::v4, "4a"), (Packets{{EngineKind::message, "a"}}));
  EXPECT_EQ(packets_of(Revision::v4,
                       "4a\x1e"
                       "2\x1e"
                       "4\xe6\x95\x99"),
            (Packets{{EngineKind::message, "a"},
                     {EngineKind::ping, ""},
                     {EngineKind::message, "\xe6\x95\x99"}}));
}

TEST(EngineCodec, CountsInRevision3AsJavaScriptDoes) {
  EXPECT_EQ(packets_of(Revision::v3, "2:4a1:2"),
            (Packets{{EngineKind::message, "a"}, {EngineKind::ping, ""}}));
  // U+6559 is one unit of UTF-16, U+1F389 two.
  EXPECT_EQ(packets_of(Revision::v3,
                       "2:4\xe6\x95\x99"
                       "3:4\xf0\x9f\x8e\x89"
                       "1:3"),
            (Packets{{EngineKind::message, "\xe6\x95\x99"},
                     {EngineKind::message, "\xf0\x9f\x8e\x89"},
                     {EngineKind::pong, ""}}));
}

TEST(EngineCodec, RefusesWhatIsNoPayload) {
  for (const char* body : {"", "x", "7", "\x1e", "4a\x1e",
                           "\x1e"
                           "4a",
                           "4a\x1e\x1e"
                           "2",
                           "abc"}) {
    EXPECT_EQ(fault_of(Revision::v4, body), Fault::malformed) << body;
  }
  for (const char* body : {"", "0:", "x", "1", "1:", ":4", "3:4a", "-1:4", "+1:4", "1.0:4", "1:7",
                           "2:4a1", "99999999999999999999999:4",
                           // half of a character of two units
                           "2:4\xf0\x9f\x8e\x89"}) {
    EXPECT_EQ(fault_of(Revision::v3, body), Fault::malformed) << body;
  }
}

TEST(EngineCodec, RecognisesBinary) {
  EXPECT_EQ(fault_of(Revision::v4, "bAQIDBA=="), Fault::binary);
  EXPECT_EQ(fault_of(Revision::v4,
                     "4a\x1e"
                     "bAQIDBA=="),
            Fault::binary);
  EXPECT_EQ(fault_of(Revision::v3, "10:b4AQIDBA=="), Fault::binary);
  EXPECT_EQ(fault_of(Revision::v3, std::string_view("\0\x01\xff", 3)), Fault::binary);
  EXPECT_EQ(fault_of(Revision::v3, std::string_view("\x01\x05\xff", 3)), Fault::binary);
}

TEST(EngineCodec, WritesWhatItReads) {
  for (const Revision revision : {Revision::v3, Revision::v4}) {
    PayloadEncoder encoder(revision);
    const std::vector<std::string> texts = {"0{}", "4\xe6\x95\x99", "4\xf0\x9f\x8e\x89z", "6"};
    for (const std::string& text : texts) encoder.add(text);
    const std::string payload = encoder.take();
    const Packets packets = packets_of(revision, payload);
    ASSERT_EQ(packets.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(encode_packet(packets[i]), texts[i]);
  }
  PayloadEncoder encoder(Revision::v3);
  encoder.add("40");
  EXPECT_EQ(encoder.take(), "2:40");
}

}  // namespace
}  // namespace onair::socketio
