// The pages that watch, from the forwarder, what a member of the room offers them: an encoder, or
// the forwarder's own member for a browser's broadcast. Each page has a peer connection there.
#pragma once

#include <map>
#include <string>

#include "base/rate_limit.hpp"
#include "net/media/forwarder_client.hpp"
#include "net/media/media_link.hpp"

namespace onair::net {

class Viewings {
 public:
  /// `member` has this as a part, and is whom the pages talk to.
  explicit Viewings(MediaLink& member);

  /// False for a page that asks too often, and gets no answer.
  bool may_ask(const protocol::PeerId& viewer);
  /// Has the forwarder make an offer, and sends it. A page that has a connection gets a new one: it
  /// has lost the old one, and gets no ICE restart.
  void offer_to(const protocol::PeerId& viewer);
  void decline(const protocol::PeerId& viewer, protocol::DeclineReason reason);
  void answer(const protocol::PeerId& viewer, const protocol::Answer& answer);
  /// The page needs its connection no more.
  void close(const protocol::PeerId& viewer);
  /// The page has left the room.
  void left(const protocol::PeerId& viewer);
  /// Closes those of pages that were removed before the member was in the room, and so was not
  /// told.
  void close_removed();
  void close_all();
  /// The same, and tells each page by `end_talk`.
  void end_all();
  /// An event of one of its peer connections. Where the forwarder has closed it, the page finds out
  /// and asks again.
  void on_event(const sfu::control::Event& event);

  /// A page watches since before this server began.
  void take_back(const sfu::control::PeerInfo& peer, const media::Note& note);
  /// Takes those of a member in whose place this one comes: they watch the room's publication,
  /// whoever publishes it, and stay.
  void take_over(Viewings& before);

  /// True where the page's connection is up.
  bool serves(const protocol::PeerId& viewer) const;
  bool empty() const { return viewings_.empty(); }

 private:
  /// A page's peer connection.
  struct Viewing {
    std::string peer;
    protocol::ConnectionId connection = 0;
    bool offered = false;
    bool answered = false;
    bool connected = false;
  };

  void invited(const protocol::PeerId& viewer, const std::string& peer,
               const ForwarderClient::Result& result);
  void answer_taken(const protocol::PeerId& viewer, const std::string& peer,
                    const ForwarderClient::Result& result);
  Media& media() const;

  MediaLink& member_;
  std::map<protocol::PeerId, Viewing> viewings_;  ///< by viewer
  /// By viewer, until it leaves the room.
  std::map<protocol::PeerId, base::RateLimit> requests_;
  protocol::ConnectionId last_connection_;
};

}  // namespace onair::net
