// Messages from clients. See entering.cpp and membership.cpp for who comes and goes, orders.cpp for
// who is removed, moves.cpp for peers that change hubs, hub_on_bus.cpp for messages of other hubs.
#include "rooms/hub.hpp"

#include <algorithm>

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Refusal;
using protocol::Role;
using protocol::Sender;

namespace {

/// Bounds of the frames that a client may send before the room is ready.
constexpr std::size_t kMaxWaitingFrames = 64;
constexpr std::size_t kMaxWaitingBytes = 4 * protocol::kMaxFrameBytes;
/// The bound of such frames of all clients of a hub.
constexpr std::size_t kMaxWaitingBytesOfAll = 8'388'608;

bool may_wait(const PendingEntry& entry, std::string_view frame, std::size_t bytes_of_all) {
  return entry.frames.all().size() < kMaxWaitingFrames &&
         entry.frames.bytes() + frame.size() <= kMaxWaitingBytes &&
         bytes_of_all + frame.size() <= kMaxWaitingBytesOfAll;
}

/// True for messages that the forwarder sends on a talker's behalf, to one viewer at a time.
bool is_of_forwarder(std::size_t kind) {
  return kind == protocol::kKindOf<protocol::TalkReady> ||
         kind == protocol::kKindOf<protocol::TalkDeclined> ||
         kind == protocol::kKindOf<protocol::Offer> || kind == protocol::kKindOf<protocol::EndTalk>;
}

/// The reason why this peer may not send this, or nothing.
std::optional<Refusal> fault_of(const Peer& from, const protocol::Envelope& envelope,
                                std::size_t kind) {
  const std::string& type = envelope.type;
  const Sender sender = protocol::sender_of(type);
  const bool of_talkers = sender == Sender::talker || sender == Sender::commanding_talker;
  if (from.kind.is_forwarder && envelope.sendto && is_of_forwarder(kind)) return std::nullopt;
  if (of_talkers && !may_send_as_talker(from.role, from.may_talk)) {
    return Refusal{ErrorCode::wrong_role, "Only a talker may send `" + type + "`."};
  }
  if (from.kind.any_message) return std::nullopt;
  switch (sender) {
    case Sender::any_peer:
    case Sender::client:
    case Sender::talker:
    case Sender::commanding_talker: return std::nullopt;
    case Sender::watcher:
    case Sender::reporting_watcher:
      if (from.role == Role::watch) return std::nullopt;
      return Refusal{ErrorCode::wrong_role, "Only a watcher may send `" + type + "`."};
    case Sender::forwarder:
      if (from.kind.is_forwarder) return std::nullopt;
      return Refusal{ErrorCode::unknown_type, "Only the server sends `" + type + "`."};
    case Sender::entering_client:
      return Refusal{ErrorCode::already_entered, "This connection has entered a room already."};
    case Sender::server:
      return Refusal{ErrorCode::unknown_type, "Only the server sends `" + type + "`."};
  }
  return std::nullopt;
}

/// True for a `talk_ready` that names another talker, as only the forwarder's may: a viewer could
/// not tell a talker that shows its own picture as that one's. They are rare, so decoding costs
/// little. One that can't be decoded is dropped by its receivers.
bool speaks_for_another(const Peer& from, std::size_t kind, std::string_view object) {
  if (kind != protocol::kKindOf<protocol::TalkReady> || from.kind.is_forwarder) return false;
  const protocol::Decoded decoded = protocol::decode(object);
  const auto* const message = std::get_if<protocol::Message>(&decoded);
  const auto* const ready =
      message == nullptr ? nullptr : std::get_if<protocol::TalkReady>(&message->body);
  return ready != nullptr && ready->of.has_value();
}

/// The capabilities that matter to peers, of those in its `enter`.
std::vector<std::string> caps_of(const Peer& peer) {
  if (!peer.can_move) return {};
  return {std::string(protocol::kForwardedCap)};
}

/// True for messages of our protocol between peers.
bool is_between_peers(const std::string& type) {
  const Sender sender = protocol::sender_of(type);
  return !type.empty() &&
         (sender == Sender::talker || sender == Sender::watcher || sender == Sender::any_peer);
}

bool is_command(std::size_t kind) {
  return kind == protocol::kKindOf<protocol::LockRoom> ||
         kind == protocol::kKindOf<protocol::UseForwarder> ||
         kind == protocol::kKindOf<protocol::RemovePeer> ||
         kind == protocol::kKindOf<protocol::EndRoom>;
}

}  // namespace

Hub::Hub(HubOptions options, Bus& bus)
    : options_(std::move(options)),
      bus_(bus),
      budget_{.most_frames = options_.limits.kept_frames,
              .most_bytes = options_.limits.kept_bytes,
              .most_bytes_of_one = options_.limits.kept_bytes / 4},
      router_(bus, options_.first_frame()),
      audience_(options_.audience_interval, router_.counters),
      reception_reporter_(options_.reception_interval, bus, router_.counters),
      removed_([this](const std::string& room) { return rooms_.contains(room); }) {}

bool Hub::spend(Link& link, std::size_t bytes, TimePoint now) {
  return charge(link, 1, static_cast<float>(bytes), now);
}

/// Charges a client for deliveries, whose work would else cost one who fills a room no more than
/// one who is alone.
bool Hub::charge_deliveries(Link& link, std::size_t deliveries, std::size_t bytes, TimePoint now) {
  if (deliveries <= kDeliveriesOfAFrame) return true;
  const float times = static_cast<float>(deliveries) / kDeliveriesOfAFrame - 1;
  return charge(link, times, times * static_cast<float>(bytes), now);
}

/// Charges the client's address, which all its clients share. False where they send more than they
/// may together; then nothing is charged.
bool Hub::charge_address(const Link& link, float frames, float bytes, TimePoint now) const {
  if (!link.address) return true;
  Rates of_all = options_.limits.rates;
  of_all.frames_per_second *= kClientsAtFullRate;
  of_all.bytes_per_second *= kClientsAtFullRate;
  return link.address->allowance.take(of_all, frames, bytes, now);
}

/// Where an address sends too much, each message costs its client more: so the clients that send
/// much are soon cut off, and those that share the address and send little are not.
bool Hub::charge(Link& link, float frames, float bytes, TimePoint now) {
  const float price =
      charge_address(link, frames, bytes, now) ? 1 : price_at_busy_address(options_.limits.rates);
  switch (link.allowance.spend(options_.limits.rates, price * frames, price * bytes, now)) {
    case Allowance::Verdict::fine: return true;
    case Allowance::Verdict::warn:
      refuse(link, {ErrorCode::rate_limited, "Slow down, or the connection will be closed."});
      return true;
    case Allowance::Verdict::cut:
      ++router_.counters.rate_cuts;
      refuse(link, {ErrorCode::rate_limited, "Too many messages."});
      link.close(protocol::CloseCode::policy_violation);
      return false;
  }
  return true;
}

void Hub::receive(Link& link, std::string_view frame, TimePoint now) {
  if (!spend(link, frame.size(), now)) return;
  if (link.peer == nullptr) return receive_from_newcomer(link, frame, now);
  const auto scanned = protocol::scan_envelope(frame);
  if (const auto* refusal = std::get_if<Refusal>(&scanned)) return refuse(link, *refusal);
  const auto& envelope = std::get<protocol::Envelope>(scanned);
  if (envelope.has_from) {
    return refuse(link, {ErrorCode::forged_from, "Only the server sets `from` and `fromName`."});
  }
  send(link, envelope, frame, now);
}

/// Decodes nothing but an `enter`, since a stranger's frames must cost little.
void Hub::receive_from_newcomer(Link& link, std::string_view frame, TimePoint now) {
  if (link.waits_for != nullptr) {
    for (PendingEntry& entry : link.waits_for->pending) {
      if (entry.link == &link && may_wait(entry, frame, waiting_bytes_)) {
        return entry.frames.add(frame, waiting_bytes_);
      }
    }
    return refuse(link, {ErrorCode::not_entered, "Wait for `welcome`."});
  }
  const auto scanned = protocol::scan_envelope(frame);
  if (const auto* refusal = std::get_if<Refusal>(&scanned)) return refuse(link, *refusal);
  const auto& envelope = std::get<protocol::Envelope>(scanned);
  if (envelope.has_from) {
    return refuse(link, {ErrorCode::forged_from, "Only the server sets `from`."});
  }
  if (envelope.type != protocol::type_of(protocol::Enter{})) {
    return refuse(link, {ErrorCode::not_entered, "The first frame must be `enter`."});
  }
  if (frame.size() > protocol::kMaxEnterBytes) {
    return refuse(
        link, {ErrorCode::bad_message,
               "`enter` may have at most " + std::to_string(protocol::kMaxEnterBytes) + " bytes"});
  }
  if (!charge_entry(link, now)) return;
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(link, *refusal);
  const auto& body = std::get<protocol::Message>(decoded).body;
  enter_room(link, {kProtocolClient, std::get<protocol::Enter>(body)}, now);
}

void Hub::send(Link& link, const protocol::Envelope& envelope, std::string_view object,
               TimePoint now) {
  if (link.peer == nullptr) {
    return refuse(link, {ErrorCode::not_entered, "You are in no room. Send `enter` first."});
  }
  Peer& from = *link.peer;
  const bool opaque = from.kind.any_message && !is_between_peers(envelope.type);
  const std::size_t kind = opaque ? protocol::kKindCount : protocol::kind_index(envelope.type);
  if (const auto fault = fault_of(from, envelope, kind)) return refuse(link, *fault);
  if (speaks_for_another(from, kind, object)) {
    return refuse(link, {ErrorCode::wrong_role, "Only the forwarder's `talk_ready` has `of`."});
  }
  from.has_sent = true;
  auto& traffic = router_.counters.relayed.at(kind);
  ++traffic.frames;
  traffic.bytes += object.size();
  if (kind == protocol::kKindOf<protocol::Ping>) return send_pong(from);
  if (is_command(kind)) return on_command(from, object, now);
  if (kind == protocol::kKindOf<protocol::Reception>) return on_reception(from, object, now);
  // Going on or off air reaches all who are within reach before or after it.
  const Reach before = reach_of(from);
  apply_effects(from, kind, !envelope.sendto, now);
  const Reach reach = opaque ? Reach::socketio : std::min(before, reach_of(from));
  if (!envelope.sendto &&
      !charge_deliveries(link, from.room.receivers(reach), object.size(), now)) {
    return;
  }
  const bool tells_sender = kind == protocol::kKindOf<protocol::TalkRequest> ||
                            kind == protocol::kKindOf<protocol::WatchingVia>;
  const Frame frame =
      tells_sender ? router_.stamp(from, protocol::with_sender(object, from.name, caps_of(from)))
                   : router_.stamp(from, object);
  if (envelope.sendto) return router_.send_to_peer(from, *envelope.sendto, reach, frame);
  router_.broadcast(from, reach, frame);
}

void Hub::apply_effects(Peer& from, std::size_t kind, bool to_room, TimePoint now) {
  const std::uint32_t watchers_before = from.room.watchers;
  switch (kind) {
    case protocol::kKindOf<protocol::TalkReady>:
      if (to_room && may_go_on_air(from)) set_on_air(from, true);
      break;
    case protocol::kKindOf<protocol::EndTalk>:
      if (to_room) set_on_air(from, false);
      break;
    case protocol::kKindOf<protocol::TalkRequest>:
      // The `welcome` of a viewer without a right to TURN had no credentials if it came before any
      // talker (ice_servers_for). It needs them before the offer comes.
      if (!from.may_relay && !from.room.all_talkers().empty()) send_pong(from);
      [[fallthrough]];
    case protocol::kKindOf<protocol::Answer>: from.requested_stream = true; break;
    case protocol::kKindOf<protocol::Bye>: from.requested_stream = false; break;
    default: return;
  }
  if (from.room.update_role(from)) bus_.share_changed(from.room.name);
  if (from.room.watchers != watchers_before) audience_.changed(from.room, now);
}

bool Hub::may_go_on_air(const Peer& peer) const {
  if (!peer.kind.infers_role) return true;  // it got the slot when it entered
  return peer.may_talk &&
         (peer.on_air || has_free_slot(peer.room.all_talkers(), options_.limits.talkers_per_room));
}

void Hub::set_on_air(Peer& peer, bool on_air) {
  if (std::exchange(peer.on_air, on_air) == on_air) return;
  peer.room.update_role(peer);
  bus_.share_changed(peer.room.name);
}

void Hub::send_pong(Peer& peer) {
  router_.send(*peer.link, frame_of(protocol::Pong{ice_servers_for(peer)}));
}

/// Decodes the whole frame: it is short, and a viewer sends one in some seconds. A talker may have
/// left meanwhile.
void Hub::on_reception(Peer& from, std::string_view frame, TimePoint now) {
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(*from.link, *refusal);
  const auto& body = std::get<protocol::Message>(decoded).body;
  const auto* reception = std::get_if<protocol::Reception>(&body);
  if (reception == nullptr || !has(from.room.all_talkers(), reception->of)) return;
  reception_reporter_.note(from, *reception, now);
}

Room* Hub::find_room(std::string_view name) {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : &found->second;
}

Peer* Hub::find_peer(std::string_view name, const protocol::PeerId& id) {
  Room* const room = find_room(name);
  if (room == nullptr) return nullptr;
  const auto peer = room->peers.find(id);
  return peer == room->peers.end() ? nullptr : peer->second.get();
}

void Hub::advance(TimePoint now) {
  while (const auto peer = deadlines_.away.take_due(now)) {
    (*peer)->is<Moving>() ? let_go(**peer, now) : remove(**peer, now);
  }
  while (const auto peer = deadlines_.hand_over.take_due(now)) {
    finish_hand_over(**peer, {(*peer)->room.name, (*peer)->id}, now);
  }
  while (const auto peer = deadlines_.paced.take_due(now)) go_on_sending(**peer, now);
  while (const auto peer = deadlines_.pass.take_due(now)) {
    remove(**peer, {ErrorCode::token_expired, "Your token has expired."}, now);
  }
  audience_.advance(now);
  reception_reporter_.advance(now);
}

std::optional<TimePoint> Hub::next_deadline() const {
  return earliest(
      {deadlines_.next(), audience_.next_deadline(), reception_reporter_.next_deadline()});
}

Census Hub::census() const {
  Census census{
      .away = deadlines_.away.all().size(), .rooms = rooms_.size(), .kept_bytes = budget_.bytes};
  for (const auto& [peer, until] : deadlines_.away.all()) {
    const Away* const away = peer->away();
    census.sent_off += away != nullptr && away->sent_off && !peer->kind.returns_here ? 1 : 0;
  }
  for (const auto& [name, room] : rooms_) {
    census.peers += room.peers.size();
    const auto is_on_air = [](const Peer* talker) { return talker->on_air; };
    census.rooms_on_air += std::any_of(room.talkers.begin(), room.talkers.end(), is_on_air) ? 1 : 0;
  }
  return census;
}

std::vector<RoomReport> Hub::rooms() const {
  std::vector<RoomReport> reports;
  for (const auto& [name, room] : rooms_) {
    RoomReport report{name, room.locked(), {}};
    for (const auto& [id, peer] : room.peers) {
      report.peers.push_back(
          {id, peer->role, peer->on_air, !peer->is_connected(), peer->name, peer->kind.name});
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace onair::rooms
