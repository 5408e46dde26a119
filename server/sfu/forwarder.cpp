#include "sfu/forwarder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sfu/ice/demux.hpp"
#include "sfu/ice/stun.hpp"

namespace onair::sfu {
namespace {

std::vector<Candidate> candidates_of(const std::vector<LocalCandidate>& locals) {
  std::vector<Candidate> candidates;
  std::array<std::uint16_t, 2> ranks{};  // among those of the same transport
  for (const LocalCandidate& local : locals) {
    const bool is_tcp = local.transport == LocalCandidate::Transport::tcp_passive;
    candidates.push_back(host_candidate(is_tcp ? CandidateTransport::tcp : CandidateTransport::udp,
                                        ip_text(local.address), local.address.port,
                                        ranks[is_tcp ? 1 : 0]++));
  }
  return candidates;
}

}  // namespace

Forwarder::Forwarder(ForwarderOptions options, PacketSink& packets, EventSink& events)
    : packets_(packets),
      events_(events),
      outlet_(packets),
      instance_(std::move(options.instance)),
      candidates_(candidates_of(options.candidates)),
      max_peers_(options.max_peers),
      max_rooms_(options.max_rooms),
      context_(options.dtls_timeout) {}

void Forwarder::set_candidates(const std::vector<LocalCandidate>& candidates) {
  candidates_ = candidates_of(candidates);
}

void Forwarder::receive(MutableBytes packet, const Path& from, TimePoint now) {
  now_ = now;
  const PacketClass kind = classify(packet);
  if (kind == PacketClass::other) return;
  if (kind == PacketClass::stun) return receive_stun(packet, from, now);
  Peer* const peer = directory_.find(from);
  if (peer == nullptr) return;
  if (kind == PacketClass::dtls) {
    if (!peer->is_connected()) {
      const bool has_begun = peer->transport().state() == Transport::State::connecting;
      return handshakes_.add(*peer, has_begun, packet);
    }
    peer->change_transport(now).receive_dtls(packet, now);
    return follow_transport(*peer, now);
  }
  if (peer->is_connected()) receive_media(*peer, kind, packet, now);
}

void Forwarder::receive_stun(MutableBytes packet, const Path& from, TimePoint now) {
  const auto message = StunMessage::parse(packet);
  if (!message) return;
  Peer* const peer = directory_.find(local_ufrag(*message));
  if (peer == nullptr) return;
  std::array<std::uint8_t, kMaxPacket> memory;
  const auto outcome = peer->change_transport(now).receive_stun(*message, from, now, memory);
  if (!outcome.response.empty()) packets_.send(from, outcome.response, 0);
  if (outcome.forgotten) directory_.remove(*outcome.forgotten, *peer);
  if (!outcome.retired_ufrag.empty()) directory_.remove(outcome.retired_ufrag, *peer);
  if (outcome.is_proven && !is_others(from, *peer, now)) directory_.add(from, *peer);
  if (outcome.has_moved) {
    ++farewell_changes_;
    tell_path_of_viewer(*peer, now);
  }
  follow_transport(*peer, now);
}

/// A peer that forges the address of another one does not get that one's packets: DTLS has finished
/// there with the other one, or it has moved there since. Where a NAT has given the address to
/// somebody else, the other peer is no longer heard from there.
bool Forwarder::is_others(const Path& path, const Peer& peer, TimePoint now) const {
  const Peer* const owner = directory_.find(path);
  if (owner == nullptr || owner == &peer) return false;
  const IceLite& ice = owner->transport().ice();
  if (owner->connected_path == path) return ice.is_at(path, now);
  // Only checks show that it has moved: its media may come from elsewhere.
  const auto& current = owner->transport().path();
  return owner->is_connected() && current && current->get() == path && ice.has_checked(path, now) &&
         peer.connected_path != path;
}

void Forwarder::receive_media(Peer& peer, PacketClass kind, MutableBytes packet, TimePoint now) {
  SrtpReceiver& receiver = peer.transport().receiver();
  if (kind == PacketClass::rtp) {
    if (!peer.publishes()) return;  // viewers send none
    const auto plain = receiver.receive_rtp(packet);
    if (plain && peer.rtp.allow(kRtpRate, now)) {
      peer.note_received(now);
      peer.entry.change_room(now).receive_rtp(packet.first(plain.size), now);
    }
    return;
  }
  const auto plain = receiver.receive_rtcp(packet);
  // Only what is the peer's own counts: forgeries don't keep it out.
  if (!plain || !peer.rtcp.allow(kRtcpRate, now)) return;
  peer.note_received(now);
  if (peer.publishes()) {
    peer.entry.change_room(now).receive_rtcp(packet.first(plain.size), now);
  } else if (peer.viewer) {
    peer.entry.change_room(now).receive_viewer_rtcp(*peer.viewer, packet.first(plain.size), now,
                                                    outlet_);
  }
}

void Forwarder::connection_closed(std::uint32_t connection, TimePoint now) {
  now_ = now;
  const auto path = directory_.path_over(connection);
  if (!path) return;
  Peer& peer = *directory_.find(*path);
  directory_.remove(*path, peer);
  const bool has_moved = peer.change_transport(now).ice().forget_connection(connection);
  ++farewell_changes_;
  if (has_moved) tell_path_of_viewer(peer, now);
}

void Forwarder::tell_path_of_viewer(Peer& peer, TimePoint now) {
  const auto& path = peer.transport().path();
  if (peer.viewer && path) peer.entry.change_room(now).set_viewer_path(*peer.viewer, *path);
}

void Forwarder::advance(TimePoint now) {
  now_ = now;
  rooms_due_.advance(now, [&](RoomEntry& entry) { advance_room(entry, now); });
  advance_handshakes(now);
  peers_due_.advance(now, [&](Peer& peer) { advance_peer(peer, now); });
}

void Forwarder::close_all(TimePoint now) {
  now_ = now;
  for (auto& [id, peer] : peers_) {
    peer.change_transport(now).close();
    send_dtls(peer);
  }
}

std::vector<Farewell> Forwarder::farewells() const {
  std::vector<Farewell> all;
  for (const auto& [id, peer] : peers_) {
    const auto& path = peer.transport().path();
    if (!path || path->get().connection != 0) continue;
    const auto farewell = Farewell::to_peer(path->get(), peer.transport().close_notify());
    if (farewell) all.push_back(*farewell);
  }
  return all;
}

std::optional<TimePoint> Forwarder::next_deadline() const {
  if (!handshakes_.empty()) return now_;
  const auto rooms = rooms_due_.next();
  const auto peers = peers_due_.next();
  if (!rooms || !peers) return rooms ? rooms : peers;
  return std::min(*rooms, *peers);
}

void Forwarder::follow_transport(Peer& peer, TimePoint now) {
  send_dtls(peer);
  switch (peer.transport().state()) {
    case Transport::State::waiting:
    case Transport::State::connecting: return;
    case Transport::State::connected:
      if (!std::exchange(peer.has_connected, true)) connect(peer, now);
      return;
    case Transport::State::closed: return end(peer, control::GoneReason::closed);
    case Transport::State::failed: return end(peer, control::GoneReason::refused);
  }
}

void Forwarder::connect(Peer& peer, TimePoint now) {
  const Transport& transport = peer.transport();
  const auto& path = transport.path();
  if (!path || !peer.agreed) return;  // DTLS begins after both
  peer.connected_path = *path;
  ForwardedRoom& room = peer.entry.change_room(now);
  if (peer.publishes()) {
    room.begin_talker(*peer.agreed, now);
  } else {
    peer.viewer = room.add_viewer(*peer.agreed, *path, transport.sender(), now);
  }
  ++farewell_changes_;
  events_.event(control::Connected{peer.entry.room().name(), peer.id});
}

void Forwarder::advance_room(RoomEntry& entry, TimePoint now) {
  ForwardedRoom& room = entry.change_room(now);
  room.send_due(now, outlet_);
  send_feedback(entry, now);
  const auto has_media = room.take_media_change(now);
  if (has_media && entry.talker != nullptr) {
    events_.event(control::MediaChange{room.name(), entry.talker->id, *has_media});
  }
}

void Forwarder::send_feedback(RoomEntry& entry, TimePoint now) {
  if (entry.talker == nullptr || !entry.talker->is_connected()) return;
  const Transport& transport = entry.talker->transport();
  const auto& path = transport.path();
  ForwardedRoom& room = entry.change_room(now);
  std::array<std::uint8_t, PublisherFeedback::kMaxDatagram + kMaxRtcpOverhead> memory;
  const auto plain = MutableBytes(memory).first(PublisherFeedback::kMaxDatagram);
  while (const std::size_t size = room.write_feedback(now, plain)) {
    const auto sealed = transport.sender().protect_rtcp(memory, size);
    if (sealed && path) packets_.send(*path, MutableBytes(memory).first(sealed.size), 0);
  }
}

void Forwarder::advance_handshakes(TimePoint now) {
  for (std::size_t i = 0; i < HandshakeQueue::kFlightsATick; ++i) {
    const auto flight = handshakes_.take();
    if (!flight) return;
    receive_flight(*flight, now);
  }
}

void Forwarder::receive_flight(const HandshakeQueue::Flight& flight, TimePoint now) {
  Peer& peer = *flight.peer;
  Transport& transport = peer.change_transport(now);
  if (!transport.path()) return;  // its TCP connection has closed meanwhile
  for (const Datagram& datagram : flight.datagrams) transport.receive_dtls(datagram, now);
  follow_transport(peer, now);
}

void Forwarder::advance_peer(Peer& peer, TimePoint now) {
  if (peer.transport().ice().is_silent(now)) {
    return end(peer,
               peer.is_connected() ? control::GoneReason::silent : control::GoneReason::refused);
  }
  peer.change_transport(now).advance(now);
  follow_transport(peer, now);
}

void Forwarder::end(Peer& peer, control::GoneReason reason) {
  peer.change_transport(now_).close();
  send_dtls(peer);
  const control::Gone gone{peer.entry.room().name(), peer.id, reason};
  discard(peer);
  events_.event(gone);
}

void Forwarder::end_viewers(RoomEntry& entry, const std::vector<ViewerId>& viewers) {
  if (viewers.empty()) return;
  for (auto next = peers_.begin(); next != peers_.end();) {
    Peer& peer = (next++)->second;
    const bool is_one = &peer.entry == &entry && peer.viewer &&
                        std::ranges::find(viewers, *peer.viewer) != viewers.end();
    if (is_one) end(peer, control::GoneReason::replaced);
  }
}

void Forwarder::discard(Peer& peer) {
  ++farewell_changes_;
  directory_.remove(peer);
  handshakes_.forget(peer);
  RoomEntry& entry = peer.entry;
  if (peer.viewer) entry.change_room(now_).remove_viewer(*peer.viewer);
  if (entry.talker == &peer) {
    entry.change_room(now_).end_talker();
    entry.talker = nullptr;
  }
  peers_.erase(peers_.find(peer.id));
  if (--entry.peers > 0) return;
  of_closed_rooms_ += entry.room().traffic();
  rooms_.erase(rooms_.find(entry.room().name()));
}

void Forwarder::send_dtls(Peer& peer) {
  const auto datagrams = peer.change_transport(now_).take_outgoing();
  const auto& path = peer.transport().path();
  if (!path) return;
  for (const Datagram& datagram : datagrams) packets_.send(*path, datagram, 0);
}

}  // namespace onair::sfu
