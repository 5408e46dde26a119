#include "session/watch/watch_session.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using Picture = WatchView::Picture;

class WatchSessionTest : public testing::Test {
 protected:
  ConnectionKey receive_offer(protocol::ConnectionId id = 77) {
    watch.receive(protocol::Offer{"offer", id}, "t");
    return watch.all<ApplyRemoteDescription>().at(0).key;
  }
  ConnectionKey negotiate() {
    const ConnectionKey key = receive_offer();
    watch.feed(RemoteDescriptionApplied{key});
    watch.feed(LocalDescriptionMade{key, "answer"});
    return key;
  }

  /// Lets the time pass until the next request to `t`, which must come within `most`.
  void pass_until_asked(Duration most, Duration& passed) {
    const TimePoint before = watch.now;
    while (watch.sent() != Lines{"talk_request to t"}) {
      watch.receive(protocol::Pong{});
      ASSERT_TRUE(watch.session.next_deadline());
      watch.now = std::max(watch.now, *watch.session.next_deadline());
      ASSERT_LE(watch.now - before, most);
      watch.feed(TimePassed{});
    }
    passed += watch.now - before;
  }

  tests::Stepper<WatchSession, WatchInput, WatchOutput> watch{WatchSession({.room = "lesson"})};
};

TEST_F(WatchSessionTest, AsksWhoeverIsOnAirWhenItEnters) {
  watch.join({"t"});
  EXPECT_EQ(watch.sent(), Lines{"talk_request to t"});
  EXPECT_EQ(watch.all<CreateConnection>().size(), 1u) << "the browser gets ready meanwhile";
  EXPECT_EQ(watch.session.view().picture, Picture::requesting);
}

TEST_F(WatchSessionTest, AsksOnTalkReadyUnlessItHasAskedAlready) {
  watch.join();
  EXPECT_EQ(watch.session.view().picture, Picture::waiting);
  watch.receive(protocol::TalkReady{}, "t");
  EXPECT_EQ(watch.sent(), Lines{"talk_request to t"});
  watch.receive(protocol::TalkReady{}, "t");
  EXPECT_EQ(watch.sent(), Lines{});
}

TEST_F(WatchSessionTest, AsksNobodyElseAtTheLimit) {
  watch.join({"t"});
  watch.receive(protocol::TalkReady{}, "u");
  EXPECT_EQ(watch.sent(), Lines{});
  watch.receive(protocol::Offer{"offer", {}}, "u");
  EXPECT_EQ(watch.sent(), Lines{"bye to u"});
  EXPECT_TRUE(watch.all<CreateConnection>().empty());
}

TEST_F(WatchSessionTest, AnswersAnOffer) {
  watch.join({"t"});
  watch.receive(protocol::Offer{"offer", 77}, "t");
  const ConnectionKey key = watch.all<ApplyRemoteDescription>().at(0).key;
  EXPECT_EQ(watch.all<ApplyRemoteDescription>()[0].sdp, "offer");
  EXPECT_EQ(watch.session.view().picture, Picture::connecting);
  watch.feed(RemoteDescriptionApplied{key});
  EXPECT_EQ(watch.all<MakeLocalDescription>().size(), 1u);
  watch.feed(LocalDescriptionMade{key, "answer"});
  EXPECT_EQ(watch.all<SendMessage>().at(0).message,
            (protocol::Message{protocol::Answer{"answer", 77}, std::nullopt, "t"}));
  watch.feed(TransportChanged{key, TransportState::connected});
  EXPECT_EQ(watch.session.view().picture, Picture::live);
}

TEST_F(WatchSessionTest, AcceptsAnOfferThatItDidNotAskFor) {
  watch.join();
  watch.receive(protocol::Offer{"offer", {}}, "t");
  EXPECT_EQ(watch.all<CreateConnection>().size(), 1u);
}

TEST_F(WatchSessionTest, ANewOfferReplacesTheConnection) {
  watch.join({"t"});
  const ConnectionKey old = negotiate();
  watch.feed(TrackArrived{old});
  watch.receive(protocol::Offer{"again", 78}, "t");
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, old);
  EXPECT_EQ(watch.all<DetachStream>().size(), 1u);
  EXPECT_EQ(watch.all<CreateConnection>().size(), 1u);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchSessionTest, HoldsCandidatesUntilTheOfferIsApplied) {
  watch.join({"t"});
  watch.receive(protocol::Candidate{"early", "0", 0, 77}, "t");
  const ConnectionKey key = receive_offer(77);
  watch.receive(protocol::Candidate{"later", "0", 0, 77}, "t");
  EXPECT_TRUE(watch.all<AddCandidate>().empty());
  watch.feed(RemoteDescriptionApplied{key});
  const auto added = watch.all<AddCandidate>();
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[0].candidate.candidate, "early");
  EXPECT_EQ(added[1].candidate.candidate, "later");
  watch.receive(protocol::Candidate{"last", "0", 0, 77}, "t");
  EXPECT_EQ(watch.all<AddCandidate>().size(), 1u);
}

TEST_F(WatchSessionTest, DropsCandidatesOfAnotherConnectionAndOfStrangers) {
  watch.join({"t"});
  watch.receive(protocol::Candidate{"stale", "0", 0, 76}, "t");
  const ConnectionKey key = receive_offer(77);
  watch.receive(protocol::Candidate{"stale", "0", 0, 76}, "t");
  watch.feed(RemoteDescriptionApplied{key});
  EXPECT_TRUE(watch.all<AddCandidate>().empty());
  watch.receive(protocol::Candidate{"strange", "0", 0, {}}, "x");
  EXPECT_TRUE(watch.all<AddCandidate>().empty());
}

TEST_F(WatchSessionTest, ShowsThePictureAndTakesItOffAtEndTalk) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  watch.feed(TrackArrived{key});
  EXPECT_EQ(watch.all<AttachStream>().at(0).key, key);
  watch.receive(protocol::EndTalk{}, "t");
  EXPECT_EQ(watch.all<DetachStream>().size(), 1u);
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, key);
  EXPECT_EQ(watch.session.view().picture, Picture::ended);
}

TEST_F(WatchSessionTest, WaitsWhenTheTalkerIsGone) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  watch.feed(TrackArrived{key});
  watch.receive(protocol::UserDisconnected{"t"});
  EXPECT_EQ(watch.all<DetachStream>().size(), 1u);
  EXPECT_EQ(watch.session.view().picture, Picture::waiting);
}

TEST_F(WatchSessionTest, RequestAsksTheRoom) {
  watch.join();
  watch.feed(RequestPressed{});
  EXPECT_EQ(watch.sent(), Lines{"talk_request"});
  EXPECT_EQ(watch.session.view().picture, Picture::requesting);
}

TEST_F(WatchSessionTest, RequestWithoutAServerSaysSo) {
  watch.feed(RequestPressed{});
  EXPECT_EQ(watch.session.view().notice, Notice::no_signaling);
  watch.join();
  EXPECT_EQ(watch.session.view().notice, Notice::none);
}

TEST_F(WatchSessionTest, RequestWhileLiveKeepsThePicture) {
  watch.join({"t"});
  watch.feed(TransportChanged{negotiate(), TransportState::connected});
  watch.feed(RequestPressed{});
  EXPECT_TRUE(watch.outputs.empty());
}

TEST_F(WatchSessionTest, ADeclinedRequestIsFullOrWaits) {
  watch.join({"t"});
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::full}, "t");
  EXPECT_EQ(watch.session.view().picture, Picture::full);
  watch.feed(RequestPressed{});
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::not_on_air}, "t");
  EXPECT_EQ(watch.session.view().picture, Picture::waiting);
}

TEST_F(WatchSessionTest, AsksAFullTalkerAgainWithBackOff) {
  watch.join({"t"});
  Duration delays{};
  for (int attempt = 0; attempt < 6; ++attempt) {
    watch.receive(protocol::TalkDeclined{protocol::DeclineReason::full}, "t");
    EXPECT_EQ(watch.session.view().picture, Picture::full);
    EXPECT_EQ(watch.sent(), Lines{}) << "not at once";
    pass_until_asked(kFullDelays.most, delays);
  }
  EXPECT_GT(delays, 2 * kFullDelays.most) << "less and less often";
}

TEST_F(WatchSessionTest, AsksAFullTalkerAtOnceWhenItSaysThatThereIsRoom) {
  watch.join({"t"});
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::full}, "t");
  watch.receive(protocol::TalkReady{}, "t");
  EXPECT_EQ(watch.sent(), Lines{"talk_request to t"});
  EXPECT_EQ(watch.session.view().picture, Picture::requesting);
}

TEST_F(WatchSessionTest, ATalkerThatDeclinesARequestToTheRoomIsAskedAgainToo) {
  for (const auto reason : {protocol::DeclineReason::full, protocol::DeclineReason::failed}) {
    watch.join();
    watch.feed(RequestPressed{});
    watch.receive(protocol::TalkDeclined{reason}, "t");
    Duration delays{};
    pass_until_asked(kFullDelays.most, delays);
    watch.receive(protocol::EndTalk{}, "t");
  }
}

TEST_F(WatchSessionTest, AFailureOfTheTalkerIsNotFullAndIsRetried) {
  watch.join({"t"});
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::failed}, "t");
  EXPECT_EQ(watch.session.view().picture, Picture::failed);
  EXPECT_TRUE(watch.session.connections().empty());
  Duration delays{};
  pass_until_asked(kReconnectDelays.first, delays);
}

TEST_F(WatchSessionTest, DoesNotSayFullOfABroadcastThatIsOver) {
  for (const auto reason : {protocol::DeclineReason::full, protocol::DeclineReason::failed}) {
    watch.join({"t"});
    watch.receive(protocol::TalkReady{}, "t");
    watch.receive(protocol::TalkDeclined{reason}, "t");
    watch.receive(protocol::EndTalk{}, "t");
    EXPECT_EQ(watch.session.view().picture, Picture::ended);
    watch.receive(protocol::TalkReady{}, "t");
    watch.receive(protocol::TalkDeclined{reason}, "t");
    watch.receive(protocol::UserDisconnected{"t"});
    EXPECT_EQ(watch.session.view().picture, Picture::waiting);
  }
}

TEST_F(WatchSessionTest, AsksForIceRestartsThenForAFreshConnectionThenShowsIt) {
  watch.join({"t"});
  ConnectionKey key = negotiate();
  watch.feed(TransportChanged{key, TransportState::connected});
  watch.feed(TransportChanged{key, TransportState::failed});
  EXPECT_EQ(watch.session.view().picture, Picture::reconnecting);
  for (unsigned request = 1; request <= kMaxRestartRequests; ++request) {
    ASSERT_EQ(watch.sent(), Lines{"talk_request to t"});
    EXPECT_EQ(watch.all<SendMessage>()[0].message.body, protocol::Body(protocol::TalkRequest{77}));
    watch.now += kNegotiationTimeout;
    watch.feed(TimePassed{});
  }
  EXPECT_EQ(watch.sent().back(), "bye to t");
  EXPECT_TRUE(watch.session.connections().empty());
  EXPECT_EQ(watch.session.view().notice, Notice::none);

  watch.receive(protocol::Pong{});
  watch.now += Duration(1'000);
  watch.feed(TimePassed{});
  ASSERT_EQ(watch.sent(), Lines{"talk_request to t"}) << "a fresh one";
  watch.now += kNegotiationTimeout;
  watch.feed(TimePassed{});
  EXPECT_EQ(watch.session.view().notice, Notice::connection_failed);
  watch.receive(protocol::Pong{});
  watch.now += Duration(2'000);
  watch.feed(TimePassed{});
  ASSERT_EQ(watch.sent(), Lines{"talk_request to t"}) << "it goes on trying";
  key = negotiate();
  watch.feed(TransportChanged{key, TransportState::connected});
  EXPECT_EQ(watch.session.view().notice, Notice::none);
}

TEST_F(WatchSessionTest, AnOfferForTheSameConnectionRenegotiatesIt) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  watch.feed(TrackArrived{key});
  watch.receive(protocol::Offer{"restart", 77}, "t");
  EXPECT_TRUE(watch.all<CloseConnection>().empty());
  EXPECT_TRUE(watch.all<DetachStream>().empty());
  EXPECT_EQ(watch.all<ApplyRemoteDescription>().at(0).key, key);
  watch.feed(RemoteDescriptionApplied{key});
  watch.feed(LocalDescriptionMade{key, "answer"});
  EXPECT_EQ(watch.sent(), Lines{"answer to t"});
}

TEST_F(WatchSessionTest, AnOfferThatRenegotiatesComesWithTheCredentialsOfTheLastPong) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  EXPECT_TRUE(watch.all<RefreshIce>().empty()) << "it has been made with fresh ones";
  const protocol::IceServer fresh{{"turn:t"}, "later:me", "secret"};
  watch.receive(protocol::Pong{{fresh}});
  watch.receive(protocol::Offer{"restart", 77}, "t");
  ASSERT_EQ(watch.all<RefreshIce>().size(), 1u);
  EXPECT_EQ(watch.all<RefreshIce>()[0].key, key);
  EXPECT_EQ(watch.all<RefreshIce>()[0].ice.servers, std::vector{fresh});
}

TEST_F(WatchSessionTest, CredentialsThatComeAfterTheRequestAreThoseOfTheFirstConnection) {
  watch.join({"t"});
  ASSERT_EQ(watch.all<CreateConnection>().size(), 1u);
  const ConnectionKey key = watch.all<CreateConnection>()[0].key;
  const protocol::IceServer fresh{{"turn:t"}, "later:me", "secret"};
  watch.receive(protocol::Pong{{fresh}});
  watch.receive(protocol::Offer{"offer", 77}, "t");
  ASSERT_EQ(watch.all<RefreshIce>().size(), 1u);
  EXPECT_EQ(watch.all<RefreshIce>()[0].key, key);
  EXPECT_EQ(watch.all<RefreshIce>()[0].ice.servers, std::vector{fresh});
}

TEST_F(WatchSessionTest, AnotherTalkerReplacesOneWhoseConnectionIsBroken) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  watch.feed(TransportChanged{key, TransportState::connected});
  watch.receive(protocol::TalkReady{}, "u");
  EXPECT_EQ(watch.sent(), Lines{});
  watch.feed(TransportChanged{key, TransportState::disconnected});
  EXPECT_EQ(watch.sent(), Lines{"talk_request to u"});
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, key);
}

TEST_F(WatchSessionTest, AfterAnOutageItKeepsWhatIsConnectedAndAsksAnewForTheRest) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  const auto come_back = [this](SocketNumber before) {
    watch.feed(SocketClosed{before});
    watch.now += Duration(500);
    watch.feed(TimePassed{});
    watch.feed(SocketOpened{before + 1});
    watch.feed(
        MessageReceived{before + 1, {protocol::Welcome{"me", "lesson", "t", {}, {"t"}}, {}, {}}});
  };
  watch.feed(TransportChanged{key, TransportState::connected});
  come_back(1);
  EXPECT_TRUE(watch.all<CloseConnection>().empty());
  EXPECT_EQ(watch.sent(), Lines{});

  watch.feed(TransportChanged{key, TransportState::disconnected});
  come_back(2);
  watch.feed(TimePassed{});
  EXPECT_TRUE(watch.all<CloseConnection>().empty());
  EXPECT_EQ(watch.all<SendMessage>().at(0).message.body, protocol::Body(protocol::TalkRequest{77}))
      << "its ICE";
}

TEST_F(WatchSessionTest, SaysByeWhenItLeaves) {
  watch.join({"t"});
  negotiate();
  watch.feed(LeaveRequested{});
  EXPECT_EQ(watch.sent(), Lines{"bye to t"});
  EXPECT_EQ(watch.all<CloseSocket>().size(), 1u);
  EXPECT_TRUE(watch.session.connections().empty());
}

TEST_F(WatchSessionTest, SoundAloneIsShownWithoutAPictureThatNeverComes) {
  watch.join({"t"});
  const ConnectionKey key = negotiate();
  watch.feed(TransportChanged{key, TransportState::connected});
  watch.feed(TrackArrived{key});
  EXPECT_TRUE(watch.all<AttachStream>().at(0).picture);
  const auto announce = [&](protocol::Sent picture, protocol::Sent sound) {
    watch.feed(ChatReceived{key, protocol::ChatMedia{picture, sound}});
  };
  using protocol::Sent;
  announce(Sent::none, Sent::live);
  EXPECT_FALSE(watch.all<AttachStream>().at(0).picture);
  EXPECT_EQ(watch.session.view().sends.picture, Sent::none);
  announce(Sent::none, Sent::interrupted);
  EXPECT_TRUE(watch.all<AttachStream>().empty()) << "as before";
  EXPECT_EQ(watch.session.view().sends.sound, Sent::interrupted);
  announce(Sent::live, Sent::live);
  EXPECT_TRUE(watch.all<AttachStream>().at(0).picture);
  EXPECT_EQ(watch.session.view().sends, protocol::ChatMedia{});
  announce(Sent::interrupted, Sent::live);
  EXPECT_TRUE(watch.all<AttachStream>().empty()) << "the last frame stays";
  watch.feed(ChatReceived{{"x", 9}, protocol::ChatMedia{Sent::none, Sent::none}});
  EXPECT_TRUE(watch.outputs.empty());
}

}  // namespace
}  // namespace onair::session
