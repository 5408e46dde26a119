// The deadlines that end the states of a hub's members.
#pragma once

#include <optional>

#include "rooms/room.hpp"
#include "rooms/schedule.hpp"

namespace onair::rooms {

/// | deadline    | of a peer that is                    | when it has passed           |
/// | ----------- | ------------------------------------ | ---------------------------- |
/// | `away`      | Away, SlotKept                       | the peer is removed          |
/// |             | Moving                               | the other hub gets its frames |
/// | `hand_over` | Arriving, Away or Moving, with      | it goes on without them      |
/// |             | frames to come from another hub      |                              |
/// | `pass`      | in any state, on a pass that expires | `token_expired`              |
struct PeerDeadlines {
  Schedule<Peer*> away;
  Schedule<Peer*> hand_over;
  Schedule<Peer*> pass;

  void erase(Peer* peer) {
    away.erase(peer);
    hand_over.erase(peer);
    pass.erase(peer);
  }
  std::optional<TimePoint> next() const {
    return earliest({away.next(), hand_over.next(), pass.next()});
  }
};

}  // namespace onair::rooms
