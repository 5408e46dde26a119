// A viewer moves from the talker `t` to the forwarder `f`, and back.
#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "session/timeouts.hpp"
#include "session/watch/watch_session.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using Picture = WatchView::Picture;

class WatchMovesTest : public testing::Test {
 protected:
  /// Answers the offer of this peer, which has just been asked.
  ConnectionKey connect(const PeerId& peer, protocol::ConnectionId id) {
    watch.receive(protocol::Offer{"offer", id}, peer);
    const ConnectionKey key = watch.all<ApplyRemoteDescription>().at(0).key;
    watch.feed(RemoteDescriptionApplied{key});
    watch.feed(LocalDescriptionMade{key, "answer"});
    watch.feed(TransportChanged{key, TransportState::connected});
    watch.feed(TrackArrived{key});
    return key;
  }
  ConnectionKey watch_directly() {
    watch.join({"t"});
    const ConnectionKey key = connect("t", 1);
    EXPECT_EQ(watch.all<AttachStream>().size(), 1u);
    measure(key, 30, 50);
    return key;
  }
  ConnectionKey watch_by_forwarder() {
    const ConnectionKey old = watch_directly();
    invite();
    const ConnectionKey key = connect("f", 2);
    measure(key, 1, 1);
    pass(kOverlap);
    EXPECT_EQ(watch.session.connections().find(old), nullptr);
    return key;
  }
  void invite() { watch.receive(protocol::TalkReady{"t"}, "f"); }
  void measure(const ConnectionKey& key, std::uint64_t frames, std::uint64_t sound) {
    ReceivingReport report;
    report.frames_decoded = frames;
    report.sound_packets = sound;
    watch.feed(ReceivingMeasured{key, report});
  }
  void pass(Duration duration) {
    watch.now += duration;
    watch.feed(TimePassed{});
  }
  /// Passes the time until the next report, with this loss of 100 packets.
  std::vector<protocol::Reception> next_report(const ConnectionKey& key, int lost) {
    ReceivingReport report;
    report.frames_decoded = report.sound_packets = 100;
    for (int i = 0; i < 2; ++i) {
      report.packets += 100 - lost;
      report.packets_lost += lost;
      pass(kMeasureInterval);
      watch.feed(ReceivingMeasured{key, report});
    }
    pass(kReportInterval - 2 * kMeasureInterval);
    return reports();
  }
  /// Reports just sent to the server.
  std::vector<protocol::Reception> reports() const {
    std::vector<protocol::Reception> found;
    for (const auto& send : watch.all<SendMessage>()) {
      const auto* reception = std::get_if<protocol::Reception>(&send.message.body);
      if (reception == nullptr) continue;
      EXPECT_EQ(send.message.sendto, std::nullopt);
      found.push_back(*reception);
    }
    return found;
  }
  /// Loses the socket, and is welcomed over the next one into a room with these talkers.
  void reconnect(std::vector<std::string> talkers) {
    watch.feed(SocketClosed{1});
    while (watch.all<OpenSocket>().empty()) {
      watch.now = *watch.session.next_deadline();
      watch.feed(TimePassed{});
    }
    const SocketNumber socket = watch.all<OpenSocket>().at(0).socket;
    watch.feed(SocketOpened{socket});
    watch.feed(MessageReceived{
        socket, {protocol::Welcome{"me", "lesson", "token", {}, std::move(talkers)}, {}, {}}});
  }
  bool asks_directly() const {
    for (const auto& send : watch.all<SendMessage>()) {
      const auto* request = std::get_if<protocol::TalkRequest>(&send.message.body);
      if (request != nullptr && request->direct) return send.message.sendto == "t";
    }
    return false;
  }

  tests::Stepper<WatchSession, WatchInput, WatchOutput> watch{WatchSession({.room = "lesson"})};
};

TEST_F(WatchMovesTest, SaysThatItCanMove) {
  watch.feed(Started{});
  watch.feed(SocketOpened{1});
  const auto enter = std::get<protocol::Enter>(watch.all<SendMessage>().at(0).message.body);
  EXPECT_EQ(enter.caps, Lines{std::string(protocol::kForwardedCap)});
}

TEST_F(WatchMovesTest, ShowsTheForwardersPictureWhenItIsThereAndClosesTheOldConnectionAfterIt) {
  const ConnectionKey old = watch_directly();
  invite();
  EXPECT_EQ(watch.sent(), Lines{"talk_request to f"});
  const ConnectionKey key = connect("f", 2);
  EXPECT_EQ(watch.all<AttachStream>().size(), 0u) << "the old picture is still shown";
  EXPECT_EQ(watch.session.view().picture, Picture::live);

  pass(kMoveMeasureInterval);
  ASSERT_EQ(watch.all<MeasureReceiving>().size(), 1u) << "often, so that no time is lost";
  measure(key, 0, 5);
  EXPECT_EQ(watch.all<SwitchStream>().size(), 0u) << "no picture yet";
  measure(key, 1, 0);
  EXPECT_EQ(watch.all<SwitchStream>().size(), 0u) << "no sound yet";
  measure(key, 2, 5);
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  EXPECT_EQ(watch.all<SwitchStream>()[0].from, old);
  EXPECT_EQ(watch.all<SwitchStream>()[0].to, key);
  EXPECT_EQ(watch.all<CloseConnection>().size(), 0u) << "its sound does not break off";

  pass(kOverlap);
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, old);
  EXPECT_EQ(watch.all<DetachStream>().size(), 0u);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
  EXPECT_EQ(watch.session.view().picture, Picture::live);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, ReportsHowItReceivesFromTheForwarder) {
  using protocol::Quality;
  using protocol::Reception;
  const ConnectionKey key = watch_by_forwarder();
  EXPECT_EQ(next_report(key, 8), std::vector{(Reception{"t", {Quality::poor, 80}})});
  pass(Duration(1));
  EXPECT_TRUE(reports().empty()) << "not before the next interval";
  EXPECT_EQ(next_report(key, 0), std::vector{(Reception{"t", {Quality::good, 0}})});
  watch.feed(TransportChanged{key, TransportState::disconnected});
  pass(kReportInterval);
  EXPECT_EQ(reports(), std::vector{(Reception{"t", {Quality::poor, 1'000}})}) << "nothing comes";
  watch.feed(LeaveRequested{});
  EXPECT_EQ(watch.session.next_deadline(), std::nullopt);
}

TEST_F(WatchMovesTest, ReportsNothingOfADirectConnection) {
  const ConnectionKey key = watch_directly();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(next_report(key, 8).empty());
}

TEST_F(WatchMovesTest, TheReplacedConnectionClosesWhateverHappensToItMeanwhile) {
  const ConnectionKey old = watch_directly();
  watch.receive(protocol::Offer{"another kind of sound", 1}, "t");
  watch.feed(RemoteDescriptionApplied{old});
  invite();
  measure(connect("f", 2), 1, 1);
  watch.feed(LocalDescriptionMade{old, "answer"});
  watch.feed(TransportChanged{old, TransportState::connected});
  watch.receive(protocol::Offer{"yet another", 1}, "t");
  pass(kOverlap);
  EXPECT_EQ(watch.session.connections().find(old), nullptr);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
}

TEST_F(WatchMovesTest, KeepsTheOldConnectionWhereNoPictureComes) {
  const ConnectionKey old = watch_directly();
  invite();
  connect("f", 2);
  pass(kMoveTimeout - Duration(1));
  EXPECT_EQ(watch.session.connections().size(), 2u);
  pass(Duration(1));
  EXPECT_EQ(watch.sent(), Lines{"bye to f"});
  EXPECT_NE(watch.session.connections().find(old), nullptr);
  EXPECT_EQ(watch.session.connections().size(), 1u);
  EXPECT_TRUE(watch.session.stream_attached());
}

TEST_F(WatchMovesTest, KeepsTheOldConnectionWhereNoOfferComes) {
  watch_directly();
  invite();
  pass(kMoveTimeout);
  EXPECT_EQ(watch.sent(), Lines{"bye to f"});
  EXPECT_EQ(watch.session.view().picture, Picture::live);
  watch.receive(protocol::Offer{"offer", 3}, "f");
  EXPECT_EQ(watch.all<CreateConnection>().size(), 0u) << "too late";
}

TEST_F(WatchMovesTest, TriesTheForwarderByTurnAloneWhereItsPictureDidNotCome) {
  watch_directly();
  const protocol::IceServer stun{{"stun:stun.example.org"}, {}, {}};
  const protocol::IceServer turn{{"turns:turn.example.org"}, "name", "secret"};
  watch.receive(protocol::Pong{{stun, turn}});
  invite();
  EXPECT_FALSE(watch.all<CreateConnection>().at(0).ice.turn_only);
  connect("f", 2);
  pass(kMoveTimeout);
  invite();
  EXPECT_TRUE(watch.all<CreateConnection>().at(0).ice.turn_only);
  EXPECT_EQ(watch.all<CreateConnection>().at(0).ice.servers.size(), 2u);
  const ConnectionKey key = connect("f", 3);
  watch.receive(protocol::Offer{"offer", 3}, "f");
  EXPECT_TRUE(watch.all<RefreshIce>().at(0).ice.turn_only) << "and so it stays";
  watch.feed(RemoteDescriptionApplied{key});
  watch.feed(LocalDescriptionMade{key, "answer"});
  measure(key, 1, 1);
  EXPECT_EQ(watch.all<SwitchStream>().at(0).to, key);
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  EXPECT_EQ(watch.all<CreateConnection>().size(), 0u) << "the talker's is open yet";
  pass(kOverlap);
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  EXPECT_FALSE(watch.all<CreateConnection>().at(0).ice.turn_only)
      << "with the talker nothing failed";
}

TEST_F(WatchMovesTest, TriesTheForwarderByAnyWayAgainWhereTurnDidNotHelp) {
  watch_directly();
  watch.receive(protocol::Pong{{{{"turn:turn.example.org"}, "name", "secret"}}});
  std::vector<bool> by_turn;
  for (std::uint32_t connection = 2; connection < 6; ++connection) {
    invite();
    by_turn.push_back(watch.all<CreateConnection>().at(0).ice.turn_only);
    connect("f", connection);
    pass(kMoveTimeout);
  }
  EXPECT_EQ(by_turn, (std::vector{false, true, false, true}));
}

TEST_F(WatchMovesTest, TriesTheForwarderAsBeforeWhereTurnCanNotHelp) {
  const auto turn = [this] {
    watch.receive(protocol::Pong{{{{"turn:turn.example.org"}, {}, {}}}});
  };
  const auto next_is_by_turn = [this] {
    invite();
    return watch.all<CreateConnection>().at(0).ice.turn_only;
  };
  watch_directly();
  invite();
  pass(kMoveTimeout);
  turn();
  EXPECT_FALSE(next_is_by_turn()) << "no offer came";
  connect("f", 2);
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::full}, "f");
  EXPECT_FALSE(next_is_by_turn()) << "the forwarder said so";
  connect("f", 3);
  watch.feed(
      TransportChanged{*watch.session.connections().latest_with("f"), TransportState::failed});
  watch.receive(protocol::Pong{{{{"stun:turn.example.org"}, {}, {}}}});
  EXPECT_FALSE(next_is_by_turn()) << "there is no TURN server";
  connect("f", 4);
  pass(kMoveTimeout);
  turn();
  watch.receive(protocol::UserDisconnected{"f"});
  EXPECT_FALSE(next_is_by_turn()) << "another forwarder, though of the same id here";
}

TEST_F(WatchMovesTest, ANewcomerGoesToTheForwarderAtOnce) {
  watch.join({"t"});
  invite();
  EXPECT_EQ(watch.sent(), Lines{"talk_request to f"});
  EXPECT_EQ(watch.session.connections().size(), 1u) << "the talker makes no offer";
  const ConnectionKey key = connect("f", 2);
  EXPECT_EQ(watch.all<AttachStream>().size(), 1u) << "there is nothing to keep";
  measure(key, 1, 0);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
  EXPECT_TRUE(watch.session.view().chat_open);
}

TEST_F(WatchMovesTest, OffersForAConnectionThatIsReplacedKeepItNoLonger) {
  const ConnectionKey direct = watch_directly();
  invite();
  measure(connect("f", 2), 1, 1);
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  for (const protocol::ConnectionId id : {1, 7}) {  // of this one, and of a new one
    watch.receive(protocol::Offer{"another", id}, "t");
    EXPECT_TRUE(watch.all<ApplyRemoteDescription>().empty());
  }
  watch.feed(TrackArrived{direct});
  EXPECT_TRUE(watch.all<AttachStream>().empty()) << "the other one's picture is shown";
  watch.feed(TransportChanged{direct, TransportState::connected});
  pass(kOverlap);
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, direct);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, ANewcomerToSoundAloneGoesToTheForwarderWithoutAPicture) {
  using protocol::Sent;
  watch.join({"t"});
  watch.receive(protocol::ChatMessages{{protocol::ChatMedia{Sent::none, Sent::live}}}, "t");
  invite();
  const ConnectionKey first = connect("f", 2);
  EXPECT_FALSE(watch.all<AttachStream>().at(0).picture);
  const ConnectionKey key = connect("f", 3);
  EXPECT_NE(key, first);
  EXPECT_FALSE(watch.all<AttachStream>().at(0).picture) << "nor by another offer";
  EXPECT_EQ(watch.session.view().sends.picture, Sent::none);
}

TEST_F(WatchMovesTest, ANewcomerToSoundAloneIsThereWithTheSound) {
  using protocol::Sent;
  watch.join({"t"});
  invite();
  watch.receive(protocol::ChatMessages{{protocol::ChatMedia{Sent::none, Sent::live}}}, "t");
  const ConnectionKey key = connect("f", 2);
  measure(key, 0, 0);
  EXPECT_EQ(watch.sent(), Lines{});
  measure(key, 0, 1);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
  EXPECT_TRUE(watch.session.view().chat_open);
}

TEST_F(WatchMovesTest, ANewcomerDoesNotWaitForWhatIsInterrupted) {
  using protocol::Sent;
  const protocol::ChatMessages interrupted{
      {protocol::ChatMedia{Sent::interrupted, Sent::interrupted}}};
  watch.join({"t"});
  watch.receive(interrupted, "t");
  invite();
  measure(connect("f", 2), 0, 0);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
}

TEST_F(WatchMovesTest, OneThatShowsTheLastPictureBeforeAnInterruptionKeepsItUntilAnotherComes) {
  using protocol::Sent;
  const ConnectionKey direct = watch_directly();
  watch.feed(ChatReceived{direct, protocol::ChatMedia{Sent::interrupted, Sent::live}});
  invite();
  const ConnectionKey key = connect("f", 2);
  measure(key, 0, 1);
  EXPECT_EQ(watch.all<SwitchStream>().size(), 0u);
  measure(key, 1, 1);
  EXPECT_EQ(watch.all<SwitchStream>().size(), 1u);
}

TEST_F(WatchMovesTest, ANewcomerWhomTheForwarderDoesNotServeAsksTheTalkerForADirectConnection) {
  watch.join({"t"});
  invite();
  connect("f", 2);
  pass(kMoveTimeout);
  EXPECT_TRUE(asks_directly());
  connect("t", 1);
  EXPECT_EQ(watch.session.view().picture, Picture::live);
}

TEST_F(WatchMovesTest, AsksTheTalkerWhenTheForwarderIsLost) {
  const std::vector<protocol::Body> ends = {
      protocol::EndTalk{}, protocol::UserDisconnected{"f"},
      protocol::TalkDeclined{protocol::DeclineReason::failed}};
  for (const protocol::Body& end : ends) {
    watch = tests::Stepper<WatchSession, WatchInput, WatchOutput>(WatchSession({.room = "lesson"}));
    watch_by_forwarder();
    const bool by_server = std::holds_alternative<protocol::UserDisconnected>(end);
    watch.receive(end, by_server ? "" : "f");
    EXPECT_TRUE(asks_directly()) << type_of(end);
    connect("t", 3);
    EXPECT_EQ(watch.session.view().picture, Picture::live) << type_of(end);
    EXPECT_EQ(watch.session.connections().size(), 1u);
  }
}

TEST_F(WatchMovesTest, AsksTheTalkerWhereTheServerKnowsTheForwarderNoMore) {
  const protocol::Error nobody{"no_such_peer", "Nobody in this room has that id."};
  const ConnectionKey key = watch_by_forwarder();
  watch.receive(nobody, "");
  EXPECT_FALSE(asks_directly()) << "it may be about another, and the picture is here";
  watch.feed(TransportChanged{key, TransportState::disconnected});
  watch.receive(nobody, "");
  EXPECT_FALSE(asks_directly()) << "the forwarder was not asked";
  pass(kWatcherDisconnectTimeout);
  EXPECT_EQ(watch.sent().at(0), "talk_request to f");
  watch.receive(nobody, "");
  EXPECT_TRUE(asks_directly());
  connect("t", 3);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, OfTwoMovesAtATimeTheFirstPictureEndsTheOther) {
  watch_by_forwarder();
  watch.receive(protocol::TalkReady{{}, /*direct=*/true}, "t");  // call back
  const ConnectionKey back = connect("t", 3);
  watch.receive(protocol::TalkReady{"t"}, "g");  // another forwarder has come meanwhile
  const ConnectionKey key = connect("g", 4);
  measure(key, 1, 1);
  measure(back, 1, 1);
  pass(kOverlap);
  ASSERT_EQ(watch.session.connections().size(), 1u);
  EXPECT_EQ(watch.session.connections().begin()->first, key);
  EXPECT_EQ(watch.session.view().picture, Picture::live);
  EXPECT_TRUE(watch.session.view().forwarded);
  const Lines sent = watch.sent();
  EXPECT_EQ(std::count(sent.begin(), sent.end(), "bye to f"), 1);
  EXPECT_GE(std::count(sent.begin(), sent.end(), "watching_via to t"), 1);
}

TEST_F(WatchMovesTest, StaysWithTheTalkerWhenTheForwarderIsLostOnTheWay) {
  const ConnectionKey old = watch_directly();
  invite();
  watch.receive(protocol::EndTalk{}, "f");
  EXPECT_FALSE(asks_directly());
  EXPECT_NE(watch.session.connections().find(old), nullptr);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, TakesTheReplacedConnectionBackWhereTheForwarderIsLostBeforeItClosed) {
  const ConnectionKey old = watch_directly();
  invite();
  const ConnectionKey key = connect("f", 2);
  measure(key, 1, 1);
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  watch.receive(protocol::UserDisconnected{"f"}, "");
  EXPECT_EQ(watch.all<CreateConnection>().size(), 0u) << "the old connection is still open";
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  EXPECT_EQ(watch.all<SwitchStream>()[0].to, old);
  pass(kOverlap);
  EXPECT_NE(watch.session.connections().find(old), nullptr);
  EXPECT_EQ(watch.session.view().picture, Picture::live);
  EXPECT_FALSE(watch.session.view().forwarded);
}

TEST_F(WatchMovesTest, TakesTheForwarderBackWhereTheTalkersNewConnectionFailsBeforeItClosed) {
  const ConnectionKey forwarded = watch_by_forwarder();
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  const ConnectionKey direct = connect("t", 3);
  measure(direct, 1, 1);
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  watch.feed(StepFailed{direct, Step::make_local_description, "x"});
  EXPECT_EQ(watch.all<CreateConnection>().size(), 0u);
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  EXPECT_EQ(watch.all<SwitchStream>()[0].to, forwarded);
  EXPECT_EQ(watch.sent(), (Lines{"bye to t", "watching_via to t"}));
  EXPECT_TRUE(watch.session.view().forwarded);
}

TEST_F(WatchMovesTest, ShowsTheNewStreamWhereTheOldConnectionClosesBeforeItsPictureCame) {
  const ConnectionKey forwarded = watch_by_forwarder();
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  const ConnectionKey direct = connect("t", 3);
  watch.receive(protocol::EndTalk{}, "f");
  ASSERT_EQ(watch.all<SwitchStream>().size(), 1u);
  EXPECT_EQ(watch.all<SwitchStream>()[0].from, forwarded);
  EXPECT_EQ(watch.all<SwitchStream>()[0].to, direct);
  measure(direct, 1, 1);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, ATalkerCallsAViewerWhomTheForwarderDidNotGet) {
  watch.join({"t"});
  watch.feed(RequestPressed{});
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  EXPECT_TRUE(asks_directly());
}

TEST_F(WatchMovesTest, ATalkerCallsAViewerWhoseRequestItPassedToAForwarderThatIsGone) {
  watch.join({"t"});
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  EXPECT_TRUE(asks_directly());
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, AnotherTalkerIsWatchedWhereTheForwardedOneStaysAway) {
  watch_by_forwarder();
  watch.receive(protocol::UserDisconnected{"t"});
  watch.receive(protocol::TalkReady{}, "u");
  EXPECT_EQ(watch.sent(), (Lines{"bye to f", "talk_request to u"}));
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, WhatIsSaidGoesToTheTalkerThatIsWatchedNow) {
  watch_by_forwarder();
  watch.receive(protocol::UserDisconnected{"t"});
  watch.receive(protocol::TalkReady{}, "u");
  EXPECT_FALSE(watch.session.view().chat_open);
  const ConnectionKey key = connect("u", 3);
  watch.feed(ChatOpened{key});
  watch.feed(ChatEntered{"", "Hello"});
  ASSERT_EQ(watch.all<SendChat>().size(), 1u);
  EXPECT_EQ(watch.all<SendChat>()[0].key, key);
}

TEST_F(WatchMovesTest, ATalkerFoundAfterAReconnectIsWatchedInPlaceOfTheForwardedOneThatLeft) {
  watch_by_forwarder();
  reconnect({"u"});
  EXPECT_EQ(watch.sent(), (Lines{"bye to f", "talk_request to u"}));
}

TEST_F(WatchMovesTest, TellsTheTalkerAgainThatItWatchesWhenItIsBack) {
  const ConnectionKey key = watch_by_forwarder();
  watch.feed(TransportChanged{key, TransportState::disconnected});
  watch.feed(TransportChanged{key, TransportState::connected});
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"}) << "which may have forgotten it";
  reconnect({"t"});
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"}) << "what it sent meanwhile may be lost";
}

TEST_F(WatchMovesTest, TellsAForwarderWhoseOfferIsLostWithTheSocket) {
  watch_directly();
  invite();
  reconnect({"t"});
  EXPECT_EQ(watch.sent(), Lines{"bye to f"}) << "or it takes us for served";
}

TEST_F(WatchMovesTest, MovesWithoutTheSoundOfAMicrophoneThatIsGone) {
  watch_directly();
  watch.receive(
      protocol::ChatMessages{{protocol::ChatMedia{protocol::Sent::live, protocol::Sent::none}}},
      "t");
  invite();
  const ConnectionKey key = connect("f", 2);
  measure(key, 1, 0);
  EXPECT_EQ(watch.all<SwitchStream>().size(), 1u);
}

TEST_F(WatchMovesTest, AMoveOfOneTalkersPictureLeavesTheRetryOfAnothers) {
  watch.feed(Started{});
  watch.feed(SocketOpened{1});
  protocol::Welcome welcome{"me", "lesson", "token", {}, {"t", "u"}};
  welcome.talkers_per_room = 2;
  watch.receive(welcome);
  connect("t", 1);
  watch.receive(protocol::TalkDeclined{protocol::DeclineReason::failed}, "u");
  invite();
  connect("f", 2);
  std::size_t asked = 0;
  for (int second = 0; second < 60; ++second) {
    pass(Duration(1'000));
    const Lines lines = watch.sent();
    asked += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), "talk_request to u"));
  }
  EXPECT_GT(asked, 0u);
}

TEST_F(WatchMovesTest, TellsTheForwarderWhenTheViewerAsksAnew) {
  const ConnectionKey key = watch_by_forwarder();
  watch.feed(TransportChanged{key, TransportState::disconnected});
  watch.feed(RequestPressed{});
  EXPECT_EQ(watch.sent(), (Lines{"bye to f", "talk_request"}));
}

TEST_F(WatchMovesTest, AForwarderThatGoesOnAirForwardsNobodyAnyMore) {
  const ConnectionKey forwarded = watch_by_forwarder();
  watch.receive(protocol::TalkReady{}, "f");
  EXPECT_EQ(watch.all<CloseConnection>().at(0).key, forwarded);
  EXPECT_TRUE(asks_directly());
}

TEST_F(WatchMovesTest, KeepsTheForwardersConnectionWhileTheTalkersPageLoadsAgain) {
  const ConnectionKey key = watch_by_forwarder();
  watch.receive(protocol::UserDisconnected{"t"});
  EXPECT_NE(watch.session.connections().find(key), nullptr);
  watch.receive(protocol::TalkReady{}, "t");
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"}) << "its page knows nothing of us";
  pass(2 * kTalkerReturnTimeout);
  EXPECT_NE(watch.session.connections().find(key), nullptr);

  watch.receive(protocol::UserDisconnected{"t"});
  pass(kTalkerReturnTimeout);
  EXPECT_EQ(watch.session.connections().size(), 0u);
  EXPECT_EQ(watch.session.view().picture, Picture::waiting);
}

TEST_F(WatchMovesTest, TheTalkersEndEndsBothWays) {
  watch_by_forwarder();
  watch.receive(protocol::EndTalk{}, "t");
  EXPECT_EQ(watch.session.connections().size(), 0u);
  EXPECT_EQ(watch.session.view().picture, Picture::ended);
  EXPECT_FALSE(watch.session.view().chat_open);
}

TEST_F(WatchMovesTest, ComesBackToTheTalkerWithoutAGap) {
  const ConnectionKey forwarded = watch_by_forwarder();
  watch.receive(protocol::TalkReady{{}, /*direct=*/true}, "t");
  EXPECT_TRUE(asks_directly());
  const ConnectionKey key = connect("t", 4);
  EXPECT_EQ(watch.all<AttachStream>().size(), 0u);
  measure(key, 1, 1);
  EXPECT_EQ(watch.all<SwitchStream>().at(0).from, forwarded);
  pass(kOverlap);
  EXPECT_EQ(watch.sent(), Lines{"bye to f"});
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, StaysWithTheForwarderWhereTheTalkerDoesNotOffer) {
  const ConnectionKey forwarded = watch_by_forwarder();
  watch.receive(protocol::TalkReady{{}, /*direct=*/true}, "t");
  pass(kMoveTimeout);
  EXPECT_EQ(watch.sent(), (Lines{"bye to t", "watching_via to t"}));
  EXPECT_NE(watch.session.connections().find(forwarded), nullptr);
  EXPECT_EQ(watch.session.connections().size(), 1u);
}

TEST_F(WatchMovesTest, NobodyOnAirSpeaksForAnotherTalker) {
  watch_directly();
  watch.receive(protocol::TalkReady{}, "u");
  watch.receive(protocol::TalkReady{"t"}, "u");
  EXPECT_EQ(watch.sent(), Lines{});
  watch.receive(protocol::TalkReady{"nobody"}, "f");
  EXPECT_EQ(watch.sent(), Lines{});
}

TEST_F(WatchMovesTest, AnInvitationOpensNoMoreThanTheRoomsTalkers) {
  watch_directly();
  watch.receive(protocol::TalkReady{}, "u");
  watch.receive(protocol::TalkReady{"u"}, "f");
  EXPECT_EQ(watch.all<CreateConnection>().size(), 0u) << "one talker is watched, and it is enough";
}

TEST_F(WatchMovesTest, AnInvitationThatIsRepeatedChangesNothing) {
  watch_directly();
  invite();
  invite();
  EXPECT_EQ(watch.sent(), Lines{});
  connect("f", 2);
  invite();
  EXPECT_EQ(watch.sent(), Lines{});
  EXPECT_EQ(watch.session.connections().size(), 2u);
}

TEST_F(WatchMovesTest, TheChatGoesByWayOfTheServer) {
  watch_by_forwarder();
  watch.feed(ChatEntered{"Hanako", "Hello"});
  EXPECT_EQ(watch.sent(), Lines{"chat_messages to t"});
  const auto line = [](ChatLineId id) {
    return protocol::ChatMessages{{ChatLine{id, "Hanako", "Hello"}}};
  };
  watch.receive(line(4), "t");
  EXPECT_EQ(watch.all<ShowChatLine>().size(), 1u);
  watch.receive(line(4), "t");
  EXPECT_EQ(watch.all<ShowChatLine>().size(), 0u) << "its author gets it twice";
  watch.receive(line(5), "u");
  EXPECT_EQ(watch.all<ShowChatLine>().size(), 0u) << "not of a talker whom we watch";
  watch.receive(protocol::ChatMessages{{protocol::ChatMuted{true}}}, "t");
  EXPECT_TRUE(watch.session.view().chat_muted);
}

TEST_F(WatchMovesTest, ALineThatWasLostWithTheOldConnectionIsSaidAgainByTheServer) {
  const ConnectionKey old = watch_directly();
  watch.feed(ChatOpened{old});
  invite();
  measure(connect("f", 2), 1, 1);
  watch.feed(ChatEntered{"Hanako", "Hello"});
  const auto say = std::get<protocol::ChatSay>(watch.all<SendChat>().at(0).message);
  ASSERT_TRUE(say.id.has_value());
  pass(kOverlap);
  EXPECT_EQ(watch.sent(), Lines{"watching_via to t"});
  const protocol::ChatMessages begin{{protocol::ChatBegin{}, protocol::ChatMedia{}}};
  watch.receive(begin, "t");
  ASSERT_EQ(watch.sent(), Lines{"chat_messages to t"}) << "the talker does not have it";
  const protocol::Body sent = watch.all<SendMessage>()[0].message.body;
  EXPECT_EQ(std::get<protocol::ChatMessages>(sent).messages.at(0), protocol::ChatMessage(say))
      << "with the same number";
  watch.receive(protocol::ChatMessages{{ChatLine{1, "Hanako", "Hello", false, true, say.id}}}, "t");
  watch.receive(begin, "t");
  EXPECT_EQ(watch.sent(), Lines{}) << "it has been answered";
}

TEST_F(WatchMovesTest, ALineThatWasLostOnTheWayBackIsSaidAgainOverTheChannel) {
  watch_by_forwarder();
  watch.feed(ChatEntered{"", "one"});
  watch.feed(ChatEntered{"", "two"});
  const protocol::Body body = watch.all<SendMessage>().at(0).message.body;
  const auto two = std::get<protocol::ChatSay>(std::get<protocol::ChatMessages>(body).messages[0]);
  watch.receive(protocol::TalkReady{std::nullopt, /*direct=*/true}, "t");
  const ConnectionKey direct = connect("t", 3);
  watch.feed(ChatOpened{direct});
  watch.feed(ChatReceived{direct, protocol::ChatBegin{}});
  watch.feed(ChatReceived{direct, ChatLine{1, "", "two", false, /*yours=*/true, two.id}});
  watch.feed(ChatReceived{direct, protocol::ChatMedia{}});
  ASSERT_EQ(watch.all<SendChat>().size(), 1u) << "the other one had arrived";
  EXPECT_EQ(std::get<protocol::ChatSay>(watch.all<SendChat>()[0].message).text, "one");
  watch.feed(ChatReceived{direct, protocol::ChatMedia{protocol::Sent::none}});
  EXPECT_EQ(watch.all<SendChat>().size(), 0u) << "once";
}

TEST_F(WatchMovesTest, NoLineIsSaidAgainThatIsOldOrToATalkerThatWouldNotKnowIt) {
  const protocol::ChatMessages begin{{protocol::ChatBegin{}, protocol::ChatMedia{}}};
  watch_by_forwarder();
  watch.feed(ChatEntered{"", "old"});
  pass(WatchChat::kAnswerTimeout + Duration(1));
  watch.receive(begin, "t");
  EXPECT_EQ(watch.sent(), Lines{});
  for (const protocol::ChatMessage& answer :
       {protocol::ChatMessage(ChatLine{1, "", "one", false, /*yours=*/true}),
        protocol::ChatMessage(ChatRefused{ChatRefused::Reason::muted})}) {
    watch.feed(ChatEntered{"", "one"});
    watch.receive(protocol::ChatMessages{{answer}}, "t");
    watch.receive(begin, "t");
    EXPECT_EQ(watch.sent(), Lines{}) << "an earlier talker, which does not say which it was";
  }
  for (int i = 0; i < 100; ++i) watch.feed(ChatEntered{"", "many"});
  watch.receive(begin, "t");
  EXPECT_EQ(watch.sent().size(), WatchChat::kMaxUnanswered);
}

TEST_F(WatchMovesTest, LeavesNothingBehind) {
  watch_directly();
  invite();
  connect("f", 2);
  watch.feed(LeaveRequested{});
  EXPECT_EQ(watch.session.connections().size(), 0u);
  EXPECT_EQ(watch.session.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace onair::session
