// What the processes of a cluster tell each other, as JSON, and on which subjects. What others may
// have put there is checked like everything that comes from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rooms/bus.hpp"

namespace onair::cluster {

/// Names one process for as long as it runs. Up to 64 letters and digits.
using ProcessId = std::string;

/// A room's name, which may hold what subjects and keys may not, as one word of theirs.
std::string token_of(std::string_view room);

/// The subjects of one cluster.
class Subjects {
 public:
  /// `prefix` keeps clusters that share one NATS apart.
  Subjects(std::string prefix, ProcessId self)
      : prefix_(std::move(prefix)), self_(std::move(self)) {}

  // For the members of a room:
  std::string frames(std::string_view room, rooms::Reach reach) const;
  std::string parts(std::string_view room) const { return of_room(room, "parts"); }
  std::string ask(std::string_view room) const { return of_room(room, "ask"); }
  std::string members(std::string_view room) const { return of_room(room, "members"); }
  std::string list(std::string_view room) const { return of_room(room, "list"); }
  // For the process that serves a peer:
  std::string peer(std::string_view id) const { return prefix_ + ".peer." + std::string(id); }
  // For every process:
  std::string orders() const { return prefix_ + ".orders"; }
  std::string alive() const { return prefix_ + ".alive"; }
  std::string gone() const { return prefix_ + ".gone"; }
  // For this process alone:
  std::string part_of(std::string_view room) const;
  std::string members_of(std::string_view room) const;
  std::string undelivered(std::uint64_t number) const;
  std::string claimed(std::string_view peer) const;
  std::string replies() const { return prefix_ + ".process." + self_ + ".>"; }

  /// A frame's number stands where a message has the subject for replies, of which there are none:
  /// so the frame itself crosses as it is.
  std::string reply_of(rooms::FrameNumber number) const;
  rooms::FrameNumber number_of(std::string_view reply) const;

  /// What a subject is about. Nothing where it is none of these.
  struct Topic {
    enum class Kind {
      frames,
      parts,
      ask,
      members,
      list,
      peer,
      orders,
      alive,
      gone,
      part_of,
      members_of,
      undelivered,
      claimed,
    };
    Kind kind;
    std::string room = {};
    protocol::PeerId peer = {};
    rooms::Reach reach = rooms::Reach::everyone;
    std::uint64_t number = 0;  ///< of what was not delivered
  };
  std::optional<Topic> topic_of(std::string_view subject) const;

 private:
  std::string of_room(std::string_view room, std::string_view what) const;

  std::string prefix_;
  ProcessId self_;
};

/// What is said of one process's life: its id.
std::optional<ProcessId> decode_process(std::string_view payload);

/// A talker whose process died. Its place is kept for a while.
struct Orphan {
  rooms::TalkerPart talker;
  std::chrono::milliseconds left{0};  ///< of that while
};

/// What one process has in a room.
struct Part {
  ProcessId process;
  std::optional<rooms::RoomPart> part;  ///< nothing: it has the room no more
  std::vector<ProcessId> others = {};   ///< which it knows to have the room too
  std::vector<Orphan> orphans = {};     ///< of which it knows
  bool was_away = false;  ///< of what it said of late, others may have missed something
};
std::string encode(const Part& part);
std::optional<Part> decode_part(std::string_view payload);

/// Who comes to one process's part of a room, and who goes. For those with talkers there, since
/// these hear when somebody is gone.
struct Members {
  ProcessId process;
  std::vector<protocol::PeerId> come = {};
  std::vector<protocol::PeerId> gone = {};
  bool ends_list = false;  ///< with these, all that were asked for have come
};
std::string encode(const Members& members);
std::optional<Members> decode_members(std::string_view payload);

/// For the process that serves a peer.
struct ToPeer {
  enum class Kind {
    frame,
    take_over,    ///< the peer is served by another process now
    kept,         ///< a frame that was said to it at another process while it was on its way
    handed_over,  ///< these were all
    undelivered,  ///< what the peer said to one could not be delivered
  };
  Kind kind = Kind::frame;
  std::string room;
  protocol::PeerId from = {};
  rooms::Reach reach = rooms::Reach::everyone;
  std::string_view frame = {};  ///< in the payload, as it crosses
  rooms::FrameNumber number = rooms::kNoNumber;
  std::vector<rooms::FrameNumber> told = {};  ///< see rooms::HandOver
};
std::string encode(const ToPeer& message);
std::optional<ToPeer> decode_to_peer(std::string_view payload);
/// The frame that it carries.
rooms::Frame frame_of(const ToPeer& message);

std::string encode(const rooms::Order& order);
std::optional<rooms::Order> decode_order(std::string_view payload);

/// Whether this may be a frame of ours.
bool is_frame(std::string_view payload);

}  // namespace onair::cluster
