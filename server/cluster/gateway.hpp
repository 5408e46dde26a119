// Stands in one process for all others of a cluster: to the hubs it is one more member of their
// bus, to the other processes it speaks over a wire. No sockets and no clock; one thread.
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
#include "relay/bus.hpp"
#include "relay/thread_bus.hpp"

namespace onair::cluster {

struct GatewayOptions {
  std::string prefix = "onair";
  ProcessId process;  ///< that no other process has or had
  /// How often it says that it lives, and after what silence another is dead.
  Duration heartbeat = std::chrono::seconds(1);
  Duration dead_after = std::chrono::seconds(4);
  /// How long it waits for those who are known to have a room.
  Duration patience = std::chrono::milliseconds(300);
  /// What was said to one whom nobody has is said again so often, after such a time.
  int tries = 4;
  Duration pause = std::chrono::milliseconds(100);
  /// The same for one who is expected back, for the grace time, and while the wire is away.
  Duration long_pause = std::chrono::milliseconds(500);
  /// The least time between two numbers of watchers to other processes.
  Duration part_interval = std::chrono::milliseconds(100);
  /// Talkers of a room on all processes together.
  std::size_t talkers_per_room = 1;
  /// How long a dead process's talkers have to come back at another, or longer if their leases may
  /// hold for longer.
  Duration grace = std::chrono::seconds(15);
};

struct GatewayCounters {
  std::uint64_t published = 0;
  std::uint64_t heard = 0;
  std::uint64_t frames_heard = 0;  ///< of these, what was said in rooms
  std::uint64_t foreign = 0;       ///< on our subjects and not ours
};

class Gateway final : public relay::BusMember, public WireMember {
 public:
  /// `bus` is this member's end. All three outlive the gateway.
  Gateway(GatewayOptions options, relay::ThreadBus& bus, Wire& wire, LeaseStore& leases);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  void advance(TimePoint now);
  std::optional<TimePoint> next_deadline() const;

  /// Tells the others that this process ends.
  void leave();

  /// To which the engine's answers go.
  LeaseMember& leases() { return leases_; }

  bool is_connected() const { return connected_; }
  bool has_leases() const { return leases_.is_available(); }
  std::size_t processes() const { return last_heard_.size(); }
  const GatewayCounters& counters() const { return counters_; }

  // From the hubs:
  bool knows(const std::string& room) const override;
  void learn(const std::string& room, TimePoint now) override;
  void attached(const protocol::PeerId& peer, const std::string& room, TimePoint now) override;
  void detached(const protocol::PeerId& peer) override;
  void room_ready(const std::string& room, TimePoint now) override;
  std::optional<relay::RoomPart> part_of(const std::string& room) const override;
  void hear_part(const std::string& room, relay::HubId hub, std::optional<relay::RoomPart> part,
                 TimePoint now) override;
  void hear(const std::string& room, relay::Reach reach, const relay::Frame& frame) override;
  bool hear(const relay::DirectedFrame& frame, TimePoint now) override;
  void hear(const relay::Order& order, TimePoint now) override;
  void undelivered(const relay::Undelivered& undelivered) override;
  void taken_over(const std::string& room, const protocol::PeerId& peer, relay::HubId by,
                  TimePoint now) override;
  void handed_over(const relay::HandOver& kept, TimePoint now) override;

  // From the wire:
  void hear(std::string_view subject, std::string_view payload, std::string_view reply,
            TimePoint now) override;
  void nobody_heard(std::string_view reply, TimePoint now) override;
  void connected(TimePoint now) override;
  void disconnected() override;

 private:
  /// One who was served here, and of late is served by another process.
  struct MovedAway {
    TimePoint until;      ///< when that is forgotten
    std::string claimed;  ///< the subject on which that process waits for what was kept
  };
  using Rooms = std::map<std::string, SharedRoom>;
  using Topic = Subjects::Topic;

  void ask_for(const std::string& name, SharedRoom& room, TimePoint now);
  void become_known(const std::string& name, SharedRoom& room, TimePoint now);
  void subscribe_as_needed(const std::string& name, SharedRoom& room);
  void local_changed(const std::string& name, SharedRoom& room, TimePoint now);
  void keep_to_talkers_per_room(const std::string& name, const SharedRoom& room);
  void tell_part(const std::string& name, SharedRoom& room, TimePoint now, bool was_away = false);
  std::string own_part(const SharedRoom& room, TimePoint now, bool was_away = false) const;
  void close(Rooms::iterator room);
  void ask_for_members(const std::string& name);
  void list_members(const std::string& name, const std::string& reply);
  void send(DeliveryNumber number, const relay::DirectedFrame& directed);
  void send_again(DeliveryNumber number, TimePoint now);
  void not_delivered(DeliveryNumber number, TimePoint now);
  void publish(const std::string& subject, std::string_view payload, const std::string& reply = {});

  // What came on the wire; false where it is not ours.
  bool take(const Topic& topic, std::string_view payload, std::string_view reply, TimePoint now);
  bool hear_frame(const Topic& topic, std::string_view payload, std::string_view reply);
  bool hear_for_peer(const protocol::PeerId& peer, std::string_view payload, std::string_view reply,
                     TimePoint now);
  bool hear_kept(const protocol::PeerId& peer, std::string_view payload);
  bool hear_part(const std::string& name, std::string_view payload, TimePoint now);
  void note_part(const std::string& name, const Part& part, TimePoint now);
  void note_members(const std::string& name, const Members& members, TimePoint now);
  void note_list(const std::string& name, const Members& piece, TimePoint now);

  // Moves of peers between processes (moves.cpp):
  void claim(const std::string& name, const protocol::PeerId& peer);
  void move_away(const protocol::PeerId& peer, const std::string& room, std::string claimed,
                 TimePoint now);
  void end_claim(const protocol::PeerId& peer, relay::HandOver kept);

  // What fails, and how it heals (outages.cpp):
  void introduce(TimePoint now);
  void note_life(const ProcessId& process, TimePoint now);
  void take_for_dead(const ProcessId& process, TimePoint now);
  Duration silent_grace() const;
  void forget(const ProcessId& process, TimePoint now, Duration talkers_grace);
  void forget(const std::string& name, SharedRoom& room, const ProcessId& process, TimePoint now,
              Duration talkers_grace);
  void forget_silent(TimePoint now);
  void keep(const std::string& name, SharedRoom& room, const relay::TalkerPart& talker,
            TimePoint until);
  void free_places(const std::string& name, SharedRoom& room);
  void drop_overdue(const std::string& name, SharedRoom& room, TimePoint now);
  void say_what_was_missed(const std::string& name, SharedRoom& room,
                           const relay::RoomPart& before);
  void announce(const std::string& name, SharedRoom& room);

  GatewayOptions options_;
  Subjects subjects_;
  relay::ThreadBus& bus_;
  Wire& wire_;
  Leases leases_;
  bool connected_ = false;
  Rooms rooms_;
  std::map<protocol::PeerId, std::string> rooms_of_peers_;  ///< whom this process serves
  Deliveries deliveries_;
  /// What was kept for peers that are served here now, as far as it has come.
  std::map<protocol::PeerId, std::vector<relay::Frame>> arriving_;
  std::map<protocol::PeerId, MovedAway> moved_away_;
  // After and of the time while the wire was away:
  std::optional<TimePoint> resynced_by_;
  std::map<protocol::PeerId, std::string> unsaid_claims_;  ///< and the room of each
  std::optional<TimePoint> claims_end_;                    ///< until when they are repeated
  std::vector<relay::Order> unsaid_orders_;
  std::map<ProcessId, TimePoint> last_heard_;
  std::map<ProcessId, TimePoint> taken_for_dead_;  ///< and until when that is remembered
  std::optional<TimePoint> beat_at_;
  std::set<std::pair<TimePoint, std::string>> due_;  ///< rooms to look at, mostly for a reason
  GatewayCounters counters_;
};

}  // namespace onair::cluster
