#include "net/nats/inbox.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace onair::net {
namespace {

class Member final : public cluster::WireMember {
 public:
  void on_message(std::string_view, std::string_view payload, std::string_view,
                  rooms::TimePoint) override {
    received.emplace_back(payload);
  }
  void on_no_subscriber(std::string_view, rooms::TimePoint) override {}
  void connected(rooms::TimePoint) override { received.emplace_back("connected"); }
  void disconnected() override { received.emplace_back("disconnected"); }

  std::vector<std::string> received;
};

class InboxTest : public testing::Test {
 protected:
  void post(const std::string& text) {
    inbox.post(text.size(), [text](cluster::WireMember& to) { to.on_message("", text, "", {}); });
  }
  std::vector<std::string> received() {
    context.restart();
    context.poll();
    return std::exchange(member.received, {});
  }

  using Texts = std::vector<std::string>;
  boost::asio::io_context context;
  Member member;
  Inbox inbox{context, member, 10};
};

TEST_F(InboxTest, HandsOverInOrder) {
  post("aaaa");
  post("bbbb");
  EXPECT_EQ(received(), (Texts{"aaaa", "bbbb"}));
  post("cccccccccc");
  EXPECT_EQ(received(), Texts{"cccccccccc"}) << "what was handled takes no room";
}

TEST_F(InboxTest, WhatIsTooMuchIsDroppedAndCountsAsAnOutage) {
  post("aaaa");
  post("bbbbbbb");
  post("c");
  EXPECT_EQ(received(), (Texts{"aaaa", "disconnected", "connected"}))
      << "after a gap nothing comes before the member knows of it";
  post("d");
  EXPECT_EQ(received(), Texts{"d"});
}

TEST_F(InboxTest, NewsOfTheConnectionIsNeverDropped) {
  post("aaaaaaaaaa");
  post("b");
  inbox.post(0, [](cluster::WireMember& to) { to.disconnected(); });
  EXPECT_EQ(received(), (Texts{"aaaaaaaaaa", "disconnected", "connected", "disconnected"}));
}

TEST_F(InboxTest, AClosedOneForgets) {
  inbox.on_closed([this](const std::string& error) { member.received.push_back(error); });
  inbox.post_closed("refused");
  EXPECT_EQ(received(), Texts{"refused"});
  inbox.close();
  post("a");
  inbox.post_closed("late");
  EXPECT_EQ(received(), Texts{});
}

}  // namespace
}  // namespace onair::net
