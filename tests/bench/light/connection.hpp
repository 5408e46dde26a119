// The connection of a light peer to a forwarder: WHIP or WHEP, then ICE and DTLS as a browser does
// them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "light/descriptions.hpp"
#include "light/http.hpp"
#include "light/media_socket.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/base/time.hpp"
#include "sfu/dtls/certificate.hpp"
#include "sfu/dtls/dtls.hpp"
#include "sfu/ice/demux.hpp"
#include "sfu/ice/stun.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::load {

/// Resources that all connections of one thread share. Outlives them.
struct Agent {
  explicit Agent(HttpServer its_server) : server(std::move(its_server)) {}

  HttpServer server;
  sfu::DtlsCertificate certificate;
  sfu::DtlsContext dtls{certificate};
  sfu::SrtpCiphers ciphers;
};

/// How a connection begins.
struct Session {
  enum class Begin : std::uint8_t {
    peer_offers,    ///< POST with an offer, which is answered
    server_offers,  ///< POST without one; our answer to the server's offer goes by PATCH
    room_offers,    ///< without HTTP: a Member of the room gets the offer, and sends our answer
  };
  std::string path;  ///< e.g. /whep/ROOM; where the room offers, its name
  Begin begin = Begin::peer_offers;
  std::string offer;  ///< of a peer that offers
};

/// Call receive() when descriptor() is readable, and advance() every few milliseconds.
class Connection {
 public:
  enum class State : std::uint8_t {
    waiting,      ///< for the room's offer, however long it takes
    asking,       ///< for an answer or offer
    answering,    ///< the server's offer
    checking,     ///< ICE
    handshaking,  ///< DTLS
    connected,
    failed,
  };

  /// Throws std::system_error where nobody listens. Of the peers' numbers no two are equal.
  Connection(Agent& agent, const OwnTransport& own, const Session& session, std::uint32_t peer,
             sfu::TimePoint now);

  /// Takes the room's offer, and gives the answer to it. Nothing where none is awaited, or where it
  /// lacks something; then the connection has failed.
  std::optional<std::string> take_offer(std::string_view offer, sfu::TimePoint now);

  /// None while waiting.
  int descriptor() const { return socket_ ? socket_->descriptor() : request_->descriptor(); }

  /// Reads what came. RTP and RTCP are given to `take(PacketClass, MutableBytes)`. True if
  /// descriptor() is another one now.
  template <typename Take>
  bool receive(sfu::TimePoint now, Take take) {
    if (request_) return read_response(now);
    if (!socket_) return false;
    std::array<std::uint8_t, sfu::kMaxPacket> buffer;
    while (const auto packet = socket_->receive(buffer)) {
      const sfu::PacketClass kind = sfu::classify(*packet);
      if (kind == sfu::PacketClass::rtp || kind == sfu::PacketClass::rtcp) {
        take(kind, *packet);
      } else {
        read_control(kind, *packet, now);
      }
    }
    return false;
  }
  void advance(sfu::TimePoint now);
  /// Tells the forwarder by DTLS.
  void leave();

  State state() const { return state_; }
  const std::string& failure() const { return failure_; }
  /// The keys of both directions: once, when connected.
  std::optional<sfu::SrtpKeys> take_keys();
  const RemoteTransport& remote() const { return remote_; }
  const MediaSocket* socket() const { return socket_ ? &*socket_ : nullptr; }
  void send(sfu::Bytes packet) const { socket_->send(packet); }
  /// The forwarder has answered a check of late (RFC 7675).
  bool has_consent(sfu::TimePoint now) const;

 private:
  bool read_response(sfu::TimePoint now);
  bool answer_offer(std::string_view offer);
  bool take_remote(std::string_view description);
  void begin_checks(sfu::TimePoint now);
  void read_control(sfu::PacketClass kind, sfu::Bytes packet, sfu::TimePoint now);
  void read_check_response(sfu::Bytes packet, sfu::TimePoint now);
  void send_check(sfu::TimePoint now);
  void begin_handshake(sfu::TimePoint now);
  void follow_dtls();
  void fail(std::string why);

  Agent& agent_;
  OwnTransport own_;
  std::uint32_t peer_;
  SourceAddress from_;
  State state_ = State::asking;
  std::string failure_;
  std::optional<HttpRequest> request_;  ///< while asking or answering
  std::string answer_;                  ///< of a server that offers
  RemoteTransport remote_;
  std::optional<MediaSocket> socket_;  ///< from checking on
  std::optional<sfu::DtlsTransport> dtls_;
  std::uint64_t checks_ = 0;
  sfu::TimePoint asked_at_;
  sfu::TimePoint next_check_{};
  sfu::TimePoint consent_at_{};
};

}  // namespace onair::load
