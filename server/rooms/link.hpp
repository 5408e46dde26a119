// A client's socket as the hub sees it.
#pragma once

#include <cstddef>
#include <memory>

#include "protocol/error_code.hpp"
#include "rooms/allowance.hpp"
#include "rooms/client_address.hpp"
#include "rooms/frame.hpp"

namespace onair::rooms {

struct Peer;
struct Room;

/// The queue of what is written to one client.
struct SendQueue {
  std::size_t bytes = 0;  ///< that wait
  std::size_t bound = 0;  ///< a client for which more would wait is cut off
};

/// No function may call the hub before it returns.
class Link {
 public:
  /// Puts a frame into the order of what is written to this client.
  virtual void send(const Frame& frame) = 0;

  /// Ends the connection after the frames sent before. The client's later frames count only if it
  /// is asked to come back to another server (`service_restart`).
  virtual void close(protocol::CloseCode code) = 0;

  /// How full the queue is now.
  virtual SendQueue queue() const = 0;

  /// This client's slot in a bound of the socket layer, such as that of its address. The member
  /// that enters over this link holds it too, until it is gone or comes back over another link. To
  /// be set before the hub knows the link.
  std::shared_ptr<void> admission_slot;
  /// By what address this client is counted; null where it is not. Likewise.
  std::shared_ptr<ClientAddress> address;

  // Written by the hub alone:
  Peer* peer = nullptr;       ///< the member that entered over this link
  Room* waits_for = nullptr;  ///< the room that it will enter when the other hubs have answered
  Allowance allowance;
  unsigned entries = 0;  ///< that it has asked for

 protected:
  ~Link() = default;
};

}  // namespace onair::rooms
