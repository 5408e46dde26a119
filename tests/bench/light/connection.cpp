#include "light/connection.hpp"

#include <array>
#include <utility>

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using sfu::Bytes;
using sfu::TimePoint;

constexpr sfu::Duration kCheckRetry = 50ms;     // RFC 8445, section 14.2: Ta
constexpr sfu::Duration kConsentInterval = 5s;  // RFC 7675, section 5.1
constexpr sfu::Duration kConnectTimeout = 15s;
constexpr std::uint32_t kHostPriority = 0x7e7f00ff;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

}  // namespace

Connection::Connection(Agent& agent, const OwnTransport& own, const Session& session,
                       std::uint32_t peer, TimePoint now)
    : agent_(agent), own_(own), peer_(peer), from_(peer), asked_at_(now) {
  if (session.begin == Session::Begin::room_offers) {
    state_ = State::waiting;
    return;
  }
  request_.emplace(agent.server, from_, "POST", session.path, session.offer);
  if (session.begin == Session::Begin::server_offers) state_ = State::answering;
}

bool Connection::read_response(TimePoint now) {
  if (!request_->receive()) return false;
  if (!is_success(request_->status())) {
    fail("The server answered " + std::to_string(request_->status()) + ".");
    return false;
  }
  if (state_ == State::answering && answer_.empty()) return answer_offer(request_->body());
  if (state_ == State::asking && !take_remote(request_->body())) return false;
  begin_checks(now);
  return true;
}

bool Connection::take_remote(std::string_view description) {
  const auto remote = read_remote(description);
  if (remote) {
    remote_ = *remote;
  } else {
    fail("The server's description lacks ICE, a fingerprint or a UDP candidate.");
  }
  return remote.has_value();
}

bool Connection::answer_offer(std::string_view offer) {
  if (!take_remote(offer)) return false;
  answer_ = viewer_answer(own_, offer);
  const std::string location(request_->location());
  // The new one first: an equal number would not be a new descriptor to whoever watches.
  HttpRequest patch(agent_.server, from_, "PATCH", location, answer_);
  request_.emplace(std::move(patch));
  return true;
}

std::optional<std::string> Connection::take_offer(std::string_view offer, TimePoint now) {
  if (state_ != State::waiting || !take_remote(offer)) return std::nullopt;
  asked_at_ = now;
  begin_checks(now);
  return viewer_answer(own_, offer);
}

void Connection::begin_checks(TimePoint now) {
  socket_.emplace(remote_.address, from_);
  request_.reset();
  state_ = State::checking;
  send_check(now);
}

void Connection::read_control(sfu::PacketClass kind, Bytes packet, TimePoint now) {
  if (kind == sfu::PacketClass::stun) return read_check_response(packet, now);
  if (kind != sfu::PacketClass::dtls || !dtls_) return;
  dtls_->receive(packet, now);
  follow_dtls();
}

void Connection::send_check(TimePoint now) {
  std::array<std::uint8_t, 600> buffer;
  sfu::TransactionId transaction{};
  sfu::write_u32(transaction.data(), peer_);
  sfu::write_u64(transaction.data() + 4, ++checks_);
  socket_->send(sfu::StunWriter(buffer, sfu::StunClass::request, transaction)
                    .username(remote_.ice.ufrag + ':' + own_.ice.ufrag)
                    .ice_controlling(peer_)
                    .use_candidate()
                    .priority(kHostPriority)
                    .integrity(remote_.ice.pwd)
                    .finish());
  next_check_ = now + (state_ == State::checking ? kCheckRetry : kConsentInterval);
}

void Connection::read_check_response(Bytes packet, TimePoint now) {
  const auto response = sfu::StunMessage::parse(packet);
  if (!response || response->message_class != sfu::StunClass::success ||
      !response->is_authentic(remote_.ice.pwd)) {
    return;
  }
  consent_at_ = now;
  if (state_ == State::checking) begin_handshake(now);
}

void Connection::begin_handshake(TimePoint now) {
  const auto fingerprint = sfu::parse_fingerprint(remote_.fingerprint);
  if (const auto* refusal = std::get_if<sfu::FingerprintRefusal>(&fingerprint)) {
    return fail(refusal->message);
  }
  state_ = State::handshaking;
  next_check_ = now + kConsentInterval;
  dtls_.emplace(agent_.dtls, sfu::DtlsRole::client,
                sfu::Fingerprints{std::get<sfu::Fingerprint>(fingerprint)}, now);
  follow_dtls();
}

void Connection::follow_dtls() {
  for (const sfu::Datagram& datagram : dtls_->take_outgoing()) socket_->send(datagram);
  using Dtls = sfu::DtlsTransport::State;
  if (dtls_->state() == Dtls::failed) return fail("DTLS: " + dtls_->failure());
  if (dtls_->state() == Dtls::closed) return fail("The forwarder has closed the connection.");
  if (dtls_->state() == Dtls::connected && state_ == State::handshaking) state_ = State::connected;
}

void Connection::advance(TimePoint now) {
  if (state_ == State::failed || state_ == State::waiting) return;
  if (state_ != State::connected && now - asked_at_ > kConnectTimeout) {
    constexpr std::array<const char*, 5> kWhat{"offer", "answer by HTTP", "answer by HTTP",
                                               "answer to ICE", "DTLS handshake"};
    return fail(std::string("No ") + kWhat[static_cast<std::size_t>(state_)] + " within 15 s.");
  }
  if (!socket_) return;
  if (now >= next_check_) send_check(now);
  if (state_ != State::handshaking) return;
  const auto deadline = dtls_->next_deadline(now);
  if (!deadline || now < *deadline) return;
  dtls_->advance(now);
  follow_dtls();
}

void Connection::leave() {
  if (state_ != State::connected) return;
  dtls_->close();
  for (const sfu::Datagram& datagram : dtls_->take_outgoing()) socket_->send(datagram);
}

std::optional<sfu::SrtpKeys> Connection::take_keys() {
  if (state_ != State::connected) return std::nullopt;
  return dtls_->take_keys();
}

bool Connection::has_consent(TimePoint now) const {
  return state_ == State::connected && now - consent_at_ < 3 * kConsentInterval;
}

void Connection::fail(std::string why) {
  state_ = State::failed;
  failure_ = std::move(why);
  request_.reset();
}

}  // namespace onair::load
