#include "protocol/text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace onair::protocol {
namespace {

/// UTF-8 of a code point below U+10000.
std::string utf8(unsigned point) {
  const auto byte = [](unsigned value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), byte(0x80 | (point & 0x3f))};
  return {byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 0x3f)), byte(0x80 | (point & 0x3f))};
}

bool is_bidi_control(unsigned point) {
  return point == 0x61c || (point >= 0x200e && point <= 0x200f) ||
         (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool is_control(unsigned point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
}

TEST(Controls, AreThoseOfUnicodeAndNoOthers) {
  for (unsigned point = 0; point < 0x10000; ++point) {
    if (point >= 0xd800 && point < 0xe000) continue;  // surrogates
    const std::string text = "a" + utf8(point) + "b";
    EXPECT_EQ(has_control(text), is_control(point) || is_bidi_control(point)) << std::hex << point;
    EXPECT_EQ(without_bidi_controls(text), is_bidi_control(point) ? "ab" : text)
        << std::hex << point;
  }
}

TEST(Controls, AreNotFoundWithinOtherCharacters) {
  EXPECT_FALSE(has_control("教室 1, Grüße, 👋🏽, سلام, שלום"));
  EXPECT_EQ(without_bidi_controls("👋\xe2\x80"), "👋\xe2\x80") << "a cut character";
}

}  // namespace
}  // namespace onair::protocol
