// Bounds of what hostile viewers can make a talker's page do. The honest ones lose nothing.

#include <gtest/gtest.h>

#include "session/talk/talk_session.hpp"
#include "support/stepper.hpp"
#include "support/tally.hpp"

namespace onair::session {
namespace {

using protocol::DeclineReason;

class HostileViewer : public testing::Test {
 protected:
  HostileViewer() {
    talk.join();
    talk.feed(StartRequested{MediaSource::camera});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }

  void receive(protocol::Body body, const PeerId& from) {
    done.add(talk.receive(std::move(body), from));
  }

  /// Answers every offer that the last outputs led to. True if there was one.
  bool answer(const PeerId& viewer) {
    const auto made = talk.all<MakeLocalDescription>();
    if (made.empty()) return false;
    const ConnectionKey key = made.back().key;
    done.add(talk.feed(LocalDescriptionMade{key, "offer"}));
    receive(protocol::Answer{"answer", key.generation}, viewer);
    done.add(talk.feed(RemoteDescriptionApplied{key}));
    return true;
  }

  /// An honest viewer comes and gets its picture within this time, ticks of which run `meanwhile`.
  template <typename Meanwhile>
  void expect_to_get_a_picture(const PeerId& viewer, Duration within, Meanwhile meanwhile) {
    receive(protocol::TalkRequest{}, viewer);
    const TimePoint end = talk.now + within;
    while (!talk.session.connections().contains(viewer)) {
      ASSERT_LE(talk.now, end) << viewer << " is kept out";
      for (const auto& send : talk.all<SendMessage>()) {
        ASSERT_NE(send.message.sendto, viewer) << "declined";
      }
      talk.now += Duration(10);
      done.add(talk.feed(TimePassed{}));
      if (!talk.session.connections().contains(viewer)) meanwhile();
    }
    const ConnectionKey key = *talk.session.connections().latest_with(viewer);
    talk.feed(LocalDescriptionMade{key, "offer"});
    talk.receive(protocol::Answer{"answer", key.generation}, viewer);
    talk.feed(RemoteDescriptionApplied{key});
    for (int i = 0; i < 100; ++i) {
      talk.receive(protocol::Candidate{"c" + std::to_string(i), "0", 0, key.generation}, viewer);
      ASSERT_EQ(talk.all<AddCandidate>().size(), 1u) << "an honest candidate is lost";
    }
    talk.feed(TransportChanged{key, TransportState::connected});
    EXPECT_TRUE(talk.session.connections().contains(viewer));
  }
  void expect_to_get_a_picture(const PeerId& viewer) {
    expect_to_get_a_picture(viewer, Duration(0), [] {});
  }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession({.room = "lesson"})};
  tests::Tally<TalkOutput> done;
};

TEST_F(HostileViewer, WhoAsksAThousandTimesGetsFewConnections) {
  for (int i = 0; i < 1'000; ++i) {
    receive(protocol::TalkRequest{}, "x");
    talk.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 16u) << "ten at once, and one more every 2 s";
  EXPECT_GE(done.of<CreateConnection>(), 10u);
  expect_to_get_a_picture("v");
}

TEST_F(HostileViewer, WhoAsksAndAnswersAThousandTimesGetsFewConnections) {
  for (int i = 0; i < 1'000; ++i) {
    receive(protocol::TalkRequest{}, "x");
    answer("x");
    talk.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 16u);
  expect_to_get_a_picture("v");
}

TEST_F(HostileViewer, WhoAsksAThousandTimesWhileNobodyIsOnAirGetsFewAnswers) {
  talk.feed(StopRequested{});
  for (int i = 0; i < 1'000; ++i) receive(protocol::TalkRequest{}, "x");
  EXPECT_LE(done.of<SendMessage>(), 10u);
  EXPECT_GE(done.of<SendMessage>(), 1u) << "it learns that nobody is on air";
}

TEST_F(HostileViewer, WhoReturnsUnderAThousandIdsGetsNoMoreThanABrowserCanCreate) {
  for (int i = 0; i < 1'000; ++i) {
    const PeerId id = "x" + std::to_string(i);
    receive(protocol::TalkRequest{}, id);
    receive(protocol::UserDisconnected{id}, {});
    talk.now += Duration(10);
    done.add(talk.feed(TimePassed{}));
  }
  EXPECT_LE(done.of<CreateConnection>(), 192u + 40u);
}

TEST_F(HostileViewer, WhoReturnsUnderNewIdsKeepsNobodyOut) {
  int last = 0;
  const auto attack = [&] {
    const PeerId id = "x" + std::to_string(++last);
    receive(protocol::TalkRequest{}, id);
    receive(protocol::UserDisconnected{id}, {});
  };
  for (int i = 0; i < 1'000; ++i) {
    attack();
    talk.now += Duration(10);
  }
  for (const PeerId viewer : {"a", "b", "c"}) {
    expect_to_get_a_picture(viewer, Duration(1'000), attack);
  }
  EXPECT_LE(done.of<CreateConnection>(), 192u + 60u);
}

TEST_F(HostileViewer, ManyWhoStayAndAskAgainAndAgainKeepNobodyOut) {
  int last = 0;
  const auto attack = [&] {
    const PeerId id = "x" + std::to_string(++last % 40);
    receive(protocol::TalkRequest{}, id);
    receive(protocol::Bye{}, id);
  };
  for (int i = 0; i < 2'000; ++i) {
    attack();
    talk.now += Duration(10);
  }
  EXPECT_LE(done.of<CreateConnection>(), 192u + 80u);
  expect_to_get_a_picture("v", Duration(1'000), attack);
}

TEST_F(HostileViewer, RestartsOfIceAreFew) {
  receive(protocol::TalkRequest{}, "x");
  answer("x");
  for (int i = 0; i < 1'000; ++i) {
    const auto key = talk.session.connections().latest_with("x");
    receive(protocol::TalkRequest{key->generation}, "x");
    if (answer("x")) {
      done.add(talk.feed(TransportChanged{*talk.session.connections().latest_with("x"),
                                          TransportState::connected}));
    }
    talk.now += Duration(10);
  }
  EXPECT_LE(done.of<RestartIce>(), 16u);
  EXPECT_GE(done.of<RestartIce>(), 9u);
  expect_to_get_a_picture("v");
}

TEST_F(HostileViewer, TwentyThousandCandidatesAfterANegotiationAreDropped) {
  receive(protocol::TalkRequest{}, "x");
  answer("x");
  const ConnectionKey key = *talk.session.connections().latest_with("x");
  for (int i = 0; i < 20'000; ++i) {
    receive(protocol::Candidate{"c", "0", 0, key.generation}, "x");
    talk.now += Duration(1);
  }
  EXPECT_EQ(done.of<AddCandidate>(), 128u);
  receive(protocol::TalkRequest{key.generation}, "x");
  answer("x");
  receive(protocol::Candidate{"c", "0", 0, key.generation}, "x");
  EXPECT_EQ(done.of<AddCandidate>(), 129u) << "another negotiation has candidates of its own";
  expect_to_get_a_picture("v");
}

TEST_F(HostileViewer, CandidatesBeforeTheAnswerTakeLittleMemory) {
  receive(protocol::TalkRequest{}, "x");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(LocalDescriptionMade{key, "offer"});
  for (int i = 0; i < 1'000; ++i) {
    receive(protocol::Candidate{std::string(60'000, 'c'), "0", 0, {}}, "x");
  }
  receive(protocol::Answer{"answer", {}}, "x");
  talk.feed(RemoteDescriptionApplied{key});
  std::size_t bytes = 0;
  for (const AddCandidate& add : talk.all<AddCandidate>()) bytes += add.candidate.candidate->size();
  EXPECT_LE(bytes, 65'536u);
}

TEST_F(HostileViewer, WhatItSaysInTheChatIsAnsweredAFewTimes) {
  receive(protocol::TalkRequest{}, "x");
  answer("x");
  const ConnectionKey key = *talk.session.connections().latest_with("x");
  talk.feed(ChatOpened{key});
  for (int i = 0; i < 10'000; ++i) {
    done.add(talk.feed(ChatReceived{key, protocol::ChatSay{"", "spam"}}));
  }
  EXPECT_EQ(done.of<ShowChatLine>(), 5u);
  EXPECT_LE(done.of<SendChat>(), 20u) << "a refusal for each would fill the channel";
}

TEST_F(HostileViewer, TextsReachThePageAtABoundedRate) {
  receive(protocol::TalkRequest{}, "x");
  answer("x");
  const ConnectionKey key = *talk.session.connections().latest_with("x");
  for (int i = 0; i < 10'000; ++i) done.add(talk.feed(TextReceived{key, "spam"}));
  EXPECT_EQ(done.of<ShowText>(), 200u);
}

/// Whatever a viewer sends, ten thousand times: little comes of it, and another gets its picture.
TEST_F(HostileViewer, AnyMessageTenThousandTimesLeadsToLittle) {
  const protocol::Body bodies[] = {protocol::TalkReady{},
                                   protocol::TalkRequest{},
                                   protocol::TalkRequest{1},
                                   protocol::TalkRequest{2},
                                   protocol::TalkDeclined{DeclineReason::full},
                                   protocol::Offer{"offer", 1},
                                   protocol::Answer{"answer", 1},
                                   protocol::Answer{"answer", {}},
                                   protocol::Candidate{"c", "0", 0, {}},
                                   protocol::Bye{},
                                   protocol::EndTalk{},
                                   protocol::LockRoom{true},
                                   protocol::RemovePeer{"v"},
                                   protocol::EndRoom{},
                                   protocol::Players{7},
                                   protocol::Reception{"x", {}},
                                   protocol::Unknown{"wave"}};
  for (const protocol::Body& body : bodies) {
    SCOPED_TRACE(type_of(body));
    tests::Tally<TalkOutput> of_this;
    receive(protocol::TalkRequest{}, "x");
    answer("x");
    for (int i = 0; i < 10'000; ++i) of_this.add(talk.receive(body, "x"));
    EXPECT_LE(of_this.all(), 150u);
    talk.now += std::chrono::minutes(2);
    talk.feed(TimePassed{});
  }
  expect_to_get_a_picture("v");
}

}  // namespace
}  // namespace onair::session
