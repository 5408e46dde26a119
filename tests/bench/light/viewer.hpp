// A viewer of the load: a WHEP player, or a member's connection, that joins as a browser does,
// decrypts until it has a picture, and then only counts what comes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "light/connection.hpp"
#include "light/stream_samples.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::load {

/// How a viewer counts.
enum class Watching : std::uint8_t {
  lightly,  ///< the kernel keeps back most packets and counts them; loss is estimated
  closely,  ///< each packet is read, and each loss seen
};

/// Call receive() when descriptor() is readable, and advance() every few milliseconds.
class Viewer {
 public:
  Viewer(Agent& agent, const Session& room, std::uint32_t number, Watching watching,
         sfu::TimePoint now);

  /// See Connection::take_offer.
  std::optional<std::string> take_offer(std::string_view offer, sfu::TimePoint now) {
    return connection_.take_offer(offer, now);
  }

  int descriptor() const { return connection_.descriptor(); }
  /// True if descriptor() is another one now.
  bool receive(sfu::TimePoint now);
  void advance(sfu::TimePoint now);
  void leave() { connection_.leave(); }

  const std::string& failure() const { return connection_.failure(); }
  bool has_failed() const { return connection_.state() == Connection::State::failed; }
  bool has_picture() const { return picture_at_.has_value(); }
  bool has_consent(sfu::TimePoint now) const { return connection_.has_consent(now); }

  /// RTP packets since the start, with those that the kernel kept back.
  std::uint64_t packets();
  std::uint64_t sampled() const;
  /// Sampled packets that did not come. Without those that came and found no room in the socket.
  std::uint64_t missing();

  /// From the POST, or from entering the room, to the end of the DTLS handshake, and to the last
  /// packet of the first key frame.
  std::optional<sfu::Duration> joined_after() const;
  std::optional<sfu::Duration> picture_after() const;

 private:
  struct Stream {
    std::uint32_t ssrc = 0;
    StreamSamples samples;
  };

  Viewer(Agent& agent, const Session& room, const OwnTransport& own, std::uint32_t number,
         Watching watching, sfu::TimePoint now);
  void follow_connection(sfu::TimePoint now);
  void count(sfu::MutableBytes rtp, sfu::TimePoint now);
  void look_for_picture(sfu::MutableBytes rtp, sfu::TimePoint now);
  void send_report(sfu::TimePoint now);
  StreamSamples* samples_of(std::uint32_t ssrc);  ///< null: too many streams

  sfu::SrtpCiphers& ciphers_;
  Connection connection_;
  Watching watching_;
  std::uint32_t number_;
  std::unique_ptr<sfu::SrtpSender> reports_;     ///< once connected
  std::unique_ptr<sfu::SrtpReceiver> receiver_;  ///< from then on until there is a picture
  std::optional<std::uint32_t> key_frame_;       ///< the timestamp of the first
  sfu::TimePoint next_report_{};
  sfu::TimePoint asked_at_;
  std::optional<sfu::TimePoint> joined_at_;
  std::optional<sfu::TimePoint> picture_at_;
  std::array<Stream, 4> streams_;
  std::size_t stream_count_ = 0;
  std::uint64_t packets_ = 0;
};

}  // namespace onair::load
