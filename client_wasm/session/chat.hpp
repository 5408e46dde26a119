// The inputs and outputs that concern the chat.
#pragma once

#include <string>
#include <vector>

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

/// By way of the server, to a member without a direct connection; to all of them if `to` is empty.
struct RelayChat {
  PeerId to;
  std::vector<ChatMessage> messages;
};

/// Add a line at the end of the list on the page.
struct ShowChatLine {
  ChatLine line;
  PeerId author = {};  ///< set on the talker's page only; empty for the talker's own
  PeerId host = {};    ///< the talker who numbered the line, in rooms with several
};

/// Remove a line from the list.
struct TakeChatLineAway {
  ChatLineId id;
  PeerId host = {};
};

/// Remove all lines of this host; its current ones follow.
struct ClearChat {
  PeerId host = {};
};

/// Show why the person's line was not sent to the others.
struct ShowChatRefused {
  ChatRefused::Reason reason;
};

// Inputs.

/// The person entered a line for everyone.
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

/// The talker removes a line from every page.
struct ChatRemovalRequested {
  ChatLineId id;
};

/// The talker mutes a viewer, or unmutes it.
struct MutingRequested {
  PeerId viewer;
  bool muted;
};

}  // namespace onair::session
