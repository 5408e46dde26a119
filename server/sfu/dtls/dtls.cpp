#include "sfu/dtls/dtls.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace onair::sfu {
namespace {

constexpr const char* kSrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

/// GCM alone, for DtlsReadKey. RFC 8827 section 6.5 requires every WebRTC peer to know the first.
/// RSA is for servers with such a certificate, as GStreamer's has.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

/// Called by OpenSSL instead of its own check of a chain: self-signed certificates have none.
int verify_peer(X509_STORE_CTX* store, void*) {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const handshake = static_cast<DtlsHandshake*>(SSL_get_app_data(ssl));
  if (handshake->accepts(X509_STORE_CTX_get0_cert(store))) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // sent as the alert bad_certificate
  return 0;
}

}  // namespace

DtlsContext::DtlsContext(const DtlsCertificate& certificate, Duration first_timeout)
    : settings_(SSL_CTX_new(DTLS_method())), first_timeout_(first_timeout) {
  constexpr long kMaxCertificates = DtlsTransport::kMaxHandshakeMessage;
  SSL_CTX* const settings = settings_.get();
  const bool ready =
      settings != nullptr && SSL_CTX_use_certificate(settings, certificate.certificate()) == 1 &&
      SSL_CTX_use_PrivateKey(settings, certificate.key()) == 1 &&
      SSL_CTX_set_min_proto_version(settings, DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(settings, DTLS1_2_VERSION) == 1 &&  // DtlsReadKey knows 1.2
      SSL_CTX_set_cipher_list(settings, kCiphers) == 1 &&
      SSL_CTX_set_tlsext_use_srtp(settings, kSrtpProfiles) == 0;  // 0 is success here
  if (!ready) throw std::runtime_error("OpenSSL can't be set up for DTLS.");
  SSL_CTX_set_verify(settings, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(settings, verify_peer, nullptr);
  SSL_CTX_set_max_cert_list(settings, kMaxCertificates);
  SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(settings, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_NO_COMPRESSION);
}

DtlsTransport::DtlsTransport(const DtlsContext& context, DtlsRole role, Fingerprints peer,
                             TimePoint now)
    : handshake_(std::make_unique<DtlsHandshake>(context.settings(), role, std::move(peer),
                                                 context.first_timeout())),
      give_up_at_(now + kHandshakeTimeout) {
  if (role == DtlsRole::client) follow(handshake_->receive({}), now);
}

void DtlsTransport::receive(Bytes datagram, TimePoint now) {
  if (datagram.empty()) return;
  if (state_ == State::connected) return receive_connected(datagram, now);
  if (state_ != State::handshaking) return;
  handshake_bytes_ += datagram.size();
  if (++handshake_datagrams_ > kMaxHandshakeDatagrams || handshake_bytes_ > kMaxHandshakeBytes) {
    return fail("The peer sent more than a DTLS handshake takes.");
  }
  if (admits(datagram)) follow(handshake_->receive(datagram), now);
}

/// False: OpenSSL would allocate too much for it.
bool DtlsTransport::admits(Bytes datagram) {
  Reader reader(datagram);
  while (const auto record = take_record(reader)) {
    if (record->epoch > 0) {
      if (++early_records_ > kMaxEarlyRecords) return false;
    } else if (record->content == DtlsContent::handshake &&
               longest_claimed_message(record->body) > kMaxHandshakeMessage) {
      return false;
    }
  }
  return true;
}

void DtlsTransport::follow(DtlsHandshake::Progress progress, TimePoint now) {
  switch (progress) {
    case DtlsHandshake::Progress::going_on: {
      auto written = handshake_->take_outgoing();
      std::ranges::move(written, std::back_inserter(outgoing_));
      return;
    }
    case DtlsHandshake::Progress::done: return connect(now);
    case DtlsHandshake::Progress::failed: return fail(handshake_->failure());
  }
}

void DtlsTransport::connect(TimePoint now) {
  auto outcome = handshake_->finish();
  if (!outcome) return fail(handshake_->failure());
  auto written = handshake_->take_outgoing();
  std::ranges::move(written, std::back_inserter(outgoing_));
  keys_ = outcome->keys;
  rest_ = Rest{.read_key = outcome->read_key,
               .close_notify = std::move(outcome->close_notify),
               .last_flight = std::move(outcome->last_flight),
               .forget_flight_at = now + kKeepLastFlight,
               .records = {}};
  handshake_.reset();
  state_ = State::connected;
}

void DtlsTransport::fail(std::string why) {
  auto written = handshake_->take_outgoing();  // an alert
  std::ranges::move(written, std::back_inserter(outgoing_));
  handshake_.reset();
  failure_ = std::move(why);
  state_ = State::failed;
}

std::optional<TimePoint> DtlsTransport::next_deadline(TimePoint now) const {
  if (rest_ && !rest_->last_flight.empty()) return rest_->forget_flight_at;
  if (state_ != State::handshaking) return std::nullopt;
  const auto timeout = handshake_->timeout();
  return timeout ? std::min(now + *timeout, give_up_at_) : give_up_at_;
}

void DtlsTransport::advance(TimePoint now) {
  if (rest_) {
    if (now >= rest_->forget_flight_at) rest_->last_flight = Datagrams();
  } else if (state_ == State::handshaking) {
    if (now >= give_up_at_) return fail("The DTLS handshake took too long.");
    follow(handshake_->handle_timeout(), now);
  }
}

void DtlsTransport::close() {
  if (state_ == State::handshaking) handshake_.reset();
  if (rest_) outgoing_.push_back(std::move(rest_->close_notify));
  if (state_ == State::failed) return;
  rest_.reset();
  state_ = State::closed;
}

void DtlsTransport::receive_connected(Bytes datagram, TimePoint now) {
  constexpr std::size_t kAlertSize = 2;
  std::array<std::uint8_t, 64> space;  // an alert has 2 bytes, Finished 24
  Reader reader(datagram);
  while (const auto record = take_record(reader)) {
    const bool handshake = record->content == DtlsContent::handshake;
    if (record->epoch != 1 || (!handshake && record->content != DtlsContent::alert)) continue;
    if (!rest_ || !rest_->records.allow(kRecordRate, now)) return;
    const auto plain = rest_->read_key.open(*record, space);
    if (!plain) continue;
    if (handshake) {
      resend_last_flight(*rest_, now);
    } else if (plain->size() == kAlertSize) {
      handle_alert(*plain);
    }
  }
}

/// Warnings other than close_notify mean nothing to us (RFC 5246, section 7.2).
void DtlsTransport::handle_alert(Bytes alert) {
  constexpr std::uint8_t kFatal = 2;
  constexpr std::uint8_t kCloseNotify = 0;
  if (alert[1] == kCloseNotify || alert[0] == kFatal) close();  // answered by ours
}

/// The client repeats its Finished until it has ours. Its replay filter drops what it has already.
void DtlsTransport::resend_last_flight(Rest& rest, TimePoint now) {
  if (now >= rest.forget_flight_at || rest.resends == kMaxFlightResends) return;
  ++rest.resends;
  std::ranges::copy(rest.last_flight, std::back_inserter(outgoing_));
}

}  // namespace onair::sfu
