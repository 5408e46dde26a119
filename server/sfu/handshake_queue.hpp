// Flights of DTLS handshakes that wait for a later tick.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "sfu/base/bytes.hpp"
#include "sfu/dtls/dtls_handshake.hpp"

namespace onair::sfu {

class Peer;

/// A flight costs up to half a millisecond of elliptic curves. When hundreds join at once, all of
/// theirs in one tick of the loop would hold up the picture of those who are there. So they wait
/// here, and each tick deals with a few of them after the media: in the order in which they came,
/// but first with those whose handshake has begun, since it holds some 50 KB until it's done.
class HandshakeQueue {
 public:
  static constexpr std::size_t kFlightsATick = 4;
  /// Peers beyond these lose their flights, and send them again.
  static constexpr std::size_t kMaxPeers = 1'024;
  static constexpr std::size_t kMaxDatagrams = 8;  ///< of one peer

  struct Flight {
    Peer* peer = nullptr;
    Datagrams datagrams;
  };

  void add(Peer& peer, bool has_begun, Bytes datagram) {
    auto found = waiting_.find(&peer);
    if (found == waiting_.end()) {
      if (waiting_.size() == kMaxPeers) return;
      found = waiting_.try_emplace(&peer).first;
      (has_begun ? begun_ : new_).push_back(&peer);
    }
    if (found->second.size() == kMaxDatagrams) return;
    found->second.emplace_back(datagram.begin(), datagram.end());
  }
  /// All that the next peer has sent.
  std::optional<Flight> take() {
    std::deque<Peer*>& order = begun_.empty() ? new_ : begun_;
    if (order.empty()) return std::nullopt;
    Peer* const peer = order.front();
    order.pop_front();
    auto node = waiting_.extract(peer);
    return Flight{peer, std::move(node.mapped())};
  }
  /// The peer is about to be destroyed.
  void forget(Peer& peer) {
    if (waiting_.erase(&peer) == 0) return;
    std::erase(begun_, &peer);
    std::erase(new_, &peer);
  }

  bool empty() const { return waiting_.empty(); }

 private:
  std::deque<Peer*> begun_;
  std::deque<Peer*> new_;
  std::unordered_map<Peer*, Datagrams> waiting_;  ///< of those in either
};

}  // namespace onair::sfu
