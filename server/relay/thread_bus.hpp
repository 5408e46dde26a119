// The bus between the hubs of one process, each on a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

#include "relay/bus.hpp"

namespace onair::relay {

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
  struct Undelivered {
    std::string room;
    protocol::PeerId from;
  };
  struct TakeOver {
    std::string room;
    protocol::PeerId peer;
  };
  using Message = std::variant<Join, Joined, Leave, PartChanged, Broadcast, Attach, Detach,
                               DirectedFrame, Undelivered, TakeOver, Order>;
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
  void attach(const protocol::PeerId& peer, const std::string& room) override;
  void detach(const protocol::PeerId& peer) override;
  bool send(const DirectedFrame& frame) override;
  void order(const Order& order) override { say_to_all(order); }
  std::optional<HubId> take_over(const std::string& room, const protocol::PeerId& peer) override;
  bool reaches_further() const override { return gateway_.has_value(); }
  bool is_of_this_process(HubId hub) const override { return hub != gateway_; }

  // For a gateway:
  /// It knows the room now: answers those who asked before.
  void answer_joins(const std::string& room);
  /// What this peer, which a hub here serves, said to one could not be delivered.
  void return_undelivered(const std::string& room, const protocol::PeerId& from);

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
  void hear(HubId from, Order& order, TimePoint now);

  void say(HubId to, Message message);
  void say_to_all(const Message& message);
  void note_part(const std::string& room, HubId hub, const RoomPart& part, TimePoint now);

  HubId self_;
  std::optional<HubId> gateway_;
  std::vector<Batch> outbox_;  ///< by hub
  std::set<std::string> changed_;
  bool has_news_ = false;
  std::uint32_t joins_ = 0;
  Post post_;
  BusMember* member_ = nullptr;
  std::unordered_map<std::string, Shared> rooms_;
  /// Who asked for the member's part before it knew it, and by which join.
  std::unordered_map<std::string, std::vector<std::pair<HubId, std::uint32_t>>> unanswered_;
  std::unordered_map<protocol::PeerId, HubId> elsewhere_;  ///< the peers of all other hubs
};

}  // namespace onair::relay
