// The control protocol between onair-server and onair-forwarder as values: see CONTROL.md. Past
// this codec nobody sees JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace onair::sfu::control {

inline constexpr std::uint64_t kVersion = 1;

/// The longest line, in bytes, with its line feed.
inline constexpr std::size_t kMaxLineBytes = 65'536;

inline constexpr std::size_t kMaxRoomBytes = 128;
inline constexpr std::size_t kMaxNoteBytes = 4'096;
inline constexpr std::size_t kPeerIdDigits = 24;

/// Lower-case hexadecimal digits, kPeerIdDigits of them. The server makes them.
using PeerId = std::string;

/// Chosen by the server, from 1. 0 stands in a reply to a line whose number could not be read.
using RequestId = std::uint64_t;

// Requests. The parser gives out none with a field that breaks the bounds above.

struct Hello {
  std::uint64_t version = kVersion;
  /// For a server that takes over all peers: refused (in_use) while another such server is
  /// connected.
  bool exclusive = false;
  friend bool operator==(const Hello&, const Hello&) = default;
};
/// Replaces the room's publishing peer, whose viewers go on.
struct Publish {
  std::string room;
  PeerId peer;
  std::string sdp;  ///< the offer
  std::string note;
  friend bool operator==(const Publish&, const Publish&) = default;
};
struct Play {
  std::string room;
  PeerId peer;
  std::string sdp;  ///< the offer
  std::string note;
  friend bool operator==(const Play&, const Play&) = default;
};
/// Asks the forwarder for an offer to a viewer, which `Answer` answers.
struct Invite {
  std::string room;
  PeerId peer;
  std::string note;
  friend bool operator==(const Invite&, const Invite&) = default;
};
struct Answer {
  PeerId peer;
  std::string sdp;
  friend bool operator==(const Answer&, const Answer&) = default;
};
struct Trickle {
  PeerId peer;
  std::string sdp;  ///< a fragment (RFC 8840)
  friend bool operator==(const Trickle&, const Trickle&) = default;
};
struct Restart {
  PeerId peer;
  std::string sdp;        ///< a fragment with a new ice-ufrag and ice-pwd
  std::string note = {};  ///< in place of the peer's; empty: that one stays
  friend bool operator==(const Restart&, const Restart&) = default;
};
struct Close {
  PeerId peer;
  friend bool operator==(const Close&, const Close&) = default;
};
struct List {
  PeerId after;  ///< empty: from the beginning
  friend bool operator==(const List&, const List&) = default;
};
struct Stats {
  std::string after;  ///< a room; empty: from the beginning
  friend bool operator==(const Stats&, const Stats&) = default;
};

using Request =
    std::variant<Hello, Publish, Play, Invite, Answer, Trickle, Restart, Close, List, Stats>;

struct NumberedRequest {
  RequestId id = 0;
  Request request;
  friend bool operator==(const NumberedRequest&, const NumberedRequest&) = default;
};

// Replies.

struct PeerInfo {
  std::string room;
  PeerId peer;
  bool publishes = false;
  bool connected = false;  ///< DTLS has finished
  bool media = false;      ///< a publishing peer's packets come
  std::string note;
  friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};

/// Since the room, or the forwarder, began.
struct Traffic {
  std::uint64_t viewers = 0;       ///< now
  std::uint64_t slow_viewers = 0;  ///< of these, those whose paths take less than what is sent
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t key_frames_asked = 0;

  Traffic& operator+=(const Traffic& other) {
    viewers += other.viewers;
    slow_viewers += other.slow_viewers;
    packets_in += other.packets_in;
    packets_out += other.packets_out;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    key_frames_asked += other.key_frames_asked;
    return *this;
  }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};
struct RoomTraffic {
  std::string room;
  Traffic traffic;
  friend bool operator==(const RoomTraffic&, const RoomTraffic&) = default;
};

/// Bytes of the entry in a line.
std::size_t size_in_line(const PeerInfo& entry);
std::size_t size_in_line(const RoomTraffic& entry);

/// As many entries of a list as fit into one line. The server asks for the next page by naming the
/// last entry that it has, so the entries have an order: of peer ids or of rooms, byte by byte.
template <typename Entry>
class Page {
 public:
  /// False when the entry no longer fits: the page is done, and says that there is more. The first
  /// one always fits.
  bool add(Entry entry) {
    const std::size_t size = size_in_line(entry) + 1;  // and its comma
    has_more_ = has_more_ || bytes_ + size > kMaxBytes;
    if (has_more_) return false;
    bytes_ += size;
    entries_.push_back(std::move(entry));
    return true;
  }
  /// For a reader, which knows that by a flag of the reply.
  void set_more() { has_more_ = true; }

  const std::vector<Entry>& entries() const { return entries_; }
  bool has_more() const { return has_more_; }
  friend bool operator==(const Page&, const Page&) = default;

 private:
  static constexpr std::size_t kMaxBytes = kMaxLineBytes - 1'024;  // leaves room for what is around

  std::vector<Entry> entries_;
  std::size_t bytes_ = 0;
  bool has_more_ = false;
};

struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};
/// The answer to an offer, the offer to a viewer, or a fragment.
struct Description {
  std::string sdp;
  friend bool operator==(const Description&, const Description&) = default;
};
struct Greeting {
  std::uint64_t version = kVersion;
  std::string instance;  ///< differs for each process of a forwarder
  Page<PeerInfo> peers = {};
  friend bool operator==(const Greeting&, const Greeting&) = default;
};
struct PeerList {
  Page<PeerInfo> peers = {};
  friend bool operator==(const PeerList&, const PeerList&) = default;
};
struct Report {
  Page<RoomTraffic> rooms = {};
  Traffic total = {};  ///< of all rooms since the forwarder began, closed ones too
  // Numbers of the process; its edge fills these in:
  std::uint64_t packets_dropped = 0;  ///< that a full or failing socket did not take
  double cpu_seconds = 0.0;
  friend bool operator==(const Report&, const Report&) = default;
};

enum class ErrorCode : std::uint8_t {
  bad_request,
  bad_version,
  bad_sdp,
  no_codec,        ///< none that both sides, or the room's talker and this viewer, have
  no_publication,  ///< nobody publishes in the room yet
  no_such_peer,
  peer_exists,
  full,
  in_use,  ///< by another server: see Hello::exclusive
};
struct Error {
  ErrorCode code = ErrorCode::bad_request;
  std::string message;  ///< for people; cut at 512 bytes on the wire
  friend bool operator==(const Error&, const Error&) = default;
};

using Reply = std::variant<Done, Description, Greeting, PeerList, Report, Error>;

struct NumberedReply {
  RequestId id = 0;
  Reply reply;
  friend bool operator==(const NumberedReply&, const NumberedReply&) = default;
};

// Events.

/// DTLS has finished, for the first time.
struct Connected {
  std::string room;
  PeerId peer;
  friend bool operator==(const Connected&, const Connected&) = default;
};
/// A publishing peer's packets begin to come, or have not come for 2 s.
struct MediaChange {
  std::string room;
  PeerId peer;
  bool on = false;
  friend bool operator==(const MediaChange&, const MediaChange&) = default;
};
enum class GoneReason : std::uint8_t {
  closed,     ///< by the peer, in DTLS
  silent,     ///< neither an ICE check (RFC 7675) nor media for 30 s
  refused,    ///< it never connected: wrong fingerprint, no handshake in time
  replaced,   ///< another peer publishes instead, or sends no codec that this viewer has
  requested,  ///< by `Close`: tells the other servers
};
struct Gone {
  std::string room;
  PeerId peer;
  GoneReason reason = GoneReason::closed;
  friend bool operator==(const Gone&, const Gone&) = default;
};

using Event = std::variant<Connected, MediaChange, Gone>;

// The codec. A line comes without its line feed and is written with it.

/// The request, or the error that answers the line.
std::variant<NumberedRequest, NumberedReply> parse_request(std::string_view line);

/// Reads a line from a forwarder: a reply or an event. Nothing for a line that is neither.
std::optional<std::variant<NumberedReply, Event>> parse_message(std::string_view line);

/// Nothing where the line would be too long: the SDP is.
std::optional<std::string> serialize(const NumberedRequest& request);

/// A reply that does not fit into a line becomes the error `bad_sdp`: all else is bounded.
std::string serialize(const NumberedReply& reply);

/// Room and peer are within their bounds, as those of requests are.
std::string serialize(const Event& event);

}  // namespace onair::sfu::control
