// The inputs and outputs that concern the signaling socket.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/message.hpp"

namespace onair::session {

/// Names one WebSocket of a session, so that a late event of an earlier one is dropped.
using SocketNumber = std::uint32_t;

// Outputs.

struct OpenSocket {
  SocketNumber socket;
};

struct CloseSocket {
  SocketNumber socket;
  bool leaving = false;  ///< for good (close code 1000), and not because the socket seems dead
};

struct SendMessage {
  protocol::Message message;
};

/// Keep the token where the next load of this page finds it, and no other page does.
struct RememberToken {
  std::string token;
};

// Inputs.

struct SocketOpened {
  SocketNumber socket;
};

/// The socket was closed by anyone or could not be opened.
struct SocketClosed {
  SocketNumber socket;
  std::uint16_t code = 1006;  ///< RFC 6455 section 7.4; 1006 is none
};

struct MessageReceived {
  SocketNumber socket;
  protocol::Message message;
};

/// A moment that `next_deadline()` named has come. Too early or too often is harmless.
struct TimePassed {};

/// The network came back, or the page from sleep: what waits need not wait any longer.
struct Woken {};

}  // namespace onair::session
