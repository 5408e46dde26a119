#include "sfu/ice/ice_lite.hpp"

#include <array>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sfu/base/packet.hpp"
#include "sfu/stun_messages.hpp"

namespace onair::sfu {
namespace {

using namespace std::chrono_literals;

const IceCredentials kOurs{"ours", "our-password-of-22-chars"};
const IceCredentials kNew{"anew", "new-password-of-22-chars"};

Path path_to(std::uint8_t host, std::uint16_t port = 5000) {
  return {.remote = Address::v4({192, 0, 2, host}, port)};
}

// A peer that checks the way to our agent.
struct Peer {
  IceLite ice{kOurs, TimePoint{}};
  TimePoint now{};
  std::array<std::uint8_t, 600> request{};
  std::array<std::uint8_t, 600> response{};
  std::uint8_t checks = 0;

  StunWriter writer(StunClass message_class = StunClass::request) {
    return {request, message_class, TransactionId{++checks}};
  }
  IceLite::Outcome send(Bytes packet, const Path& from) {
    const auto message = StunMessage::parse(packet);
    EXPECT_TRUE(message);
    return ice.handle(*message, from, now, response);
  }
  IceLite::Outcome check(const Path& from, const IceCredentials& theirs = kOurs,
                         bool nominates = false) {
    StunWriter check = writer();
    check.username(theirs.ufrag + ":them").priority(1).ice_controlling(1);
    if (nominates) check.use_candidate();
    return send(check.integrity(theirs.pwd).finish(), from);
  }
  IceLite::Outcome nominate(const Path& from) { return check(from, kOurs, true); }

  std::optional<Path> path() const {
    return ice.path() ? std::optional(ice.path()->get()) : std::nullopt;
  }
};

// Reads a response that must be there.
StunMessage parsed(const IceLite::Outcome& outcome) {
  const auto message = StunMessage::parse(outcome.response);
  EXPECT_TRUE(message);
  return message.value_or(StunMessage{});
}

TEST(IceLite, AnswersACheckAndTakesItsPath) {
  Peer peer;
  EXPECT_FALSE(peer.path());
  const auto outcome = peer.check(path_to(1));
  EXPECT_TRUE(outcome.is_proven);
  EXPECT_TRUE(outcome.has_moved);
  EXPECT_EQ(peer.path(), path_to(1));
  const StunMessage response = parsed(outcome);
  EXPECT_EQ(response.message_class, StunClass::success);
  EXPECT_EQ(response.transaction, TransactionId{1});
  EXPECT_EQ(response.mapped_address, path_to(1).remote);
  EXPECT_TRUE(response.is_authentic(kOurs.pwd));
  EXPECT_TRUE(response.has_fingerprint);
}

TEST(IceLite, RefusesWhatIsNotAuthenticAndLearnsNothingFromIt) {
  const auto refuses = [](int code, auto make) {
    Peer peer;
    peer.now += 10s;
    StunWriter writer = peer.writer();
    const auto outcome = peer.send(make(writer).finish(), path_to(1));
    const StunMessage response = parsed(outcome);
    EXPECT_EQ(response.message_class, StunClass::error);
    EXPECT_EQ(response.error_code, code);
    EXPECT_EQ(response.integrity_at, 0U);
    EXPECT_FALSE(outcome.is_proven);
    EXPECT_FALSE(peer.path());
    EXPECT_EQ(peer.ice.next_deadline(), TimePoint{} + kConsentTimeout);
  };
  using Writer = StunWriter;
  refuses(400, [](Writer& w) -> Writer& { return w; });
  refuses(400, [](Writer& w) -> Writer& { return w.username("ours:them"); });
  refuses(400, [](Writer& w) -> Writer& { return w.integrity(kOurs.pwd); });
  refuses(401, [](Writer& w) -> Writer& { return w.username("ours:them").integrity(kNew.pwd); });
  refuses(401, [](Writer& w) -> Writer& { return w.username("them:ours").integrity(kOurs.pwd); });
  refuses(401, [](Writer& w) -> Writer& { return w.username("ours").integrity(kOurs.pwd); });
  refuses(401, [](Writer& w) -> Writer& { return w.username(":").integrity(kOurs.pwd); });
}

TEST(IceLite, NamesUnknownAttributes) {
  Peer peer;
  const auto outcome = peer.send(
      peer.writer().username("ours:them").attribute(0x7001, {}).integrity(kOurs.pwd).finish(),
      path_to(1));
  const StunMessage response = parsed(outcome);
  EXPECT_EQ(response.error_code, 420);
  EXPECT_TRUE(response.is_authentic(kOurs.pwd));
  EXPECT_NE(text_of(response.packet).find(std::string_view("\x00\x0a\x00\x02\x70\x01", 6)),
            std::string_view::npos);
  EXPECT_FALSE(peer.path());
}

TEST(IceLite, TellsAPeerThatItIsControlling) {
  Peer peer;
  const auto conflict = peer.send(
      peer.writer().username("ours:them").ice_controlled(~0ULL).integrity(kOurs.pwd).finish(),
      path_to(1));
  EXPECT_EQ(parsed(conflict).error_code, 487);
  EXPECT_TRUE(parsed(conflict).is_authentic(kOurs.pwd));
  EXPECT_FALSE(peer.path());
}

TEST(IceLite, AnswersRequestsAlone) {
  Peer peer;
  for (const auto kind : {StunClass::indication, StunClass::success, StunClass::error}) {
    StunWriter writer = peer.writer(kind);
    const auto outcome =
        peer.send(writer.username("ours:them").integrity(kOurs.pwd).finish(), path_to(1));
    EXPECT_TRUE(outcome.response.empty());
    EXPECT_FALSE(outcome.is_proven);
  }
  std::string other_method(text_of(peer.writer().username("ours:them").integrity("x").finish()));
  other_method[1] = 3;
  other_method.resize(other_method.size() - 8);  // without its fingerprint
  other_method[3] = static_cast<char>(other_method[3] - 8);
  EXPECT_TRUE(peer.send(bytes_of(other_method), path_to(1)).response.empty());
}

TEST(IceLite, KeepsTheFirstPathUntilOneIsNominated) {
  Peer peer;
  peer.check(path_to(1));
  const auto second = peer.check(path_to(2));
  EXPECT_TRUE(second.is_proven);
  EXPECT_FALSE(second.has_moved);
  EXPECT_EQ(peer.path(), path_to(1));
  EXPECT_TRUE(peer.nominate(path_to(2)).has_moved);
  EXPECT_EQ(peer.path(), path_to(2));
  EXPECT_FALSE(peer.nominate(path_to(2)).has_moved);
}

TEST(IceLite, TakesTheLastNomination) {
  Peer peer;
  peer.nominate(path_to(1));
  peer.nominate(path_to(2));
  peer.check(path_to(1));
  EXPECT_EQ(peer.path(), path_to(2));
  peer.nominate(path_to(1));
  EXPECT_EQ(peer.path(), path_to(1));
}

// A NAT gives the peer another port, and the peer knows nothing of it.
TEST(IceLite, FollowsAPeerWhoseOldPathIsStale) {
  Peer peer;
  peer.nominate(path_to(1, 5000));
  peer.now += kPathStale - 1ms;
  EXPECT_FALSE(peer.check(path_to(1, 5001)).has_moved);
  peer.now += 1ms;
  EXPECT_TRUE(peer.check(path_to(1, 5001)).has_moved);
  EXPECT_EQ(peer.path(), path_to(1, 5001));
}

TEST(IceLite, StaysOnAPathThatIsStillChecked) {
  Peer peer;
  peer.nominate(path_to(1));
  peer.now += 6s;
  peer.check(path_to(1));
  peer.now += 6s;
  EXPECT_FALSE(peer.check(path_to(2)).has_moved);
  EXPECT_EQ(peer.path(), path_to(1));
}

TEST(IceLite, DistinguishesPathsOfTcpConnections) {
  Peer peer;
  Path tcp = path_to(1);
  tcp.connection = 1;
  peer.nominate(path_to(1));
  EXPECT_TRUE(peer.nominate(tcp).has_moved);
  EXPECT_EQ(peer.path(), tcp);
}

TEST(IceLite, LosesConsentByThirtySecondsOfSilence) {
  Peer peer;
  EXPECT_FALSE(peer.ice.is_silent(TimePoint{} + 30s - 1ns));
  EXPECT_TRUE(peer.ice.is_silent(TimePoint{} + 30s));
  peer.now += 20s;
  peer.check(path_to(1));
  EXPECT_EQ(peer.ice.next_deadline(), TimePoint{} + 50s);
  EXPECT_FALSE(peer.ice.is_silent(TimePoint{} + 50s - 1ns));
  EXPECT_TRUE(peer.ice.is_silent(TimePoint{} + 50s));
}

TEST(IceLite, GoesOnByTheOldPathUntilARestartIsUsed) {
  Peer peer;
  peer.nominate(path_to(1));
  EXPECT_EQ(peer.ice.restart(kNew), "");
  EXPECT_EQ(peer.ice.local(), kNew);
  const auto old = peer.nominate(path_to(1));
  EXPECT_EQ(parsed(old).message_class, StunClass::success);
  EXPECT_EQ(old.retired_ufrag, "");
  EXPECT_EQ(peer.path(), path_to(1));

  const auto first = peer.check(path_to(2), kNew);
  EXPECT_TRUE(parsed(first).is_authentic(kNew.pwd));
  EXPECT_EQ(first.retired_ufrag, kOurs.ufrag);
  EXPECT_TRUE(first.has_moved);
  EXPECT_EQ(peer.path(), path_to(2));
  EXPECT_EQ(parsed(peer.nominate(path_to(1))).error_code, 401);
  EXPECT_EQ(peer.path(), path_to(2));
  EXPECT_EQ(peer.check(path_to(2), kNew).retired_ufrag, "");
}

TEST(IceLite, NeedsTheNewPasswordForTheNewName) {
  Peer peer;
  peer.ice.restart(kNew);
  EXPECT_EQ(parsed(peer.check(path_to(1), {kNew.ufrag, kOurs.pwd})).error_code, 401);
  EXPECT_EQ(parsed(peer.check(path_to(1), {kOurs.ufrag, kNew.pwd})).error_code, 401);
}

TEST(IceLite, StaysOnTheSamePathThroughARestart) {
  Peer peer;
  peer.nominate(path_to(1));
  peer.ice.restart(kNew);
  EXPECT_FALSE(peer.check(path_to(1), kNew).has_moved);
  EXPECT_EQ(peer.path(), path_to(1));
}

TEST(IceLite, ForgetsARestartThatNobodyUsed) {
  Peer peer;
  peer.ice.restart(kNew);
  const IceCredentials newest{"newest", "the-password-of-22-chars"};
  EXPECT_EQ(peer.ice.restart(newest), kNew.ufrag);
  EXPECT_EQ(parsed(peer.check(path_to(1), kNew)).error_code, 401);
  EXPECT_EQ(peer.check(path_to(1), newest).retired_ufrag, kOurs.ufrag);
}

TEST(IceLite, RemembersSoManyPathsAndTheOneInUse) {
  Peer peer;
  peer.nominate(path_to(0));
  for (std::uint8_t host = 1; host < 100; ++host) {
    peer.now += 1ms;
    const auto outcome = peer.check(path_to(host));
    if (host < kMaxPaths) {
      EXPECT_FALSE(outcome.forgotten);
    } else {
      EXPECT_EQ(outcome.forgotten, path_to(static_cast<std::uint8_t>(host - kMaxPaths + 1)));
    }
  }
  EXPECT_EQ(peer.path(), path_to(0));
  EXPECT_FALSE(peer.check(path_to(99)).forgotten);
}

TEST(IceLite, FallsBackWhenAConnectionCloses) {
  Peer peer;
  const auto by_tcp = [](std::uint32_t connection) {
    return Path{.remote = Address::v4({192, 0, 2, 1}, 5000), .connection = connection};
  };
  peer.nominate(by_tcp(1));
  peer.now += 1s;
  peer.check(by_tcp(2));
  peer.now += 1s;
  peer.check(path_to(3));
  EXPECT_FALSE(peer.ice.forget_connection(4));
  EXPECT_TRUE(peer.ice.forget_connection(1));
  EXPECT_EQ(peer.path(), path_to(3));
  EXPECT_FALSE(peer.ice.forget_connection(2));
  peer.nominate(by_tcp(5));
  EXPECT_TRUE(peer.ice.forget_connection(5));
  EXPECT_EQ(peer.path(), path_to(3));
}

TEST(IceLite, HasNoPathAfterItsOnlyConnection) {
  Peer peer;
  Path tcp = path_to(1);
  tcp.connection = 1;
  peer.check(tcp);
  EXPECT_TRUE(peer.ice.forget_connection(1));
  EXPECT_FALSE(peer.path());
  EXPECT_TRUE(peer.check(path_to(2)).has_moved);
}

// Requests of every size, with and without what makes the longest answers.
TEST(IceLite, NeverSendsMoreThanThreeTimesWhatCame) {
  Peer peer;
  const Path v6{.remote = {.ip = {0x20, 1, 0xd, 0xb8}, .port = 9}};
  for (std::size_t filler = 0; filler < 100; ++filler) {
    for (int variant = 0; variant < 8; ++variant) {
      StunWriter writer = peer.writer();
      if ((variant & 1) != 0) writer.username("ours:");
      for (std::size_t i = 0; i < filler; ++i) writer.attribute(0x7001, {});
      if ((variant & 2) != 0) writer.integrity((variant & 4) != 0 ? kOurs.pwd : kNew.pwd);
      const Bytes request = writer.finish();
      peer.now += 1s;  // no rate is reached
      EXPECT_LE(peer.send(request, v6).response.size(), kMaxAmplification * request.size());
    }
  }
  const std::string bare("\x00\x01\x00\x00\x21\x12\xa4\x42 transaction", 20);
  EXPECT_LE(peer.send(bytes_of(bare), v6).response.size(), 60U);
}

TEST(IceLite, AnswersSoManyChecksASecond) {
  Peer peer;
  std::int64_t answered = 0;
  for (const TimePoint end = peer.now + 1s; peer.now <= end; peer.now += 1ms) {
    answered += peer.check(path_to(1)).response.empty() ? 0 : 1;
  }
  EXPECT_EQ(answered, kCheckRate.burst + 1s / kCheckRate.spacing);
  EXPECT_TRUE(peer.check(path_to(2)).response.empty());
  EXPECT_FALSE(peer.check(path_to(2)).is_proven) << "it changes nothing";
  peer.now += 20ms;
  EXPECT_TRUE(peer.check(path_to(2)).is_proven);
}

TEST(IceLite, RefusalsHaveARateOfTheirOwn) {
  Peer peer;
  const IceCredentials guessed{kOurs.ufrag, kNew.pwd};
  std::int64_t refused = 0;
  for (const TimePoint end = peer.now + 1s; peer.now <= end; peer.now += 1ms) {
    refused += peer.check(path_to(9), guessed).response.empty() ? 0 : 1;
  }
  EXPECT_EQ(refused, kRefusalRate.burst + 1s / kRefusalRate.spacing);
  EXPECT_TRUE(peer.check(path_to(1)).is_proven) << "forgeries don't keep the peer out";
}

TEST(IceLite, SendsNothingThatDoesNotFit) {
  Peer peer;
  const auto message =
      StunMessage::parse(peer.writer().username("ours:them").integrity(kOurs.pwd).finish());
  std::array<std::uint8_t, 40> small;
  EXPECT_TRUE(peer.ice.handle(*message, path_to(1), peer.now, small).response.empty());
}

TEST(IceLite, FindsThePeerByTheFirstHalfOfTheName) {
  EXPECT_EQ(local_ufrag(*StunMessage::parse(bytes_of(tests::kSampleRequest))), "evtj");
  EXPECT_EQ(local_ufrag(*StunMessage::parse(bytes_of(tests::kSampleResponseV4))), "");
}

TEST(IceCredentials, AreLongEnoughAndDifferent) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const IceCredentials made = make_ice_credentials();
    EXPECT_GE(made.ufrag.size(), 4U);
    EXPECT_GE(made.pwd.size(), 22U);
    EXPECT_EQ((made.ufrag + made.pwd)
                  .find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789+/"),
              std::string::npos);
    seen.insert(made.ufrag);
    seen.insert(made.pwd);
  }
  EXPECT_EQ(seen.size(), 200U);
}

}  // namespace
}  // namespace onair::sfu
