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
  bool leaving = false;  ///< close code 1000: this client will not return
};

struct SendMessage {
  protocol::Message message;
};

/// Store the resume token for the next load of this page, invisible to other pages.
struct RememberToken {
  std::string token;
};

// Inputs.

struct SocketOpened {
  SocketNumber socket;
};

/// The socket was closed by either end or could not be opened.
struct SocketClosed {
  SocketNumber socket;
  std::uint16_t code = 1006;  ///< RFC 6455 section 7.4; 1006 means no close frame
};

struct MessageReceived {
  SocketNumber socket;
  protocol::Message message;
};

/// The moment of `next_deadline()` has come. Too early or too often is harmless.
struct TimePassed {};

/// The network or the page is back after a pause: retry now instead of waiting.
struct Woken {};

}  // namespace onair::session
