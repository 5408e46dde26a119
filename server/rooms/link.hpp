// One client's socket as the hub sees it.
#pragma once

#include "protocol/error_code.hpp"
#include "rooms/allowance.hpp"
#include "rooms/frame.hpp"

namespace onair::rooms {

struct Peer;
struct Room;

/// Neither function may call the hub before it returns.
class Link {
 public:
  /// Puts a frame into the order of what is written to this client.
  virtual void send(const Frame& frame) = 0;

  /// Ends the connection after what was sent before. What the client says afterwards counts only
  /// where it is to come back to another server (`service_restart`).
  virtual void close(protocol::CloseCode code) = 0;

  // The hub's to write:
  Peer* peer = nullptr;       ///< the member that entered over this link
  Room* waits_for = nullptr;  ///< the room that it will enter when the other hubs have answered
  Allowance allowance;

 protected:
  ~Link() = default;
};

}  // namespace onair::rooms
