// Bounds of what a hostile talker can make a viewer's page do. An honest talker is still seen.

#include <gtest/gtest.h>

#include "session/watch/watch_session.hpp"
#include "support/stepper.hpp"
#include "support/tally.hpp"

namespace onair::session {
namespace {

using protocol::DeclineReason;
using Picture = WatchView::Picture;

class HostileTalker : public testing::Test {
 protected:
  void receive(protocol::Body body, const PeerId& from) {
    done.add(watch.receive(std::move(body), from));
  }

  ConnectionKey answer_of(const PeerId& talker) {
    const ConnectionKey key = *watch.session.connections().latest_with(talker);
    done.add(watch.feed(RemoteDescriptionApplied{key}));
    done.add(watch.feed(LocalDescriptionMade{key, "answer"}));
    return key;
  }

  void expect_to_show(const PeerId& talker) {
    receive(protocol::TalkReady{}, talker);
    for (int i = 0; i < 1'000 && !watch.session.connections().contains(talker); ++i) {
      watch.now += Duration(10);
      done.add(watch.feed(TimePassed{}));
    }
    ASSERT_TRUE(watch.session.connections().contains(talker)) << talker << " is kept out";
    receive(protocol::Offer{"offer", 4711}, talker);
    watch.feed(TransportChanged{answer_of(talker), TransportState::connected});
    EXPECT_EQ(watch.session.view().picture, Picture::live);
  }

  void leave(const PeerId& talker) { receive(protocol::UserDisconnected{talker}, {}); }

  tests::Stepper<WatchSession, WatchInput, WatchOutput> watch{WatchSession({.room = "lesson"})};
  tests::Tally<WatchOutput> done;
};

TEST_F(HostileTalker, AThousandOffersMakeFewConnections) {
  watch.join({"x"});
  for (protocol::ConnectionId id = 1; id <= 1'000; ++id) {
    receive(protocol::Offer{"offer", id}, "x");
    watch.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 16u);
  EXPECT_LE(done.of<ApplyRemoteDescription>(), 16u);
  leave("x");
  expect_to_show("t");
}

TEST_F(HostileTalker, AThousandAnsweredOffersMakeFewConnections) {
  watch.join({"x"});
  for (protocol::ConnectionId id = 1; id <= 1'000; ++id) {
    receive(protocol::Offer{"offer", id}, "x");
    if (!watch.all<ApplyRemoteDescription>().empty()) answer_of("x");
    watch.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 16u);
}

TEST_F(HostileTalker, AThousandRenegotiationsAreFew) {
  watch.join({"x"});
  for (int i = 0; i < 1'000; ++i) {
    receive(protocol::Offer{"offer", 7}, "x");
    if (!watch.all<ApplyRemoteDescription>().empty()) answer_of("x");
    watch.now += Duration(10);
  }
  EXPECT_LE(done.of<ApplyRemoteDescription>(), 16u);
}

TEST_F(HostileTalker, ReadyAndDeclinedInTurnMakeFewConnections) {
  watch.join();
  for (int i = 0; i < 1'000; ++i) {
    receive(protocol::TalkReady{}, "x");
    receive(protocol::TalkDeclined{DeclineReason::not_on_air}, "x");
    watch.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 42u);
  EXPECT_LE(done.of<SendMessage>(), 42u);
  leave("x");
  expect_to_show("t");
}

TEST_F(HostileTalker, AThousandNewTalkersMakeFewConnections) {
  watch.join();
  for (int i = 0; i < 1'000; ++i) {
    const PeerId id = "x" + std::to_string(i);
    receive(protocol::TalkReady{}, id);
    receive(protocol::Offer{"offer", 7}, id);
    leave(id);
    watch.now += Duration(10);
    done.add(watch.feed(TimePassed{}));
  }
  EXPECT_LE(done.of<CreateConnection>(), 32u + 11u);
  expect_to_show("t");
}

TEST_F(HostileTalker, WhoReturnsUnderNewIdsKeepsNoOtherTalkerOut) {
  watch.feed(Started{});
  watch.feed(SocketOpened{1});
  protocol::Welcome welcome{"me", "lesson", "token", {}, {}};
  welcome.talkers_per_room = 3;
  watch.receive(welcome);
  int last = 0;
  const auto attack = [&] {
    const PeerId id = "x" + std::to_string(++last);
    receive(protocol::TalkReady{}, id);
    leave(id);
    watch.now += Duration(10);
    done.add(watch.feed(TimePassed{}));
  };
  for (int i = 0; i < 1'000; ++i) attack();
  receive(protocol::TalkReady{}, "t");
  for (int i = 0; i < 300 && !watch.session.connections().contains("t"); ++i) attack();
  EXPECT_TRUE(watch.session.connections().contains("t")) << "kept out for 3 s";
  EXPECT_LE(done.of<CreateConnection>(), 32u + 15u);
}

TEST_F(HostileTalker, TwentyThousandCandidatesAreDropped) {
  watch.join({"x"});
  receive(protocol::Offer{"offer", 7}, "x");
  answer_of("x");
  for (int i = 0; i < 20'000; ++i) {
    receive(protocol::Candidate{"c", "0", 0, 7}, "x");
    watch.now += Duration(1);
  }
  EXPECT_EQ(done.of<AddCandidate>(), 128u);
  receive(protocol::Offer{"restart", 7}, "x");
  answer_of("x");
  receive(protocol::Candidate{"c", "0", 0, 7}, "x");
  EXPECT_EQ(done.of<AddCandidate>(), 129u) << "another negotiation has candidates of its own";
}

TEST_F(HostileTalker, CandidatesOfMadeUpTalkersMakeFewConnections) {
  watch.join();
  for (int i = 0; i < 1'000; ++i) {
    const PeerId id = "x" + std::to_string(i);
    watch.feed(RequestPressed{});
    receive(protocol::Candidate{"c", "0", 0, 7}, id);
    leave(id);
    watch.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 32u + 11u);
}

TEST_F(HostileTalker, OffersBeyondTheLimitOfTalkersAreAnsweredAFewTimes) {
  watch.join({"t"});
  for (protocol::ConnectionId id = 1; id <= 1'000; ++id) receive(protocol::Offer{"offer", id}, "x");
  EXPECT_LE(done.of<SendMessage>(), 10u);
  EXPECT_TRUE(watch.session.connections().contains("t"));
}

TEST_F(HostileTalker, ChatLinesReachThePageAtABoundedRate) {
  watch.join({"x"});
  receive(protocol::Offer{"offer", 7}, "x");
  const ConnectionKey key = answer_of("x");
  watch.feed(ChatOpened{key});
  for (int i = 0; i < 10'000; ++i) {
    done.add(watch.feed(ChatReceived{key, protocol::ChatLine{1, "", "the same again"}}));
  }
  EXPECT_EQ(done.of<ShowChatLine>(), 500u);
}

TEST_F(HostileTalker, AnyMessageTenThousandTimesLeadsToLittle) {
  const protocol::Body bodies[] = {protocol::TalkReady{},
                                   protocol::TalkRequest{},
                                   protocol::TalkDeclined{DeclineReason::full},
                                   protocol::TalkDeclined{DeclineReason::not_on_air},
                                   protocol::Offer{"offer", 7},
                                   protocol::Offer{"offer", {}},
                                   protocol::Answer{"answer", 1},
                                   protocol::Candidate{"c", "0", 0, {}},
                                   protocol::Candidate{"c", "0", 0, 8},
                                   protocol::Bye{},
                                   protocol::EndTalk{},
                                   protocol::LockRoom{true},
                                   protocol::RemovePeer{"v"},
                                   protocol::EndRoom{},
                                   protocol::Players{7},
                                   protocol::Reception{"x", {}},
                                   protocol::Unknown{"wave"}};
  watch.join({"x"});
  for (const protocol::Body& body : bodies) {
    SCOPED_TRACE(type_of(body));
    tests::Tally<WatchOutput> of_this;
    receive(protocol::Offer{"offer", 7}, "x");
    if (!watch.all<ApplyRemoteDescription>().empty()) answer_of("x");
    for (int i = 0; i < 10'000; ++i) of_this.add(watch.receive(body, "x"));
    EXPECT_LE(of_this.all(), 150u);
    watch.now += std::chrono::minutes(2);
    watch.feed(TimePassed{});
  }
  leave("x");
  expect_to_show("t");
}

}  // namespace
}  // namespace onair::session
