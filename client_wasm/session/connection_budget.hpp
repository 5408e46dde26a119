// Bounds the new peer connections of a page, of all peers together: a browser refuses to create
// more once some hundreds wait for its garbage collector. At the bound peers wait, in an order in
// which nobody who stays in the room can be kept out: those who got fewest connections come first,
// among them those who have waited for longest. So a peer that asks again and again, or that leaves
// and returns under a new id, comes after everyone who was there before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "session/peer_connection.hpp"
#include "session/token_bucket.hpp"

namespace onair::session {

class ConnectionBudget {
 public:
  /// Limit of remembered peers. A further one replaces one that got a connection; if
  /// there is none, it must ask again.
  static constexpr std::size_t kMaxPeers = 1'024;

  explicit ConnectionBudget(Rate rate) : rate_(rate) {}

  /// A peer needs a new connection. True: create it now. False: it waits for `next`.
  bool try_open(const PeerId& peer, TimePoint now);

  /// Returns the peer whose turn has come, and ends its wait.
  std::optional<PeerId> next(TimePoint now);

  /// When to call `next`; empty if nobody waits.
  std::optional<TimePoint> next_deadline() const;

  /// The peer needs no connection any more. It is still remembered, should it ask again.
  void withdraw(const PeerId& peer);
  void withdraw_all();

  /// Forgets a peer that has left the room.
  void forget(const PeerId& peer) { peers_.erase(peer); }

  bool waits(const PeerId& peer) const {
    const auto found = peers_.find(peer);
    return found != peers_.end() && found->second.waits;
  }
  std::size_t size() const { return peers_.size(); }

 private:
  struct Peer {
    unsigned granted = 0;        ///< connections since the bucket was last full
    std::uint64_t position = 0;  ///< in order of the first request
    bool waits = false;
  };
  using Peers = std::map<PeerId, Peer>;

  Peers::iterator find_or_add(const PeerId& peer);
  Peers::iterator first_waiting();

  Rate rate_;
  TokenBucket bucket_;
  Peers peers_;
  std::uint64_t last_position_ = 0;
};

}  // namespace onair::session
