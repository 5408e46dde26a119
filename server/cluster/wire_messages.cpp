// Messages from other processes.
#include <algorithm>
#include <utility>

#include "cluster/gateway.hpp"

namespace onair::cluster {

using rooms::RoomShare;
using rooms::TalkerInfo;
using Kind = Subjects::Topic::Kind;

void Gateway::on_message(std::string_view subject, std::string_view payload, std::string_view reply,
                         TimePoint now) {
  ++counters_.received;
  const auto topic = context_.subjects.topic_of(subject);
  if (!topic || !dispatch(*topic, payload, reply, now)) ++counters_.foreign;
}

bool Gateway::dispatch(const Topic& topic, std::string_view payload, std::string_view reply,
                       TimePoint now) {
  switch (topic.kind) {
    case Kind::frames: return on_frame(topic, payload, reply);
    case Kind::peer: return on_peer_message(topic.peer, payload, reply, now);
    case Kind::claimed: return on_claimed(topic.peer, payload, reply, now);
    case Kind::shares:
    case Kind::share_for: return on_share(topic.room, payload, now);
    case Kind::ask: return on_ask(topic.room, payload, reply, now);
    case Kind::members:
    case Kind::members_of: return on_members(topic, payload, now);
    case Kind::list: list_members(topic.room, std::string(reply)); return true;
    case Kind::orders: {
      const auto order = decode_order(payload);
      if (order) context_.bus.order(*order);
      return order.has_value();
    }
    case Kind::alive:
    case Kind::gone: return on_process(topic, payload, now);
    case Kind::undelivered: break;
  }
  return false;
}

bool Gateway::on_frame(const Topic& topic, std::string_view payload, std::string_view reply) {
  if (!is_frame(payload)) return false;
  ++counters_.frames_received;
  SharedRoom* const room = find_room(topic.room);
  if (room != nullptr && room->note_on_air(payload)) context_.bus.share_changed(topic.room);
  context_.bus.broadcast(
      topic.room, topic.reach,
      rooms::SharedFrame::from_wire(payload, context_.subjects.number_of(reply)));
  return true;
}

bool Gateway::on_peer_message(const protocol::PeerId& peer, std::string_view payload,
                              std::string_view reply, TimePoint now) {
  const auto message = decode_to_peer(payload);
  // A peer that moved away: the process that serves it now gets the same message.
  if (!message || moves_.has_moved_away(peer)) return message.has_value();
  switch (message->kind) {
    case ToPeer::Kind::frame:
      ++counters_.frames_received;
      if (!context_.bus.send(
              {message->room, peer, message->from, message->reach, frame_of(*message)})) {
        on_undelivered({message->room, message->from, peer});
      }
      return true;
    case ToPeer::Kind::take_over:
      moves_.move_away(peer, message->room, std::string(reply), now);
      return true;
    case ToPeer::Kind::undelivered:
      context_.bus.return_to_sender({message->room, peer, {}, rooms::Undelivered::Why::nobody});
      return true;
    case ToPeer::Kind::too_much:
      context_.bus.return_to_sender({message->room, peer, {}, rooms::Undelivered::Why::too_much});
      return true;
    case ToPeer::Kind::served_too: moves_.on_served_too(peer, *message, now); return true;
    case ToPeer::Kind::buffered:
    case ToPeer::Kind::handed_over: break;
  }
  return false;
}

/// A message for this process about a peer that it has claimed.
bool Gateway::on_claimed(const protocol::PeerId& peer, std::string_view payload,
                         std::string_view reply, TimePoint now) {
  const auto message = decode_to_peer(payload);
  if (!message) return false;
  switch (message->kind) {
    case ToPeer::Kind::buffered: moves_.on_buffered(peer, *message); return true;
    case ToPeer::Kind::handed_over:
      moves_.on_handed_over(peer, *message);
      // Both processes had it, and the other's announcement may have come last.
      if (SharedRoom* const room = find_room(message->room); room && room->members.contains(peer))
        announce_member(message->room, *room, peer);
      return true;
    case ToPeer::Kind::take_over:
      moves_.move_away(peer, message->room, std::string(reply), now);
      return true;
    case ToPeer::Kind::served_too: moves_.on_served_too(peer, *message, now); return true;
    case ToPeer::Kind::frame:
    case ToPeer::Kind::undelivered:
    case ToPeer::Kind::too_much: break;
  }
  return false;
}

bool Gateway::on_ask(const std::string& name, std::string_view payload, std::string_view reply,
                     TimePoint now) {
  if (!on_share(name, payload, now)) return false;
  const SharedRoom* const room = find_room(name);
  if (room != nullptr) context_.publish(std::string(reply), own_share(*room, now));
  return true;
}

bool Gateway::on_members(const Topic& topic, std::string_view payload, TimePoint now) {
  const auto members = decode_members(payload);
  if (!members) return false;
  if (topic.kind == Kind::members) {
    apply_members(topic.room, *members, now);
  } else {
    apply_list(topic.room, *members, now);
  }
  return true;
}

void Gateway::apply_members(const std::string& name, const Members& members, TimePoint now) {
  SharedRoom* const room = find_room(name);
  if (room == nullptr || members.process == context_.options.process) return;
  for (const protocol::PeerId& id : members.come) {
    room->elsewhere.come(members.process, id);
    directed_.retry_now(id, now);
  }
  for (const protocol::PeerId& id : members.gone) room->elsewhere.go(members.process, id);
}

void Gateway::apply_list(const std::string& name, const Members& piece, TimePoint now) {
  apply_members(name, piece, now);
  SharedRoom* const room = find_room(name);
  if (room != nullptr && room->elsewhere.list(piece, now + context_.options.grace))
    schedule(name, *room);
}

bool Gateway::on_process(const Topic& topic, std::string_view payload, TimePoint now) {
  const auto process = decode_process(payload);
  if (!process) return false;
  if (topic.kind == Kind::alive) {
    note_life(*process, now);
  } else {
    forget(*process, now, context_.options.grace);
  }
  return true;
}

bool Gateway::on_share(const std::string& name, std::string_view payload, TimePoint now) {
  const auto decoded = decode_share(payload);
  if (!decoded) return false;
  if (decoded->process != context_.options.process) apply_share(name, *decoded, now);
  return true;
}

void Gateway::apply_share(const std::string& name, const Share& share, TimePoint now) {
  note_life(share.process, now);
  SharedRoom* const found = find_room(name);
  if (found == nullptr) return;
  SharedRoom& room = *found;
  const bool missed_news = room.synced.insert(share.process).second || share.was_away;
  const RoomShare before = missed_news ? room.remote_share() : RoomShare{};
  if (missed_news) hold_lost_talkers(name, room, share, now);
  // A process that asks has members soon, and must not miss frames until then.
  if (share.share) {
    room.remote[share.process] = *share.share;
  } else {
    room.remote.erase(share.process);
  }
  for (const Orphan& orphan : share.orphans) {
    hold_slot(name, room, orphan.talker, now + std::min<Duration>(orphan.left, silent_grace()));
  }
  release_returned(name, room);
  if (missed_news && room.known) {
    announce_missed(name, room, before, now);
    if (room.receives_members()) ask_for_members(name);
  }
  announce(name, room);
  room.note_others(share, context_.options.process);
  context_.bus.share_changed(name);
  enforce_talker_limit(name, room);
  if (!room.known && room.known_by && room.awaited.empty()) become_known(name, room, now);
}

/// Talkers that the process had before its news was lost, and that it has no more.
void Gateway::hold_lost_talkers(const std::string& name, SharedRoom& room, const Share& share,
                                TimePoint now) {
  const auto known = room.remote.find(share.process);
  if (known == room.remote.end()) return;
  for (const TalkerInfo& talker : known->second.talkers) {
    const bool is_gone = !share.share || !has(share.share->talkers, talker.id);
    if (is_gone) hold_slot(name, room, talker, now + context_.options.grace);
  }
}

void Gateway::on_no_subscriber(std::string_view reply, TimePoint now) {
  const auto topic = context_.subjects.topic_of(reply);
  if (!topic) return;
  if (topic->kind == Kind::undelivered) {
    directed_.on_no_subscriber(topic->number, now);
  } else if (topic->kind == Kind::claimed) {
    moves_.on_unclaimed(topic->peer, now);
  } else if (topic->kind == Kind::share_for) {
    SharedRoom* const room = find_room(topic->room);
    if (room != nullptr) become_known(topic->room, *room, now);
  }
}

}  // namespace onair::cluster
