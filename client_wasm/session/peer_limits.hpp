// Rate limits for what peers send, by peer and kind. PROTOCOL.md lists the rates. SessionBase asks
// at its one way in, so that no handler needs a limit of its own.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>

#include "protocol/message.hpp"
#include "session/chat.hpp"
#include "session/link/signaling.hpp"
#include "session/peer_connection.hpp"
#include "session/token_bucket.hpp"

namespace onair::session {

/// The kinds that make a session allocate, call the browser or answer.
enum class PeerMessage {
  talk_ready,
  talk_request,
  talk_declined,
  offer,
  answer,
  candidate,
  bye,
  end_talk,
  players,  ///< of the server's forwarder
  invite_watchers,
  watching_via,
  chat_say,    ///< of a viewer, over the channel `chat` or by way of the server
  chat_media,  ///< what a talker sends from now on: the page attaches its stream anew
  chat_line,   ///< any other message of the chat
  text,        ///< over the channel `onair`
};
inline constexpr std::size_t kPeerMessages = 15;

std::string_view name_of(PeerMessage kind);

/// The rate of one peer. Honest clients stay far below it.
Rate rate_of(PeerMessage kind);

/// A peer's message, whatever path it took.
struct Arrival {
  PeerId peer;
  PeerMessage kind;
};

/// Empty for an event that is no message of a peer, or whose kind has no effect.
std::optional<Arrival> arrival_of(const MessageReceived& received);
std::optional<Arrival> arrival_of(const ChatReceived& received);
std::optional<Arrival> arrival_of(const TextReceived& received);
template <typename Event>
std::optional<Arrival> arrival_of(const Event&) {
  return std::nullopt;
}

class PeerLimits {
 public:
  /// Limit of remembered peers. Beyond it the one that has been quiet for longest is forgotten.
  static constexpr std::size_t kMaxPeers = 1'024;

  enum class Verdict {
    admit,
    drop,
    drop_first,  ///< the first one since this peer was last within its rates
  };

  Verdict judge(const Arrival& arrival, TimePoint now);

  /// Forgets a peer that has left the room.
  void forget(const PeerId& peer) { peers_.erase(peer); }

  std::size_t size() const { return peers_.size(); }

 private:
  struct Peer {
    std::array<TokenBucket, kPeerMessages> buckets = {};
    TimePoint full_at{};  ///< when all its buckets are full, and it need not be remembered
    bool dropped = false;
  };

  void make_room(TimePoint now);

  std::map<PeerId, Peer> peers_;
};

}  // namespace onair::session
