// The peers that this process serves, and their moves from and to other processes: the process that
// serves a peer now claims it, the one that had it sends the frames buffered for it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/gateway_context.hpp"

namespace onair::cluster {

class PeerMoves {
 public:
  /// `context` outlives this.
  explicit PeerMoves(GatewayContext& context) : context_(context) {}

  /// A hub here serves the peer. False where another hub of this process did before.
  bool attach(const protocol::PeerId& peer, const std::string& room);
  /// No hub here serves it any more. Gives the room in which it was.
  std::optional<std::string> detach(const protocol::PeerId& peer);
  /// Another process has served it for so short a time that frames for it still come here.
  bool has_moved_away(const protocol::PeerId& peer) const { return moved_away_.contains(peer); }

  /// A hub here has taken a peer over which another process may have.
  void taken_over(const std::string& room, const protocol::PeerId& peer, rooms::HubId by);
  /// A hub here has let go of a peer that another process serves now.
  void handed_over(const rooms::HandOver& handover);

  /// Another process serves the peer, and waits on the subject `reply` for its frames.
  void move_away(const protocol::PeerId& peer, const std::string& room, std::string reply,
                 TimePoint now);
  /// A message from the process that had the peer; false where it is not valid.
  bool on_buffered(const protocol::PeerId& peer, std::string_view payload);
  /// No process had the peer.
  void on_unclaimed(const protocol::PeerId& peer) { end_claim(peer, {}); }

  /// The wire carries messages again: repeats the claims that were lost, and for a while on
  /// repeat_claims() those in one room.
  void connected(TimePoint now);
  void repeat_claims(const std::string& room);
  void advance(TimePoint now);

 private:
  /// A peer that was served here and now is by another process.
  struct MovedAway {
    TimePoint until;      ///< when that is forgotten
    std::string claimed;  ///< the subject on which that process waits for its frames
  };

  void claim(const std::string& room, const protocol::PeerId& peer);
  void end_claim(const protocol::PeerId& peer, rooms::HandOver handover);

  GatewayContext& context_;
  std::map<protocol::PeerId, std::string> served_;  ///< with the room of each
  /// Buffered frames of peers that are served here now, as far as they have come.
  std::map<protocol::PeerId, std::vector<rooms::Frame>> arriving_;
  std::map<protocol::PeerId, MovedAway> moved_away_;
  std::map<protocol::PeerId, std::string> queued_claims_;  ///< with the room of each
  std::optional<TimePoint> claims_end_;                    ///< when they are no longer repeated
};

}  // namespace onair::cluster
