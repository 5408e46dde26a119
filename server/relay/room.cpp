#include "relay/room.hpp"

namespace onair::relay {
namespace {

void deliver(const Peer& peer, const Frame& frame) {
  if (peer.link != nullptr) peer.link->send(frame);
}

}  // namespace

Peer* Room::find(const protocol::PeerId& id, const Peer& from) const {
  const auto found = peers.find(id);
  if (found == peers.end()) return nullptr;
  Peer* const peer = found->second.get();
  const bool both_watch = peer->role == protocol::Role::watch && from.role == protocol::Role::watch;
  return both_watch ? nullptr : peer;
}

std::vector<protocol::PeerId> Room::on_air() const {
  std::vector<protocol::PeerId> ids;
  for (const Peer* talker : talkers) {
    if (talker->on_air) ids.push_back(talker->id);
  }
  return ids;
}

void Room::tell_others(const Peer& from, const Frame& frame) const {
  if (from.role == protocol::Role::watch) {
    for (const Peer* talker : talkers) deliver(*talker, frame);
    return;
  }
  for (const auto& [id, peer] : peers) {
    if (peer.get() != &from) deliver(*peer, frame);
  }
}

}  // namespace onair::relay
