// The messages of wire protocol version 1 as values. PROTOCOL.md describes their order in a
// connection's life; past the codec nobody sees JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace onair::protocol {

/// Names one member of a room. Given by the server, unguessable, opaque to clients.
using PeerId = std::string;

/// Names one peer connection of a talker, so that what was said of an earlier one between the same
/// two peers is never taken for this one. Chosen by the talker, repeated by the watcher.
using ConnectionId = std::uint32_t;

enum class Role {
  talk,
  watch,
  /// Neither: whoever came without a role, by another protocol than this one. Never on our wire.
  none,
};

enum class DeclineReason { not_on_air, full };

/// As in RTCIceServer of W3C webrtc-pc.
struct IceServer {
  std::vector<std::string> urls;
  std::optional<std::string> username;
  std::optional<std::string> credential;
  bool operator==(const IceServer&) const = default;
};

struct Enter {
  std::string room;
  Role role;
  std::optional<std::string> resume = {};  ///< from an earlier `welcome`, to be the same peer again
  bool fresh = false;  ///< resumes without the peer connections that it had, as after a reload
  /// What lets this client in where the operator asks for it: a JWT (RFC 7519).
  std::optional<std::string> token = {};
  bool operator==(const Enter&) const = default;
};

struct Welcome {
  PeerId id;
  std::string room;
  std::string resume;
  std::vector<IceServer> ice_servers;
  std::vector<PeerId> talkers;  ///< those on air now
  bool relay_only = false;      ///< use TURN alone, so that an operator sees whether it works
  std::optional<std::string> name = {};  ///< what the client's token calls it
  std::uint32_t talkers_per_room = 1;
  bool locked = false;  ///< a talker lets no further watchers in
  bool operator==(const Welcome&) const = default;
};

struct TalkReady {
  bool operator==(const TalkReady&) const = default;
};

struct TalkRequest {
  /// The connection whose ICE should be restarted; nothing for a new one.
  std::optional<ConnectionId> connection = {};
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
  std::optional<std::string> candidate;  ///< nothing ends the candidates
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

/// A talker lets no further watchers in, or lets them in again. Other talkers hear it too.
struct LockRoom {
  bool locked;
  bool operator==(const LockRoom&) const = default;
};

/// A talker sends a watcher away for good.
struct RemovePeer {
  PeerId id;
  bool operator==(const RemovePeer&) const = default;
};

/// A talker sends everyone else away.
struct EndRoom {
  bool operator==(const EndRoom&) const = default;
};

/// Are you there? Every so often, since a browser's WebSocket does not say when its path has died.
struct Ping {
  bool operator==(const Ping&) const = default;
};

/// With ICE servers whose credentials are fresh.
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

/// `code` is text and not an ErrorCode: a newer server may know more codes than this client.
struct Error {
  std::string code;
  std::string message;
  bool operator==(const Error&) const = default;
};

/// A kind this version does not know. It is relayed between peers, so that clients can grow.
struct Unknown {
  std::string type;
  bool operator==(const Unknown&) const = default;
};

using Body = std::variant<Enter, Welcome, TalkReady, TalkRequest, TalkDeclined, Offer, Answer,
                          Candidate, Bye, EndTalk, LockRoom, RemovePeer, EndRoom, Ping, Pong,
                          UserDisconnected, Audience, Error, Unknown>;

struct Message {
  Body body;
  std::optional<PeerId> from;    ///< set by the server alone
  std::optional<PeerId> sendto;  ///< nothing: for the room
  bool operator==(const Message&) const = default;
};

/// Who may say a kind of message: the first three to other peers, the other clients to the server.
enum class Sender { talker, watcher, any_peer, commanding_talker, entering_client, client, server };

/// The kinds that this version knows.
inline constexpr std::size_t kKindCount = std::variant_size_v<Body> - 1;

/// The number of a known kind.
template <typename Kind>
inline constexpr std::size_t kKindOf = []<typename... Kinds>(const std::variant<Kinds...>*) {
  std::size_t number = 0;
  bool found = false;
  ((found = found || std::is_same_v<Kind, Kinds>, number += found ? 0 : 1), ...);
  return number;
}(static_cast<const Body*>(nullptr));

/// A number below kKindCount for each known kind, kKindCount for every other.
std::size_t kind_index(std::string_view type);

/// The `type` of the kind with this number, which is below kKindCount.
std::string_view type_of_kind(std::size_t kind);

/// Of a kind that this version does not know: any peer.
Sender sender_of(std::string_view type);

/// The `type` on the wire, e.g. "talk_ready".
std::string_view type_of(const Body& body);

std::string_view name_of(Role role);
std::string_view name_of(DeclineReason reason);

}  // namespace onair::protocol
