// The members of one room, as far as one hub serves them.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/bus.hpp"
#include "rooms/link.hpp"
#include "rooms/mailbox.hpp"
#include "rooms/member_kind.hpp"
#include "rooms/pass.hpp"
#include "rooms/queue_shares.hpp"
#include "rooms/reception_reports.hpp"

namespace onair::rooms {

/// A member's role as others see it now, declared or inferred.
enum class EffectiveRole { none, viewer, talker };

// The states of a member. The deadlines that end them are in Hub's PeerDeadlines.

/// Frames go over its link.
struct Present {};
/// Has a link, but frames buffered before, here or at another hub, must be delivered first: when
/// the other hub has sent them, and as fast as the client reads them.
struct Arriving {};
/// Has the grace time to come back. `sent_off` if this server asked it to: until its socket is gone
/// its frames still count.
struct Away {
  bool sent_off = false;
  std::vector<FrameNumber> delivered = {};  ///< the last ones before it was sent off
};
/// A talker closed its page, and was on air. The others know that it is gone; its slot is kept for
/// the grace time, since the page may be loading again.
struct SlotKept {};
/// Another hub serves it from now on, and waits for frames that are yet to come here.
struct Moving {
  HubId to;
  Away was = {};
};

/// A member of a room. It outlives its link by the grace time.
struct Peer {
  Peer(protocol::PeerId its_id, const MemberKind& its_kind, protocol::Role its_role, Room& its_room)
      : id(std::move(its_id)), kind(its_kind), role(its_role), room(its_room) {}

  using State = std::variant<Away, Present, Arriving, SlotKept, Moving>;

 private:
  // First what every delivery needs, see prefetch().
  State state_ = {};

 public:
  Link* link = nullptr;                      ///< null while it has no socket
  std::unique_ptr<QueueShares> shares = {};  ///< of its send queue; null where nobody has filled it
  EffectiveRole effective_role = EffectiveRole::none;  ///< see Room::update_role
  protocol::PeerId id;
  MemberKind kind;
  protocol::Role role;  ///< as it entered
  Room& room;
  /// Link::admission_slot of the link that it has or had last.
  std::shared_ptr<void> admission_slot;
  std::size_t index = 0;  ///< in Room::everyone
  bool on_air = false;
  bool locks = false;           ///< a talker that lets no further viewers in
  bool may_talk = false;        ///< by its pass, where its role is inferred
  bool may_relay = false;       ///< by its pass, or since there was a talker: gets TURN credentials
  bool uses_forwarder = false;  ///< as a talker said last over this hub
  bool requested_stream = false;  ///< where its role is inferred
  bool can_move = false;  ///< to the forwarder and back, by its last `enter` (kForwardedCap)
  bool has_sent = false;
  bool sent_reception = false;  ///< a talker: its last `audience_reception` counted somebody
  Seniority seniority = {};
  std::optional<std::string> name = {};   ///< by its pass
  std::unique_ptr<Mailbox> mailbox = {};  ///< null where nothing is buffered

  template <typename Kind>
  bool is() const {
    return std::holds_alternative<Kind>(state_);
  }
  template <typename Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&state_);
  }
  void become(State state);

  bool is_connected() const { return is<Present>() || is<Arriving>(); }
  /// True where it is given up at once if one with a socket needs its slot: it has none, and is
  /// not a talker on air, nor one that is loading its page again.
  bool gives_way() const { return is<Away>() && !on_air; }
  /// Its state without a socket, if it has come back to none since.
  const Away* away() const;

  /// Separates it from its socket, and so leaves it away. Gives the link, if it had one.
  Link* unlink();

 private:
  friend struct Room;
  /// Its contribution to the counts of its room.
  struct Counted {
    std::uint32_t connected = 0;
    std::uint32_t watchers = 0;
    std::uint32_t away = 0;
  };
  Counted counted_ = {};
};

enum class DeliveryResult {
  sent,
  buffered,  ///< or dropped, for a peer for which nothing is buffered
  refused,   ///< the sender has filled its share of this peer's queue, and must get an error
};

/// Hands the frame over, or buffers it. `reach` is the sender's. Only frames of the server's own,
/// and those that a talker sends to viewers, may fill the whole queue.
DeliveryResult deliver(Peer& peer, const Frame& frame, Reach reach);

/// Takes the frames buffered for the peer, for the hub that serves it now.
HandOver take_buffered(Peer& peer);

/// Closes the peer's old socket, where another has replaced it. The client mostly knows that the
/// old one is gone, where the server did not.
void close_replaced_link(Peer& peer);

/// The members that may receive this peer's frames, and learn its id. Viewers can't reach each
/// other, nor clients of socket.io that watch.
inline Reach reach_of(const Peer& from) {
  if (from.effective_role == EffectiveRole::talker || from.kind.is_forwarder) {
    return Reach::everyone;
  }
  return from.kind.any_message ? Reach::talkers_and_socketio : Reach::talkers;
}

/// Frames that a client has sent before its room was ready. They count in a sum of their hub's, for
/// as long as this lives.
class EarlyFrames {
 public:
  EarlyFrames() = default;
  EarlyFrames(EarlyFrames&& other) noexcept
      : frames_(std::exchange(other.frames_, {})),
        bytes_(std::exchange(other.bytes_, 0)),
        sum_(other.sum_) {}
  EarlyFrames& operator=(EarlyFrames&&) = delete;
  ~EarlyFrames() {
    if (sum_ != nullptr) *sum_ -= bytes_;
  }

  /// `sum` outlives this.
  void add(std::string_view frame, std::size_t& sum) {
    frames_.emplace_back(frame);
    sum_ = &sum;
    bytes_ += frame.size();
    sum += frame.size();
  }
  std::size_t bytes() const { return bytes_; }
  const std::vector<std::string>& all() const { return frames_; }

 private:
  std::vector<std::string> frames_;
  std::size_t bytes_ = 0;
  std::size_t* sum_ = nullptr;
};

/// A client that waits until the other hubs have sent their shares of the room.
struct PendingEntry {
  Link* link;
  EntryRequest request;
  Pass pass;
  EarlyFrames frames = {};
};

/// The numbers of the last frames that were broadcast in a room, in no order.
class RecentFrames {
 public:
  void add(FrameNumber number);
  const std::vector<FrameNumber>& numbers() const { return numbers_; }

 private:
  std::vector<FrameNumber> numbers_;
  std::size_t oldest_ = 0;  ///< its index, once there are enough
};

struct Room {
  /// `budget` outlives the room.
  Room(std::string its_name, BufferBudget& its_budget)
      : name(std::move(its_name)), budget(its_budget) {}

  std::string name;
  BufferBudget& budget;
  std::unordered_map<protocol::PeerId, std::unique_ptr<Peer>> peers;
  std::vector<Peer*> everyone;     ///< of `peers`, for fast loops
  std::vector<Peer*> talkers;      ///< by effective role, in the order of beginning to talk
  std::vector<Peer*> forwarders;   ///< by their kind
  std::vector<Peer*> receive_all;  ///< by their kind, whatever their role
  std::uint32_t connected = 0;     ///< with a socket, but forwarders
  std::uint32_t watchers = 0;      ///< of these, viewers by effective role
  std::uint32_t away = 0;          ///< that give way: see Peer::gives_way
  std::map<HubId, RoomShare> elsewhere;
  RecentFrames recent;

  bool ready = false;               ///< the other hubs have sent their shares
  std::list<PendingEntry> pending;  ///< while it is not ready

  // The last `audience` to the talkers:
  std::optional<std::uint32_t> audience_sent;
  TimePoint audience_sent_at{};

  ReceptionReports reports;                 ///< of the viewers here
  std::vector<TalkerReception> receptions;  ///< their sums, as other hubs have them

  /// Adds a member, whose id no other has. It is away until it has a link.
  Peer& add(const protocol::PeerId& id, protocol::Role role,
            const MemberKind& kind = kProtocolClient);
  void erase(const Peer& peer);

  /// To be called when anything has changed that the effective role follows from. False where it
  /// is the same as before.
  bool update_role(Peer& peer);
  /// To be called when anything has changed that the counts follow from.
  void recount(Peer& peer);

  /// True where nobody has a socket but forwarders, which are here for nobody.
  bool is_dead() const;
  /// True where the room may be closed for one with a socket.
  bool gives_way() const;

  RoomShare share() const;

  /// Takes a member that has moved here out of that hub's share, which still lists it. Gives what
  /// is known of a talker.
  std::optional<TalkerInfo> move_from(HubId hub, const protocol::PeerId& id, protocol::Role role);

  /// The other hub that lists this talker.
  std::optional<HubId> hub_of_talker(const protocol::PeerId& id) const;

  // On all hubs:
  std::uint32_t watching() const;
  /// How a talker's viewers receive, as of the last sums.
  protocol::AudienceReception reception_of(const protocol::PeerId& talker) const;
  std::size_t members() const;
  /// The members that keep their slots: all but those that give way.
  std::size_t staying() const;
  std::vector<TalkerInfo> own_talkers() const;
  std::vector<TalkerInfo> all_talkers(const std::function<bool(HubId)>& of_hub = [](HubId) {
    return true;
  }) const;
  std::vector<protocol::PeerId> on_air() const;
  bool locked() const;

  /// The members within reach, on all hubs.
  std::size_t receivers(Reach reach) const;

  /// The peer of this id, if it is within reach.
  Peer* find(const protocol::PeerId& id, Reach reach) const;

  struct Broadcast {
    std::size_t deliveries = 0;
    bool refused = false;  ///< by at least one, see DeliveryResult
  };
  /// Delivers to those within reach except `except`, and buffers for those that are away.
  Broadcast broadcast(Reach reach, const Frame& frame, const Peer* except = nullptr);

  /// Delivers to the talkers that are present; buffers nothing.
  std::size_t send_to_talkers(const Frame& frame) const;

 private:
  template <typename Function>
  void for_each_within(Reach reach, Function function) const;
};

}  // namespace onair::rooms
