// Who is in one room, as far as one hub serves them.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/message.hpp"
#include "rooms/bus.hpp"
#include "rooms/link.hpp"
#include "rooms/mailbox.hpp"
#include "rooms/pass.hpp"

namespace onair::rooms {

struct Room;

/// What a member counts as. One without a role counts as what it does.
enum class EffectiveRole { none, viewer, talker };

/// A member of a room. It outlives its link by the grace time.
struct Peer {
  protocol::PeerId id;
  protocol::Role role;
  Room& room;
  Link* link = nullptr;     ///< nothing where it has no socket
  bool is_present = false;  ///< what is said to it goes over the link; else it is kept
  bool on_air = false;
  bool locks = false;                      ///< a talker that lets no further watchers in
  std::optional<Duration> seniority = {};  ///< see TalkerInfo
  std::optional<std::string> name = {};    ///< what its pass calls it
  std::optional<TimePoint> pass_ends = {};
  std::optional<TimePoint> away_until = {};  ///< when its grace time ends, while it is away
  bool sent_off = false;                     ///< it is away because this server said so
  std::unique_ptr<Mailbox> mailbox = {};     ///< nothing where nothing is kept
  std::vector<FrameNumber> delivered = {};   ///< the last, where it was sent off after them
  /// It came from another hub, which has not yet handed over what it kept: until when to wait.
  std::optional<TimePoint> hand_over_due = {};
  /// Who serves it from now on, and waits for what is yet to come here.
  std::optional<HubId> leaving_to = {};
  std::size_t index = 0;                               ///< in Room::everyone
  EffectiveRole effective_role = EffectiveRole::none;  ///< see Room::recount
  /// The others know that it is gone; a talker who was on air keeps its place for the grace time,
  /// since its page may be loading again.
  bool slot_kept = false;

  // Of one without a role:
  bool may_talk = false;       ///< may go on air where the talker's place is free
  bool has_requested = false;  ///< said what a watcher says
  bool has_sent = false;       ///< said anything

  /// Parts it from its socket. Gives that, if it had one.
  Link* unlink();
};

/// Someone who will be in the room when the other hubs have told what they have of it.
struct PendingEntry {
  Link* link;
  protocol::Enter enter;
  Pass pass;
  std::optional<protocol::PeerId> id = {};  ///< what it is to be called; nothing: anything new
  std::vector<std::string> frames = {};     ///< said in the meantime
};

struct Room {
  /// `budget_` outlives the room.
  Room(std::string its_name, BufferBudget& its_budget)
      : name(std::move(its_name)), budget_(its_budget) {}

  std::string name;
  BufferBudget& budget_;
  std::unordered_map<protocol::PeerId, std::unique_ptr<Peer>> peers;
  std::vector<Peer*> everyone;          ///< of `peers`, to be walked through quickly
  std::vector<Peer*> talkers;           ///< who counts as one, in the order in which they began to
  std::vector<Peer*> socketio_members;  ///< whatever they count as
  std::uint32_t watchers = 0;           ///< how many count as one
  std::map<HubId, RoomShare> elsewhere;
  std::vector<FrameNumber> recent_frames;  ///< what was said to the room of late, in no order

  bool ready = false;
  std::list<PendingEntry> waiting;  ///< while it is not ready

  // What the talkers were told of the audience.
  std::optional<std::uint32_t> audience_sent;
  TimePoint audience_sent_at{};

  /// The earliest moment at which the talkers may be told of the audience again.
  TimePoint audience_due(Duration interval) const {
    return audience_sent ? audience_sent_at + interval : TimePoint::min();
  }

  /// A member by an id that no other has.
  Peer& add(const protocol::PeerId& id, protocol::Role role);
  void erase(const Peer& peer);

  /// To be called when what a member does has changed. False where it counts as before.
  bool recount(Peer& peer);

  RoomShare share() const;

  /// A member has moved here from that hub, whose share does not say so yet. What a talker was
  /// there.
  std::optional<TalkerInfo> moved_from(HubId hub, const protocol::PeerId& id, protocol::Role role);

  /// The other hub that says it has this talker.
  std::optional<HubId> hub_of_talker(const protocol::PeerId& id) const;

  // On all hubs:
  std::uint32_t watching() const;
  std::size_t members() const;
  std::vector<TalkerInfo> all_talkers(const std::function<bool(HubId)>& of_hub = [](HubId) {
    return true;
  }) const;
  std::vector<protocol::PeerId> on_air() const;
  bool locked() const;

  /// The peer of this id, if it is within reach.
  Peer* find(const protocol::PeerId& id, Reach reach) const;

  /// Hands a frame to those within reach, but not to `except`, and keeps it for those that are
  /// away. Gives how many got it.
  std::size_t broadcast(Reach reach, const Frame& frame, const Peer* except = nullptr);

  /// The same for what is of no interest to those that are away.
  std::size_t broadcast_to_present(Reach reach, const Frame& frame) const;

 private:
  template <typename TellOne>
  void for_each_within(Reach reach, TellOne tell_one) const;
  void note_sent(FrameNumber number);

  std::size_t oldest_sent_ = 0;  ///< its place
};

/// Hands the frame over, or keeps it. False where it was not handed over.
bool deliver(Peer& peer, const Frame& frame);

/// Whom that which this peer says may reach: watchers don't reach each other.
inline Reach reach_of(const Peer& from) {
  return from.effective_role == EffectiveRole::talker ? Reach::everyone : Reach::talkers;
}

}  // namespace onair::rooms
