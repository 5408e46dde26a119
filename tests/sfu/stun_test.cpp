#include "sfu/ice/stun.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/base/packet.hpp"
#include "sfu/stun_messages.hpp"

namespace onair::sfu {
namespace {

using namespace tests;

constexpr TransactionId kSampleTransaction{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
                                           0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};
constexpr Address kSampleV6{{0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0x00, 0x11, 0x22, 0x33,
                             0x44, 0x55, 0x66, 0x77},
                            32853};

std::optional<StunMessage> parse(std::string_view packet) {
  return StunMessage::parse(bytes_of(packet));
}

// A message of these attributes, each padded by the caller, and no others.
std::string message_of(std::string_view attributes) {
  std::string message("\x00\x01\x00\x00\x21\x12\xa4\x42 transaction", 20);
  write_u16(reinterpret_cast<std::uint8_t*>(message.data()) + 2,
            static_cast<std::uint16_t>(attributes.size()));
  return message += attributes;
}

struct Buffer {
  std::array<std::uint8_t, 600> bytes{};
  StunWriter writer{bytes, StunClass::request, kSampleTransaction};
};

TEST(Stun, ReadsTheSampleRequest) {
  const auto request = parse(kSampleRequest);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->message_class, StunClass::request);
  EXPECT_EQ(request->method, kBindingMethod);
  EXPECT_EQ(request->transaction, kSampleTransaction);
  EXPECT_EQ(request->username, "evtj:h6vY");
  EXPECT_EQ(request->priority, 0x6e0001ffU);
  EXPECT_EQ(request->ice_controlled, 0x932ff9b151263b36U);
  EXPECT_FALSE(request->ice_controlling);
  EXPECT_FALSE(request->use_candidate);
  EXPECT_TRUE(request->unknown.empty());
  EXPECT_TRUE(request->has_fingerprint);
  EXPECT_TRUE(request->is_authentic(kSamplePassword));
  EXPECT_FALSE(request->is_authentic("VOkJxbRl1RmTxUk/WvJxBT"));
  EXPECT_FALSE(request->is_authentic(""));
}

TEST(Stun, ReadsTheSampleResponses) {
  const auto v4 = parse(kSampleResponseV4);
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->message_class, StunClass::success);
  EXPECT_EQ(v4->mapped_address, Address::v4({192, 0, 2, 1}, 32853));
  EXPECT_TRUE(v4->is_authentic(kSamplePassword));
  const auto v6 = parse(kSampleResponseV6);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->mapped_address, kSampleV6);
  EXPECT_TRUE(v6->is_authentic(kSamplePassword));
}

// The samples pad by spaces, which are part of what is signed, and we by zeros: so without texts.
TEST(Stun, WritesResponsesThatItReads) {
  for (const Address& address : {Address::v4({192, 0, 2, 1}, 32853), kSampleV6}) {
    std::array<std::uint8_t, 100> buffer;
    const Bytes written = StunWriter(buffer, StunClass::success, kSampleTransaction)
                              .mapped_address(address)
                              .integrity(kSamplePassword)
                              .finish();
    const auto response = StunMessage::parse(written);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->message_class, StunClass::success);
    EXPECT_EQ(response->transaction, kSampleTransaction);
    EXPECT_EQ(response->mapped_address, address);
    EXPECT_TRUE(response->has_fingerprint);
    EXPECT_TRUE(response->is_authentic(kSamplePassword));
    const std::string_view sample = address.is_v4() ? kSampleResponseV4 : kSampleResponseV6;
    const std::string_view encoded = text_of(written).substr(20, address.is_v4() ? 12 : 24);
    EXPECT_EQ(encoded, sample.substr(36, encoded.size()));
  }
}

TEST(Stun, WritesRequestsThatItReads) {
  Buffer buffer;
  const Bytes written = buffer.writer.username("them:us")
                            .priority(7)
                            .use_candidate()
                            .ice_controlling(0x0102030405060708)
                            .integrity("password")
                            .finish();
  const auto request = StunMessage::parse(written);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->message_class, StunClass::request);
  EXPECT_EQ(request->username, "them:us");
  EXPECT_EQ(request->priority, 7U);
  EXPECT_TRUE(request->use_candidate);
  EXPECT_EQ(request->ice_controlling, 0x0102030405060708U);
  EXPECT_TRUE(request->is_authentic("password"));
}

TEST(Stun, WritesErrors) {
  std::array<std::uint8_t, 100> buffer;
  constexpr std::array<std::uint16_t, 3> kUnknown{0x7001, 0x7002, 0x7003};
  const auto error = StunMessage::parse(StunWriter(buffer, StunClass::error, kSampleTransaction)
                                            .error_code(StunError::unknown_attribute)
                                            .unknown_attributes(kUnknown)
                                            .finish());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message_class, StunClass::error);
  EXPECT_EQ(error->error_code, 420);
  EXPECT_NE(text_of(error->packet).find("Unknown Attribute"), std::string_view::npos);
  EXPECT_NE(text_of(error->packet).find("\x00\x0a\x00\x06\x70\x01\x70\x02\x70\x03\x00\x00"sv),
            std::string_view::npos);
}

TEST(Stun, KnowsAllClassesAndMethods) {
  const auto type = [](std::uint16_t bits) {
    std::string message = message_of("");
    write_u16(reinterpret_cast<std::uint8_t*>(message.data()), bits);
    const auto parsed = parse(message);
    return std::pair(parsed->message_class, parsed->method);
  };
  EXPECT_EQ(type(0x0001), std::pair(StunClass::request, kBindingMethod));
  EXPECT_EQ(type(0x0011), std::pair(StunClass::indication, kBindingMethod));
  EXPECT_EQ(type(0x0101), std::pair(StunClass::success, kBindingMethod));
  EXPECT_EQ(type(0x0111), std::pair(StunClass::error, kBindingMethod));
  EXPECT_EQ(type(0x3eef), std::pair(StunClass::request, std::uint16_t{0xfff}));
}

TEST(Stun, RefusesWhatIsNotAWholeMessage) {
  for (std::size_t size = 0; size < kSampleRequest.size(); ++size) {
    EXPECT_FALSE(parse(kSampleRequest.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse(std::string(kSampleRequest) + std::string(4, '\0')));
  std::string no_cookie = message_of("");
  no_cookie[4] = 0;
  EXPECT_FALSE(parse(no_cookie));
  std::string no_stun = message_of("");
  no_stun[0] = '\x40';
  EXPECT_FALSE(parse(no_stun));
}

TEST(Stun, RefusesMalformedAttributes) {
  EXPECT_TRUE(parse(message_of("\x00\x25\x00\x00"sv)));
  for (const std::string_view attributes : {
           "\x00\x25"sv,                                                  // half a header
           "\x00\x06\x00\x05good"sv,                                      // longer than the message
           "\x00\x24\x00\x03\x01\x02\x03\x00"sv,                          // PRIORITY
           "\x00\x25\x00\x01\x00\x00\x00\x00"sv,                          // USE-CANDIDATE
           "\x80\x2a\x00\x04\x01\x02\x03\x04"sv,                          // ICE-CONTROLLING
           "\x80\x29\x00\x04\x01\x02\x03\x04"sv,                          // ICE-CONTROLLED
           "\x00\x08\x00\x04\x01\x02\x03\x04"sv,                          // MESSAGE-INTEGRITY
           "\x00\x09\x00\x02\x04\x00\x00\x00"sv,                          // ERROR-CODE, short
           "\x00\x09\x00\x04\x00\x00\x07\x00"sv,                          // ERROR-CODE 700
           "\x00\x09\x00\x04\x00\x00\x04\x64"sv,                          // ERROR-CODE 4|100
           "\x00\x20\x00\x08\x00\x02\xa1\x47\xe1\x12\xa6\x43"sv,          // family of IPv6
           "\x00\x20\x00\x08\x00\x03\xa1\x47\xe1\x12\xa6\x43"sv,          // no family
           "\x00\x20\x00\x04\x00\x01\xa1\x47"sv,                          // no address
           "\x00\x24\x00\x04\x00\x00\x00\x01\x00\x24\x00\x02\x00\x01"sv,  // the second one, too
       }) {
    EXPECT_FALSE(parse(message_of(attributes))) << ::testing::PrintToString(attributes);
  }
  EXPECT_TRUE(parse(message_of(std::string("\x00\x06\x01\xfc", 4) + std::string(508, 'u'))));
  EXPECT_FALSE(parse(message_of(std::string("\x00\x06\x02\x00", 4) + std::string(512, 'u'))));
}

TEST(Stun, RefusesAWrongFingerprint) {
  for (std::size_t at = 0; at < kSampleRequest.size(); ++at) {
    std::string damaged(kSampleRequest);
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const auto message = parse(damaged);
    // A bit of the attribute's own type makes it another attribute.
    EXPECT_TRUE(!message || !message->has_fingerprint) << at;
  }
}

TEST(Stun, LetsNothingFollowTheFingerprint) {
  // The fingerprint of the header is right; behind it comes an attribute that may be ignored.
  EXPECT_FALSE(parse(message_of("\x80\x28\x00\x04\xc0\x23\xb1\xfc\x80\x01\x00\x00"sv)));
  const auto last = parse(message_of("\x80\x01\x00\x00\x80\x28\x00\x04\x8e\x63\x85\xfc"sv));
  EXPECT_TRUE(last && last->has_fingerprint);
}

TEST(Stun, LeavesOutWhatFollowsTheIntegrity) {
  Buffer buffer;
  const Bytes written = buffer.writer.username("them:us")
                            .integrity("password")
                            .use_candidate()
                            .priority(1)
                            .attribute(0x7001, {})
                            .finish();
  const auto message = StunMessage::parse(written);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is_authentic("password"));
  EXPECT_FALSE(message->use_candidate);
  EXPECT_FALSE(message->priority);
  EXPECT_TRUE(message->unknown.empty());
}

TEST(Stun, TakesTheFirstOfTwoAttributes) {
  Buffer buffer;
  const auto message = StunMessage::parse(
      buffer.writer.username("first:us").username("second:us").priority(1).priority(2).finish());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username, "first:us");
  EXPECT_EQ(message->priority, 1U);
}

TEST(Stun, ListsWhatItMustKnowAndDoesNot) {
  Buffer buffer;
  for (std::uint16_t type = 0x7000; type < 0x7020; ++type) buffer.writer.attribute(type, {});
  buffer.writer.attribute(0x8001, {});
  const auto message = StunMessage::parse(buffer.writer.finish());
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown.count, UnknownAttributes::kMax);
  EXPECT_EQ(message->unknown.list().front(), 0x7000);
  EXPECT_EQ(message->unknown.list().back(), 0x7000 + UnknownAttributes::kMax - 1);
  // NONCE, REALM, MAPPED-ADDRESS: every agent knows them.
  EXPECT_TRUE(
      parse(message_of("\x00\x15\x00\x00\x00\x14\x00\x00\x00\x01\x00\x00"sv))->unknown.empty());
}

TEST(Stun, RefusesWhatIsLongerThanAPacket) {
  const auto message_of_size = [](std::size_t size) {
    std::string filler(size - 20, '\0');
    write_u16(reinterpret_cast<std::uint8_t*>(filler.data()), 0x8001);
    write_u16(reinterpret_cast<std::uint8_t*>(filler.data()) + 2,
              static_cast<std::uint16_t>(filler.size() - 4));
    return message_of(filler);
  };
  EXPECT_TRUE(parse(message_of_size(kMaxPacket)));
  EXPECT_FALSE(parse(message_of_size(kMaxPacket + 4)));
}

TEST(Stun, NeverWritesBeyondTheBuffer) {
  const auto write = [](MutableBytes buffer) {
    return StunWriter(buffer, StunClass::success, kSampleTransaction)
        .username("odd")
        .mapped_address(kSampleV6)
        .error_code(StunError::role_conflict)
        .integrity(kSamplePassword)
        .finish();
  };
  std::array<std::uint8_t, 200> whole;
  const std::size_t needed = write(whole).size();
  ASSERT_GT(needed, 0U);
  for (std::size_t size = 0; size <= needed; ++size) {
    std::vector<std::uint8_t> buffer(needed + 8, 0xee);
    EXPECT_EQ(write(MutableBytes(buffer).first(size)).size(), size < needed ? 0 : needed);
    EXPECT_TRUE(std::all_of(buffer.begin() + static_cast<std::ptrdiff_t>(size), buffer.end(),
                            [](std::uint8_t byte) { return byte == 0xee; }));
  }
}

TEST(Stun, GivesUpANameThatIsTooLong) {
  Buffer buffer;
  EXPECT_TRUE(buffer.writer.username(std::string(509, 'u')).finish().empty());
}

}  // namespace
}  // namespace onair::sfu
