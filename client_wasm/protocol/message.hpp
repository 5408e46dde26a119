// The messages of wire protocol version 1 as values. PROTOCOL.md describes their order during a
// connection. Only the codec handles JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "protocol/chat.hpp"

namespace onair::protocol {

/// Identifies a member of a room. Assigned by the server, unguessable, opaque to clients.
using PeerId = std::string;

/// Identifies a peer connection of a talker, so that a late message of an earlier one between the
/// same two peers is recognised. Chosen by the talker, repeated by the watcher.
using ConnectionId = std::uint32_t;

enum class Role {
  talk,
  watch,
  /// A client without a role, connected by another protocol. Never on our wire.
  none,
};

enum class DeclineReason {
  not_on_air,
  full,
  failed,  ///< the talker could not make an offer
};

/// How well a watcher receives, from best to worst.
enum class Quality { good, fair, poor };

/// As in RTCIceServer of W3C webrtc-pc.
struct IceServer {
  std::vector<std::string> urls;
  std::optional<std::string> username;
  std::optional<std::string> credential;
  bool operator==(const IceServer&) const = default;
};

/// A watcher with this capability can move from the talker to the forwarder, and back.
inline constexpr std::string_view kForwardedCap = "forwarded";

struct Enter {
  std::string room;
  Role role;
  std::optional<std::string> resume = {};  ///< from an earlier `welcome`, to keep the peer id
  bool fresh = false;  ///< resumes without its peer connections, as after a reload
  /// Entry token, for operators who require one: a JWT (RFC 7519).
  std::optional<std::string> token = {};
  /// Capabilities beyond version 1; see kForwardedCap. Unknown names are ignored.
  std::vector<std::string> caps = {};
  bool operator==(const Enter&) const = default;
};

struct Welcome {
  PeerId id;
  std::string room;
  std::string resume;
  std::vector<IceServer> ice_servers;
  std::vector<PeerId> talkers;           ///< on air now
  bool turn_only = false;                ///< use TURN only, so that an operator can test it
  std::optional<std::string> name = {};  ///< from the client's entry token
  std::uint32_t talkers_per_room = 1;
  bool locked = false;  ///< no further watchers are admitted
  /// For a talker where the server has a forwarder: when to use it, as the operator set it by
  /// `--forward`: "auto", "always", "never" or a number of viewers.
  std::optional<std::string> forward = {};
  bool operator==(const Welcome&) const = default;
};

struct TalkReady {
  /// From the forwarder: it has the picture of this talker, and the watcher shall ask it.
  std::optional<PeerId> of = {};
  /// From a talker: the watcher shall come back to it from the forwarder.
  bool direct = false;
  bool operator==(const TalkReady&) const = default;
};

struct TalkRequest {
  /// The connection to restart ICE on; empty for a new connection.
  std::optional<ConnectionId> connection = {};
  /// The sender's name by its entry token (`fromName`). Set by the server only.
  std::optional<std::string> name = {};
  /// The sender's capabilities, from its `enter` (`fromCaps`). Set by the server only.
  std::vector<std::string> caps = {};
  /// Not by the forwarder, which has failed for this watcher or shall be left.
  bool direct = false;
  bool operator==(const TalkRequest&) const = default;
};

struct TalkDeclined {
  DeclineReason reason;
  bool operator==(const TalkDeclined&) const = default;
};

struct Offer {
  std::string sdp;  ///< RFC 8866, as made by RFC 8829
  std::optional<ConnectionId> connection;
  bool operator==(const Offer&) const = default;
};

struct Answer {
  std::string sdp;
  std::optional<ConnectionId> connection;
  bool operator==(const Answer&) const = default;
};

/// Trickle ICE (RFC 8838).
struct Candidate {
  std::optional<std::string> candidate;  ///< empty at the end of the candidates
  std::optional<std::string> sdp_mid;
  std::optional<std::uint16_t> sdp_m_line_index;
  std::optional<ConnectionId> connection;
  bool operator==(const Candidate&) const = default;
};

struct Bye {
  bool operator==(const Bye&) const = default;
};

struct EndTalk {
  bool operator==(const EndTalk&) const = default;
};

/// A talker stops admitting watchers, or admits them again. Other talkers receive it too.
struct LockRoom {
  bool locked;
  bool operator==(const LockRoom&) const = default;
};

/// A talker removes a watcher, whose resume token is void then.
struct RemovePeer {
  PeerId id;
  bool operator==(const RemovePeer&) const = default;
};

/// A talker removes everyone else.
struct EndRoom {
  bool operator==(const EndRoom&) const = default;
};

/// Keep-alive check, since a browser's WebSocket does not report that its path has failed.
struct Ping {
  bool operator==(const Ping&) const = default;
};

/// Answer to `ping`, with fresh TURN credentials.
struct Pong {
  std::vector<IceServer> ice_servers;
  bool operator==(const Pong&) const = default;
};

struct UserDisconnected {
  PeerId id;
  bool operator==(const UserDisconnected&) const = default;
};

struct Audience {
  std::uint32_t watching;  ///< watchers in the room
  bool operator==(const Audience&) const = default;
};

/// Measurements of one watcher's reception.
struct ReceptionFigures {
  Quality quality = Quality::good;
  std::uint16_t loss = 0;                        ///< of packets, in thousandths
  std::optional<std::uint32_t> latency_ms = {};  ///< of network and buffer
  bool operator==(const ReceptionFigures&) const = default;
};

/// A watcher tells the server how it receives the talker's picture from the forwarder.
struct Reception {
  PeerId of;  ///< the talker
  ReceptionFigures figures;
  bool operator==(const Reception&) const = default;
};

/// The server tells a talker how its watchers receive, as far as they have said it.
struct AudienceReception {
  struct Watcher {
    PeerId id;
    ReceptionFigures figures;
    bool operator==(const Watcher&) const = default;
  };
  std::uint32_t good = 0;
  std::uint32_t fair = 0;
  std::uint32_t poor = 0;
  std::vector<Watcher> worst = {};  ///< of those that are not good, worst first; see kMaxWorst
  bool operator==(const AudienceReception&) const = default;
};

/// The server's forwarder tells the talker how many WHEP players watch through it: it asks for the
/// picture once, for all of them.
struct Players {
  std::uint32_t players;
  bool operator==(const Players&) const = default;
};

/// A talker needs the server's forwarder, or needs it no more. Answered by the forwarder's
/// `talk_request`.
struct UseForwarder {
  bool on;
  bool operator==(const UseForwarder&) const = default;
};

/// A talker asks the forwarder to take these watchers.
struct InviteWatchers {
  std::vector<PeerId> peers;
  bool operator==(const InviteWatchers&) const = default;
};

/// A watcher has the talker's picture by another way, and needs the talker's connection no more.
struct WatchingVia {
  PeerId via;  ///< the forwarder
  /// As in TalkRequest.
  std::optional<std::string> name = {};
  std::vector<std::string> caps = {};
  bool operator==(const WatchingVia&) const = default;
};

/// The chat between a talker and a watcher without a direct connection.
struct ChatMessages {
  std::vector<ChatMessage> messages;
  bool operator==(const ChatMessages&) const = default;
};

/// `code` is text and not an ErrorCode: a newer server may know more codes than this client.
struct Error {
  std::string code;
  std::string message;
  bool operator==(const Error&) const = default;
};

/// A kind unknown to this version. The server forwards it, so that clients can add kinds.
struct Unknown {
  std::string type;
  bool operator==(const Unknown&) const = default;
};

using Body = std::variant<Enter, Welcome, TalkReady, TalkRequest, TalkDeclined, Offer, Answer,
                          Candidate, Bye, EndTalk, LockRoom, RemovePeer, EndRoom, Ping, Pong,
                          UserDisconnected, Audience, Players, UseForwarder, InviteWatchers,
                          WatchingVia, ChatMessages, Reception, AudienceReception, Error, Unknown>;

struct Message {
  Body body;
  std::optional<PeerId> from;    ///< set by the server only
  std::optional<PeerId> sendto;  ///< empty: for the room
  bool operator==(const Message&) const = default;
};

/// Permitted sender of a kind. talker, watcher, any_peer and forwarder (the server's own) send to
/// peers; the other clients send to the server.
enum class Sender {
  talker,
  watcher,
  any_peer,
  forwarder,
  commanding_talker,
  reporting_watcher,
  entering_client,
  client,
  server,
};

/// Number of kinds known to this version.
inline constexpr std::size_t kKindCount = std::variant_size_v<Body> - 1;

/// Index of a known kind.
template <typename Kind>
inline constexpr std::size_t kKindOf = []<typename... Kinds>(const std::variant<Kinds...>*) {
  std::size_t number = 0;
  bool found = false;
  ((found = found || std::is_same_v<Kind, Kinds>, number += found ? 0 : 1), ...);
  return number;
}(static_cast<const Body*>(nullptr));

/// Index below kKindCount for a known kind, kKindCount for any other.
std::size_t kind_index(std::string_view type);

/// The `type` of the kind with this index, which is below kKindCount.
std::string_view type_of_kind(std::size_t kind);

/// An unknown kind may come from any peer.
Sender sender_of(std::string_view type);

/// The `type` on the wire, such as "talk_ready".
std::string_view type_of(const Body& body);

std::string_view name_of(Role role);
std::string_view name_of(DeclineReason reason);
std::string_view name_of(Quality quality);

}  // namespace onair::protocol
