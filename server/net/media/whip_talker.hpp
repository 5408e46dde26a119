// An encoder that broadcasts by WHIP, such as OBS: the talker of its room. The room's pages ask it
// for an offer, as they ask any talker, and get the forwarder's.
#pragma once

#include <chrono>
#include <string>

#include "net/media/media_link.hpp"
#include "net/media/viewings.hpp"

namespace onair::net {

class WhipTalker final : public MediaLink {
 public:
  /// `key` is by what the encoder is known when it reconnects (see Media::publish).
  WhipTalker(Media& media, MediaEntry entry, std::string key);

  /// Enters, and publishes what is offered. Replies with the answer.
  void publish(std::string offer, MediaReply reply);
  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);
  /// A page watches it since before this server began.
  void take_back_viewer(const sfu::control::PeerInfo& peer, const media::Note& note) {
    viewings_.take_back(peer, note);
  }

  /// How long an encoder may take from its 201 to its first packet, until its slot is another's.
  static constexpr rooms::Duration kStartTimeout = std::chrono::seconds(2);
  /// After so many times Limits::handshake_time without a packet, an encoder's session ends.
  static constexpr int kFirstPacketTimeoutFactor = 3;

  /// True where nothing comes from its encoder, whose slot another may take.
  bool is_silent() const override;
  bool is_published() const { return stage_ == Stage::published; }

  void deleted() override;
  void on_forwarder_event(const sfu::control::Event& event) override;
  void on_forwarder_died() override;

 private:
  enum class Stage { entering, publishing, published };

  void entered(const protocol::Welcome& welcome) override;
  void refused(const protocol::Error& error) override;
  void received(const protocol::Message& message) override;
  void closed(protocol::CloseCode code) override;

  void published(const ForwarderClient::Result& result);
  void go_on_air();
  void go_off_air();
  void await_first_packet();
  void await_encoder();
  void encoder_stays_away();
  void on_own_peer(const sfu::control::Event& event);
  void take_over_from(WhipTalker& silent);
  void close_connections();
  void on_request(const protocol::PeerId& viewer);
  void end();

  Stage stage_ = Stage::entering;
  bool sends_ = false;                  ///< its packets come
  rooms::TimePoint may_start_until_{};  ///< not silent before, where nothing has come yet
  bool is_gone_ = false;  ///< its peer connection has ended; an encoder may come again
  bool on_air_ = false;
  bool was_connected_ = false;  ///< before this server began
  bool takes_over_ = false;     ///< from an encoder whose connection broke
  /// The peer connection of that encoder. The forwarder replaces it when it accepts this encoder's
  /// offer; if it refuses the offer, close_connections() closes it.
  std::string replaced_peer_;
  std::string offer_;
  MediaReply reply_;
  Viewings viewings_;
  Timer grace_;
};

}  // namespace onair::net
