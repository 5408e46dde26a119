#include "session/peer_limits.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/fixtures.hpp"

namespace onair::session {
namespace {

using Verdict = PeerLimits::Verdict;

TEST(PeerLimits, CountsEachKindOfEachPeerByItself) {
  PeerLimits limits;
  const Rate rate = rate_of(PeerMessage::offer);
  for (int i = 0; i < rate.burst; ++i) {
    EXPECT_EQ(limits.judge({"a", PeerMessage::offer}, {}), Verdict::admit);
  }
  EXPECT_EQ(limits.judge({"a", PeerMessage::offer}, {}), Verdict::drop_first);
  EXPECT_EQ(limits.judge({"a", PeerMessage::offer}, {}), Verdict::drop);
  EXPECT_EQ(limits.judge({"a", PeerMessage::answer}, {}), Verdict::admit);
  EXPECT_EQ(limits.judge({"b", PeerMessage::offer}, {}), Verdict::admit);
  EXPECT_EQ(limits.judge({"a", PeerMessage::offer}, TimePoint{rate.pause}), Verdict::admit);
}

TEST(PeerLimits, AreNotReachedByAnHonestClientOnABadNetwork) {
  PeerLimits limits;
  TimePoint now{};
  // A new negotiation with a hundred candidates every 3 s, for a minute.
  for (int negotiation = 0; negotiation < 20; ++negotiation, now += Duration(3'000)) {
    for (const PeerMessage kind :
         {PeerMessage::talk_request, PeerMessage::offer, PeerMessage::answer, PeerMessage::bye,
          PeerMessage::talk_ready, PeerMessage::end_talk, PeerMessage::talk_declined}) {
      EXPECT_EQ(limits.judge({"a", kind}, now), Verdict::admit) << name_of(kind);
    }
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(limits.judge({"a", PeerMessage::candidate}, now), Verdict::admit);
    }
  }
}

TEST(PeerLimits, ForgetWhoLeavesAndRememberABoundedNumber) {
  PeerLimits limits;
  TimePoint now{};
  limits.judge({"a", PeerMessage::bye}, now);
  limits.forget("a");
  EXPECT_EQ(limits.size(), 0u);
  for (int i = 0; i < 3'000; ++i) limits.judge({std::to_string(i), PeerMessage::bye}, now);
  EXPECT_EQ(limits.size(), PeerLimits::kMaxPeers);
  now += Duration(1'000);
  limits.judge({"a", PeerMessage::bye}, now);
  EXPECT_EQ(limits.size(), 1u) << "those with full buckets need not be remembered";
}

TEST(PeerLimits, ForgetTheQuietestFirst) {
  PeerLimits limits;
  for (int i = 0; i < rate_of(PeerMessage::offer).burst; ++i) {
    limits.judge({"a", PeerMessage::offer}, {});
  }
  for (int i = 0; i < 3'000; ++i) limits.judge({std::to_string(i), PeerMessage::bye}, {});
  EXPECT_EQ(limits.judge({"a", PeerMessage::offer}, {}), Verdict::drop_first)
      << "nobody gets a new bucket by the help of others";
}

TEST(PeerLimits, ApplyToPeersAndNotToTheServer) {
  const auto arrival = [](protocol::Body body, std::optional<PeerId> from) {
    return arrival_of(MessageReceived{1, {std::move(body), std::move(from), {}}});
  };
  EXPECT_TRUE(arrival(protocol::Bye{}, "a").has_value());
  EXPECT_FALSE(arrival(protocol::Bye{}, {}).has_value());
  EXPECT_FALSE(arrival(protocol::Pong{}, {}).has_value());
  EXPECT_FALSE(arrival(protocol::UserDisconnected{"a"}, {}).has_value());
  EXPECT_EQ(arrival_of(ChatReceived{{"a", 1}, protocol::ChatSay{}}).value().kind,
            PeerMessage::chat_say);
  EXPECT_EQ(arrival_of(ChatReceived{{"a", 1}, protocol::ChatBegin{}}).value().kind,
            PeerMessage::chat_line);
  EXPECT_EQ(arrival_of(ChatReceived{{"a", 1}, protocol::ChatMedia{}}).value().kind,
            PeerMessage::chat_media);
  EXPECT_EQ(arrival_of(TextReceived{{"a", 1}, "x"}).value().kind, PeerMessage::text);
  EXPECT_FALSE(arrival_of(ChatOpened{{"a", 1}}).has_value());
}

TEST(PeerLimits, AreThoseThatTheProtocolNames) {
  const std::string text = tests::protocol_text();
  for (std::size_t i = 0; i < kPeerMessages; ++i) {
    const auto kind = static_cast<PeerMessage>(i);
    const Rate rate = rate_of(kind);
    const std::string each = rate.pause >= Duration(1'000)
                                 ? "1 every " + std::to_string(rate.pause.count() / 1'000) + " s"
                                 : std::to_string(1'000 / rate.pause.count()) + " a second";
    const std::string cells = " | " + std::to_string(rate.burst) + " | " + each + " |";
    bool found = false;
    for (std::size_t at = text.find(cells); at != std::string::npos;
         at = text.find(cells, at + 1)) {
      const std::size_t begin = text.rfind('\n', at) + 1;
      found |= text.substr(begin, at - begin).find(name_of(kind)) != std::string::npos;
    }
    EXPECT_TRUE(found) << "no row of PROTOCOL.md has " << name_of(kind) << cells;
  }
}

}  // namespace
}  // namespace onair::session
