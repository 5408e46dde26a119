// The inputs and outputs that concern the chat.
#pragma once

#include <string>

#include "protocol/chat.hpp"
#include "session/peer_connection.hpp"

namespace onair::session {

using protocol::ChatLine;
using protocol::ChatLineId;
using protocol::ChatMessage;
using protocol::ChatRefused;

// Outputs.

/// Over the data channel `chat`.
struct SendChat {
  ConnectionKey key;
  ChatMessage message;
};

/// Add a line at the end of what is shown.
struct ShowChatLine {
  ChatLine line;
  PeerId author = {};  ///< known to the talker alone; empty for the talker's own
  PeerId host = {};    ///< the talker who numbered the line, where there may be several
};

struct TakeChatLineAway {
  ChatLineId id;
  PeerId host = {};
};

/// Nothing of this host is shown any more; other lines may follow.
struct ClearChat {
  PeerId host = {};
};

/// What the person said was not passed on.
struct ShowChatRefused {
  ChatRefused::Reason reason;
};

// Inputs.

/// The person says something to everyone.
struct ChatEntered {
  std::string name;
  std::string text;
};

struct ChatReceived {
  ConnectionKey key;
  ChatMessage message;
};

struct ChatOpened {
  ConnectionKey key;
};

struct ChatClosed {
  ConnectionKey key;
};

/// The talker takes a line away from everyone.
struct ChatRemovalRequested {
  ChatLineId id;
};

/// The talker lets a viewer say nothing more, or lets it speak again.
struct MutingRequested {
  PeerId viewer;
  bool muted;
};

}  // namespace onair::session
