// The inputs and outputs that concern the signaling socket.
#pragma once

#include <cstdint>

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
};

struct SendMessage {
  protocol::Message message;
};

// Inputs.

struct SocketOpened {
  SocketNumber socket;
};

/// The socket was closed by anyone or could not be opened.
struct SocketClosed {
  SocketNumber socket;
};

struct MessageReceived {
  SocketNumber socket;
  protocol::Message message;
};

/// A moment that `next_deadline()` named has come. Too early or too often is harmless.
struct TimePassed {};

}  // namespace onair::session
