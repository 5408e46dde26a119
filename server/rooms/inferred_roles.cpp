// What clients without a role say. To each other they are equals, as in a relay that knows no
// roles.
#include <algorithm>

#include "rooms/hub.hpp"

namespace onair::rooms {

using protocol::ErrorCode;
using protocol::Role;
using protocol::Sender;

namespace {

/// Whether this is something that peers say to each other by our protocol.
bool is_between_peers(const std::string& type) {
  switch (protocol::sender_of(type)) {
    case Sender::talker:
    case Sender::watcher:
    case Sender::any_peer:
      return !type.empty();
    case Sender::commanding_talker:
    case Sender::entering_client:
    case Sender::client:
    case Sender::server:
      break;
  }
  return false;
}

}  // namespace

void Hub::enter_roleless(Link& link, const protocol::PeerId& id, const std::string& room,
                         const std::optional<std::string>& token, TimePoint now) {
  if (Peer* const peer = link.peer) {
    if (peer->room.name == room) return;
    peer->unlink();
    peer->has_sent ? remove(*peer, now) : erase(*peer, now);
  }
  stop_waiting(link);
  protocol::Enter enter{room, Role::none};
  enter.token = token;
  request_entry(link, enter, id, now);
}

void Hub::say_roleless(Link& link, const protocol::Envelope& envelope, std::string_view object,
                       TimePoint now) {
  if (link.peer == nullptr) {
    return refuse(link, {ErrorCode::not_entered, "You are in no room. Send `enter` first."});
  }
  Peer& from = *link.peer;
  from.has_sent = true;
  const bool is_ours = is_between_peers(envelope.type);
  const std::size_t kind = is_ours ? protocol::kind_index(envelope.type) : protocol::kKindCount;
  auto& traffic = counters_.relayed.at(kind);
  ++traffic.frames;
  traffic.bytes += object.size();
  // Who goes on or off air by this is heard by all whom it concerns before or after.
  const Reach before = reach_of(from);
  note_what_it_does(from, kind, envelope.sendto.has_value(), now);
  const Reach reach = is_ours ? std::min(before, reach_of(from)) : Reach::socketio;
  const auto stamped = std::make_shared<const SharedFrame>(object, from.id, ++last_frame_);
  if (envelope.sendto) return relay_to_one(from, *envelope.sendto, reach, stamped);
  broadcast(from, reach, stamped);
}

void Hub::note_what_it_does(Peer& roleless, std::size_t kind, bool to_one, TimePoint now) {
  Room& room = roleless.room;
  const std::uint32_t watchers_before = room.watchers;
  switch (kind) {
    case protocol::kKindOf<protocol::TalkReady>:
      if (!to_one && roleless.may_talk && talkers_place_is_free(roleless)) {
        set_on_air(roleless, true);
      }
      break;
    case protocol::kKindOf<protocol::EndTalk>:
      if (!to_one) set_on_air(roleless, false);
      break;
    case protocol::kKindOf<protocol::TalkRequest>:
    case protocol::kKindOf<protocol::Answer>:
      roleless.has_requested = true;
      break;
    case protocol::kKindOf<protocol::Bye>:
      roleless.has_requested = false;
      break;
    default:
      return;
  }
  if (room.recount(roleless)) bus_.share_changed(room.name);
  if (room.watchers != watchers_before) audience_changed(room, now);
}

bool Hub::talkers_place_is_free(const Peer& roleless) const {
  return roleless.on_air || roleless.room.all_talkers().size() < options_.limits.talkers_per_room;
}

}  // namespace onair::rooms
