#include "light/viewer.hpp"

#include <algorithm>
#include <utility>

#include "sfu/base/packet.hpp"
#include "sfu/ice/demux.hpp"

namespace onair::load {
namespace {

using namespace std::chrono_literals;
using sfu::Bytes;
using sfu::TimePoint;

constexpr sfu::Duration kCheckRetry = 50ms;     // RFC 8445, section 14.2: Ta
constexpr sfu::Duration kConsentInterval = 5s;  // RFC 7675, section 5.1
constexpr sfu::Duration kJoinTimeout = 15s;
constexpr std::uint32_t kHostPriority = 0x7e7f00ff;

}  // namespace

Viewer::Viewer(Player& player, std::uint32_t number, TimePoint now)
    : player_(player), number_(number), asked_at_(now) {
  request_.emplace(player.target, make_offer(ice_, text_of(player.certificate.fingerprint())));
}

int Viewer::descriptor() const {
  return socket_ ? socket_->descriptor() : request_->descriptor();
}

void Viewer::receive(TimePoint now) {
  if (state_ == State::asking) return read_response(now);
  if (!socket_) return;
  std::array<std::uint8_t, sfu::kMaxPacket> buffer;
  while (const auto packet = socket_->receive(buffer)) read_packet(*packet, now);
}

void Viewer::read_response(TimePoint now) {
  if (!request_->receive()) return;
  if (request_->status() != 201) {
    return fail("The server answered " + std::to_string(request_->status()) + ".");
  }
  const auto answer = read_answer(request_->body());
  if (!answer) return fail("The answer lacks ICE, a fingerprint or a UDP candidate.");
  answer_ = *answer;
  socket_.emplace(answer_.forwarder);
  request_.reset();
  state_ = State::checking;
  send_check(now);
}

void Viewer::read_packet(Bytes packet, TimePoint now) {
  switch (sfu::classify(packet)) {
    case sfu::PacketClass::stun: return read_check_response(packet, now);
    case sfu::PacketClass::dtls: return read_dtls(packet, now);
    case sfu::PacketClass::rtp: return count(packet, now);
    default: return;
  }
}

void Viewer::send_check(TimePoint now) {
  std::array<std::uint8_t, 600> buffer;
  sfu::TransactionId transaction{};
  sfu::write_u32(transaction.data(), number_);
  sfu::write_u64(transaction.data() + 4, ++checks_);
  socket_->send(sfu::StunWriter(buffer, sfu::StunClass::request, transaction)
                    .username(answer_.ice.ufrag + ':' + ice_.ufrag)
                    .ice_controlling(number_)
                    .use_candidate()
                    .priority(kHostPriority)
                    .integrity(answer_.ice.pwd)
                    .finish());
  next_check_ = now + (state_ == State::checking ? kCheckRetry : kConsentInterval);
}

void Viewer::read_check_response(Bytes packet, TimePoint now) {
  const auto response = sfu::StunMessage::parse(packet);
  if (!response || response->message_class != sfu::StunClass::success ||
      !response->is_authentic(answer_.ice.pwd)) {
    return;
  }
  consent_at_ = now;
  if (state_ == State::checking) begin_handshake(now);
}

void Viewer::begin_handshake(TimePoint now) {
  const auto fingerprint = sfu::parse_fingerprint(answer_.fingerprint);
  if (const auto* refusal = std::get_if<sfu::FingerprintRefusal>(&fingerprint)) {
    return fail(refusal->message);
  }
  state_ = State::handshaking;
  next_check_ = now + kConsentInterval;
  dtls_.emplace(player_.dtls, sfu::DtlsRole::client, std::get<sfu::Fingerprint>(fingerprint), now);
  follow_dtls(now);
}

void Viewer::read_dtls(Bytes packet, TimePoint now) {
  if (!dtls_) return;
  dtls_->receive(packet, now);
  follow_dtls(now);
}

void Viewer::follow_dtls(TimePoint now) {
  for (const sfu::Datagram& datagram : dtls_->take_outgoing()) socket_->send(datagram);
  using Dtls = sfu::DtlsTransport::State;
  if (dtls_->state() == Dtls::failed) return fail("DTLS: " + dtls_->failure());
  if (dtls_->state() == Dtls::closed) return fail("The forwarder has closed the connection.");
  if (dtls_->state() == Dtls::connected && state_ == State::handshaking) {
    state_ = State::watching;
    joined_at_ = now;
  }
}

void Viewer::count(Bytes rtp, TimePoint now) {
  ++packets_;
  if (!media_at_) {
    media_at_ = now;
    socket_->keep_back_most();
  }
  const std::uint16_t sequence = sfu::read_u16(rtp.data() + 2);
  if (sequence % kSampling != 0) return;
  if (StreamSamples* const samples = samples_of(sfu::read_u32(rtp.data() + 8))) {
    samples->take(sequence);
  }
}

StreamSamples* Viewer::samples_of(std::uint32_t ssrc) {
  auto* const end = streams_.data() + stream_count_;
  auto* const stream =
      std::find_if(streams_.data(), end, [&](const Stream& each) { return each.ssrc == ssrc; });
  if (stream != end) return &stream->samples;
  if (stream_count_ == streams_.size()) return nullptr;
  streams_[stream_count_].ssrc = ssrc;
  return &streams_[stream_count_++].samples;
}

void Viewer::advance(TimePoint now) {
  if (state_ == State::failed) return;
  if (state_ != State::watching && now - asked_at_ > kJoinTimeout) {
    constexpr std::array<const char*, 3> kWhat{"answer by HTTP", "answer to ICE", "DTLS handshake"};
    return fail(std::string("No ") + kWhat[static_cast<std::size_t>(state_)] + " within 15 s.");
  }
  if (state_ == State::asking) return;
  if (now >= next_check_) send_check(now);
  if (state_ != State::handshaking) return;
  const auto deadline = dtls_->next_deadline(now);
  if (!deadline || now < *deadline) return;
  dtls_->advance(now);
  follow_dtls(now);
}

void Viewer::leave() {
  if (state_ != State::watching) return;
  dtls_->close();
  for (const sfu::Datagram& datagram : dtls_->take_outgoing()) socket_->send(datagram);
}

void Viewer::fail(std::string why) {
  state_ = State::failed;
  failure_ = std::move(why);
  request_.reset();
}

std::uint64_t Viewer::packets() {
  if (!socket_) return 0;
  const std::uint32_t kept_back = socket_->kept_back();
  packets_ += kept_back - std::exchange(kept_back_, kept_back);
  return packets_;
}

std::uint64_t Viewer::sampled() const {
  std::uint64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.samples.expected();
  return sum;
}

std::uint64_t Viewer::missing() const {
  std::uint64_t sum = 0;
  for (const Stream& stream : streams_) sum += stream.samples.missing();
  return sum;
}

std::optional<sfu::Duration> Viewer::joined_after() const {
  return joined_at_ ? std::optional(*joined_at_ - asked_at_) : std::nullopt;
}

std::optional<sfu::Duration> Viewer::media_after() const {
  return media_at_ ? std::optional(*media_at_ - asked_at_) : std::nullopt;
}

bool Viewer::has_consent(TimePoint now) const {
  return state_ == State::watching && now - consent_at_ < 3 * kConsentInterval;
}

}  // namespace onair::load
