// A talker's viewers move to the forwarder `f`, and back. forwarding_test.cpp has the decisions.
#include <gtest/gtest.h>

#include "session/talk/talk_session.hpp"
#include "session/timeouts.hpp"
#include "support/stepper.hpp"

namespace onair::session {
namespace {

using Lines = std::vector<std::string>;
using ForwardStage = Forwarding::Stage;

const Lines kForwardable = {std::string(protocol::kForwardedCap)};

class TalkForwardingTest : public testing::Test {
 protected:
  TalkForwardingTest() {
    talk.feed(Started{});
    talk.feed(SocketOpened{1});
    protocol::Welcome welcome{"me", "lesson", "token", {}, {}};
    welcome.forward = "2";
    talk.receive(welcome);
    talk.feed(StartRequested{MediaSource::camera});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
  }
  static TalkOptions options() {
    TalkOptions options;
    options.room = "lesson";
    options.max_viewers = 4;
    return options;
  }
  /// Connects the peer that has just asked.
  ConnectionKey connect(const PeerId& viewer) {
    const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
    talk.feed(LocalDescriptionMade{key, "offer"});
    talk.receive(protocol::Answer{"answer", key.generation}, viewer);
    talk.feed(RemoteDescriptionApplied{key});
    talk.feed(TransportChanged{key, TransportState::connected});
    return key;
  }
  ConnectionKey watch(const PeerId& viewer) {
    talk.receive(protocol::TalkRequest{{}, "Name of " + viewer, kForwardable}, viewer);
    return connect(viewer);
  }
  ConnectionKey forwarder_comes() {
    talk.receive(protocol::Players{0}, "f");
    talk.receive(protocol::TalkRequest{}, "f");
    return connect("f");
  }
  void move(const PeerId& viewer) { talk.receive(protocol::WatchingVia{"f"}, viewer); }
  /// Two viewers are forwarded.
  ConnectionKey forward() {
    watch("a");
    watch("b");
    const ConnectionKey key = forwarder_comes();
    move("a");
    move("b");
    return key;
  }
  /// Until there are "v0" to the one before "vN".
  void more_are_forwarded(int n) {
    for (; more_ < n; ++more_) {
      const PeerId viewer = "v" + std::to_string(more_);
      talk.receive(protocol::TalkRequest{{}, "Name of " + viewer, kForwardable}, viewer);
      move(viewer);
    }
  }
  /// The server is away for a moment, and lets us in again.
  void reconnect() {
    talk.feed(SocketClosed{socket_});
    talk.now = *talk.session.next_deadline();
    talk.feed(TimePassed{});
    socket_ = talk.all<OpenSocket>().at(0).socket;
    talk.feed(SocketOpened{socket_});
    protocol::Welcome welcome{"me", "lesson", "token", {}, {"me"}};
    welcome.forward = "2";
    receive(welcome);
  }
  /// By the socket that is open.
  void receive(protocol::Body body, std::optional<PeerId> from = {}) {
    talk.feed(MessageReceived{socket_, {std::move(body), std::move(from), std::nullopt}});
  }
  /// What viewers were just told that the talker sends, by way of the server: "all" or the peer.
  std::vector<std::pair<PeerId, protocol::ChatMedia>> told() const {
    std::vector<std::pair<PeerId, protocol::ChatMedia>> found;
    for (const auto& send : talk.all<SendMessage>()) {
      const auto* chat = std::get_if<protocol::ChatMessages>(&send.message.body);
      if (chat == nullptr) continue;
      for (const auto& message : chat->messages) {
        const auto* media = std::get_if<protocol::ChatMedia>(&message);
        if (media != nullptr) found.emplace_back(send.message.sendto.value_or("all"), *media);
      }
    }
    return found;
  }
  Lines invited() const {
    for (const auto& send : talk.all<SendMessage>()) {
      const auto* invite = std::get_if<protocol::InviteWatchers>(&send.message.body);
      if (invite != nullptr && send.message.sendto == "f") return invite->peers;
    }
    return {};
  }

  tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(options())};

 private:
  int more_ = 0;
  SocketNumber socket_ = 1;
};

TEST_F(TalkForwardingTest, MovesItsViewersToTheForwarder) {
  watch("a");
  EXPECT_EQ(talk.sent(), Lines{});
  talk.receive(protocol::TalkRequest{{}, "Name of b", kForwardable}, "b");
  EXPECT_EQ(talk.sent(), Lines{"use_forwarder"});
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{}) << "once";
  const ConnectionKey direct{"b", talk.session.connections().latest_with("b")->generation};
  talk.feed(LocalDescriptionMade{direct, "offer"});
  talk.receive(protocol::Answer{"answer", direct.generation}, "b");
  talk.feed(RemoteDescriptionApplied{direct});
  talk.feed(TransportChanged{direct, TransportState::connected});
  talk.receive(protocol::Players{0}, "f");
  talk.receive(protocol::TalkRequest{}, "f");
  EXPECT_EQ(invited(), Lines{}) << "its connection is not up";
  connect("f");
  EXPECT_EQ(invited(), (Lines{"a", "b"}));
  EXPECT_NE(talk.session.connections().find(direct), nullptr) << "until it has moved";

  move("b");
  EXPECT_EQ(talk.all<CloseConnection>().at(0).key, direct);
  move("a");
  const TalkView view = talk.session.view();
  EXPECT_EQ(view.forwarding, ForwardStage::forwarded);
  EXPECT_EQ(view.forwarded, 2u);
  EXPECT_EQ(view.viewers, 2u);
  ASSERT_EQ(view.audience.size(), 2u) << "the forwarder itself is none";
  EXPECT_EQ(view.audience[0].state, ViewerView::State::live);
  EXPECT_EQ(view.audience[0].name, "Name of a");
  EXPECT_EQ(talk.session.connections().size(), 1u);
}

TEST_F(TalkForwardingTest, TakesMoreViewersThanItHasRoomFor) {
  forward();
  for (int i = 0; i < 20; ++i) {
    const PeerId viewer = "v" + std::to_string(i);
    talk.receive(protocol::TalkRequest{{}, {}, kForwardable}, viewer);
    for (const std::string& line : talk.sent()) EXPECT_NE(line, "talk_declined to " + viewer);
    EXPECT_EQ(talk.all<CreateConnection>().size(), 0u);
    move(viewer);
  }
  EXPECT_EQ(talk.session.view().viewers, 22u);
}

TEST_F(TalkForwardingTest, OfACrowdItShowsSumsAndTheWorst) {
  using Quality = Reception::Quality;
  forward();
  const std::uint64_t uplink = talk.session.view().uplink_bps;
  more_are_forwarded(48);
  talk.receive(protocol::AudienceReception{49, 0, 1, {{"v7", {Quality::poor, 90, 1'200}}}});
  TalkView view = talk.session.view();
  ASSERT_EQ(view.audience.size(), TalkSession::kMostListed);
  EXPECT_EQ(view.reception, std::nullopt) << "each of them is listed";
  EXPECT_EQ(view.audience[0].quality, std::nullopt);
  EXPECT_EQ(view.audience[9].id, "v7");
  EXPECT_EQ(view.audience[9].quality, Quality::poor);

  more_are_forwarded(298);
  talk.receive(protocol::AudienceReception{200,
                                           59,
                                           40,
                                           {{"v8", {Quality::poor, 90, 1'200}},
                                            {"stranger", {Quality::poor, 80}},
                                            {"v7", {Quality::fair, 20}}}});
  view = talk.session.view();
  EXPECT_EQ(view.viewers, 300u);
  EXPECT_EQ(view.reception, (ReceptionSums{200, 59, 40, 1}));
  ASSERT_EQ(view.audience.size(), 2u) << "those who need attention, in order of arrival";
  EXPECT_EQ(view.audience[0].id, "v7");
  EXPECT_EQ(view.audience[1].id, "v8");
  EXPECT_EQ(view.audience[1].name, "Name of v8");
  EXPECT_EQ(view.audience[1].latency_ms, 1'200);
  EXPECT_EQ(view.audience[1].loss, 0.09);
  EXPECT_EQ(view.uplink_bps, uplink) << "the picture is sent once";
}

TEST_F(TalkForwardingTest, TheSumsCountThoseThatItServesItself) {
  using Quality = Reception::Quality;
  forward();
  more_are_forwarded(60);
  talk.receive(protocol::AudienceReception{61, 0, 1, {{"v7", {Quality::poor, 90}}}});
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "d");
  const ConnectionKey direct = connect("d");
  talk.feed(SendingMeasured{direct, {}, {.bytes = 1, .round_trip_ms = 20, .loss = 0.2}});
  TalkView view = talk.session.view();
  EXPECT_EQ(view.reception, (ReceptionSums{61, 0, 2, 0}));
  ASSERT_EQ(view.audience.size(), 2u);
  EXPECT_EQ(view.audience[1].id, "d");
  EXPECT_EQ(view.audience[1].quality, Quality::poor);
  talk.feed(TransportChanged{direct, TransportState::disconnected});
  talk.feed(SendingMeasured{direct, {}, {.bytes = 1, .round_trip_ms = 20, .loss = 0.0}});
  view = talk.session.view();
  ASSERT_EQ(view.audience.size(), 2u);
  EXPECT_EQ(view.audience[1].state, ViewerView::State::reconnecting) << "it is listed too";
}

TEST_F(TalkForwardingTest, OneThatReportsMoreThanWasMeasuredIsListed) {
  using Quality = Reception::Quality;
  forward();
  more_are_forwarded(60);
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "d");
  talk.feed(SendingMeasured{connect("d"), {}, {.bytes = 1, .round_trip_ms = 20, .loss = 0.0}});
  talk.receive(protocol::AudienceReception{60, 0, 0, {}});
  EXPECT_EQ(talk.session.view().audience.size(), 0u);
  talk.receive(protocol::AudienceReception{60, 0, 1, {{"d", {Quality::poor, 1'000}}}});
  const TalkView view = talk.session.view();
  ASSERT_EQ(view.audience.size(), 1u);
  EXPECT_EQ(view.audience[0].id, "d");
  EXPECT_EQ(view.audience[0].quality, Quality::poor);
}

TEST_F(TalkForwardingTest, ListsNoMoreThanTheTenWorst) {
  using Quality = Reception::Quality;
  forward();
  more_are_forwarded(60);
  protocol::AudienceReception sums{40, 0, 20};
  for (int i = 0; i < 10; ++i) sums.worst.push_back({"v" + std::to_string(i), {Quality::poor, 90}});
  talk.receive(sums);
  talk.receive(protocol::Players{3}, "g");
  talk.receive(protocol::TalkRequest{}, "g");
  connect("g");
  const TalkView view = talk.session.view();
  ASSERT_EQ(view.audience.size(), TalkSession::kWorstListed);
  EXPECT_EQ(view.audience.back().players, 3u)
      << "a media server stands for many, and is among them";
}

TEST_F(TalkForwardingTest, AViewerWhoseConnectionNeverComesUpBringsTheForwarder) {
  const auto try_in_vain = [this] {
    talk.receive(protocol::TalkRequest{{}, {}, kForwardable}, "a");
    const ConnectionKey key = talk.all<CreateConnection>().at(0).key;
    talk.feed(LocalDescriptionMade{key, "offer"});
    talk.receive(protocol::Answer{"answer", key.generation}, "a");
    talk.feed(RemoteDescriptionApplied{key});
    talk.receive(protocol::Bye{}, "a");
  };
  try_in_vain();
  EXPECT_EQ(talk.sent(), Lines{});
  try_in_vain();
  EXPECT_EQ(talk.sent(), Lines{"use_forwarder"});
}

TEST(TalkForwardingBudget, KeepsAPlaceForTheForwarder) {
  const auto capacity = [](const std::optional<std::string>& forward, bool comes) {
    TalkOptions options;
    options.room = "lesson";
    tests::Stepper<TalkSession, TalkInput, TalkOutput> talk{TalkSession(options)};
    talk.feed(Started{});
    talk.feed(SocketOpened{1});
    protocol::Welcome welcome{"me", "lesson", "token", {}, {}};
    welcome.forward = forward;
    talk.receive(welcome);
    talk.feed(StartRequested{MediaSource::camera});
    talk.feed(MediaReady{1});
    talk.feed(PreviewReady{1});
    if (comes) {
      talk.receive(protocol::Players{0}, "f");
      talk.receive(protocol::TalkRequest{}, "f");
    }
    return talk.session.view().capacity;
  };
  const std::size_t alone = capacity(std::nullopt, false);
  EXPECT_EQ(capacity("auto", false), alone - 1);
  EXPECT_EQ(capacity("auto", true), alone) << "and it has it";
}

TEST_F(TalkForwardingTest, AFullTalkerStillServesTheForwarder) {
  for (const char* viewer : {"a", "b", "c", "d"}) watch(viewer);
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable}, "e");
  EXPECT_EQ(talk.sent(), Lines{"talk_declined to e"});
  forwarder_comes();
  EXPECT_EQ(invited().size(), 4u);
}

TEST_F(TalkForwardingTest, ServesViewersDirectlyWhenTheForwarderIsLost) {
  const ConnectionKey key = forward();
  talk.receive(protocol::Bye{}, "f");
  EXPECT_EQ(talk.session.connections().find(key), nullptr);
  EXPECT_EQ(talk.sent(), Lines{"use_forwarder"}) << "it asks for it again";
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "a");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
  connect("a");
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "b");
  connect("b");
  EXPECT_EQ(talk.session.view().forwarded, 0u);
  EXPECT_EQ(talk.session.view().viewers, 2u);
}

TEST_F(TalkForwardingTest, KeepsItsForwardedViewersWhereTheForwarderAsksAnew) {
  forward();
  talk.receive(protocol::Bye{}, "f");
  talk.receive(protocol::TalkRequest{}, "f");
  connect("f");
  EXPECT_EQ(talk.session.view().forwarding, ForwardStage::forwarded);
  EXPECT_EQ(talk.session.view().forwarded, 2u);
  talk.receive(protocol::ChatMessages{{protocol::ChatSay{"Hanako", "Hello"}}}, "a");
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 1u) << "and hears them";
}

TEST_F(TalkForwardingTest, ThePersonKeepsTheRoomDirect) {
  forward();
  talk.feed(DirectKept{true});
  EXPECT_EQ(talk.sent(), (Lines{"talk_ready to a", "talk_ready to b"}));
  for (const char* viewer : {"a", "b"}) {
    talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, viewer);
    connect(viewer);
  }
  EXPECT_EQ(talk.sent(), Lines{}) << "until they show the talker's picture";
  talk.now += kMoveReplyTimeout;
  talk.feed(TimePassed{});
  EXPECT_EQ(talk.sent(), Lines{"use_forwarder"});
  EXPECT_EQ(talk.session.view().forwarding, ForwardStage::direct);
  talk.receive(protocol::Bye{}, "f");
  EXPECT_EQ(talk.session.view().viewers, 2u);
}

TEST_F(TalkForwardingTest, TheChatReachesBothKindsOfViewers) {
  forward();
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "c");
  const ConnectionKey direct = connect("c");
  talk.feed(ChatOpened{direct});
  talk.feed(ChatEntered{"Host", "Welcome"});
  EXPECT_EQ(talk.sent(), Lines{"chat_messages"}) << "once for all";
  EXPECT_EQ(talk.all<SendChat>().size(), 1u);

  talk.receive(protocol::ChatMessages{{protocol::ChatSay{"Hanako", "Hello"}}}, "a");
  EXPECT_EQ(talk.sent(), (Lines{"chat_messages to a", "chat_messages"})) << "its author first";
  EXPECT_EQ(talk.all<SendChat>().size(), 1u);
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 1u);
  talk.receive(protocol::ChatMessages{{protocol::ChatSay{"Eve", "Hello"}}}, "stranger");
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 0u);
  talk.feed(MutingRequested{"a", true});
  EXPECT_EQ(talk.sent(), Lines{"chat_messages to a"});
}

TEST_F(TalkForwardingTest, AViewerThatComesBackIsHeardByTheServerUntilItsChannelOpens) {
  forward();
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "a");
  const ConnectionKey direct = connect("a");
  const protocol::ChatSay say{"Hanako", "Hello", 7};
  talk.receive(protocol::ChatMessages{{say}}, "a");
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 1u);
  talk.feed(ChatOpened{direct});
  std::size_t answered = 0;
  for (const SendChat& send : talk.all<SendChat>()) {
    const auto* line = std::get_if<ChatLine>(&send.message);
    answered += line != nullptr && line->yours && line->said == 7u ? 1 : 0;
  }
  EXPECT_EQ(answered, 1u) << "the viewer knows that it came";
  talk.feed(ChatReceived{direct, say});
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 0u) << "what it says twice is shown once";
  talk.feed(ChatEntered{"", "Welcome back"});
  EXPECT_EQ(talk.sent(), Lines{"chat_messages"}) << "for b alone";
  EXPECT_EQ(talk.all<SendChat>().size(), 1u);
}

TEST_F(TalkForwardingTest, HearsNobodyAfterTheEnd) {
  forward();
  talk.feed(StopRequested{});
  talk.receive(protocol::ChatMessages{{protocol::ChatSay{"", "Hello"}}}, "a");
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 0u);
  talk.feed(ChatEntered{"", "Is anybody here?"});
  EXPECT_EQ(talk.sent(), Lines{});
}

TEST_F(TalkForwardingTest, ARemovedViewerStaysRemovedWhateverItSays) {
  forward();
  talk.feed(RemovalRequested{"a"});
  move("a");
  talk.receive(protocol::ChatMessages{{protocol::ChatSay{"", "Hello"}}}, "a");
  EXPECT_EQ(talk.all<ShowChatLine>().size(), 0u);
  talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, "a");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 0u);
  EXPECT_EQ(talk.session.view().viewers, 1u);
}

TEST_F(TalkForwardingTest, AViewerThatCannotComeBackIsNotCalledAgain) {
  forward();
  talk.feed(DirectKept{true});
  for (const char* viewer : {"a", "b"}) {
    talk.receive(protocol::TalkRequest{{}, {}, kForwardable, /*direct=*/true}, viewer);
    if (viewer == std::string("b")) connect("b");
  }
  talk.receive(protocol::Bye{}, "a");
  EXPECT_EQ(talk.sent(), Lines{});
  move("a");
  EXPECT_EQ(talk.sent(), Lines{"chat_messages to a"});
  talk.feed(DirectKept{false});
  EXPECT_EQ(talk.session.view().forwarding, ForwardStage::forwarded);
}

TEST_F(TalkForwardingTest, ANewcomerThatGivesUpTheWaitForTheForwarderIsServedDirectly) {
  forward();
  const protocol::TalkRequest request{{}, {}, kForwardable};
  talk.receive(request, "c");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 0u);
  talk.receive(protocol::Bye{}, "c");
  talk.receive(request, "c");
  EXPECT_EQ(talk.all<CreateConnection>().size(), 1u);
}

using Told = std::vector<std::pair<PeerId, protocol::ChatMedia>>;

TEST_F(TalkForwardingTest, ANewcomerIsToldWhatIsMissingBeforeTheForwarderInvitesIt) {
  using protocol::ChatMedia;
  using protocol::Sent;
  forward();
  const protocol::TalkRequest request{{}, {}, kForwardable};
  talk.receive(request, "c");
  EXPECT_EQ(told(), Told{}) << "nothing is missing";
  talk.receive(protocol::UserDisconnected{"a"});
  talk.receive(protocol::UserDisconnected{"b"});
  talk.feed(MediaMuted{1, DeviceKind::camera, true});
  EXPECT_EQ(told(), (Told{{"all", ChatMedia{Sent::interrupted, Sent::live}}})) << "c is on its way";
  talk.receive(request, "d");
  EXPECT_EQ(told(), (Told{{"d", ChatMedia{Sent::interrupted, Sent::live}}}));
}

TEST_F(TalkForwardingTest, AForwardedViewerThatLeavesOrIsRemovedIsForgotten) {
  forward();
  talk.receive(protocol::UserDisconnected{"a"});
  EXPECT_EQ(talk.session.view().viewers, 1u);
  talk.feed(RemovalRequested{"b"});
  EXPECT_EQ(talk.sent(), Lines{"remove_peer"});
  EXPECT_EQ(talk.session.view().viewers, 0u);
}

TEST_F(TalkForwardingTest, AskAgainAfterAReconnect) {
  forward();
  talk.feed(SocketClosed{1});
  talk.now = *talk.session.next_deadline();
  talk.feed(TimePassed{});
  const SocketNumber socket = talk.all<OpenSocket>().at(0).socket;
  talk.feed(SocketOpened{socket});
  protocol::Welcome welcome{"me", "lesson", "token", {}, {"me"}};
  welcome.forward = "2";
  talk.feed(MessageReceived{socket, {welcome, std::nullopt, std::nullopt}});
  EXPECT_EQ(talk.sent(), (Lines{"talk_ready", "use_forwarder"}));
  EXPECT_EQ(talk.session.view().viewers, 2u);
  const protocol::Message confirmed{protocol::WatchingVia{"f", {}, kForwardable}, "a",
                                    std::nullopt};
  talk.feed(MessageReceived{socket, confirmed});
  talk.now += kTalkerReturnTimeout;
  talk.feed(TimePassed{});
  ASSERT_EQ(talk.session.view().audience.size(), 1u) << "the other left meanwhile";
  EXPECT_EQ(talk.session.view().audience.at(0).id, "a");
}

TEST_F(TalkForwardingTest, OfACrowdThoseWhoLeftWhileTheServerWasAwayAreGoneInTheEnd) {
  constexpr std::size_t crowd = 600;
  const auto asked_after = [this](Duration duration) {
    talk.now += duration;
    talk.feed(TimePassed{});
    Lines asked;
    for (const std::string& line : talk.sent()) {
      if (line.starts_with("talk_ready to ")) asked.push_back(line.substr(14));
    }
    receive(protocol::Pong{});
    return asked;
  };
  forward();
  more_are_forwarded(static_cast<int>(crowd));
  reconnect();
  Lines asked = asked_after(kTalkerReturnTimeout);
  EXPECT_EQ(talk.session.view().viewers, crowd + 2) << "their answers may be lost";
  while (!asked.empty()) {
    EXPECT_LE(asked.size(), Forwarding::kAskedAtOnce);
    for (const PeerId& viewer : asked) {
      if (viewer == "a" || viewer == "v7") receive(protocol::WatchingVia{"f"}, viewer);
    }
    asked = asked_after(Forwarding::kAnswerTime);
  }
  const TalkView view = talk.session.view();
  EXPECT_EQ(view.viewers, 2u);
  ASSERT_EQ(view.audience.size(), 2u);
  EXPECT_EQ(view.audience[0].id, "a");
  EXPECT_EQ(view.audience[1].id, "v7");
}

TEST_F(TalkForwardingTest, WhatIsOverWhileTheServerIsAwayIsToldAfterwards) {
  using protocol::ChatMedia;
  using protocol::Sent;
  forward();
  talk.feed(MediaMuted{1, DeviceKind::camera, true});
  EXPECT_EQ(told(), (Told{{"all", ChatMedia{Sent::interrupted, Sent::live}}}));
  talk.feed(SocketClosed{1});
  talk.feed(MediaMuted{1, DeviceKind::camera, false});
  EXPECT_EQ(told(), Told{});
  talk.now = *talk.session.next_deadline();
  talk.feed(TimePassed{});
  const SocketNumber socket = talk.all<OpenSocket>().at(0).socket;
  talk.feed(SocketOpened{socket});
  talk.feed(MessageReceived{
      socket,
      {protocol::Welcome{"me", "lesson", "token", {}, {"me"}}, std::nullopt, std::nullopt}});
  // As a viewer answers talk_ready, also where the talker's page was loaded anew.
  const protocol::Message confirmed{protocol::WatchingVia{"f"}, "a", std::nullopt};
  talk.feed(MessageReceived{socket, confirmed});
  EXPECT_EQ(told(), (Told{{"a", ChatMedia{}}}));
}

TEST_F(TalkForwardingTest, AForwardedViewerThatRefusesALateOfferIsStillKnown) {
  forward();
  talk.receive(protocol::Bye{}, "a");
  EXPECT_EQ(talk.session.view().forwarded, 2u);
  EXPECT_EQ(talk.session.view().viewers, 2u);
}

TEST_F(TalkForwardingTest, StopEndsEverything) {
  forward();
  talk.feed(StopRequested{});
  EXPECT_EQ(talk.session.view().forwarded, 0u);
  EXPECT_EQ(talk.session.view().forwarding, ForwardStage::direct);
  EXPECT_EQ(talk.session.connections().size(), 0u);
  EXPECT_EQ(talk.session.view().viewers, 0u);
}

TEST_F(TalkForwardingTest, APageThatIsLoadedAnewAsksForTheForwarderOfItsViewers) {
  talk.receive(protocol::WatchingVia{"f", "Hanako", kForwardable}, "a");
  EXPECT_EQ(talk.sent(), Lines{"chat_messages to a"});
  EXPECT_EQ(talk.session.view().audience.at(0).name, "Hanako");
  forwarder_comes();  // by itself, since it has viewers
  EXPECT_EQ(talk.session.view().forwarding, ForwardStage::forwarded);
}

}  // namespace
}  // namespace onair::session
