// Steps of a peer's move that entering needs too.
#pragma once

#include "rooms/bus.hpp"
#include "rooms/room.hpp"

namespace onair::rooms {

/// Takes the frames buffered for the peer, for the hub that serves it now.
HandOver take_buffered(Peer& peer);

/// Closes the peer's old socket, where another has replaced it. The client mostly knows that the
/// old one is gone, where the server did not.
void close_replaced_link(Peer& peer);

}  // namespace onair::rooms
