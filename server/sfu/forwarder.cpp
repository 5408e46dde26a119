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
      next_consent_check_(TimePoint::min()) {}

void Forwarder::receive(MutableBytes packet, const Path& from, TimePoint now) {
  now_ = now;
  const PacketClass kind = classify(packet);
  if (kind == PacketClass::other) return;
  if (kind == PacketClass::stun) return receive_stun(packet, from, now);
  Peer* const peer = directory_.find(from);
  if (peer == nullptr) return;
  if (kind == PacketClass::dtls) {
    peer->transport.receive_dtls(packet, now);
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
  const auto outcome = peer->transport.receive_stun(*message, from, now, memory);
  if (!outcome.response.empty()) packets_.send(from, outcome.response, 0);
  if (outcome.forgotten) directory_.remove(*outcome.forgotten, *peer);
  if (!outcome.retired_ufrag.empty()) directory_.remove(outcome.retired_ufrag, *peer);
  if (outcome.is_proven) directory_.add(from, *peer);
  if (outcome.has_moved && peer->viewer) {
    peer->entry.room.set_viewer_path(*peer->viewer, *peer->transport.path());
  }
  follow_transport(*peer, now);
}

void Forwarder::receive_media(Peer& peer, PacketClass kind, MutableBytes packet, TimePoint now) {
  SrtpReceiver& receiver = peer.transport.receiver();
  if (kind == PacketClass::rtp) {
    if (!peer.publishes()) return;  // viewers send none
    if (const auto plain = receiver.receive_rtp(packet)) {
      peer.entry.room.receive_rtp(packet.first(plain.size), now);
      has_news_ = true;
    }
    return;
  }
  const auto plain = receiver.receive_rtcp(packet);
  if (!plain) return;
  if (peer.publishes()) {
    peer.entry.room.receive_rtcp(packet.first(plain.size), now);
  } else if (peer.viewer) {
    peer.entry.room.receive_viewer_rtcp(*peer.viewer, packet.first(plain.size), now, outlet_);
  }
  has_news_ = true;
}

void Forwarder::connection_closed(std::uint32_t connection, TimePoint now) {
  now_ = now;
  for (const auto& [path, peer] : directory_.over(connection)) {
    directory_.remove(path, *peer);
    const bool has_moved = peer->transport.ice().forget_connection(connection);
    if (has_moved && peer->viewer && peer->transport.path()) {
      peer->entry.room.set_viewer_path(*peer->viewer, *peer->transport.path());
    }
  }
}

void Forwarder::advance(TimePoint now) {
  now_ = now;
  has_news_ = false;
  for (auto& [name, entry] : rooms_) {
    entry.room.send_due(now, outlet_);
    send_feedback(entry, now);
    const auto has_media = entry.room.take_media_change(now);
    if (has_media && entry.talker != nullptr) {
      events_.event(control::MediaChange{name, entry.talker->id, *has_media});
    }
  }
  advance_transports(now);
  check_consent(now);
}

std::optional<TimePoint> Forwarder::next_deadline() const {
  if (has_news_) return now_;
  std::optional<TimePoint> next;
  const auto take_in = [&](std::optional<TimePoint> deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  for (const auto& [name, entry] : rooms_) take_in(entry.room.next_deadline());
  for (const Peer* const peer : connecting_) take_in(peer->transport.next_deadline(now_));
  if (!peers_.empty()) take_in(std::max(next_consent_check_, now_));
  return next;
}

void Forwarder::follow_transport(Peer& peer, TimePoint now) {
  send_dtls(peer);
  switch (peer.transport.state()) {
    case Transport::State::waiting: return;
    case Transport::State::connecting: connecting_.insert(&peer); return;
    case Transport::State::connected:
      if (connecting_.erase(&peer) > 0) connect(peer, now);
      return;
    case Transport::State::closed: return end(peer, control::GoneReason::closed);
    case Transport::State::failed: return end(peer, control::GoneReason::refused);
  }
}

void Forwarder::connect(Peer& peer, TimePoint now) {
  if (peer.publishes()) {
    peer.entry.room.begin_talker(*peer.agreed, now);
  } else {
    peer.viewer = peer.entry.room.add_viewer(*peer.agreed, *peer.transport.path(),
                                             peer.transport.sender(), now);
  }
  has_news_ = true;
  events_.event(control::Connected{peer.entry.room.name(), peer.id});
}

void Forwarder::send_feedback(RoomEntry& entry, TimePoint now) {
  if (entry.talker == nullptr || !entry.talker->is_connected()) return;
  Transport& transport = entry.talker->transport;
  std::array<std::uint8_t, PublisherFeedback::kMaxDatagram + kMaxRtcpOverhead> memory;
  while (const std::size_t size = entry.room.write_feedback(
             now, MutableBytes(memory).first(PublisherFeedback::kMaxDatagram))) {
    const auto sealed = transport.sender().protect_rtcp(memory, size);
    if (sealed && transport.path()) {
      packets_.send(*transport.path(), MutableBytes(memory).first(sealed.size), 0);
    }
  }
}

void Forwarder::advance_transports(TimePoint now) {
  // What is followed may leave the set, and may be ended.
  const std::vector<Peer*> connecting(connecting_.begin(), connecting_.end());
  for (Peer* const peer : connecting) {
    peer->transport.advance(now);
    follow_transport(*peer, now);
  }
}

void Forwarder::check_consent(TimePoint now) {
  if (now < next_consent_check_) return;
  next_consent_check_ = now + kConsentCheck;
  std::vector<Peer*> silent;
  for (auto& [id, peer] : peers_) {
    if (peer.transport.ice().is_silent(now)) silent.push_back(&peer);
  }
  for (Peer* const peer : silent) {
    end(*peer, peer->is_connected() ? control::GoneReason::silent : control::GoneReason::refused);
  }
}

void Forwarder::end(Peer& peer, control::GoneReason reason) {
  peer.transport.close();
  send_dtls(peer);
  const control::Gone gone{peer.entry.room.name(), peer.id, reason};
  discard(peer);
  events_.event(gone);
}

void Forwarder::discard(Peer& peer) {
  directory_.remove(peer);
  connecting_.erase(&peer);
  RoomEntry& entry = peer.entry;
  if (peer.viewer) entry.room.remove_viewer(*peer.viewer);
  if (entry.talker == &peer) {
    entry.room.end_talker();
    entry.talker = nullptr;
  }
  peers_.erase(peers_.find(peer.id));
  if (--entry.peers > 0) return;
  of_closed_rooms_ += entry.room.traffic();
  rooms_.erase(rooms_.find(entry.room.name()));
}

void Forwarder::send_dtls(Peer& peer) {
  const auto datagrams = peer.transport.take_outgoing();
  if (!peer.transport.path()) return;
  for (const Datagram& datagram : datagrams) packets_.send(*peer.transport.path(), datagram, 0);
}

}  // namespace onair::sfu
