// Messages between the processes of a cluster, as JSON, and their subjects. They are checked like
// everything that comes from outside, since others may write on the same NATS.
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

/// A room's name in hexadecimal: one word of a subject or key, whatever characters the name has.
std::string subject_word(std::string_view room);

/// The subjects of one cluster.
class Subjects {
 public:
  /// `prefix` keeps clusters that share one NATS apart.
  Subjects(std::string prefix, ProcessId self)
      : prefix_(std::move(prefix)), self_(std::move(self)) {}

  // For the members of a room:
  std::string frames(std::string_view room, rooms::Reach reach) const;
  std::string shares(std::string_view room) const { return of_room(room, "parts"); }
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
  std::string share_for(std::string_view room) const;
  std::string members_of(std::string_view room) const;
  std::string undelivered(std::uint64_t number) const;
  std::string claimed(std::string_view peer) const { return claimed_at(self_, peer); }
  std::string replies() const { return prefix_ + ".process." + self_ + ".>"; }

  // For the process that it names:
  std::string claimed_at(const ProcessId& process, std::string_view peer) const;

  /// The subject for replies, of which a frame has none, carries its number: so the frame itself
  /// crosses unchanged.
  std::string reply_of(rooms::FrameNumber number) const;
  rooms::FrameNumber number_of(std::string_view reply) const;

  /// A subject taken apart.
  struct Topic {
    enum class Kind {
      frames,
      shares,
      ask,
      members,
      list,
      peer,
      orders,
      alive,
      gone,
      share_for,
      members_of,
      undelivered,
      claimed,
    };
    Kind kind;
    std::string room = {};
    protocol::PeerId peer = {};
    rooms::Reach reach = rooms::Reach::everyone;
    std::uint64_t number = 0;  ///< of an undelivered message
  };
  std::optional<Topic> topic_of(std::string_view subject) const;

 private:
  std::string of_room(std::string_view room, std::string_view what) const;

  std::string prefix_;
  ProcessId self_;
};

/// Reads a process id, the whole payload of `alive` and `gone`.
std::optional<ProcessId> decode_process(std::string_view payload);

/// A talker whose process died. Its slot is held for a while.
struct Orphan {
  rooms::TalkerInfo talker;
  std::chrono::milliseconds left{0};  ///< of that time
};

/// A process's share of a room.
struct Share {
  ProcessId process;
  std::optional<rooms::RoomShare> share;  ///< nothing: it has left the room
  std::vector<ProcessId> others = {};     ///< the processes that it knows to have the room too
  std::vector<Orphan> orphans = {};       ///< the ones that it knows
  bool was_away = false;                  ///< others may have missed its last messages
};
std::string encode(const Share& share);
std::optional<Share> decode_share(std::string_view payload);

/// Members that come to one process's share of a room and that leave it. For processes with talkers
/// there, who must learn who is gone.
struct Members {
  ProcessId process;
  std::vector<protocol::PeerId> come = {};
  std::vector<protocol::PeerId> gone = {};
  bool ends_list = false;  ///< the last piece of a list that was asked for
};
std::string encode(const Members& members);
std::optional<Members> decode_members(std::string_view payload);

/// A message for the process that serves a peer.
struct ToPeer {
  enum class Kind {
    frame,
    take_over,    ///< the peer is served by another process now
    buffered,     ///< a frame that reached another process while the peer was moving
    handed_over,  ///< that was the last of them
    undelivered,  ///< a frame of the peer's to one other has no addressee
    too_much,     ///< a frame of the peer's was refused: rooms::Undelivered::Why
    served_too,   ///< `process` serves the peer, since `age` ago
  };
  Kind kind = Kind::frame;
  std::string room;
  protocol::PeerId from = {};
  rooms::Reach reach = rooms::Reach::everyone;
  std::string_view frame = {};  ///< a view into the payload
  rooms::FrameNumber number = rooms::kNoNumber;
  std::vector<rooms::FrameNumber> delivered = {};  ///< see rooms::HandOver
  ProcessId process = {};
  std::chrono::milliseconds age{0};
};
std::string encode(const ToPeer& message);
std::optional<ToPeer> decode_to_peer(std::string_view payload);
/// Copies the frame that it carries.
rooms::Frame frame_of(const ToPeer& message);

/// Nothing for an order that does not leave its process.
std::optional<std::string> encode(const rooms::Order& order);
std::optional<rooms::Order> decode_order(std::string_view payload);

/// True for what may be a frame of ours.
bool is_frame(std::string_view payload);

}  // namespace onair::cluster
