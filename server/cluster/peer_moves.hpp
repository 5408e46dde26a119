// The peers that this process serves, and their moves from and to other processes: the process that
// serves a peer now claims it, the one that had it sends the frames buffered for it.
//
// A claim may miss the process that has the peer, if that one is cut off or not yet subscribed.
// Then both serve the peer. Rules against that:
//  - A process repeats its claims (`served_too`) when it may have missed news, and once after a
//    claim that nobody answered.
//  - Of two processes that serve one peer, the one with the greater name decides, so that both
//    can't decide differently. The one to which the peer came earlier hands it over.
//  - A process decides nothing about a peer while its own claim to it is unanswered: the other one
//    is about to hand the peer over.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/schedule.hpp"
#include "cluster/gateway_context.hpp"

namespace onair::cluster {

class PeerMoves {
 public:
  /// `context` outlives this.
  explicit PeerMoves(GatewayContext& context) : context_(context) {}

  /// A hub here serves the peer. False where another hub of this process did before.
  bool attach(const protocol::PeerId& peer, const std::string& room, TimePoint now);
  /// A peer that a hub here serves has a new socket.
  void came_back(const protocol::PeerId& peer, TimePoint now);
  /// No hub here serves it any more. Gives the room in which it was.
  std::optional<std::string> detach(const protocol::PeerId& peer);
  /// Another process has served it for so short a time that frames for it still come here.
  bool has_moved_away(const protocol::PeerId& peer) const { return moved_away_.contains(peer); }

  /// A hub here has taken a peer over which another process may have.
  void taken_over(const std::string& room, const protocol::PeerId& peer, rooms::HubId by,
                  TimePoint now);
  /// A hub here has let go of a peer that another process serves now.
  void handed_over(const rooms::HandOver& handover);

  /// Another process serves the peer, and waits on the subject `reply` for its frames.
  void move_away(const protocol::PeerId& peer, const std::string& room, std::string reply,
                 TimePoint now);
  /// A frame from the process that had the peer.
  void on_buffered(const protocol::PeerId& peer, const ToPeer& message);
  /// The process that had the peer has sent all of them.
  void on_handed_over(const protocol::PeerId& peer, const ToPeer& message);
  /// No process had the peer.
  void on_unclaimed(const protocol::PeerId& peer, TimePoint now);
  /// Another process serves a peer that is served here too.
  void on_served_too(const protocol::PeerId& peer, const ToPeer& message, TimePoint now);

  /// Tells other processes which of these peers this one has claimed, since news may have been
  /// missed.
  void repeat_claims(const std::set<protocol::PeerId>& peers, TimePoint now);
  /// To be called with every heartbeat.
  void advance(TimePoint now);

 private:
  struct Served {
    std::string room;
    TimePoint since;       ///< when it came, or came back
    bool claimed = false;  ///< another process may have it
    /// While a claim is under way, by when its answer has come or is lost.
    std::optional<TimePoint> answer_by = {};
  };
  using ServedPeers = std::map<protocol::PeerId, Served>;

  /// A peer that was served here and now is by another process.
  struct MovedAway {
    TimePoint until;      ///< when that is forgotten
    std::string claimed;  ///< the subject on which that process waits for its frames
  };

  void claim(const std::string& subject, const std::string& room, const protocol::PeerId& peer,
             TimePoint now);
  void end_claim(const protocol::PeerId& peer, rooms::HandOver handover);
  std::string served_too(const Served& served, TimePoint now) const;

  GatewayContext& context_;
  ServedPeers served_;
  /// Buffered frames of peers that are served here now, as far as they have come.
  std::map<protocol::PeerId, std::vector<rooms::Frame>> arriving_;
  std::map<protocol::PeerId, MovedAway> moved_away_;
  base::Schedule<protocol::PeerId> unanswered_;  ///< claims, by when each is repeated
};

}  // namespace onair::cluster
