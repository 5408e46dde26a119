// Represents the other processes to this process's hubs: joins their bus like a hub, and exchanges
// messages with its counterparts over the Wire. No sockets and no clock; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/deliveries.hpp"
#include "cluster/leases.hpp"
#include "cluster/messages.hpp"
#include "cluster/shared_room.hpp"
#include "cluster/wire.hpp"
#include "rooms/bus.hpp"
#include "rooms/thread_bus.hpp"

namespace onair::cluster {

struct GatewayOptions {
  std::string prefix = "onair";
  ProcessId process;  ///< unique, also in time
  /// Interval of its signs of life, and the silence after which another process counts as dead.
  Duration heartbeat = std::chrono::seconds(1);
  Duration dead_after = std::chrono::seconds(4);
  /// Time to wait for the shares of processes that are known to have a room.
  Duration patience = std::chrono::milliseconds(300);
  /// Attempts to send a frame to a peer that nobody has yet, and the time between them.
  int tries = 4;
  Duration pause = std::chrono::milliseconds(100);
  /// The time between attempts for a peer that is expected back, and while the wire is away.
  Duration long_pause = std::chrono::milliseconds(500);
  /// The least time between two messages that change only numbers of members.
  Duration share_interval = std::chrono::milliseconds(100);
  /// Talk slots of a room, on all processes together.
  std::size_t talkers_per_room = 1;
  /// Time that a dead process's members have to come back at another.
  Duration grace = std::chrono::seconds(15);
};

struct GatewayCounters {
  std::uint64_t published = 0;
  std::uint64_t received = 0;
  std::uint64_t frames_received = 0;  ///< of these, frames of rooms
  std::uint64_t foreign = 0;          ///< on our subjects, but not valid
};

class Gateway final : public rooms::BusMember, public WireMember {
 public:
  /// `bus` is this member's end. All three outlive the gateway.
  Gateway(GatewayOptions options, rooms::ThreadBus& bus, Wire& wire, LeaseStore& leases);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  /// Tells the others that this process ends.
  void leave();

  /// Receives the store's answers.
  LeaseMember& leases() { return leases_; }

  bool is_connected() const { return connected_; }
  bool has_leases() const { return leases_.is_available(); }
  std::size_t processes() const { return last_seen_.size(); }
  const GatewayCounters& counters() const { return counters_; }

  // From the hubs:
  bool knows(const std::string& room) const override;
  void learn(const std::string& room, TimePoint now) override;
  void on_attached(const protocol::PeerId& peer, const std::string& room, TimePoint now) override;
  void on_detached(const protocol::PeerId& peer) override;
  void on_room_ready(const std::string& room, TimePoint now) override;
  std::optional<rooms::RoomShare> share_of(const std::string& room) const override;
  void on_share(const std::string& room, rooms::HubId hub, std::optional<rooms::RoomShare> share,
                TimePoint now) override;
  void on_broadcast(const std::string& room, rooms::Reach reach,
                    const rooms::Frame& frame) override;
  bool on_directed(const rooms::DirectedFrame& frame, TimePoint now) override;
  void on_order(const rooms::Order& order, TimePoint now) override;
  void on_undelivered(const rooms::Undelivered& undelivered) override;
  void on_taken_over(const std::string& room, const protocol::PeerId& peer, rooms::HubId by,
                     TimePoint now) override;
  void on_handed_over(const rooms::HandOver& handover, TimePoint now) override;

  // From the wire:
  void on_message(std::string_view subject, std::string_view payload, std::string_view reply,
                  TimePoint now) override;
  void on_no_subscriber(std::string_view reply, TimePoint now) override;
  void connected(TimePoint now) override;
  void disconnected() override;

 private:
  /// A peer that was served here and now is by another process.
  struct MovedAway {
    TimePoint until;      ///< when that is forgotten
    std::string claimed;  ///< the subject on which that process waits for its frames
  };
  using Rooms = std::map<std::string, SharedRoom>;
  using Topic = Subjects::Topic;

  void ask_for(const std::string& name, SharedRoom& room, TimePoint now);
  void become_known(const std::string& name, SharedRoom& room, TimePoint now);
  void subscribe_as_needed(const std::string& name, SharedRoom& room);
  void local_changed(const std::string& name, SharedRoom& room, TimePoint now);
  void enforce_talker_limit(const std::string& name, const SharedRoom& room);
  void publish_share(const std::string& name, SharedRoom& room, TimePoint now,
                     bool was_away = false);
  std::string own_share(const SharedRoom& room, TimePoint now, bool was_away = false) const;
  void close(Rooms::iterator room);
  void ask_for_members(const std::string& name);
  void list_members(const std::string& name, const std::string& reply);
  void send(DeliveryNumber number, const rooms::DirectedFrame& directed);
  void send_again(DeliveryNumber number, TimePoint now);
  void not_delivered(DeliveryNumber number, TimePoint now);
  void publish(const std::string& subject, std::string_view payload, const std::string& reply = {});

  // Messages from the wire; false where they are not valid.
  bool take(const Topic& topic, std::string_view payload, std::string_view reply, TimePoint now);
  bool on_frame(const Topic& topic, std::string_view payload, std::string_view reply);
  bool on_peer_message(const protocol::PeerId& peer, std::string_view payload,
                       std::string_view reply, TimePoint now);
  bool on_buffered(const protocol::PeerId& peer, std::string_view payload);
  bool on_share(const std::string& name, std::string_view payload, TimePoint now);
  void note_share(const std::string& name, const Share& share, TimePoint now);
  void note_members(const std::string& name, const Members& members, TimePoint now);
  void note_list(const std::string& name, const Members& piece, TimePoint now);

  // Moves of peers between processes (moves.cpp):
  void claim(const std::string& name, const protocol::PeerId& peer);
  void move_away(const protocol::PeerId& peer, const std::string& room, std::string claimed,
                 TimePoint now);
  void end_claim(const protocol::PeerId& peer, rooms::HandOver handover);

  // What fails, and how it heals (outages.cpp):
  void introduce(TimePoint now);
  void note_life(const ProcessId& process, TimePoint now);
  void take_for_dead(const ProcessId& process, TimePoint now);
  void forget(const ProcessId& process, TimePoint now);
  void forget(const std::string& name, SharedRoom& room, const ProcessId& process, TimePoint now);
  void forget_silent(TimePoint now);
  void hold_slot(const std::string& name, SharedRoom& room, const rooms::TalkerInfo& talker,
                 TimePoint until);
  void release_returned(const std::string& name, SharedRoom& room);
  void drop_overdue(const std::string& name, SharedRoom& room, TimePoint now);
  void announce_missed(const std::string& name, SharedRoom& room, const rooms::RoomShare& before);
  void announce(const std::string& name, SharedRoom& room);

  GatewayOptions options_;
  Subjects subjects_;
  rooms::ThreadBus& bus_;
  Wire& wire_;
  Leases leases_;
  bool connected_ = false;
  Rooms rooms_;
  std::map<protocol::PeerId, std::string> rooms_of_peers_;  ///< the peers that this process serves
  Deliveries deliveries_;
  /// Buffered frames of peers that are served here now, as far as they have come.
  std::map<protocol::PeerId, std::vector<rooms::Frame>> arriving_;
  std::map<protocol::PeerId, MovedAway> moved_away_;
  // For the time while the wire is away, and after it:
  std::optional<TimePoint> resynced_by_;
  std::map<protocol::PeerId, std::string> queued_claims_;  ///< with the room of each
  std::optional<TimePoint> claims_end_;                    ///< until when they are repeated
  std::vector<rooms::Order> queued_orders_;
  std::map<ProcessId, TimePoint> last_seen_;
  std::map<ProcessId, TimePoint> taken_for_dead_;  ///< with the end of that memory
  std::optional<TimePoint> beat_at_;
  std::set<std::pair<TimePoint, std::string>> due_;  ///< rooms with something due, or a stale entry
  GatewayCounters counters_;
};

}  // namespace onair::cluster
