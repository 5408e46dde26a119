// The inputs and outputs that concern one RTCPeerConnection (W3C webrtc-pc). Every command that a
// browser carries out later ends in exactly one event of success or in a StepFailed, both with the
// key of the connection; an event whose key is in no table is late, and dropped.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "protocol/message.hpp"

namespace onair::session {

using protocol::Candidate;
using protocol::PeerId;

/// Number that distinguishes successive connections with one peer.
using Generation = protocol::ConnectionId;

struct ConnectionKey {
  PeerId peer;
  Generation generation;
  bool operator==(const ConnectionKey&) const = default;
  bool operator<(const ConnectionKey& other) const {
    return std::tie(peer, generation) < std::tie(other.peer, other.generation);
  }
};

/// True if `a` was opened after `b`, a connection with the same peer. Generations wrap around.
inline bool is_later(const ConnectionKey& a, const ConnectionKey& b) {
  return static_cast<std::int32_t>(a.generation - b.generation) > 0;
}

/// RTCPeerConnectionState without "closed", which only our own close() causes.
enum class TransportState { fresh, connecting, connected, disconnected, failed };

inline bool is_broken(TransportState state) {
  return state == TransportState::disconnected || state == TransportState::failed;
}

/// STUN and TURN servers, and the transport policy.
struct IceConfiguration {
  std::vector<protocol::IceServer> servers;
  bool turn_only = false;  ///< iceTransportPolicy "relay"
  bool operator==(const IceConfiguration&) const = default;
};

// Outputs.

/// A talker's connection sends all local tracks and opens the data channels; a watcher's receives
/// and accepts the channels. Has no success event.
struct CreateConnection {
  ConnectionKey key;
  IceConfiguration ice;
};

/// setConfiguration() with fresh credentials, then restartIce(): the next offer restarts ICE.
struct RestartIce {
  ConnectionKey key;
  IceConfiguration ice;
};

/// setConfiguration() with fresh credentials, for a watcher whose talker may restart ICE. Has no
/// answer.
struct RefreshIce {
  ConnectionKey key;
  IceConfiguration ice;
};

/// setLocalDescription() without arguments: the talker makes an offer, the watcher an answer.
/// Ends in LocalDescriptionMade.
struct MakeLocalDescription {
  ConnectionKey key;
  bool stereo = false;  ///< a watcher's answer asks for stereo sound (opus.hpp)
};

/// setRemoteDescription(): an answer for the talker, an offer for the watcher.
/// Ends in RemoteDescriptionApplied.
struct ApplyRemoteDescription {
  ConnectionKey key;
  std::string sdp;
};

/// addIceCandidate(). Ends in CandidateAdded.
struct AddCandidate {
  ConnectionKey key;
  Candidate candidate;
};

/// close(), and frees everything that belongs to the connection. Has no answer.
struct CloseConnection {
  ConnectionKey key;
};

struct SendText {
  ConnectionKey key;
  std::string text;
};

// Inputs.

struct LocalDescriptionMade {
  ConnectionKey key;
  std::string sdp;
};

struct RemoteDescriptionApplied {
  ConnectionKey key;
};

struct CandidateAdded {
  ConnectionKey key;
};

enum class Step {
  create_connection,
  make_local_description,
  apply_remote_description,
  add_candidate,
  replace_tracks,
  limit_sending,
};

struct StepFailed {
  ConnectionKey key;
  Step step;
  std::string reason;  ///< the browser's text, for the console
};

/// The browser found a local candidate. An empty candidate ends them.
struct CandidateFound {
  ConnectionKey key;
  Candidate candidate;
};

struct TransportChanged {
  ConnectionKey key;
  TransportState state;
};

struct ChannelOpened {
  ConnectionKey key;
};

struct ChannelClosed {
  ConnectionKey key;
};

struct ChannelFailed {
  ConnectionKey key;
  std::string reason;
};

struct TextReceived {
  ConnectionKey key;
  std::string text;
};

}  // namespace onair::session
