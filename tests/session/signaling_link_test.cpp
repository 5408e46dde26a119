#include "session/link/signaling_link.hpp"

#include <gtest/gtest.h>

#include "session/timeouts.hpp"

namespace onair::session {
namespace {

using protocol::Role;

class SignalingLinkTest : public testing::Test {
 protected:
  /// The Enter in the only output.
  static protocol::Enter enter_in(const std::vector<LinkOutput>& outputs) {
    EXPECT_EQ(outputs.size(), 1u);
    return std::get<protocol::Enter>(std::get<SendMessage>(outputs.at(0)).message.body);
  }
  void join(SocketNumber socket, const protocol::PeerId& id = "me") {
    link.handle(SocketOpened{socket}, now);
    link.on_welcome({id, "lesson", "token of " + id, {}, {}}, now);
  }

  TimePoint now{};
  SignalingLink link{"lesson", Role::watch, Backoff({}, 1)};
};

TEST_F(SignalingLinkTest, OpensASocketAndEntersTheRoom) {
  EXPECT_EQ(link.status(), LinkStatus::idle);
  const auto outputs = link.start(now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<OpenSocket>(outputs[0]).socket, 1u);
  EXPECT_EQ(link.status(), LinkStatus::connecting);
  EXPECT_TRUE(link.start(now).empty()) << "once is enough";

  const protocol::Enter enter = enter_in(link.handle(SocketOpened{1}, now));
  EXPECT_EQ(enter, (protocol::Enter{.room = "lesson", .role = Role::watch, .caps = {"forwarded"}}));
  EXPECT_FALSE(link.joined());
  EXPECT_EQ(link.on_welcome({"me", "lesson", "token", {}, {}}, now), SignalingLink::Entry::fresh);
  EXPECT_TRUE(link.joined());
  EXPECT_EQ(link.id(), "me");
}

TEST_F(SignalingLinkTest, ComesBackAfterALossWithItsToken) {
  link.start(now);
  join(1);
  link.handle(SocketClosed{1}, now);
  EXPECT_EQ(link.status(), LinkStatus::reconnecting);
  const TimePoint retry = *link.next_deadline();
  EXPECT_TRUE(link.handle(TimePassed{}, retry - Duration(1)).empty());
  const auto outputs = link.handle(TimePassed{}, retry);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<OpenSocket>(outputs[0]).socket, 2u);
  EXPECT_EQ(enter_in(link.handle(SocketOpened{2}, retry)).resume, "token of me");
  EXPECT_EQ(link.on_welcome({"me", "lesson", "token", {}, {}}, now), SignalingLink::Entry::resumed);
}

TEST_F(SignalingLinkTest, IsAFreshPeerWhenTheServerGaveAnotherId) {
  link.start(now);
  join(1);
  link.handle(SocketClosed{1}, now);
  link.handle(TimePassed{}, *link.next_deadline());
  link.handle(SocketOpened{2}, now);
  EXPECT_EQ(link.on_welcome({"you", "lesson", "token", {}, {}}, now), SignalingLink::Entry::fresh);
}

TEST_F(SignalingLinkTest, WaitsLongerAfterEachFailureAndSaysThatTheServerIsOutOfReach) {
  link.start(now);
  Duration longest{};
  for (SocketNumber socket = 1; socket <= 6; ++socket) {
    link.handle(SocketClosed{socket}, now);
    EXPECT_EQ(link.status(), LinkStatus::unreachable);
    longest = std::max(longest, *link.next_deadline() - now);
    now = *link.next_deadline();
    link.handle(TimePassed{}, now);
  }
  EXPECT_GE(longest, Duration(2'500));
  EXPECT_LE(longest, Duration(5'000));
}

TEST_F(SignalingLinkTest, GivesUpOnASocketThatDoesNotOpenOrAServerThatDoesNotAnswer) {
  link.start(now);
  now += kAnswerTimeout;
  auto outputs = link.handle(TimePassed{}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<CloseSocket>(outputs[0]).socket, 1u);

  now = *link.next_deadline();
  link.handle(TimePassed{}, now);
  link.handle(SocketOpened{2}, now);
  now += kAnswerTimeout;
  outputs = link.handle(TimePassed{}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<CloseSocket>(outputs[0]).socket, 2u);
}

TEST_F(SignalingLinkTest, IgnoresTheEventsOfEarlierSockets) {
  link.start(now);
  join(1);
  link.handle(SocketClosed{1}, now);
  link.handle(TimePassed{}, *link.next_deadline());
  EXPECT_TRUE(link.handle(SocketOpened{1}, now).empty());
  EXPECT_TRUE(link.handle(SocketClosed{1}, now).empty());
  EXPECT_FALSE(link.is_current(1));
  EXPECT_TRUE(link.is_current(2));
  EXPECT_EQ(link.status(), LinkStatus::reconnecting);
}

TEST_F(SignalingLinkTest, AsksASilentServerWhetherItIsThere) {
  link.start(now);
  join(1);
  now += kPingInterval;
  auto outputs = link.handle(TimePassed{}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_TRUE(
      std::holds_alternative<protocol::Ping>(std::get<SendMessage>(outputs[0]).message.body));
  EXPECT_TRUE(link.joined());
  link.on_traffic(now);
  EXPECT_EQ(link.next_deadline(), now + kPingInterval);

  now += kPingInterval;
  link.handle(TimePassed{}, now);
  now += kPongTimeout;
  outputs = link.handle(TimePassed{}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<CloseSocket>(outputs[0]).socket, 1u) << "its path has died";
  EXPECT_EQ(link.status(), LinkStatus::reconnecting);
}

TEST_F(SignalingLinkTest, DoesNotWaitAnyLongerWhenItIsWoken) {
  link.start(now);
  join(1);
  auto outputs = link.handle(Woken{}, now);
  ASSERT_EQ(outputs.size(), 1u) << "a ping";
  EXPECT_TRUE(link.handle(Woken{}, now).empty()) << "one is enough";
  link.handle(SocketClosed{1}, now);
  outputs = link.handle(Woken{}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(std::get<OpenSocket>(outputs[0]).socket, 2u);
}

TEST_F(SignalingLinkTest, ANewPageResumesWithoutConnectionsAndALaterSocketWithThem) {
  SignalingLink reloaded("lesson", Role::watch, Backoff({}, 1), "old token");
  reloaded.start(now);
  const protocol::Enter first = enter_in(reloaded.handle(SocketOpened{1}, now));
  EXPECT_EQ(first.resume, "old token");
  EXPECT_TRUE(first.fresh);
  reloaded.on_welcome({"me", "lesson", "token", {}, {}}, now);
  reloaded.handle(SocketClosed{1}, now);
  reloaded.handle(TimePassed{}, *reloaded.next_deadline());
  EXPECT_FALSE(enter_in(reloaded.handle(SocketOpened{2}, now)).fresh);
}

TEST_F(SignalingLinkTest, DoesNotFightForAConnectionThatWasReplaced) {
  link.start(now);
  join(1);
  link.handle(SocketClosed{1, 4000}, now);
  link.handle(TimePassed{}, *link.next_deadline());
  EXPECT_EQ(enter_in(link.handle(SocketOpened{2}, now)).resume, std::nullopt);
}

TEST_F(SignalingLinkTest, StopsWhereTheServerRefusesItAtTheDoor) {
  link.start(now);
  link.handle(SocketOpened{1}, now);
  const auto outputs = link.on_error({"bad_room", "No."}, now);
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(outputs[0]));
  EXPECT_EQ(link.status(), LinkStatus::refused);
  EXPECT_EQ(link.next_deadline(), std::nullopt);
}

TEST_F(SignalingLinkTest, TriesAgainWhereItMayBeLetInSoon) {
  for (const char* code : {"room_taken", "room_locked", "room_full"}) {
    link = SignalingLink("lesson", Role::watch, Backoff({}, 1));
    link.start(now);
    link.handle(SocketOpened{1}, now);
    link.on_error({code, "Not now."}, now);
    EXPECT_EQ(link.status(), LinkStatus::refused);
    EXPECT_EQ(link.refusal(), code);
    ASSERT_EQ(link.next_deadline(), now + kRefusalPause);
    now = *link.next_deadline();
    const auto outputs = link.handle(TimePassed{}, now);
    EXPECT_EQ(std::get<OpenSocket>(outputs.at(0)).socket, 2u);
    EXPECT_EQ(link.status(), LinkStatus::refused) << "until it is known";
    join(2);
    EXPECT_EQ(link.status(), LinkStatus::joined);
    EXPECT_EQ(link.refusal(), "");
  }
}

TEST_F(SignalingLinkTest, StaysAwayWhereItWasSentAway) {
  for (const char* code : {"removed", "room_ended", "token_expired", "room_taken"}) {
    link = SignalingLink("lesson", Role::watch, Backoff({}, 1));
    link.start(now);
    join(1);
    const auto outputs = link.on_error({code, "Go."}, now);
    EXPECT_TRUE(std::get<CloseSocket>(outputs.at(0)).leaving);
    EXPECT_EQ(link.status(), LinkStatus::refused);
    EXPECT_EQ(link.refusal(), code);
    EXPECT_EQ(link.next_deadline(), std::nullopt);
  }
}

TEST_F(SignalingLinkTest, StaysAwayByTheCloseCodeAlone) {
  link.start(now);
  join(1);
  link.handle(SocketClosed{1, 4002}, now);
  EXPECT_EQ(link.refusal(), "removed");
  EXPECT_EQ(link.next_deadline(), std::nullopt);
}

TEST_F(SignalingLinkTest, ShowsItsTokenWheneverItEnters) {
  link = SignalingLink("lesson", Role::watch, Backoff({}, 1), std::nullopt, "jwt");
  link.start(now);
  EXPECT_EQ(enter_in(link.handle(SocketOpened{1}, now)).token, "jwt");
  join(1);
  link.handle(SocketClosed{1}, now);
  link.handle(TimePassed{}, *link.next_deadline());
  EXPECT_EQ(enter_in(link.handle(SocketOpened{2}, now)).token, "jwt");
}

TEST_F(SignalingLinkTest, AnErrorInTheRoomChangesNothing) {
  link.start(now);
  join(1);
  EXPECT_TRUE(link.on_error({"no_such_peer", "Gone."}, now).empty());
  EXPECT_TRUE(link.joined());
}

TEST_F(SignalingLinkTest, LeavesForGood) {
  link.start(now);
  join(1);
  ASSERT_EQ(link.leave().size(), 1u);
  EXPECT_EQ(link.status(), LinkStatus::idle);
  EXPECT_TRUE(link.leave().empty());
}

}  // namespace
}  // namespace onair::session
