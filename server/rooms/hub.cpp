// What clients say. What those without a role say is in roleless.cpp; who comes and goes is in
// membership.cpp, who is sent away in orders.cpp, what other hubs say in hub_on_bus.cpp.
#include "rooms/hub.hpp"

#include "protocol/codec.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;
using protocol::Sender;

namespace {

/// Frames that somebody may say before the room is ready.
constexpr std::size_t kMaxWaitingFrames = 64;

/// Why this peer may not say this, or nothing.
std::optional<Refusal> fault_of(Role role, const std::string& type) {
  switch (protocol::sender_of(type)) {
    case Sender::any_peer:
    case Sender::client:
      return std::nullopt;
    case Sender::talker:
    case Sender::commanding_talker:
      if (role == Role::talk) return std::nullopt;
      return Refusal{ErrorCode::wrong_role, "Only a talker may send `" + type + "`."};
    case Sender::watcher:
      if (role == Role::watch) return std::nullopt;
      return Refusal{ErrorCode::wrong_role, "Only a watcher may send `" + type + "`."};
    case Sender::entering_client:
      return Refusal{ErrorCode::already_entered, "This connection has entered a room already."};
    case Sender::server:
      return Refusal{ErrorCode::unknown_type, "Only the server sends `" + type + "`."};
  }
  return std::nullopt;
}

}  // namespace

bool Hub::spend(Link& link, std::size_t bytes, TimePoint now) {
  switch (link.allowance.spend(options_.limits.rates, bytes, now)) {
    case Allowance::Verdict::fine:
      return true;
    case Allowance::Verdict::warn:
      refuse(link, {ErrorCode::rate_limited, "Slow down, or the connection will be closed."});
      return true;
    case Allowance::Verdict::cut:
      ++counters_.rate_cuts;
      refuse(link, {ErrorCode::rate_limited, "Too many messages."});
      link.close(protocol::CloseCode::policy_violation);
      return false;
  }
  return true;
}

void Hub::receive(Link& link, std::string_view frame, TimePoint now) {
  if (!spend(link, frame.size(), now)) return;
  if (link.peer == nullptr) return receive_from_stranger(link, frame, now);
  const auto scanned = protocol::scan_envelope(frame);
  if (const auto* refusal = std::get_if<Refusal>(&scanned)) return refuse(link, *refusal);
  const auto& envelope = std::get<protocol::Envelope>(scanned);
  if (envelope.has_from) {
    return refuse(link, {ErrorCode::forged_from, "Only the server sets `from`."});
  }
  if (const auto fault = fault_of(link.peer->role, envelope.type)) return refuse(link, *fault);
  relay(*link.peer, envelope, frame, now);
}

/// From one that has not entered: its frames are few, so they may be taken apart.
void Hub::receive_from_stranger(Link& link, std::string_view frame, TimePoint now) {
  if (link.waits_for != nullptr) {
    for (PendingEntry& waiting : link.waits_for->waiting) {
      if (waiting.link == &link && waiting.frames.size() < kMaxWaitingFrames) {
        return waiting.frames.emplace_back(frame), void();
      }
    }
    return refuse(link, {ErrorCode::not_entered, "Wait for `welcome`."});
  }
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(link, *refusal);
  const auto& message = std::get<protocol::Message>(decoded);
  if (message.from) {
    return refuse(link, {ErrorCode::forged_from, "Only the server sets `from`."});
  }
  const auto* entering = std::get_if<protocol::Enter>(&message.body);
  if (entering == nullptr) {
    return refuse(link, {ErrorCode::not_entered, "The first frame must be `enter`."});
  }
  request_entry(link, *entering, std::nullopt, now);
}

void Hub::refuse(Link& link, const Refusal& refusal) {
  ++counters_.refused.at(static_cast<std::size_t>(refusal.code));
  send(link, frame_of(protocol::Error{std::string(name_of(refusal.code)), refusal.message}));
  if (const auto code = close_code_of(refusal.code)) link.close(*code);
}

void Hub::relay(Peer& from, const protocol::Envelope& envelope, std::string_view frame,
                TimePoint now) {
  const std::size_t kind = protocol::kind_index(envelope.type);
  auto& traffic = counters_.relayed.at(kind);
  ++traffic.frames;
  traffic.bytes += frame.size();
  switch (kind) {
    case protocol::kKindOf<protocol::Ping>:
      return answer_ping(from);
    case protocol::kKindOf<protocol::LockRoom>:
    case protocol::kKindOf<protocol::RemovePeer>:
    case protocol::kKindOf<protocol::EndRoom>:
      return on_command(from, frame, now);
    default:
      break;
  }
  const auto stamped = std::make_shared<const SharedFrame>(frame, from.id, ++last_frame_);
  if (envelope.sendto) return relay_to_one(from, *envelope.sendto, reach_of(from), stamped);
  if (kind == protocol::kKindOf<protocol::TalkReady>) set_on_air(from, true);
  if (kind == protocol::kKindOf<protocol::EndTalk>) set_on_air(from, false);
  broadcast(from, stamped);
}

void Hub::relay_to_one(const Peer& from, const protocol::PeerId& to, Reach reach,
                       const Frame& frame) {
  if (Peer* peer = from.room.find(to, reach)) {
    counters_.deliveries += deliver(*peer, frame) ? 1 : 0;
    return;
  }
  if (!bus_.send({from.room.name, to, from.id, reach, frame})) {
    refuse(*from.link, {ErrorCode::no_such_peer, "Nobody in this room has that id."});
  }
}

void Hub::answer_ping(const Peer& peer) {
  send(*peer.link, frame_of(protocol::Pong{options_.ice_servers(peer.id)}));
}

void Hub::set_on_air(Peer& peer, bool on_air) {
  if (std::exchange(peer.on_air, on_air) == on_air) return;
  peer.room.recount(peer);
  bus_.share_changed(peer.room.name);
}

/// To all whom it concerns, on all hubs.
void Hub::broadcast(const Peer& from, Reach reach, const Frame& frame) {
  counters_.deliveries += from.room.broadcast(reach, frame, &from);
  bus_.broadcast(from.room.name, reach, frame);
}

void Hub::announce_gone(const Peer& peer) {
  broadcast(peer, frame_of(protocol::UserDisconnected{peer.id}, ++last_frame_));
}

void Hub::send(Link& link, const Frame& frame) {
  ++counters_.deliveries;
  link.send(frame);
}

}  // namespace onair::rooms
