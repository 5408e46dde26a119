// The connection of one peer: ICE, DTLS and SRTP together. No sockets; time is an input.
//
// Contract: after calls that take bytes or time, send take_outgoing() to path(), and look at
// state().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sfu/base/time.hpp"
#include "sfu/dtls/dtls.hpp"
#include "sfu/dtls/handshake_budget.hpp"
#include "sfu/ice/ice_lite.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu {

/// State that all connections of one thread share. Outlives them.
struct TransportContext {
  /// See DtlsContext.
  explicit TransportContext(Duration first_timeout) : dtls(certificate, first_timeout) {}

  DtlsCertificate certificate;
  DtlsContext dtls;
  SrtpCiphers ciphers;
  HandshakeBudget handshakes;
};

class Transport {
 public:
  enum class State : std::uint8_t {
    waiting,     ///< for the peer's description, its first check, or room in HandshakeBudget
    connecting,  ///< the DTLS handshake is under way
    connected,   ///< sender() and receiver() are there
    closed,      ///< by the peer
    failed,      ///< DTLS: a wrong fingerprint, no profile in common, no end in time
  };

  Transport(TransportContext& context, TimePoint now);

  /// The peer's description is known: who begins DTLS, and the certificate that the peer shows.
  void set_remote(DtlsRole role, Fingerprints peer, TimePoint now);

  /// A STUN message with our ufrag. A DTLS client begins its handshake with the first check.
  IceLite::Outcome receive_stun(const StunMessage& message, const Path& from, TimePoint now,
                                MutableBytes buffer);
  /// A DTLS datagram that came by a path of this peer.
  void receive_dtls(Bytes datagram, TimePoint now);

  void advance(TimePoint now);
  /// When to call advance(), or when ice().is_silent() becomes true.
  TimePoint next_deadline(TimePoint now) const;

  /// Tells the peer that this is the end, where it is connected.
  void close();

  /// The datagram that close() sends; empty unless connected.
  Bytes close_notify() const { return dtls_ ? dtls_->close_notify() : Bytes{}; }

  /// Datagrams of DTLS to send to path().
  Datagrams take_outgoing();

  State state() const { return state_; }
  /// Why it failed: a sentence for people.
  std::string_view failure() const { return dtls_ ? std::string_view(dtls_->failure()) : ""; }

  IceLite& ice() { return ice_; }
  const IceLite& ice() const { return ice_; }
  const std::optional<ProvenPath>& path() const { return ice_.path(); }

  // Only while connected. What is done with them changes no deadline:
  SrtpSender& sender() const { return *sender_; }
  SrtpReceiver& receiver() const { return *receiver_; }

 private:
  struct Remote {
    DtlsRole role;
    Fingerprints fingerprints;
  };

  /// Begins the handshake if it may. False where it may not yet.
  bool begin_handshake(TimePoint now);
  void follow(DtlsTransport& dtls);

  TransportContext& context_;
  IceLite ice_;
  std::optional<Remote> remote_;
  std::optional<DtlsTransport> dtls_;
  HandshakeBudget::Slot handshake_;
  std::unique_ptr<SrtpSender> sender_;
  std::unique_ptr<SrtpReceiver> receiver_;
  State state_ = State::waiting;
};

}  // namespace onair::sfu
