#include "rooms/frame.hpp"

#include <gtest/gtest.h>

namespace onair::rooms {
namespace {

using namespace std::string_literals;

TEST(SharedFrame, HasTheHeaderOfAWebSocketTextFrame) {
  EXPECT_EQ(SharedFrame("{}").websocket(), "\x81\x02{}");
  const std::string medium(126, 'x');
  EXPECT_EQ(SharedFrame(medium).websocket(), "\x81\x7e\x00\x7e"s + medium);
  EXPECT_EQ(SharedFrame(std::string(125, 'x')).websocket().substr(0, 2), "\x81\x7d");
  EXPECT_EQ(SharedFrame(std::string(65'535, 'x')).websocket().substr(0, 4), "\x81\x7e\xff\xff");
  const std::string large(65'536, 'x');
  EXPECT_EQ(SharedFrame(large).websocket(), "\x81\x7f\0\0\0\0\0\x01\0\0"s + large);
  EXPECT_EQ(SharedFrame(large).text(), large);
}

TEST(SharedFrame, PutsTheSenderIn) {
  const SharedFrame frame(R"( {"type":"wave"})", "5f0c");
  EXPECT_EQ(frame.text(), R"( {"from":"5f0c","type":"wave"})");
  EXPECT_EQ(frame.websocket()[1], static_cast<char>(frame.text().size()));
  EXPECT_EQ(frame.from(), "5f0c");
  EXPECT_EQ(SharedFrame(R"({"type":"audience","watching":1})").from(), "");
  EXPECT_EQ(SharedFrame("").from(), "");
}

TEST(SharedFrame, KnowsTheSenderOfAFrameFromTheWire) {
  const auto sender = [](const char* text) {
    return std::string(SharedFrame::from_wire(text)->from());
  };
  EXPECT_EQ(sender(R"( {"from":"5f0c","type":"wave"})"), "5f0c");
  EXPECT_EQ(sender(R"({"type":"wave","from":"5f0c"})"), "") << "no hub writes it so";
  EXPECT_EQ(sender(R"({"type":"audience","watching":1})"), "");
  EXPECT_EQ(sender(R"({"from":"5f0c)"), "5f0c");
  EXPECT_EQ(sender(""), "");
}

}  // namespace
}  // namespace onair::rooms
