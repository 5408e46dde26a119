// A player that watches by WHEP: a viewer of its room.
#pragma once

#include <string>

#include "net/media/feed.hpp"
#include "net/media/media_link.hpp"

namespace onair::net {

class WhepPlayer final : public MediaLink {
 public:
  WhepPlayer(Media& media, MediaEntry entry);

  /// Enters, and plays what the room publishes to who offered this. Replies with the answer.
  void play(std::string offer, MediaReply reply);
  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);

  void deleted() override;
  void on_forwarder_event(const sfu::control::Event& event) override;
  void on_forwarder_died() override;

 private:
  void entered(const protocol::Welcome& welcome) override;
  void refused(const protocol::Error& error) override;
  void received(const protocol::Message&) override {}
  void closed(protocol::CloseCode code) override;
  bool listens() const override { return false; }

  void broadcast_came(Feed::Outcome outcome);
  void ask_forwarder();
  void played(const ForwarderClient::Result& result);
  void give_up(MediaAnswer why);

  std::string offer_;
  MediaReply reply_;
  Timer timeout_;
};

}  // namespace onair::net
