// A viewer of the load: a WHEP player that joins as a browser does and then only counts what
// comes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "light/media_socket.hpp"
#include "light/stream_samples.hpp"
#include "light/whep.hpp"
#include "sfu/base/time.hpp"
#include "sfu/dtls/certificate.hpp"
#include "sfu/dtls/dtls.hpp"
#include "sfu/ice/stun.hpp"

namespace onair::load {

/// State that all viewers share.
struct Player {
  WhepTarget target;
  sfu::DtlsCertificate certificate;
  sfu::DtlsContext dtls{certificate};
};

/// Call receive() when descriptor() is readable, and advance() every few milliseconds. The
/// descriptor changes once, when the answer has come.
class Viewer {
 public:
  enum class State : std::uint8_t { asking, checking, handshaking, watching, failed };

  Viewer(Player& player, std::uint32_t number, sfu::TimePoint now);

  int descriptor() const;
  void receive(sfu::TimePoint now);
  void advance(sfu::TimePoint now);
  /// Tells the forwarder by DTLS.
  void leave();

  State state() const { return state_; }
  const std::string& failure() const { return failure_; }

  /// RTP packets since the start.
  std::uint64_t packets();
  std::uint64_t sampled() const;
  std::uint64_t missing() const;  ///< of the packets that are sampled

  /// From the POST to the end of the DTLS handshake, and to the first packet of RTP.
  std::optional<sfu::Duration> joined_after() const;
  std::optional<sfu::Duration> media_after() const;
  bool has_consent(sfu::TimePoint now) const;

 private:
  struct Stream {
    std::uint32_t ssrc = 0;
    StreamSamples samples;
  };

  void read_response(sfu::TimePoint now);
  void read_packet(sfu::Bytes packet, sfu::TimePoint now);
  void read_check_response(sfu::Bytes packet, sfu::TimePoint now);
  void read_dtls(sfu::Bytes packet, sfu::TimePoint now);
  void count(sfu::Bytes rtp, sfu::TimePoint now);
  StreamSamples* samples_of(std::uint32_t ssrc);  ///< null: too many streams
  void send_check(sfu::TimePoint now);
  void begin_handshake(sfu::TimePoint now);
  void follow_dtls(sfu::TimePoint now);
  void fail(std::string why);

  Player& player_;
  std::uint32_t number_;
  State state_ = State::asking;
  std::string failure_;
  sfu::IceCredentials ice_ = sfu::make_ice_credentials();
  std::optional<WhepRequest> request_;  ///< while asking
  WhepAnswer answer_;
  std::optional<MediaSocket> socket_;  ///< from checking on
  std::optional<sfu::DtlsTransport> dtls_;
  std::uint64_t checks_ = 0;
  sfu::TimePoint next_check_{};
  sfu::TimePoint consent_at_{};
  sfu::TimePoint asked_at_;
  std::optional<sfu::TimePoint> joined_at_;
  std::optional<sfu::TimePoint> media_at_;
  std::array<Stream, 4> streams_;
  std::size_t stream_count_ = 0;
  std::uint64_t packets_ = 0;
  std::uint32_t kept_back_ = 0;  ///< when last asked
};

}  // namespace onair::load
