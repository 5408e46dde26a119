#include "sfu/transport.hpp"

#include <algorithm>
#include <utility>

namespace onair::sfu {

Transport::Transport(TransportContext& context, TimePoint now)
    : context_(context), ice_(make_ice_credentials(), now) {}

void Transport::set_remote(DtlsRole role, Fingerprints peer, TimePoint now) {
  remote_ = Remote{role, std::move(peer)};
  if (role == DtlsRole::client && path()) begin_handshake(now);
}

IceLite::Outcome Transport::receive_stun(const StunMessage& message, const Path& from,
                                         TimePoint now, MutableBytes buffer) {
  auto outcome = ice_.handle(message, from, now, buffer);
  if (remote_ && remote_->role == DtlsRole::client && path()) begin_handshake(now);
  return outcome;
}

void Transport::receive_dtls(Bytes datagram, TimePoint now) {
  // Without a handshake the datagram is lost, and the peer sends it again.
  if (!begin_handshake(now) || !dtls_) return;
  dtls_->receive(datagram, now);
  follow(*dtls_);
}

void Transport::advance(TimePoint now) {
  if (!dtls_) return;
  dtls_->advance(now);
  follow(*dtls_);
}

TimePoint Transport::next_deadline(TimePoint now) const {
  const auto dtls = dtls_ ? dtls_->next_deadline(now) : std::nullopt;
  return std::min(dtls.value_or(TimePoint::max()), ice_.next_deadline());
}

void Transport::close() {
  if (!dtls_) return;
  dtls_->close();
  state_ = State::closed;
}

Datagrams Transport::take_outgoing() {
  if (!dtls_) return {};
  return dtls_->take_outgoing();
}

bool Transport::begin_handshake(TimePoint now) {
  if (dtls_) return true;
  const auto& proven = path();
  if (!remote_ || !proven) return false;
  handshake_ = context_.handshakes.begin(proven->get().remote);
  if (!handshake_) return false;
  dtls_.emplace(context_.dtls, remote_->role, remote_->fingerprints, now);
  state_ = State::connecting;
  return true;
}

void Transport::follow(DtlsTransport& dtls) {
  switch (dtls.state()) {
    case DtlsTransport::State::handshaking: return;
    case DtlsTransport::State::closed: state_ = State::closed; break;
    case DtlsTransport::State::failed: state_ = State::failed; break;
    case DtlsTransport::State::connected:
      if (const auto keys = dtls.take_keys()) {
        sender_ = std::make_unique<SrtpSender>(context_.ciphers, keys->profile, keys->send);
        receiver_ = std::make_unique<SrtpReceiver>(context_.ciphers, keys->profile, keys->receive);
        state_ = State::connected;
      }
      break;
  }
  handshake_ = {};
}

}  // namespace onair::sfu
