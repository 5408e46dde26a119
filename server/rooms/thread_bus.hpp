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

/// One hub's end. All calls are made on the hub's thread; what is said is collected until `flush`
/// and then handed over, at most one batch to each other hub.
class ThreadBus final : public Bus {
 public:
  struct Join {
    std::string room;
    std::uint32_t number;  ///< of this hub's joins, so that a late answer is told from this one's
  };
  struct Joined {  ///< the answer to Join
    std::string room;
    std::uint32_t number;
    std::optional<RoomPart> part;
  };
  struct Leave {
    std::string room;
  };
  struct PartChanged {
    std::string room;
    RoomPart part;
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
  struct TakeOver {
    std::string room;
    protocol::PeerId peer;
  };
  /// To all others, from whoever is to hand a peer over: what is said to it goes there from now on.
  /// When all have confirmed it, nothing more is on its way to the old place.
  struct Moved {
    protocol::PeerId peer;
    HubId to;
    std::uint32_t number;
  };
  struct Confirmed {
    std::uint32_t number;
  };
  using Message =
      std::variant<Join, Joined, Leave, PartChanged, Broadcast, Attach, Detach, DirectedFrame,
                   Undelivered, TakeOver, Moved, Confirmed, HandOver, Order>;
  using Batch = std::vector<Message>;

  /// Hands a batch to another hub's thread, which gives it to that hub's end by `hear`. Batches
  /// from one hub to another arrive in order.
  using Post = std::function<void(HubId to, Batch batch)>;

  /// The end of the hub `self` of `hubs`, numbered from 0. `gateway`, if there is one, is the last
  /// of them and no hub: it stands for those of other processes, and gets what is for peers whom no
  /// hub serves.
  ThreadBus(HubId self, HubId hubs, Post post, std::optional<HubId> gateway = {});

  /// The hub, which outlives this. To be called before anything else.
  void serve(BusMember& member) { member_ = &member; }

  void hear(HubId from, Batch batch, TimePoint now);

  /// Whether `flush` has anything to do.
  bool has_news() const { return has_news_; }
  void flush();

  bool join(const std::string& room) override;
  void leave(const std::string& room) override;
  void part_changed(const std::string& room) override;
  void broadcast(const std::string& room, Reach reach, const Frame& frame) override;
  std::optional<HubId> hub_of(const protocol::PeerId& peer) const override;
  void attach(const protocol::PeerId& peer, const std::string& room) override;
  void detach(const protocol::PeerId& peer) override;
  bool take_over(const protocol::PeerId& peer, const std::string& room) override;
  void hand_over(HubId to, const HandOver& kept) override { say(to, kept); }
  bool send(const DirectedFrame& frame) override;
  void order(const Order& order) override { say_to_all(order); }
  bool reaches_further() const override { return gateway_.has_value(); }
  bool is_of_this_process(HubId hub) const override { return hub != gateway_; }

  // For a gateway:
  /// It knows the room now: answers those who asked before.
  void answer_joins(const std::string& room);
  /// To the hub that serves the sender, if there is one.
  void return_undelivered(const Undelivered& undelivered);
  /// Another process serves the peer: the hub here that has it is to hand it over. False where none
  /// does.
  bool claim(const std::string& room, const protocol::PeerId& peer);

 private:
  /// Whether another hub's part of a room has such members.
  struct Hears {
    bool talkers = false;
    bool roleless = false;
  };

  /// What this end knows of a room that its hub has joined.
  struct Shared {
    std::uint32_t join = 0;              ///< its number
    std::size_t awaited = 0;             ///< hubs that have not answered it
    std::map<HubId, Hears> others = {};  ///< who has the room too
  };

  /// A peer that another hub has asked for.
  struct Leaving {
    TakeOver what;
    HubId to;
    std::size_t awaited;  ///< hubs that have not confirmed it
  };

  void hear(HubId from, Join& join, TimePoint now);
  void hear(HubId from, Joined& joined, TimePoint now);
  void hear(HubId from, Leave& leave, TimePoint now);
  void hear(HubId from, PartChanged& changed, TimePoint now);
  void hear(HubId from, Broadcast& broadcast, TimePoint now);
  void hear(HubId from, Attach& attach, TimePoint now);
  void hear(HubId from, Detach& detach, TimePoint now);
  void hear(HubId from, DirectedFrame& frame, TimePoint now);
  void hear(HubId from, Undelivered& undelivered, TimePoint now);
  void hear(HubId from, TakeOver& take_over, TimePoint now);
  void hear(HubId from, Moved& moved, TimePoint now);
  void hear(HubId from, Confirmed& confirmed, TimePoint now);
  void hear(HubId from, HandOver& hand_over, TimePoint now);
  void hear(HubId from, Order& order, TimePoint now);

  /// Whether somebody else may know of peers of whom the hubs here don't.
  bool has_gateway_elsewhere() const { return gateway_ && *gateway_ != self_; }
  void say(HubId to, Message message);
  void say_to_all(const Message& message);
  void note_part(const std::string& room, HubId hub, const RoomPart& part, TimePoint now);

  HubId self_;
  std::optional<HubId> gateway_;
  std::vector<Batch> outbox_;                           ///< by hub
  std::vector<std::pair<HubId, TakeOver>> take_overs_;  ///< that are said last
  std::set<std::string> changed_;
  bool has_news_ = false;
  std::uint32_t joins_ = 0;
  Post post_;
  BusMember* member_ = nullptr;
  std::unordered_map<std::string, Shared> rooms_;
  /// Who asked for the member's part before it knew it, and by which join.
  std::unordered_map<std::string, std::vector<std::pair<HubId, std::uint32_t>>> unanswered_;
  std::map<std::uint32_t, Leaving> leaving_;
  std::uint32_t last_leaving_ = 0;
  std::unordered_map<protocol::PeerId, HubId> elsewhere_;  ///< the peers of all other hubs
};

}  // namespace onair::rooms
