// DTLS 1.2 for SRTP (RFC 6347, 5764, 8827): proves the peer by its certificate's fingerprint, and
// agrees on SRTP keys. No sockets. Time is the caller's, but for one thing: OpenSSL's
// retransmission timer runs by the system's clock, and next_deadline() says when it is due.
//
// Contract: after each receive(), advance() or close(), send take_outgoing(), and look at state().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/rate_limit.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/base/time.hpp"
#include "sfu/dtls/certificate.hpp"
#include "sfu/dtls/dtls_handshake.hpp"
#include "sfu/sdp/fingerprint.hpp"
#include "sfu/srtp/srtp_keys.hpp"

namespace onair::sfu {

/// State that all handshakes share: certificate, ciphers, SRTP profiles. Used by one thread at a
/// time; outlives the handshakes, not the transports.
class DtlsContext {
 public:
  /// The first retransmission comes after `first_timeout`, at least 15 ms (OpenSSL takes less for
  /// none); each later one after twice the time, up to 3 s. Shorter than RFC 6347's 1 s, since a
  /// lost datagram delays a viewer's first picture; a longer way costs some repeated datagrams.
  /// Throws std::runtime_error when OpenSSL fails.
  explicit DtlsContext(const DtlsCertificate& certificate,
                       Duration first_timeout = std::chrono::milliseconds(100));

  SSL_CTX* settings() const { return settings_.get(); }
  Duration first_timeout() const { return first_timeout_; }

 private:
  OpensslPtr<SSL_CTX, SSL_CTX_free> settings_;
  Duration first_timeout_;
};

/// A peer's DTLS. Holds OpenSSL's object (40 KB at its first message) during the handshake alone.
/// Afterwards it keeps less than 1 KB:
/// - A server's last flight. It sends the flight again, byte for byte, when the client repeats its
///   Finished, since the client has not got it: for kKeepLastFlight, and kMaxFlightResends times.
/// - The key that opens the peer's records. By it a close_notify, and a repeated Finished, count
///   only when they are the peer's own.
/// - Our close_notify, encrypted in advance. So no key of ours is left, and no nonce is used twice.
class DtlsTransport {
 public:
  enum class State : std::uint8_t {
    handshaking,
    connected,
    closed,  ///< by close_notify or a fatal alert of the peer's, or by close()
    failed,  ///< failure() says why
  };

  static constexpr Duration kHandshakeTimeout = std::chrono::seconds(30);
  /// Twice TCP's maximum segment lifetime (RFC 6347, section 4.2.4).
  static constexpr Duration kKeepLastFlight = std::chrono::seconds(240);
  static constexpr int kMaxFlightResends = 16;
  /// Bounds on what a peer sends in a handshake. Beyond kMaxHandshakeDatagrams or
  /// kMaxHandshakeBytes it fails. A datagram is ignored that claims a message above
  /// kMaxHandshakeMessage, or brings encrypted records beyond kMaxEarlyRecords, which OpenSSL would
  /// hold back in 17 KB each.
  static constexpr std::size_t kMaxHandshakeDatagrams = 128;
  static constexpr std::size_t kMaxHandshakeBytes = 65'536;
  static constexpr std::size_t kMaxHandshakeMessage = 8'192;
  static constexpr std::size_t kMaxEarlyRecords = 4;
  /// Records that are opened after the handshake: repeats of Finished, and one close_notify.
  static constexpr base::Rate kRecordRate{std::chrono::milliseconds(100), 100};

  /// A client's first datagram is there at once. `peer` is from the peer's SDP.
  /// Throws std::runtime_error when OpenSSL fails.
  DtlsTransport(const DtlsContext& context, DtlsRole role, Fingerprints peer, TimePoint now);

  /// Takes a datagram whose first byte says DTLS (20 to 63; RFC 7983). One that makes no sense is
  /// ignored.
  void receive(Bytes datagram, TimePoint now);

  /// When to call advance(), if nothing comes before.
  std::optional<TimePoint> next_deadline(TimePoint now) const;
  void advance(TimePoint now);

  /// Tells the peer, if it is connected. May be called again.
  void close();

  /// The record that close() sends; empty unless connected.
  Bytes close_notify() const { return rest_ ? Bytes(rest_->close_notify) : Bytes{}; }

  State state() const { return state_; }
  /// A sentence for people; empty unless failed.
  const std::string& failure() const { return failure_; }

  /// The keys of both directions: once, when connected.
  std::optional<SrtpKeys> take_keys() { return std::exchange(keys_, std::nullopt); }
  /// Takes the datagrams to send to the peer, in order, each at most 1,200 bytes.
  Datagrams take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  /// State that is kept of a finished handshake.
  struct Rest {
    DtlsReadKey read_key;
    Datagram close_notify;
    Datagrams last_flight;  ///< empty: a client's, or given up
    TimePoint forget_flight_at;
    int resends = 0;
    base::RateLimit records;
  };

  bool admits(Bytes datagram);
  void follow(DtlsHandshake::Progress progress, TimePoint now);
  void connect(TimePoint now);
  void fail(std::string why);
  void receive_connected(Bytes datagram, TimePoint now);
  void handle_alert(Bytes alert);
  void resend_last_flight(Rest& rest, TimePoint now);

  State state_ = State::handshaking;
  std::string failure_;
  std::unique_ptr<DtlsHandshake> handshake_;  ///< while handshaking
  std::optional<Rest> rest_;                  ///< once connected
  std::optional<SrtpKeys> keys_;
  Datagrams outgoing_;
  TimePoint give_up_at_;
  std::size_t handshake_datagrams_ = 0;
  std::size_t handshake_bytes_ = 0;
  std::size_t early_records_ = 0;
};

}  // namespace onair::sfu
