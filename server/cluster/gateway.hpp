// Represents the other processes to this process's hubs: joins their bus like a hub, and exchanges
// messages with its counterparts over the Wire. No sockets and no clock; one thread; the contract
// is that of rooms/hub.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/schedule.hpp"
#include "cluster/directed_frames.hpp"
#include "cluster/gateway_context.hpp"
#include "cluster/leases.hpp"
#include "cluster/liveness.hpp"
#include "cluster/peer_moves.hpp"
#include "cluster/queued_orders.hpp"
#include "cluster/shared_room.hpp"

namespace onair::cluster {

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
  void leave() { context_.publish(context_.subjects.gone(), context_.options.process); }

  /// Receives the store's answers.
  LeaseMember& leases() { return leases_; }

  bool is_connected() const { return context_.connected; }
  bool has_leases() const { return leases_.is_available(); }
  std::size_t processes() const { return liveness_.processes(); }
  GatewayCounters counters() const;
  /// True where every queue is within its bound, and schedules agree with what they are about. For
  /// tests.
  bool is_consistent() const;

  // From the hubs:
  bool knows(const std::string& room) const override;
  void learn(const std::string& room, TimePoint now) override;
  void on_attached(const protocol::PeerId& peer, const std::string& room, TimePoint now) override;
  void on_detached(const protocol::PeerId& peer) override;
  void on_came_back(const protocol::PeerId& peer, TimePoint now) override;
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
  using Rooms = std::map<std::string, SharedRoom>;
  using Topic = Subjects::Topic;

  /// Null where no hub here has the room.
  SharedRoom* find_room(const std::string& name);
  bool has_seen(const std::string& room, const protocol::PeerId& peer);
  void forward_order(const rooms::Order& order);
  /// To be called when the room may be due at another time.
  void schedule(const std::string& name, const SharedRoom& room);
  void ask_for(const std::string& name, SharedRoom& room, TimePoint now);
  void become_known(const std::string& name, SharedRoom& room, TimePoint now);
  void subscribe_as_needed(const std::string& name, SharedRoom& room);
  void local_changed(const std::string& name, SharedRoom& room, TimePoint now);
  void enforce_talker_limit(const std::string& name, const SharedRoom& room);
  void publish_share(const std::string& name, SharedRoom& room, TimePoint now,
                     bool was_away = false);
  std::string own_share(const SharedRoom& room, TimePoint now, bool was_away = false) const;
  void close(Rooms::iterator room);
  void announce_member(const std::string& name, const SharedRoom& room,
                       const protocol::PeerId& peer);
  void ask_for_members(const std::string& name);
  void list_members(const std::string& name, const std::string& reply);

  // Messages from the wire (wire_messages.cpp); false where they are not valid.
  bool dispatch(const Topic& topic, std::string_view payload, std::string_view reply,
                TimePoint now);
  bool on_frame(const Topic& topic, std::string_view payload, std::string_view reply);
  bool on_peer_message(const protocol::PeerId& peer, std::string_view payload,
                       std::string_view reply, TimePoint now);
  bool on_claimed(const protocol::PeerId& peer, std::string_view payload, std::string_view reply,
                  TimePoint now);
  bool on_share(const std::string& name, std::string_view payload, TimePoint now);
  bool on_ask(const std::string& name, std::string_view payload, std::string_view reply,
              TimePoint now);
  bool on_members(const Topic& topic, std::string_view payload, TimePoint now);
  bool on_process(const Topic& topic, std::string_view payload, TimePoint now);
  void apply_share(const std::string& name, const Share& share, TimePoint now);
  void hold_lost_talkers(const std::string& name, SharedRoom& room, const Share& share,
                         TimePoint now);
  void apply_members(const std::string& name, const Members& members, TimePoint now);
  void apply_list(const std::string& name, const Members& piece, TimePoint now);

  // Recovery (outages.cpp):
  void introduce(TimePoint now);
  void note_life(const ProcessId& process, TimePoint now);
  Duration silent_grace() const;
  void forget(const ProcessId& process, TimePoint now, Duration talkers_grace);
  void forget(const std::string& name, SharedRoom& room, const ProcessId& process, TimePoint now,
              Duration talkers_grace);
  void forget_silent(TimePoint now);
  void hold_slot(const std::string& name, SharedRoom& room, const rooms::TalkerInfo& talker,
                 TimePoint until);
  void release_returned(const std::string& name, SharedRoom& room);
  void drop_overdue(const std::string& name, SharedRoom& room, TimePoint now);
  void announce_missed(const std::string& name, SharedRoom& room, const rooms::RoomShare& before,
                       TimePoint now);
  void announce(const std::string& name, SharedRoom& room);

  GatewayContext context_;
  Liveness liveness_;
  PeerMoves moves_;
  DirectedFrames directed_;
  Leases leases_;
  Rooms rooms_;
  base::Schedule<std::string> due_;       ///< rooms by SharedRoom::next_due
  std::optional<TimePoint> resynced_by_;  ///< when processes that have sent nothing are forgotten
  QueuedOrders queued_orders_;            ///< while the wire is away
  GatewayCounters counters_;
};

}  // namespace onair::cluster
