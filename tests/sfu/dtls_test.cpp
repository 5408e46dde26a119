// DTLS between two ends over a network in memory. OpenSSL's retransmission timer runs by the
// system's clock: where a datagram is lost, a test waits until next_deadline(); elsewhere it never
// runs out.
#include "sfu/dtls/dtls.hpp"

#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "sfu/allocations.hpp"

namespace onair::sfu::test {
namespace {

constexpr Duration kShort = std::chrono::milliseconds(20);
using State = DtlsTransport::State;

struct End {
  DtlsCertificate certificate;
  std::optional<DtlsContext> context;
  std::unique_ptr<DtlsTransport> transport;
  Datagrams sent;
  /// Which of this end's datagrams the network loses.
  std::function<bool(const Datagram&)> loses = [](const Datagram&) { return false; };
};

class Dtls : public testing::Test {
 protected:
  void start() { start(server.certificate.fingerprint(), client.certificate.fingerprint()); }
  void start(const Fingerprint& of_server, const Fingerprint& of_client) {
    start(Fingerprints{of_server}, Fingerprints{of_client});
  }
  void start(const Fingerprints& of_server, const Fingerprints& of_client) {
    const TimePoint now = Clock::now();
    for (End* const end : {&client, &server}) {
      end->context.emplace(end->certificate, first_timeout);
      end->sent.clear();
    }
    server.transport =
        std::make_unique<DtlsTransport>(*server.context, DtlsRole::server, of_client, now);
    client.transport =
        std::make_unique<DtlsTransport>(*client.context, DtlsRole::client, of_server, now);
  }

  /// Carries datagrams until there are none.
  void deliver() {
    while (carry(client, server) || carry(server, client)) {
    }
  }
  static bool carry(End& from, End& to) {
    const Datagrams datagrams = from.transport->take_outgoing();
    for (const Datagram& datagram : datagrams) {
      from.sent.push_back(datagram);
      if (!from.loses(datagram)) to.transport->receive(datagram, Clock::now());
    }
    return !datagrams.empty();
  }
  bool handshaking() const {
    return client.transport->state() == State::handshaking ||
           server.transport->state() == State::handshaking;
  }
  /// Goes on until both ends are done, through every retransmission.
  void run() {
    deliver();
    while (handshaking()) {
      TimePoint due = TimePoint::max();
      for (End* const end : {&client, &server}) {
        if (end->transport->state() != State::handshaking) continue;
        due = std::min(due, *end->transport->next_deadline(Clock::now()));
      }
      std::this_thread::sleep_until(due);
      for (End* const end : {&client, &server}) end->transport->advance(Clock::now());
      deliver();
    }
  }
  void expect_connected() {
    ASSERT_EQ(client.transport->state(), State::connected) << client.transport->failure();
    ASSERT_EQ(server.transport->state(), State::connected) << server.transport->failure();
    const auto clients = client.transport->take_keys();
    const auto servers = server.transport->take_keys();
    ASSERT_TRUE(clients && servers);
    EXPECT_EQ(clients->profile, SrtpProfile::aead_aes_128_gcm);
    EXPECT_EQ(clients->profile, servers->profile);
    EXPECT_EQ(clients->send, servers->receive);
    EXPECT_EQ(clients->receive, servers->send);
    EXPECT_NE(clients->send, clients->receive);
    EXPECT_FALSE(client.transport->take_keys()) << "once";
  }

  Duration first_timeout = std::chrono::minutes(10);
  End client;
  End server;
};

/// A server's: ChangeCipherSpec, and what is encrypted.
bool of_last_flight(const Datagram& datagram) {
  return datagram[0] == 20 || read_u16(&datagram[3]) > 0;
}

TEST_F(Dtls, BothEndsAgreeOnKeys) {
  start();
  deliver();
  expect_connected();
  for (const auto* const sent : {&client.sent, &server.sent}) {
    for (const Datagram& datagram : *sent) EXPECT_LE(datagram.size(), 1'200u);
  }
}

TEST_F(Dtls, AnyDatagramOfTheHandshakeMayBeLost) {
  start();
  deliver();
  const std::size_t count = client.sent.size() + server.sent.size();
  first_timeout = kShort;
  for (std::size_t lost = 0; lost < count + 2; ++lost) {
    End& loser = lost % 2 == 0 ? client : server;
    for (End* const end : {&client, &server}) end->loses = [](const auto&) { return false; };
    loser.loses = [&loser, lost](const Datagram&) { return loser.sent.size() == lost / 2 + 1; };
    start();
    run();
    SCOPED_TRACE(lost);
    expect_connected();
  }
}

/// The server is connected then, and its OpenSSL object is gone.
TEST_F(Dtls, AServersLastFlightIsSentAgainAsOftenAsItIsLost) {
  first_timeout = kShort;
  Datagrams last_flights;
  server.loses = [&](const Datagram& datagram) {
    if (!of_last_flight(datagram)) return false;
    last_flights.push_back(datagram);
    return last_flights.size() <= 3;
  };
  start();
  run();
  expect_connected();
  ASSERT_GE(last_flights.size(), 4u);
  for (const Datagram& datagram : last_flights) EXPECT_EQ(datagram, last_flights[0]);
}

TEST_F(Dtls, ResendsOfTheLastFlightAreBounded) {
  start();
  deliver();
  const Datagram finished = client.sent.back();
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    server.transport->receive(finished, Clock::now());
    answered += server.transport->take_outgoing().empty() ? 0 : 1;
  }
  EXPECT_EQ(answered, DtlsTransport::kMaxFlightResends);
}

TEST_F(Dtls, TheLastFlightIsForgotten) {
  start();
  deliver();
  const TimePoint now = Clock::now();
  const auto due = server.transport->next_deadline(now);
  ASSERT_TRUE(due);
  server.transport->advance(*due);
  EXPECT_FALSE(server.transport->next_deadline(*due));
  server.transport->receive(client.sent.back(), *due);
  EXPECT_TRUE(server.transport->take_outgoing().empty());
  EXPECT_FALSE(client.transport->next_deadline(now)) << "a client has none";
}

TEST_F(Dtls, RecordsOfAConnectedPeerHaveARate) {
  start();
  deliver();
  client.transport->close();
  const Datagram close = client.transport->take_outgoing().at(0);
  Datagram forged = close;
  forged.back() ^= 1;
  const TimePoint now = Clock::now();
  for (std::uint32_t i = 0; i < DtlsTransport::kRecordRate.burst; ++i) {
    server.transport->receive(forged, now);
  }
  server.transport->receive(close, now);
  EXPECT_EQ(server.transport->state(), State::connected) << "it was not opened";
  server.transport->receive(close, now + DtlsTransport::kRecordRate.spacing);
  EXPECT_EQ(server.transport->state(), State::closed);
}

TEST_F(Dtls, OpensslsObjectIsFreedAfterTheHandshake) {
  const auto used_by_both = [&] {
    for (End* const end : {&client, &server}) end->sent = {};
    const std::size_t before = allocated_bytes();
    for (End* const end : {&client, &server}) end->transport.reset();
    return before - allocated_bytes();
  };
  ASSERT_TRUE(counts_openssl());
  start();
  EXPECT_GT(used_by_both(), 20'000U) << "during the handshake";
  start();
  deliver();
  ASSERT_EQ(server.transport->state(), State::connected);
  EXPECT_LE(used_by_both(), 2U * 2'048);
}

TEST_F(Dtls, AnotherCertificateIsRefusedByEitherEnd) {
  const DtlsCertificate other;
  start(other.fingerprint(), client.certificate.fingerprint());
  run();
  EXPECT_EQ(client.transport->state(), State::failed);
  EXPECT_EQ(client.transport->failure(),
            "The peer's certificate is not the one that its session description announces.");
  EXPECT_FALSE(client.transport->take_keys());
  EXPECT_EQ(server.transport->state(), State::failed) << "by the alert";

  start(server.certificate.fingerprint(), other.fingerprint());
  run();
  EXPECT_EQ(server.transport->state(), State::failed);
  EXPECT_FALSE(server.transport->take_keys());
  EXPECT_NE(client.transport->state(), State::connected);
}

TEST_F(Dtls, LongerHashesProveAPeerToo) {
  for (const auto hash : {FingerprintHash::sha384, FingerprintHash::sha512}) {
    start(*fingerprint_of(server.certificate.certificate(), hash),
          *fingerprint_of(client.certificate.certificate(), hash));
    deliver();
    expect_connected();
  }
}

TEST_F(Dtls, OneOfSeveralFingerprintsIsEnough) {
  const DtlsCertificate other;
  start({other.fingerprint(), server.certificate.fingerprint()},
        {client.certificate.fingerprint(), other.fingerprint()});
  deliver();
  expect_connected();
}

TEST(Fingerprints, ThoseByTheLongestHashCount) {
  const DtlsCertificate certificate;
  const auto by = [&](FingerprintHash hash) {
    return *fingerprint_of(certificate.certificate(), hash);
  };
  const auto longest = by_longest_hash(
      {by(FingerprintHash::sha256), by(FingerprintHash::sha512), by(FingerprintHash::sha384)});
  EXPECT_EQ(longest, sfu::Fingerprints{by(FingerprintHash::sha512)});
  EXPECT_TRUE(by_longest_hash({}).empty());
}

TEST_F(Dtls, CloseNotifyClosesTheOtherEnd) {
  for (const bool client_closes : {true, false}) {
    start();
    deliver();
    (client_closes ? client : server).transport->close();
    deliver();
    EXPECT_EQ(client.transport->state(), State::closed);
    EXPECT_EQ(server.transport->state(), State::closed);
  }
}

TEST_F(Dtls, AForgedCloseNotifyIsIgnored) {
  start();
  deliver();
  client.transport->close();
  const Datagram close = client.transport->take_outgoing().at(0);
  for (std::size_t i = 0; i < close.size(); ++i) {
    Datagram forged = close;
    forged[i] ^= 1;
    server.transport->receive(forged, Clock::now());
    EXPECT_EQ(server.transport->state(), State::connected) << i;
  }
  server.transport->receive(close, Clock::now());
  EXPECT_EQ(server.transport->state(), State::closed);
}

TEST_F(Dtls, GarbageChangesNothing) {
  start();
  const Datagram garbage(300, 22);
  for (End* const end : {&client, &server}) {
    end->transport->receive(garbage, Clock::now());
    end->transport->receive({}, Clock::now());
  }
  deliver();
  expect_connected();
  for (End* const end : {&client, &server}) {
    end->transport->receive(garbage, Clock::now());
    EXPECT_EQ(end->transport->state(), State::connected);
    EXPECT_TRUE(end->transport->take_outgoing().empty());
  }
}

TEST_F(Dtls, AHandshakeHasBounds) {
  start();
  const Datagram garbage(100, 22);
  for (std::size_t i = 0; i < DtlsTransport::kMaxHandshakeDatagrams; ++i) {
    server.transport->receive(garbage, Clock::now());
  }
  EXPECT_EQ(server.transport->state(), State::handshaking);
  server.transport->receive(garbage, Clock::now());
  EXPECT_EQ(server.transport->state(), State::failed);
  EXPECT_FALSE(server.transport->next_deadline(Clock::now()));
}

TEST_F(Dtls, AHandshakeHasATimeLimit) {
  start();
  const TimePoint now = Clock::now();
  server.transport->advance(now + DtlsTransport::kHandshakeTimeout + std::chrono::seconds(1));
  EXPECT_EQ(server.transport->state(), State::failed);
}

TEST(Fingerprints, AreReadAndWrittenAsInSdp) {
  const DtlsCertificate certificate;
  const std::string text = text_of(certificate.fingerprint());
  EXPECT_EQ(text.size(), 8 + 32 * 3 - 1);
  EXPECT_TRUE(text.starts_with("sha-256 ")) << text;
  EXPECT_EQ(std::get<Fingerprint>(parse_fingerprint(text)), certificate.fingerprint());
}

TEST(Fingerprints, OtherHashesAreRefusedByName) {
  const auto refusal = std::get<FingerprintRefusal>(parse_fingerprint("sha-1 00:11"));
  EXPECT_NE(refusal.message.find("sha-1"), std::string::npos);
  for (const auto* const wrong : {"", "sha-256", "sha-256 ", "sha-256 AB:CD", "sha-256 zz"}) {
    EXPECT_TRUE(std::holds_alternative<FingerprintRefusal>(parse_fingerprint(wrong))) << wrong;
  }
}

}  // namespace
}  // namespace onair::sfu::test
