#include "session/talk/talk_session.hpp"

#include <set>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using Stage = TalkView::Stage;

class TalkSessionTest : public testing::Test {
 protected:
  static TalkOptions options() {
    TalkOptions options;
    options.room = "lesson";
    options.max_viewers = 2;
    options.first_generation = 10;
    return options;
  }
  void go_on_air() {
    talk.join();
    talk.feed(StartRequested{MediaSource::camera});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  ConnectionKey negotiate(const PeerId& viewer) {
    talk.receive(protocol::TalkRequest{}, viewer);
    const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
    talk.feed(LocalDescriptionMade{key, "offer"});
    talk.receive(protocol::Answer{"answer", key.generation}, viewer);
    talk.feed(RemoteDescriptionApplied{key});
    return key;
  }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(options())};
};

TEST_F(TalkSessionTest, AnnouncesItselfOnceTheMetadataIsThereAndNotBefore) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera});
  ASSERT_EQ(talk.all<AcquireMedia>().size(), 1u);
  EXPECT_EQ(talk.all<AcquireMedia>()[0].source, MediaSource::camera);
  EXPECT_EQ(talk.session.view().stage, Stage::starting);
  talk.feed(MediaReady{1});
  EXPECT_EQ(talk.all<UseMedia>().size(), 1u);
  EXPECT_EQ(talk.sent(), Lines{});
  talk.feed(PreviewReady{1});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  EXPECT_EQ(talk.session.view().stage, Stage::on_air);
}

TEST_F(TalkSessionTest, StartScreenTakesTheSamePath) {
  talk.join();
  talk.feed(StartRequested{MediaSource::screen});
  EXPECT_EQ(talk.all<AcquireMedia>().at(0).source, MediaSource::screen);
}

TEST_F(TalkSessionTest, OnAirSaysItAgain) {
  go_on_air();
  talk.feed(OnAirRequested{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
}

TEST_F(TalkSessionTest, OnAirSaysWhichIsMissing) {
  talk.feed(OnAirRequested{});
  EXPECT_EQ(talk.session.view().notice, Notice::no_local_stream);
  talk.feed(StartRequested{MediaSource::camera});
  EXPECT_EQ(talk.session.view().notice, Notice::none);
  talk.feed(MediaReady{1});
  talk.feed(PreviewReady{1});
  EXPECT_EQ(talk.session.view().notice, Notice::no_signaling);
  talk.feed(OnAirRequested{});
  EXPECT_EQ(talk.session.view().notice, Notice::no_signaling);
  talk.join();
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
  EXPECT_EQ(talk.session.view().notice, Notice::none);
}

TEST_F(TalkSessionTest, ARefusedCameraIsReported) {
  talk.join();
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(MediaFailed{1, Notice::camera_refused});
  talk.feed(MediaFailed{2, Notice::camera_refused});
  talk.feed(MediaFailed{3, Notice::camera_refused});
  EXPECT_EQ(talk.session.view().notice, Notice::camera_refused);
  EXPECT_EQ(talk.session.view().stage, Stage::idle);
}

TEST_F(TalkSessionTest, DeclinesRequestsWhileNotOnAir) {
  talk.join();
  talk.receive(protocol::TalkRequest{}, "v");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to v"});
  EXPECT_TRUE(talk.all<CreateConnection>().empty());
}

TEST_F(TalkSessionTest, OffersToWhoAsks) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  ASSERT_EQ(talk.all<CreateConnection>().size(), 1u);
  const ConnectionKey key{"v", 10};
  EXPECT_EQ(talk.all<CreateConnection>()[0].key, key);
  EXPECT_EQ(talk.all<MakeLocalDescription>().size(), 1u);
  talk.feed(LocalDescriptionMade{key, "the offer"});
  const auto sends = talk.all<SendMessage>();
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].message,
            (protocol::Message{protocol::Offer{"the offer", 10}, std::nullopt, "v"}));
}

TEST_F(TalkSessionTest, ShowsTheNameThatTheServerKnowsInListAndChat) {
  go_on_air();
  talk.receive(protocol::TalkRequest{{}, "Hanako"}, "v");
  EXPECT_EQ(talk.session.view().audience.at(0).name, "Hanako");
  const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
  talk.feed(ChatOpened{key});
  talk.feed(ChatReceived{key, protocol::ChatSay{"the talker", "hello"}});
  EXPECT_EQ(talk.all<ShowChatLine>().at(0).line.name, "Hanako");
  EXPECT_EQ(talk.session.view().audience.at(0).name, "Hanako");
}

TEST_F(TalkSessionTest, CountsThePlayersOfTheForwarderAndNotTheForwarder) {
  go_on_air();
  talk.receive(protocol::Players{3}, "f");
  EXPECT_TRUE(talk.session.view().audience.empty()) << "it has not asked yet";
  const ConnectionKey forwarder = negotiate("f");
  EXPECT_EQ(talk.session.view().audience.at(0).players, 3u);
  EXPECT_EQ(talk.session.view().connecting, 1u);
  talk.feed(TransportChanged{forwarder, TransportState::connected});
  const std::uint64_t sent_to_one = talk.session.view().uplink_bps;
  const ConnectionKey viewer = negotiate("v");
  talk.feed(TransportChanged{viewer, TransportState::connected});
  EXPECT_EQ(talk.session.view().viewers, 4u);
  EXPECT_FALSE(talk.session.view().audience.at(1).players);
  EXPECT_LE(talk.session.view().uplink_bps, 2 * sent_to_one) << "it is sent once for all players";
  talk.receive(protocol::Players{1}, "f");
  EXPECT_EQ(talk.session.view().viewers, 2u);
  talk.receive(protocol::UserDisconnected{"f"});
  EXPECT_EQ(talk.session.view().viewers, 1u);
  negotiate("f");
  EXPECT_FALSE(talk.session.view().audience.at(1).players) << "whoever has that id now";
}

TEST_F(TalkSessionTest, GivesTheIceServersOfTheWelcomeToEachConnection) {
  talk.feed(Started{});
  talk.feed(SocketOpened{1});
  const protocol::IceServer server{{"stun:s"}, std::nullopt, std::nullopt};
  talk.receive(protocol::Welcome{"me", "lesson", "token", {server}, {}});
  talk.feed(StartRequested{MediaSource::camera});
  talk.feed(MediaReady{1});
  talk.feed(PreviewReady{1});
  talk.receive(protocol::TalkRequest{}, "v");
  EXPECT_EQ(talk.all<CreateConnection>().at(0).ice.servers, std::vector{server});
}

TEST_F(TalkSessionTest, BeyondTheLimitItIsFull) {
  go_on_air();
  negotiate("a");
  negotiate("b");
  talk.receive(protocol::TalkRequest{}, "c");
  const auto declined =
      std::get<protocol::TalkDeclined>(talk.all<SendMessage>().at(0).message.body);
  EXPECT_EQ(declined.reason, protocol::DeclineReason::full);
  talk.receive(protocol::Bye{}, "a");
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
}

TEST_F(TalkSessionTest, WhoNeverAnswersGivesWay) {
  go_on_air();
  negotiate("a");
  talk.receive(protocol::TalkRequest{}, "b");
  const ConnectionKey late = talk.all<CreateConnection>().at(0).key;
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to c"}) << "it may still answer";
  talk.now += kLateAnswer;
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.all<CloseConnection>().at(0).key, late);
  EXPECT_EQ(talk.all<CreateConnection>().at(0).key.peer, "c");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to b"}) << "it is told, and waits";
}

TEST_F(TalkSessionTest, WhoWaitsIsInvitedIntoThePlaceOfWhoNeverAnswers) {
  go_on_air();
  negotiate("a");
  talk.receive(protocol::TalkRequest{}, "b");
  talk.receive(protocol::TalkRequest{}, "c");
  ASSERT_LE(talk.session.next_deadline(), talk.now + kLateAnswer);
  talk.now += kLateAnswer;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to c"});
  talk.receive(protocol::TalkRequest{}, "d");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to d"}) << "the place is kept for c";
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
}

TEST_F(TalkSessionTest, WhoAnswersAndNeverConnectsGivesWayToo) {
  go_on_air();
  negotiate("a");
  const ConnectionKey late = negotiate("b");
  talk.feed(TransportChanged{late, TransportState::connecting});
  talk.receive(protocol::TalkRequest{}, "c");
  talk.now += kLateConnection;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to c"});
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.all<CreateConnection>().at(0).key.peer, "c");
  EXPECT_EQ(talk.all<CloseConnection>().size(), 1u);
}

TEST_F(TalkSessionTest, WhoAsksAgainKeepsNoPlaceWhileOthersWait) {
  go_on_air();
  negotiate("a");
  talk.receive(protocol::TalkRequest{}, "b");
  talk.receive(protocol::TalkRequest{}, "c");
  talk.now += kLateAnswer - Duration(100);
  talk.receive(protocol::TalkRequest{}, "b");
  EXPECT_EQ(talk.sent(), (Lines{"talk_declined to b", "talk_ready to c"}));
}

TEST_F(TalkSessionTest, WhoIsInvitedInVainKeepsItsTurn) {
  go_on_air();
  negotiate("a");
  talk.receive(protocol::TalkRequest{}, "b");
  const ConnectionKey late = talk.all<CreateConnection>().at(0).key;
  talk.feed(LocalDescriptionMade{late, "offer"});
  for (const char* viewer : {"c", "d"}) talk.receive(protocol::TalkRequest{}, viewer);
  talk.now += kLateAnswer;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to c"});
  talk.receive(protocol::Answer{"answer", late.generation}, "b");
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to c"});
  talk.receive(protocol::Bye{}, "a");
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to c"}) << "not d, who came later";
}

TEST_F(TalkSessionTest, WhomNothingReachesLeavesThePlacesToOthers) {
  go_on_air();
  const Lines unreachable = {"u1", "u2", "u3", "u4", "u5"};
  std::set<PeerId> invited;
  std::size_t made = 0;
  const auto note_invited = [&] {
    for (const std::string& line : talk.sent()) {
      if (line.starts_with("talk_ready to u")) invited.insert(line.substr(14));
    }
  };
  const auto ask = [&](const PeerId& viewer) {
    invited.erase(viewer);
    talk.receive(protocol::TalkRequest{}, viewer);
    note_invited();
    if (talk.all<CreateConnection>().empty()) return;
    const ConnectionKey key = talk.all<CreateConnection>()[0].key;
    ++made;
    talk.feed(LocalDescriptionMade{key, "offer"});
    talk.receive(protocol::Answer{"answer", key.generation}, viewer);
    talk.feed(RemoteDescriptionApplied{key});
    note_invited();
  };
  // Each asks where it is invited, and now and then by itself, as viewers do.
  const auto pass = [&](int seconds) {
    for (int second = 0; second < seconds; ++second) {
      talk.now += Duration(1'000);
      talk.feed(TimePassed{});
      note_invited();
      talk.receive(protocol::Pong{});
      note_invited();
      for (const PeerId& viewer : unreachable) {
        const bool is_there = talk.session.connections().contains(viewer);
        if (invited.contains(viewer) || (!is_there && second % 30 == 0)) ask(viewer);
      }
    }
  };
  pass(600);
  made = 0;
  pass(300);
  EXPECT_LE(made, 15u) << "of two places, which would change hands every 8 s";
  talk.receive(protocol::TalkRequest{}, "new");
  if (talk.all<CreateConnection>().empty()) {
    pass(8);  // whoever has the places just now
    talk.receive(protocol::TalkRequest{}, "new");
  }
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
}

TEST_F(TalkSessionTest, WhoHasFailedDrivesNobodyOutAndComesAfterThoseWhoHaveNot) {
  go_on_air();
  negotiate("a");
  negotiate("b");
  for (const char* viewer : {"c", "d"}) talk.receive(protocol::TalkRequest{}, viewer);
  talk.now += kLateConnection;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), (Lines{"talk_ready to c", "talk_ready to d"}));
  negotiate("c");
  negotiate("d");
  talk.receive(protocol::TalkRequest{}, "e");
  talk.now += kLateConnection;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to e"}) << "a and b, who were there before, have failed";
  talk.receive(protocol::TalkRequest{}, "a");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to a"});
  negotiate("e");
}

TEST_F(TalkSessionTest, WhoseConnectionHasBeenThereDoesNotGiveWay) {
  go_on_air();
  for (const char* viewer : {"a", "b"}) {
    talk.feed(TransportChanged{negotiate(viewer), TransportState::connected});
  }
  talk.now += kLateConnection;
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to c"});
}

TEST_F(TalkSessionTest, APlaceIsKeptForWhoIsInvited) {
  go_on_air();
  negotiate("a");
  negotiate("b");
  talk.receive(protocol::TalkRequest{}, "c");
  talk.receive(protocol::UserDisconnected{"a"});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to c"});
  talk.receive(protocol::TalkRequest{}, "d");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to d"})
      << "quicker than the one who was there before";
  talk.receive(protocol::TalkRequest{}, "c");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
}

TEST_F(TalkSessionTest, InvitesWaitingViewersInOrderOneForEachFreeSlot) {
  go_on_air();
  negotiate("a");
  negotiate("b");
  for (const char* viewer : {"c", "d", "e"}) talk.receive(protocol::TalkRequest{}, viewer);
  talk.receive(protocol::UserDisconnected{"c"});
  EXPECT_EQ(talk.sent(), Lines{});
  talk.receive(protocol::UserDisconnected{"a"});
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to d"});
  talk.receive(protocol::TalkRequest{}, "d");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
  talk.receive(protocol::Bye{}, "b");
  EXPECT_EQ(talk.sent(), Lines{"talk_ready to e"});
}

TEST_F(TalkSessionTest, AFailedStepIsAReasonOfItsOwn) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  talk.feed(StepFailed{talk.all<CreateConnection>().at(0).key, Step::make_local_description, "x"});
  EXPECT_EQ(std::get<protocol::TalkDeclined>(talk.all<SendMessage>().at(0).message.body).reason,
            protocol::DeclineReason::failed);
}

TEST_F(TalkSessionTest, AViewerThatAsksAnewGetsANewConnectionInsteadOfTheOld) {
  go_on_air();
  const ConnectionKey old = negotiate("v");
  talk.receive(protocol::TalkRequest{}, "v");
  EXPECT_EQ(talk.all<CloseConnection>().at(0).key, old);
  EXPECT_NE(talk.all<CreateConnection>().at(0).key, old);
  EXPECT_EQ(talk.session.connections().size(), 1u);
}

TEST_F(TalkSessionTest, TakesAnAnswerOnceAndOnlyForItsConnection) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>()[0].key;
  talk.receive(protocol::Answer{"too early", key.generation}, "v");
  EXPECT_TRUE(talk.all<ApplyRemoteDescription>().empty());
  talk.feed(LocalDescriptionMade{key, "offer"});
  talk.receive(protocol::Answer{"of another", key.generation + 1}, "v");
  EXPECT_TRUE(talk.all<ApplyRemoteDescription>().empty());
  talk.receive(protocol::Answer{"of a stranger", key.generation}, "x");
  EXPECT_TRUE(talk.all<ApplyRemoteDescription>().empty());
  talk.receive(protocol::Answer{"right", std::nullopt}, "v");
  EXPECT_EQ(talk.all<ApplyRemoteDescription>().at(0).sdp, "right");
  talk.receive(protocol::Answer{"twice", key.generation}, "v");
  EXPECT_TRUE(talk.all<ApplyRemoteDescription>().empty());
}

TEST_F(TalkSessionTest, BeginsToSendFasterThanBrowsersDoButNotBeyondTheShare) {
  const auto start_of_first = [this](std::uint32_t uplink_bps) {
    TalkOptions narrow = options();
    narrow.uplink.total_bps = uplink_bps;
    talk.session = TalkSession(narrow);
    go_on_air();
    talk.receive(protocol::TalkRequest{}, "v");
    talk.feed(LocalDescriptionMade{talk.all<CreateConnection>().at(0).key, "offer"});
    talk.receive(
        protocol::Answer{"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n", {}}, "v");
    const std::string sdp = talk.all<ApplyRemoteDescription>().at(0).sdp;
    return sdp.substr(sdp.find("x-google"), sdp.find("\r\na=rtpmap") - sdp.find("x-google"));
  };
  EXPECT_EQ(start_of_first(16'000'000), "x-google-start-bitrate=1000");
  EXPECT_EQ(start_of_first(400'000), "x-google-start-bitrate=400");
}

TEST_F(TalkSessionTest, DropsCandidatesOfAnotherConnection) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.receive(protocol::Candidate{"c", "0", 0, key.generation + 1}, "v");
  talk.receive(protocol::Candidate{"c", "0", 0, {}}, "x");
  EXPECT_TRUE(talk.all<AddCandidate>().empty());
  talk.receive(protocol::Candidate{"c", "0", 0, key.generation}, "v");
  EXPECT_EQ(talk.all<AddCandidate>().size(), 1u);
}

TEST_F(TalkSessionTest, HoldsAtMostAHundredAndTwentyEightCandidates) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  const ConnectionKey key = talk.all<CreateConnection>()[0].key;
  talk.feed(LocalDescriptionMade{key, "offer"});
  for (int i = 0; i < 1000; ++i) talk.receive(protocol::Candidate{"c", "0", 0, {}}, "v");
  talk.receive(protocol::Answer{"answer", {}}, "v");
  talk.feed(RemoteDescriptionApplied{key});
  EXPECT_EQ(talk.all<AddCandidate>().size(), 128u);
}

TEST_F(TalkSessionTest, PassesOnItsCandidatesAndTheirEnd) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.feed(CandidateFound{key, {"c", "0", 0, {}}});
  EXPECT_EQ(std::get<protocol::Candidate>(talk.all<SendMessage>().at(0).message.body),
            (protocol::Candidate{"c", "0", 0, key.generation}));
  talk.feed(CandidateFound{key, {}});
  EXPECT_EQ(std::get<protocol::Candidate>(talk.all<SendMessage>().at(0).message.body).candidate,
            std::nullopt);
}

TEST_F(TalkSessionTest, RestartsTheIceOfAConnectionThatFailedUntilItLeavesTheTable) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.feed(TransportChanged{key, TransportState::connected});
  EXPECT_EQ(talk.session.view().viewers, 1u);
  talk.feed(TransportChanged{key, TransportState::failed});
  for (unsigned restart = 1; restart <= kMaxIceRestarts; ++restart) {
    ASSERT_EQ(talk.all<RestartIce>().size(), 1u) << restart;
    talk.feed(LocalDescriptionMade{key, "offer again"});
    EXPECT_EQ(talk.sent(), Lines{"offer to v"});
    const TimePoint due = *talk.session.connections().begin()->second.due.at();
    EXPECT_EQ(due - talk.now, kFirstRestartTimeout * (1 << (restart - 1)));
    talk.now = due;
    talk.feed(TimePassed{});
  }
  EXPECT_EQ(talk.all<CloseConnection>().size(), 1u);
  EXPECT_TRUE(talk.session.connections().empty());
}

TEST_F(TalkSessionTest, WaitsBeforeItRestartsADisconnectedTransport) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.feed(TransportChanged{key, TransportState::connected});
  talk.feed(TransportChanged{key, TransportState::disconnected});
  talk.now += kTalkerDisconnectTimeout - Duration(1);
  talk.feed(TimePassed{});
  EXPECT_TRUE(talk.all<RestartIce>().empty());
  talk.feed(TransportChanged{key, TransportState::connected});
  talk.now += Duration(1);
  talk.feed(TimePassed{});
  EXPECT_TRUE(talk.all<RestartIce>().empty()) << "it mended itself";
  talk.feed(TransportChanged{key, TransportState::disconnected});
  talk.now += kTalkerDisconnectTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.all<RestartIce>().size(), 1u);
}

TEST_F(TalkSessionTest, RestartsIceForAViewerWhoAsksAndTakesTheCredentialsOfTheLastPong) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  const protocol::IceServer fresh{{"turn:t"}, "later:me", "secret"};
  talk.receive(protocol::Pong{{fresh}});
  talk.receive(protocol::TalkRequest{key.generation}, "v");
  ASSERT_EQ(talk.all<RestartIce>().size(), 1u);
  EXPECT_EQ(talk.all<RestartIce>()[0].ice.servers, std::vector{fresh});
  talk.receive(protocol::TalkRequest{key.generation}, "v");
  EXPECT_TRUE(talk.outputs.empty()) << "it is at it";
  talk.receive(protocol::TalkRequest{key.generation + 1}, "v");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u) << "of another connection nothing is left";
}

TEST_F(TalkSessionTest, DropsAViewerWhoNeverAnswers) {
  go_on_air();
  talk.receive(protocol::TalkRequest{}, "v");
  talk.feed(LocalDescriptionMade{talk.session.connections().keys().at(0), "offer"});
  talk.now += kNegotiationTimeout;
  talk.feed(TimePassed{});
  EXPECT_TRUE(talk.session.connections().empty());
}

TEST_F(TalkSessionTest, RestartsNothingWhileTheServerIsAway) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.feed(TransportChanged{key, TransportState::connected});
  talk.feed(SocketClosed{1});
  talk.feed(TransportChanged{key, TransportState::failed});
  EXPECT_TRUE(talk.all<RestartIce>().empty());
  EXPECT_EQ(talk.session.connections().size(), 1u);
}

TEST_F(TalkSessionTest, StopHangsUpEveryViewerAndReleasesTheCamera) {
  go_on_air();
  negotiate("a");
  negotiate("b");
  talk.feed(StopRequested{});
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
  EXPECT_EQ(talk.all<CloseConnection>().size(), 2u);
  EXPECT_EQ(talk.all<ReleaseMedia>().at(0).capture, 1u);
  EXPECT_TRUE(talk.session.captures().empty());
  talk.feed(StopRequested{});
  EXPECT_EQ(talk.sent(), Lines{});
}

TEST_F(TalkSessionTest, AnotherStreamReplacesTheFirstWithoutANewOffer) {
  go_on_air();
  const ConnectionKey key = negotiate("v");
  talk.feed(StartRequested{MediaSource::screen});
  EXPECT_TRUE(talk.session.on_air());
  talk.feed(MediaReady{2});
  EXPECT_EQ(talk.all<UseMedia>().at(0).picture, 2u);
  EXPECT_EQ(talk.all<UseMedia>().at(0).microphone, 1u) << "the microphone goes on with the screen";
  EXPECT_EQ(talk.all<ReplaceTracks>().at(0).key, key);
  EXPECT_EQ(talk.all<ReleaseMedia>().at(0).capture, 1u);
  EXPECT_EQ(talk.sent(), Lines{});
  talk.feed(MediaEnded{1});
  EXPECT_TRUE(talk.session.on_air()) << "the one before is not missed";
}

TEST_F(TalkSessionTest, AViewerWhoseTracksCantBeReplacedKeepsItsPlaceByANewConnection) {
  go_on_air();
  const ConnectionKey other = negotiate("a");
  const ConnectionKey old = negotiate("v");
  talk.receive(protocol::TalkRequest{}, "waits");
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaReady{2});
  talk.feed(TracksReplaced{other});
  talk.feed(StepFailed{old, Step::replace_tracks, "x"});
  EXPECT_EQ(talk.all<CloseConnection>().at(0).key, old);
  const ConnectionKey anew = talk.all<CreateConnection>().at(0).key;
  EXPECT_EQ(anew.peer, "v");
  EXPECT_EQ(talk.sent(), Lines{}) << "nobody else gets its place";
  talk.feed(LocalDescriptionMade{anew, "offer"});
  EXPECT_EQ(talk.sent(), Lines{"offer to v"});
  EXPECT_NE(talk.session.connections().find(other), nullptr);
  talk.feed(StepFailed{old, Step::replace_tracks, "x"});
  EXPECT_TRUE(talk.all<CloseConnection>().empty()) << "it is gone already";
}

TEST_F(TalkSessionTest, WithoutTheServerAConnectionWaitsForTracksThatItTakesOrForANewOne) {
  for (const bool takes_next : {false, true}) {
    SCOPED_TRACE(takes_next);
    talk = tests::Stepper<TalkSession, TalkInput, TalkOutput>(TalkSession(options()));
    go_on_air();
    const ConnectionKey old = negotiate("v");
    talk.feed(TransportChanged{old, TransportState::connected});
    talk.feed(SocketClosed{1});
    talk.feed(StepFailed{old, Step::replace_tracks, "x"});
    EXPECT_TRUE(talk.all<CloseConnection>().empty()) << "no offer gets to its viewer";
    if (takes_next) talk.feed(TracksReplaced{old});
    for (int i = 0; i < 100 && talk.all<OpenSocket>().empty(); ++i) {
      talk.now = talk.session.next_deadline().value_or(talk.now);
      talk.feed(TimePassed{});
    }
    const SocketNumber socket = talk.all<OpenSocket>().at(0).socket;
    talk.feed(SocketOpened{socket});
    const protocol::Welcome welcome{"me", "lesson", "token", {}, {"me"}};
    talk.feed(MessageReceived{socket, {welcome, std::nullopt, std::nullopt}});
    EXPECT_EQ(talk.session.connections().find(old) != nullptr, takes_next);
    EXPECT_EQ(talk.all<CreateConnection>().size(), takes_next ? 0u : 1u);
  }
}

TEST_F(TalkSessionTest, ARefusedSwitchKeepsWhatRuns) {
  go_on_air();
  talk.feed(StartRequested{MediaSource::screen});
  talk.feed(MediaFailed{2, Notice::screen_refused});
  EXPECT_TRUE(talk.session.on_air());
  EXPECT_EQ(talk.session.view().notice, Notice::screen_refused);
  EXPECT_EQ(talk.session.captures(), std::vector<CaptureNumber>{1});
}

TEST_F(TalkSessionTest, AResumedPeerKeepsItsViewersAndAFreshOneDoesNot) {
  go_on_air();
  negotiate("v");
  talk.feed(SocketClosed{1});
  talk.now += Duration(500);
  talk.feed(TimePassed{});
  talk.feed(SocketOpened{2});
  talk.feed(MessageReceived{2, {protocol::Welcome{"me", "lesson", "t", {}, {}}, {}, {}}});
  EXPECT_EQ(talk.session.connections().size(), 1u);
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});

  talk.feed(SocketClosed{2});
  talk.now += Duration(500);
  talk.feed(TimePassed{});
  talk.feed(SocketOpened{3});
  talk.feed(MessageReceived{3, {protocol::Welcome{"other", "lesson", "t", {}, {}}, {}, {}}});
  EXPECT_TRUE(talk.session.connections().empty());
  EXPECT_EQ(talk.sent(), Lines{"talk_ready"});
}

TEST_F(TalkSessionTest, MakesGoodAnEndTalkThatTheServerCouldNotHear) {
  go_on_air();
  talk.feed(SocketClosed{1});
  talk.feed(StopRequested{});
  EXPECT_EQ(talk.sent(), Lines{});
  talk.now += Duration(500);
  talk.feed(TimePassed{});
  talk.feed(SocketOpened{2});
  talk.feed(MessageReceived{2, {protocol::Welcome{"me", "lesson", "t", {}, {"me"}}, {}, {}}});
  EXPECT_EQ(talk.sent(), Lines{"end_talk"});
}

TEST_F(TalkSessionTest, IgnoresMessagesWithoutASenderAndOfEarlierSockets) {
  go_on_air();
  talk.receive(protocol::TalkRequest{});
  EXPECT_TRUE(talk.outputs.empty());
  talk.feed(MessageReceived{7, {protocol::TalkRequest{}, "v", {}}});
  EXPECT_TRUE(talk.outputs.empty());
}

}  // namespace
}  // namespace onair::session
