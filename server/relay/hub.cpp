#include "relay/hub.hpp"

#include <utility>

#include "protocol/codec.hpp"

namespace onair::relay {

using protocol::ErrorCode;
using protocol::Message;
using protocol::Refusal;
using protocol::Role;
using protocol::Sender;

namespace {

Frame frame_of(protocol::Body body) {
  return std::make_shared<const std::string>(
      protocol::encode(Message{std::move(body), std::nullopt, std::nullopt}));
}

/// Why this peer may not say this, or nothing.
std::optional<Refusal> fault_of(const Peer& from, const Message& message) {
  const std::string type(type_of(message.body));
  switch (sender_of(message.body)) {
    case Sender::any_peer:
    case Sender::client:
      return std::nullopt;
    case Sender::talker:
      if (from.role == Role::talk) return std::nullopt;
      return Refusal{ErrorCode::wrong_role, "Only a talker may say `" + type + "`."};
    case Sender::watcher:
      if (from.role == Role::watch) return std::nullopt;
      return Refusal{ErrorCode::wrong_role, "Only a watcher may say `" + type + "`."};
    case Sender::entering_client:
      return Refusal{ErrorCode::already_entered, "This connection is in a room already."};
    case Sender::server:
      return Refusal{ErrorCode::unknown_type, "Only the server says `" + type + "`."};
  }
  return std::nullopt;
}

}  // namespace

void Hub::receive(Link& link, std::string_view frame, TimePoint now) {
  const protocol::Decoded decoded = protocol::decode(frame);
  if (const auto* refusal = std::get_if<Refusal>(&decoded)) return refuse(link, *refusal);
  const Message& message = std::get<Message>(decoded);
  if (message.from) {
    return refuse(link, {ErrorCode::forged_from, "Only the server sets `from`."});
  }
  if (link.peer != nullptr) return relay(*link.peer, message, frame);
  const auto* entering = std::get_if<protocol::Enter>(&message.body);
  if (entering == nullptr) {
    return refuse(link, {ErrorCode::not_entered, "The first frame must be `enter`."});
  }
  enter(link, *entering, now);
}

void Hub::refuse(Link& link, const Refusal& refusal) {
  link.send(frame_of(protocol::Error{std::string(name_of(refusal.code)), refusal.message}));
  if (const auto code = close_code_of(refusal.code)) link.close(*code);
}

void Hub::relay(Peer& from, const Message& message, std::string_view frame) {
  if (const auto fault = fault_of(from, message)) return refuse(*from.link, *fault);
  if (std::holds_alternative<protocol::Ping>(message.body)) {
    return from.link->send(frame_of(protocol::Pong{options_.ice_servers(from.id)}));
  }
  const auto stamped = std::make_shared<const std::string>(protocol::stamp_from(frame, from.id));
  if (message.sendto) {
    const Peer* to = from.room.find(*message.sendto, from);
    if (to == nullptr) {
      return refuse(*from.link, {ErrorCode::no_such_peer, "Nobody in this room has that id."});
    }
    if (to->link != nullptr) to->link->send(stamped);
    return;
  }
  if (std::holds_alternative<protocol::TalkReady>(message.body)) from.on_air = true;
  if (std::holds_alternative<protocol::EndTalk>(message.body)) from.on_air = false;
  from.room.tell_others(from, stamped);
}

void Hub::enter(Link& link, const protocol::Enter& enter, TimePoint now) {
  Peer& peer = admit(link, enter);
  welcome(peer);
  if (peer.role == Role::watch) {
    audience_changed(peer.room, now);
  } else {
    peer.link->send(frame_of(protocol::Audience{peer.room.watching()}));
  }
}

Peer& Hub::admit(Link& link, const protocol::Enter& enter) {
  Room& room = rooms_.try_emplace(enter.room, enter.room).first->second;
  std::optional<protocol::PeerId> resumed;
  if (enter.resume) {
    resumed = options_.resume_tokens.redeem(*enter.resume, enter.room, enter.role);
  }
  // A server that was restarted does not know a peer whose token holds.
  const auto known = resumed ? room.peers.find(*resumed) : room.peers.end();
  Peer& peer = known != room.peers.end()
                   ? *known->second
                   : add(room, resumed ? *resumed : options_.make_id(), enter.role);
  if (resumed && enter.fresh) {
    peer.on_air = false;
    room.tell_others(peer, frame_of(protocol::UserDisconnected{peer.id}));
  }
  attach(link, peer);
  return peer;
}

Peer& Hub::add(Room& room, const protocol::PeerId& id, Role role) {
  Peer& added = *room.peers.emplace(id, std::make_unique<Peer>(Peer{id, role, room})).first->second;
  if (role == Role::talk) room.talkers.push_back(&added);
  return added;
}

void Hub::attach(Link& link, Peer& peer) {
  if (peer.link != nullptr) {
    // A half-open socket: the client knows that it is gone, the server did not.
    peer.link->peer = nullptr;
    peer.link->close(protocol::CloseCode::replaced);
  }
  peer.link = &link;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  peer.gone_at.reset();
  link.peer = &peer;
}

void Hub::welcome(const Peer& peer) {
  protocol::Welcome welcome;
  welcome.id = peer.id;
  welcome.room = peer.room.name;
  welcome.resume = options_.resume_tokens.issue({peer.id, peer.room.name, peer.role});
  welcome.ice_servers = options_.ice_servers(peer.id);
  welcome.talkers = peer.room.on_air();
  welcome.relay_only = options_.relay_only;
  peer.link->send(frame_of(std::move(welcome)));
}

void Hub::disconnected(Link& link, Leaving leaving, TimePoint now) {
  Peer* const peer = std::exchange(link.peer, nullptr);
  if (peer == nullptr) return;
  peer->link = nullptr;
  if (leaving == Leaving::for_good) return remove(*peer, now);
  peer->gone_at = now + options_.grace;
  away_.emplace(*peer->gone_at, peer);
}

void Hub::remove(Peer& peer, TimePoint now) {
  Room& room = peer.room;
  if (peer.gone_at) away_.erase({*peer.gone_at, &peer});
  room.tell_others(peer, frame_of(protocol::UserDisconnected{peer.id}));
  std::erase(room.talkers, &peer);
  const bool watched = peer.role == Role::watch;
  room.peers.erase(room.peers.find(peer.id));
  if (room.peers.empty()) {
    audience_due_.erase({room.audience_due(options_.audience_interval), &room});
    rooms_.erase(rooms_.find(room.name));
  } else if (watched) {
    audience_changed(room, now);
  }
}

void Hub::advance(TimePoint now) {
  while (!away_.empty() && away_.begin()->first <= now) remove(*away_.begin()->second, now);
  while (!audience_due_.empty() && audience_due_.begin()->first <= now) {
    tell_audience(*audience_due_.begin()->second, now);
  }
}

std::optional<TimePoint> Hub::next_deadline() const {
  std::optional<TimePoint> next;
  if (!away_.empty()) next = away_.begin()->first;
  if (!audience_due_.empty()) {
    const TimePoint due = audience_due_.begin()->first;
    if (!next || due < *next) next = due;
  }
  return next;
}

std::size_t Hub::peers() const {
  std::size_t count = 0;
  for (const auto& [name, room] : rooms_) count += room.peers.size();
  return count;
}

void Hub::audience_changed(Room& room, TimePoint now) {
  const TimePoint due = room.audience_due(options_.audience_interval);
  if (due <= now) {
    tell_audience(room, now);
  } else {
    audience_due_.emplace(due, &room);
  }
}

void Hub::tell_audience(Room& room, TimePoint now) {
  audience_due_.erase({room.audience_due(options_.audience_interval), &room});
  if (room.told_audience == room.watching()) return;
  room.told_audience = room.watching();
  room.told_at = now;
  const Frame frame = frame_of(protocol::Audience{room.watching()});
  for (const Peer* talker : room.talkers) {
    if (talker->link != nullptr) talker->link->send(frame);
  }
}

}  // namespace onair::relay
