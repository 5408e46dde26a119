// The forwarder: one talker's packets to many viewers, for each room (a selective forwarding unit,
// RFC 7667 section 3.7). The contract is in forwarder_edge.hpp.
//
// A packet comes in by receive(), finds its peer by PeerDirectory, and is opened by the peer's
// Transport. A talker's media goes through ForwardedRoom to the room's viewers when advance() is
// called, once for all packets of a tick of the edge's loop, and before the handshakes of those who
// join (HandshakeQueue). A tick costs nothing for the rooms and peers that aren't due in it
// (Timetable).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sfu/control/control.hpp"
#include "sfu/forwarded_room.hpp"
#include "sfu/forwarder_edge.hpp"
#include "sfu/handshake_queue.hpp"
#include "sfu/ice/demux.hpp"
#include "sfu/negotiation/negotiation.hpp"
#include "sfu/peer.hpp"
#include "sfu/peer_directory.hpp"
#include "sfu/sink_outlet.hpp"
#include "sfu/timetable.hpp"
#include "sfu/transport.hpp"

namespace onair::sfu {

/// A room, and who is there.
class RoomEntry {
 public:
  RoomEntry(const std::string& name, Timetable<RoomEntry>& timetable)
      : timetable_(timetable), room_(name) {}
  RoomEntry(const RoomEntry&) = delete;  // the timetable points to it
  RoomEntry& operator=(const RoomEntry&) = delete;
  ~RoomEntry() { timetable_.forget(*this); }

  const ForwardedRoom& room() const { return room_; }
  /// The only way to change it, so that no deadline of its can be missed.
  ForwardedRoom& change_room(TimePoint now) {
    timetable_.touch(*this, now);
    return room_;
  }
  std::optional<TimePoint> next_deadline(TimePoint) const { return room_.next_deadline(); }

  Peer* talker = nullptr;  ///< the peer that publishes, connected or not yet
  std::size_t peers = 0;   ///< with the talker

 private:
  Timetable<RoomEntry>& timetable_;
  ForwardedRoom room_;
};

class Forwarder {
 public:
  Forwarder(ForwarderOptions options, PacketSink& packets, EventSink& events);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  control::Reply handle(const control::Request& request, TimePoint now);
  /// From now on descriptions have these, the preferred ones first.
  void set_candidates(const std::vector<LocalCandidate>& candidates);
  /// The packet's bytes are used as memory.
  void receive(MutableBytes packet, const Path& from, TimePoint now);
  void connection_closed(std::uint32_t connection, TimePoint now);
  void advance(TimePoint now);
  /// The process ends. Tells all peers: they would know it by silence alone, after half a minute.
  void close_all(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  /// Datagrams that tell peers the end if this process is killed. Peers over TCP learn it by the
  /// system.
  std::vector<Farewell> farewells() const;
  /// Differs after each change of these.
  std::uint64_t farewell_changes() const { return farewell_changes_; }

  std::size_t peers() const { return peers_.size(); }
  /// True when there is nothing left of any peer: for tests.
  bool empty() const {
    return peers_.empty() && rooms_.empty() && directory_.empty() && peers_due_.empty() &&
           rooms_due_.empty() && handshakes_.empty();
  }
  /// How many rooms and peers all calls of advance() together have dealt with: for tests.
  std::uint64_t handled() const { return rooms_due_.handled() + peers_due_.handled(); }

 private:
  // forwarder_requests.cpp
  control::Reply on(const control::Hello& request, TimePoint now);
  control::Reply on(const control::Publish& request, TimePoint now);
  control::Reply on(const control::Play& request, TimePoint now);
  control::Reply on(const control::Invite& request, TimePoint now);
  control::Reply on(const control::Answer& request, TimePoint now);
  control::Reply on(const control::Trickle& request, TimePoint now);
  control::Reply on(const control::Restart& request, TimePoint now);
  control::Reply on(const control::Close& request, TimePoint now);
  control::Reply on(const control::List& request, TimePoint now);
  control::Reply on(const control::Stats& request, TimePoint now);
  std::optional<control::Error> refusal_of_new(const std::string& room,
                                               const control::PeerId& peer) const;
  /// The peer's description was accepted: its connection may begin.
  void accept(Peer& peer, Agreed agreed, TimePoint now);
  Peer& add_peer(const control::PeerId& id, Peer::Role role, const std::string& room,
                 const std::string& note, TimePoint now);
  LocalTransport describe(Peer& peer) const;
  /// nullptr where there is none, or it publishes nothing yet.
  const ForwardedRoom* find_publication(std::string_view room) const;
  Peer* find_peer(const control::PeerId& id);
  control::Page<control::PeerInfo> list_peers(const control::PeerId& after) const;

  // forwarder.cpp
  void receive_stun(MutableBytes packet, const Path& from, TimePoint now);
  bool is_others(const Path& path, const Peer& peer, TimePoint now) const;
  void receive_media(Peer& peer, PacketClass kind, MutableBytes packet, TimePoint now);
  /// After whatever may have changed the state of its transport. The peer may be gone then.
  void follow_transport(Peer& peer, TimePoint now);
  void connect(Peer& peer, TimePoint now);
  void tell_path_of_viewer(Peer& peer, TimePoint now);
  void advance_room(RoomEntry& entry, TimePoint now);
  void send_feedback(RoomEntry& entry, TimePoint now);
  void advance_handshakes(TimePoint now);
  void receive_flight(const HandshakeQueue::Flight& flight, TimePoint now);
  void advance_peer(Peer& peer, TimePoint now);
  void end(Peer& peer, control::GoneReason reason);
  /// Ends viewers that can't play the current codecs; they may request again.
  void end_viewers(RoomEntry& entry, const std::vector<ViewerId>& viewers);
  /// Removes the peer and, with a room's last one, the room. Tells nobody.
  void discard(Peer& peer);
  void send_dtls(Peer& peer);

  PacketSink& packets_;
  EventSink& events_;
  SinkOutlet outlet_;
  std::string instance_;
  std::vector<Candidate> candidates_;
  std::size_t max_peers_;
  std::size_t max_rooms_;
  TransportContext context_;
  Timetable<RoomEntry> rooms_due_;  // outlives the rooms
  Timetable<Peer> peers_due_;       // outlives the peers
  std::map<std::string, RoomEntry, std::less<>> rooms_;
  std::map<control::PeerId, Peer> peers_;  ///< in the order of lists
  PeerDirectory directory_;
  HandshakeQueue handshakes_;
  control::Traffic of_closed_rooms_;
  std::uint64_t farewell_changes_ = 0;
  TimePoint now_;  ///< of the latest call
};

}  // namespace onair::sfu
