// RTP packets are read as they are sent and written within the memory given.
#include "sfu/rtp/rtp.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/real_packets.hpp"

namespace onair::sfu {
namespace {

using tests::from_hex;

std::vector<std::uint8_t> copy_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

std::vector<int> ids_of(const RtpExtensions& extensions) {
  std::vector<int> ids;
  for (const RtpExtension& extension : extensions) ids.push_back(extension.id);
  return ids;
}

/// Overwrites a byte with another.
std::vector<std::uint8_t> with(std::vector<std::uint8_t> packet, std::size_t at, int value) {
  packet.at(at) = static_cast<std::uint8_t>(value);
  return packet;
}

TEST(RtpTest, ReadsAPacketOfChromium) {
  const auto bytes = tests::kRealRtp[1].bytes();
  const auto packet = parse_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(static_cast<const RtpFields&>(*packet), (RtpFields{.marker = true,
                                                               .payload_type = 96,
                                                               .sequence = 0x5a3d,
                                                               .timestamp = 0x8f21cc96,
                                                               .ssrc = 0x3b9aca07}));
  EXPECT_EQ(packet->size, 28u);
  EXPECT_EQ(ids_of(packet->extensions), (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(copy_of(*packet->extensions.find(3)), from_hex("0008"));
  EXPECT_FALSE(packet->extensions.find(1));
  EXPECT_EQ(packet->payload.size(), 13u);
  EXPECT_EQ(packet->padding, 0u);
}

TEST(RtpTest, ReadsWhatEachPeerSends) {
  for (const auto& real : tests::kRealRtp) {
    const auto bytes = real.bytes();
    const auto packet = parse_rtp(bytes);
    ASSERT_TRUE(packet) << real.name;
    EXPECT_EQ(packet->size + packet->payload.size() + packet->padding, bytes.size()) << real.name;
  }
}

TEST(RtpTest, ReadsNothingThatEndsWithinItsHeader) {
  for (const auto& real : tests::kRealRtp) {
    const auto bytes = real.bytes();
    const std::size_t header = parse_rtp(bytes)->size;
    for (std::size_t size = 0; size < header; ++size) {
      // Memory of its own, so that a sanitizer sees a read beyond the end.
      const std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
      EXPECT_FALSE(parse_rtp_header(cut)) << real.name << " cut to " << size;
    }
  }
}

TEST(RtpTest, ReadsNoOtherVersion) {
  const auto bytes = tests::kRealRtp[0].bytes();
  for (const int first : {0x10, 0x50, 0xd0}) EXPECT_FALSE(parse_rtp_header(with(bytes, 0, first)));
}

TEST(RtpTest, PaddingIsNoPayload) {
  const auto packet = parse_rtp(tests::kRealRtp[7].bytes());
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->payload.empty());
  EXPECT_EQ(packet->padding, 32u);
}

TEST(RtpTest, PaddingOfNoneOrMoreThanThereIsIsRefused) {
  const auto bytes = tests::kRealRtp[7].bytes();
  EXPECT_TRUE(parse_rtp_header(with(bytes, bytes.size() - 1, 0)));
  EXPECT_FALSE(parse_rtp(with(bytes, bytes.size() - 1, 0)));
  EXPECT_FALSE(parse_rtp(with(bytes, bytes.size() - 1, 33)));
  EXPECT_FALSE(parse_rtp(from_hex("a060 0001 00000000 00000001"))) << "a header alone";
}

TEST(RtpTest, AnElementBeyondTheEndEndsTheList) {
  EXPECT_EQ(ids_of({from_hex("1001 00 22 0102"), ExtensionForm::one_byte}), (std::vector<int>{1}));
  EXPECT_EQ(ids_of({from_hex("0100 0201 09 00 03"), ExtensionForm::two_byte}),
            (std::vector<int>{1, 2}));
  EXPECT_EQ(ids_of({from_hex("1001 f001 2002"), ExtensionForm::one_byte}), (std::vector<int>{1}))
      << "id 15 ends the list (RFC 8285, section 4.2)";
}

TEST(RtpTest, AnUnknownProfileHasNoElements) {
  const auto bytes = from_hex("9060 0001 00000000 00000001 abcd 0001 1001 0000 ff");
  const auto packet = parse_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(ids_of(packet->extensions).empty());
  EXPECT_EQ(packet->payload.size(), 1u);
}

TEST(RtpTest, WritesWhatItReads) {
  for (const auto form : {ExtensionForm::one_byte, ExtensionForm::two_byte}) {
    std::array<std::uint8_t, 100> out{};
    const RtpFields fields{true, 111, 65'535, 0xfffffff0, 0x2a};
    RtpWriter writer(out, fields, form);
    EXPECT_EQ(writer.size(), 12u);
    writer.extension(1, from_hex("ff")).extension(14, from_hex("010203"));
    EXPECT_EQ(writer.size() % 4, 0u);
    writer.payload(from_hex("78e4")).padding(6);
    ASSERT_NE(writer.size(), 0u);
    const auto packet = parse_rtp(Bytes(out).first(writer.size()));
    ASSERT_TRUE(packet);
    EXPECT_EQ(static_cast<const RtpFields&>(*packet), fields);
    EXPECT_EQ(packet->extensions.form(), form);
    EXPECT_EQ(ids_of(packet->extensions), (std::vector<int>{1, 14}));
    EXPECT_EQ(copy_of(*packet->extensions.find(14)), from_hex("010203"));
    EXPECT_EQ(copy_of(packet->payload), from_hex("78e4"));
    EXPECT_EQ(packet->padding, 6u);
  }
}

TEST(RtpTest, WritesTheBytesOfChromium) {
  for (const auto& real : tests::kRealRtp) {
    const auto bytes = real.bytes();
    const auto packet = *parse_rtp(bytes);
    if (!packet.csrcs.empty() || packet.padding != 0) continue;
    std::array<std::uint8_t, 1500> out{};
    RtpWriter writer(out, packet, packet.extensions.form());
    for (const RtpExtension& extension : packet.extensions) {
      writer.extension(extension.id, extension.value);
    }
    writer.payload(packet.payload);
    EXPECT_EQ(copy_of(Bytes(out).first(writer.size())), bytes) << real.name;
  }
}

TEST(RtpTest, WritesNothingBeyondItsMemory) {
  const auto write = [](MutableBytes out) {
    RtpWriter writer(out, {.sequence = 1});
    writer.extension(1, from_hex("ff")).extension(2, from_hex("010203"));
    return writer.payload(from_hex("78e4c1")).padding(9).size();
  };
  std::array<std::uint8_t, 64> ample{};
  const std::size_t size = write(ample);
  ASSERT_EQ(size, 12u + 4 + 8 + 3 + 9);
  for (std::size_t room = 0; room < size; ++room) {
    std::vector<std::uint8_t> out(room);
    EXPECT_EQ(write(out), 0u) << room;
  }
}

TEST(RtpTest, WhatTheFormCannotCarryFailsThePacket) {
  std::array<std::uint8_t, 400> out{};
  const std::vector<std::uint8_t> value(256);
  const auto written = [&](ExtensionForm form, int id, std::size_t size) {
    return RtpWriter(out, {}, form)
        .extension(static_cast<std::uint8_t>(id), Bytes(value).first(size))
        .size();
  };
  EXPECT_NE(written(ExtensionForm::one_byte, 14, 16), 0u);
  EXPECT_EQ(written(ExtensionForm::one_byte, 15, 1), 0u);
  EXPECT_EQ(written(ExtensionForm::one_byte, 0, 1), 0u);
  EXPECT_EQ(written(ExtensionForm::one_byte, 1, 0), 0u);
  EXPECT_EQ(written(ExtensionForm::one_byte, 1, 17), 0u);
  EXPECT_NE(written(ExtensionForm::two_byte, 255, 255), 0u);
  EXPECT_NE(written(ExtensionForm::two_byte, 1, 0), 0u);
  EXPECT_EQ(written(ExtensionForm::two_byte, 0, 1), 0u);
  EXPECT_EQ(written(ExtensionForm::two_byte, 1, 256), 0u);
}

TEST(RtpTest, PartsOutOfOrderFailThePacket) {
  std::array<std::uint8_t, 100> out{};
  const auto byte = from_hex("01");
  EXPECT_EQ(RtpWriter(out, {}).payload(byte).extension(1, byte).size(), 0u);
  EXPECT_EQ(RtpWriter(out, {}).payload(byte).payload(byte).size(), 0u);
  EXPECT_EQ(RtpWriter(out, {}).padding(1).payload(byte).size(), 0u);
  EXPECT_EQ(RtpWriter(out, {}).padding(0).size(), 0u);
  EXPECT_NE(RtpWriter(out, {}).padding(1).size(), 0u);
}

}  // namespace
}  // namespace onair::sfu
