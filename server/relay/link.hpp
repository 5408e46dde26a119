// One client's socket as the hub sees it.
#pragma once

#include <memory>
#include <string>

#include "protocol/error_code.hpp"

namespace onair::relay {

struct Peer;

/// One serialised frame, shared by all who get it.
using Frame = std::shared_ptr<const std::string>;

/// Neither function may call the hub before it returns.
class Link {
 public:
  /// Puts a frame into the order of what is written to this client.
  virtual void send(Frame frame) = 0;

  /// Ends the connection after what was sent before. Nothing that the client says afterwards
  /// counts.
  virtual void close(protocol::CloseCode code) = 0;

  /// The member that entered over this link; nothing before `enter`. The hub's to write.
  Peer* peer = nullptr;

 protected:
  ~Link() = default;
};

}  // namespace onair::relay
