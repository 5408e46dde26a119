#include "sfu/ice/demux.hpp"

#include <array>

#include <gtest/gtest.h>

namespace onair::sfu {
namespace {

PacketClass class_of(int first, int second, std::size_t size = 100) {
  std::array<std::uint8_t, 100> packet{static_cast<std::uint8_t>(first),
                                       static_cast<std::uint8_t>(second)};
  return classify(Bytes(packet).first(size));
}

TEST(Demux, GoesByTheFirstByte) {
  for (int first = 0; first < 256; ++first) {
    const PacketClass expected = first <= 3                    ? PacketClass::stun
                                 : first < 20                  ? PacketClass::other
                                 : first <= 63                 ? PacketClass::dtls
                                 : first < 128 || first >= 192 ? PacketClass::other
                                                               : PacketClass::rtp;
    EXPECT_EQ(class_of(first, 0), expected) << first;
  }
}

TEST(Demux, RecognisesRtcpByItsPacketType) {
  for (int second = 0; second < 256; ++second) {
    const bool is_rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(class_of(0x80, second), is_rtcp ? PacketClass::rtcp : PacketClass::rtp) << second;
  }
}

TEST(Demux, RefusesWhatIsShorterThanItsHeader) {
  EXPECT_EQ(classify({}), PacketClass::other);
  EXPECT_EQ(class_of(0, 1, 19), PacketClass::other);
  EXPECT_EQ(class_of(0, 1, 20), PacketClass::stun);
  EXPECT_EQ(class_of(22, 254, 12), PacketClass::other);
  EXPECT_EQ(class_of(22, 254, 13), PacketClass::dtls);
  EXPECT_EQ(class_of(0x80, 96, 11), PacketClass::other);
  EXPECT_EQ(class_of(0x80, 96, 12), PacketClass::rtp);
  EXPECT_EQ(class_of(0x80, 200, 7), PacketClass::other);
  EXPECT_EQ(class_of(0x80, 200, 8), PacketClass::rtcp);
}

}  // namespace
}  // namespace onair::sfu
