// The bus between the hubs of one process, each on a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

#include "rooms/bus.hpp"

namespace onair::rooms {

/// A hub's end. All calls are made on the hub's thread; messages are collected until `flush` and
/// then handed over, at most one batch to each other hub.
class ThreadBus final : public Bus {
 public:
  struct Join {
    std::string room;
    std::uint32_t
        number;  ///< of this hub's joins, so that a late answer to an earlier one is recognised
  };
  struct Joined {  ///< the answer to Join
    std::string room;
    std::uint32_t number;
    std::optional<RoomShare> share;
  };
  struct Leave {
    std::string room;
  };
  struct ShareChanged {
    std::string room;
    RoomShare share;
  };
  struct Broadcast {
    std::string room;
    Reach reach;
    Frame frame;
  };
  struct Attach {
    protocol::PeerId peer;
    std::string room;
  };
  struct Detach {
    protocol::PeerId peer;
  };
  struct CameBack {
    protocol::PeerId peer;
  };
  struct TakeOver {
    std::string room;
    protocol::PeerId peer;
  };
  /// Sent to all others by the hub that hands a peer over: frames for it go to `to` from now on.
  /// When all have confirmed it, no frame is on its way to the old hub any more.
  struct Moved {
    protocol::PeerId peer;
    HubId to;
    std::uint32_t number;
  };
  struct Confirmed {
    std::uint32_t number;
  };
  using Message =
      std::variant<Join, Joined, Leave, ShareChanged, Broadcast, Attach, Detach, CameBack,
                   DirectedFrame, Undelivered, TakeOver, Moved, Confirmed, HandOver, Order>;
  using Batch = std::vector<Message>;

  /// Hands a batch to another hub's thread, which gives it to that hub's end by `deliver`. Batches
  /// from one hub to another arrive in order.
  using Post = std::function<void(HubId to, Batch batch)>;

  /// The end of the hub `self` of `hubs`, numbered from 0. `gateway`, if there is one, is the last
  /// of them and no hub: it represents the hubs of other processes, and gets frames for peers whom
  /// no hub here serves.
  ThreadBus(HubId self, HubId hubs, Post post, std::optional<HubId> gateway = {});

  /// The hub, which outlives this. To be called before anything else.
  void serve(BusMember& member) { member_ = &member; }

  void deliver(HubId from, Batch batch, TimePoint now);

  /// True where `flush` has something to do.
  bool has_news() const { return has_news_; }
  void flush();

  bool join(const std::string& room) override;
  void leave(const std::string& room) override;
  void share_changed(const std::string& room) override;
  void broadcast(const std::string& room, Reach reach, const Frame& frame) override;
  std::optional<HubId> hub_of(const protocol::PeerId& peer) const override;
  void attach(const protocol::PeerId& peer, const std::string& room) override;
  void detach(const protocol::PeerId& peer) override;
  void came_back(const protocol::PeerId& peer) override;
  bool take_over(const protocol::PeerId& peer, const std::string& room) override;
  void hand_over(HubId to, const HandOver& handover) override { enqueue(to, handover); }
  bool send(const DirectedFrame& frame) override;
  void return_to_sender(const Undelivered& undelivered) override;
  void order(const Order& order) override { enqueue_for_all(order); }
  bool reaches_further() const override { return gateway_.has_value(); }
  bool is_of_this_process(HubId hub) const override { return hub != gateway_; }

  // For a gateway:
  /// It knows the room now: answers the hubs that asked before.
  void answer_joins(const std::string& room);
  /// Another process serves the peer: the hub here that has it is to hand it over. False where none
  /// does.
  bool claim(const std::string& room, const protocol::PeerId& peer);

 private:
  /// The members in another hub's share of a room that narrow broadcasts are for.
  struct Receivers {
    bool talkers = false;
    bool socketio = false;
  };

  /// The state of a room that this hub has joined.
  struct Shared {
    std::uint32_t join = 0;                  ///< its number
    std::size_t awaited = 0;                 ///< hubs that have not answered it
    std::map<HubId, Receivers> others = {};  ///< the hubs that have the room too
  };

  /// A peer that another hub has asked for.
  struct PendingTakeOver {
    TakeOver what;
    HubId to;
    std::size_t awaited;  ///< hubs that have not confirmed it
  };

  void dispatch(HubId from, Join& join, TimePoint now);
  void dispatch(HubId from, Joined& joined, TimePoint now);
  void dispatch(HubId from, Leave& leave, TimePoint now);
  void dispatch(HubId from, ShareChanged& changed, TimePoint now);
  void dispatch(HubId from, Broadcast& broadcast, TimePoint now);
  void dispatch(HubId from, Attach& attach, TimePoint now);
  void dispatch(HubId from, Detach& detach, TimePoint now);
  void dispatch(HubId from, CameBack& came_back, TimePoint now);
  void dispatch(HubId from, DirectedFrame& frame, TimePoint now);
  void dispatch(HubId from, Undelivered& undelivered, TimePoint now);
  void dispatch(HubId from, TakeOver& take_over, TimePoint now);
  void dispatch(HubId from, Moved& moved, TimePoint now);
  void dispatch(HubId from, Confirmed& confirmed, TimePoint now);
  void dispatch(HubId from, HandOver& hand_over, TimePoint now);
  void dispatch(HubId from, Order& order, TimePoint now);

  /// The end that represents peers that the hubs here don't know; nothing where that is this one.
  std::optional<HubId> gateway_elsewhere() const;
  std::optional<HubId> next_hop(const protocol::PeerId& peer) const;
  void enqueue(HubId to, Message message);
  void enqueue_for_all(const Message& message);
  void note_share(const std::string& room, HubId hub, const RoomShare& share, TimePoint now);

  HubId self_;
  std::optional<HubId> gateway_;
  std::vector<Batch> outbox_;                           ///< by hub
  std::vector<std::pair<HubId, TakeOver>> take_overs_;  ///< that are sent last
  std::set<std::string> changed_;
  bool has_news_ = false;
  std::uint32_t joins_ = 0;
  Post post_;
  BusMember* member_ = nullptr;
  std::unordered_map<std::string, Shared> rooms_;
  /// The hubs that asked for the member's share before it knew it, and by which join.
  std::unordered_map<std::string, std::vector<std::pair<HubId, std::uint32_t>>> unanswered_;
  std::map<std::uint32_t, PendingTakeOver> pending_take_overs_;
  std::uint32_t last_take_over_ = 0;
  std::unordered_map<protocol::PeerId, HubId> elsewhere_;  ///< the peers of all other hubs
};

}  // namespace onair::rooms
