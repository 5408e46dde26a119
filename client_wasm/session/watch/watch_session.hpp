// The viewer's side: finds the talkers on air and shows their streams. session_base.hpp has the
// contract.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "session/pending.hpp"
#include "session/reception.hpp"
#include "session/session_base.hpp"
#include "session/watch/watch_chat.hpp"

namespace onair::session {

/// The person pressed Request.
struct RequestPressed {};

/// Show this connection's stream on the page, or its sound alone: a <video> waits for the first
/// frame of a picture before it plays any sound.
struct AttachStream {
  ConnectionKey key;
  bool picture = true;
};

/// Remove this connection's stream from the page.
struct DetachStream {
  ConnectionKey key;
};

/// Show the stream of `to` instead of that of `from`, without a gap: one talker's picture by
/// another way. Both are connected, and `from` is closed some moments later.
struct SwitchStream {
  ConnectionKey from;
  ConnectionKey to;
};

/// getStats() of the receiving side. Ends in ReceivingMeasured, or in nothing.
struct MeasureReceiving {
  ConnectionKey key;
};

struct ReceivingMeasured {
  ConnectionKey key;
  ReceivingReport report;
};

/// The first `track` event of a connection (W3C webrtc-pc).
struct TrackArrived {
  ConnectionKey key;
};

using WatchInput =
    std::variant<Started, LeaveRequested, TimePassed, Woken, SocketOpened, SocketClosed,
                 MessageReceived, RequestPressed, TextEntered, ChatEntered, LocalDescriptionMade,
                 RemoteDescriptionApplied, CandidateAdded, StepFailed, CandidateFound,
                 TransportChanged, TrackArrived, ReceivingMeasured, ChannelOpened, ChannelClosed,
                 ChannelFailed, TextReceived, ChatOpened, ChatClosed, ChatReceived>;

using WatchOutput =
    std::variant<OpenSocket, CloseSocket, SendMessage, RememberToken, CreateConnection, RefreshIce,
                 MakeLocalDescription, ApplyRemoteDescription, AddCandidate, MeasureReceiving,
                 CloseConnection, SendText, SendChat, AttachStream, SwitchStream, DetachStream,
                 ViewChanged, ShowText, ShowChatLine, TakeChatLineAway, ClearChat, ShowChatRefused,
                 Trace>;

/// State of a talker's connection.
struct TalkerConnection {
  /// We sent a request; the browser prepares meanwhile. Candidates that arrive before the offer
  /// wait for it.
  struct AwaitingOffer {
    IceConfiguration ice;  ///< as the connection was created with
    std::vector<Candidate> early;
  };
  /// Candidates of the talker wait until its offer is applied.
  struct ApplyingOffer {
    std::vector<Candidate> early;
  };
  /// Our answer is being created. Local candidates wait until it is sent.
  struct Answering {
    std::vector<Candidate> found;
  };
  struct Negotiated {};
  using State = std::variant<AwaitingOffer, ApplyingOffer, Answering, Negotiated>;

  State state;
  std::optional<protocol::ConnectionId> id;  ///< from the talker's offer
  bool was_connected = false;                ///< a path existed, so an ICE restart may find another
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
  ReceptionMeter meter = {};
  std::optional<Reception> reception = {};
  DeadlineTimer due = {};          ///< of the next recovery step
  unsigned restarts = 0;           ///< ICE restarts since it was last connected
  CandidateQuota candidates = {};  ///< of the negotiation
  bool stereo = false;             ///< announced by the last offer
  /// With the forwarder: the talker whose picture it sends.
  std::optional<PeerId> of = {};
  /// Set by a move between talker and forwarder until this connection's picture has come: when to
  /// give the move up.
  std::optional<TimePoint> moves_until = {};
  bool has_stream = false;         ///< TrackArrived came
  bool sound_came = false;         ///< as last measured
  bool is_replaced = false;        ///< another connection's stream is shown; closes when `due`
  protocol::ChatMedia sends = {};  ///< what the talker says that it sends
};

struct WatchOptions {
  std::string room;
  /// Maximum number of talkers watched at a time, whatever the room allows.
  std::size_t max_talkers = 9;
  BackoffOptions backoff = {};
  std::uint32_t backoff_seed = 1;
  /// Resume token kept from an earlier load of this page.
  std::optional<std::string> resume = {};
  /// Entry token, for operators who require one.
  std::optional<std::string> token = {};
};

/// State shown by the page.
struct WatchView {
  enum class Picture {
    waiting,     ///< nobody is on air
    requesting,  ///< waiting for an offer
    connecting,  ///< offer received
    live,
    reconnecting,  ///< the picture is frozen while the path is being restored
    ended,         ///< the talker stopped
    full,          ///< the talker accepts no more viewers for now
    failed,        ///< no connection came about; the next attempt follows
  };
  LinkStatus link = LinkStatus::idle;
  std::string refusal = {};              ///< code of the `error` that rejected us; else empty
  std::optional<std::string> name = {};  ///< our name according to the entry token
  Picture picture = Picture::waiting;
  Notice notice = Notice::none;
  bool chat_open = false;
  bool chat_muted = false;                  ///< the talker drops our lines
  std::optional<Reception> reception = {};  ///< while it is live
  bool forwarded = false;                   ///< a picture comes from the server's forwarder
  protocol::ChatMedia sends = {};           ///< what is missing or interrupted at the talker
  bool operator==(const WatchView&) const = default;
};

std::string_view name_of(WatchView::Picture picture);

class WatchSession : public SessionBase<WatchSession, TalkerConnection, WatchInput, WatchOutput> {
 public:
  /// Limit of remembered talkers on air; beyond it the one that came first is forgotten.
  static constexpr std::size_t kMaxOnAir = 64;

  explicit WatchSession(WatchOptions options);

  WatchView view() const;
  std::optional<TimePoint> next_deadline() const {
    std::optional<TimePoint> next = SessionBase::next_deadline();
    moves_at_.hasten(next);
    report_at_.hasten(next);
    return next;
  }
  /// True while a stream is attached to the page.
  bool stream_attached() const { return !attached_.empty(); }

 private:
  friend SessionBase;

  void settle();
  void on_session_ended();
  void on_closing(const ConnectionKey& key);

  // watch_session.cpp: page, clock, server and chat
  using SessionBase::on;
  void on(const LeaveRequested&);
  void on(const TimePassed& passed);
  void on(const RequestPressed&);
  void on(const ChatEntered& entered) { emit_all(chat_.handle(entered, now_)); }
  void on(const ChatOpened& opened);
  void on(const ChatClosed& closed) { chat_.handle(closed); }
  void on(const ChatReceived& received);

  using SessionBase::on_message;
  void on_message(const protocol::Welcome& welcome, const PeerId& from);
  void on_message(const protocol::TalkReady& ready, const PeerId& from);
  void on_message(const protocol::TalkDeclined& declined, const PeerId& from);
  void on_message(const protocol::EndTalk&, const PeerId& from);
  void on_message(const protocol::UserDisconnected& gone, const PeerId& from);
  void on_message(const protocol::ChatMessages& chat, const PeerId& from);
  void on_message(const protocol::Error& error, const PeerId& from);
  /// Ignores the kinds without a meaning for a watcher.
  template <OneOf<protocol::Enter, protocol::TalkRequest, protocol::Answer, protocol::Bye,
                  protocol::LockRoom, protocol::RemovePeer, protocol::EndRoom, protocol::Ping,
                  protocol::Audience, protocol::Players, protocol::UseForwarder,
                  protocol::InviteWatchers, protocol::WatchingVia, protocol::Reception,
                  protocol::AudienceReception, protocol::Unknown>
                Kind>
  void on_message(const Kind&, const PeerId&) {}

  // watch_talkers.cpp: the connections with the talkers
  void on(const LocalDescriptionMade& made);
  void on(const RemoteDescriptionApplied& applied);
  void on(const StepFailed& failed);
  void on(const CandidateFound& found);
  void on(const TransportChanged& changed);
  void on(const TrackArrived& arrived);
  void on(const ReceivingMeasured& measured);
  void on_message(const protocol::Offer& offer, const PeerId& from);
  void on_message(const protocol::Candidate& candidate, const PeerId& from);

  WatchView::Picture picture() const;
  /// Tells the server how we receive what the forwarder sends.
  void report_reception();
  void attach(const ConnectionKey& key, const TalkerConnection& talker);
  /// Asks the talkers on air again after this delay.
  void retry_after(Duration delay, WatchView::Picture why, std::string_view reason);
  /// True if we wait to ask again, but nobody is on air any more.
  bool retries_in_vain() const;
  void stay_without(WatchView::Picture why, std::string_view reason);
  bool has_room() const { return watched_talkers() < max_talkers_; }
  void request_talkers_on_air();
  void request(const PeerId& talker);
  /// Requests those whose turn for a new connection has come.
  void serve_waiting();
  /// Remembers that the peer is on air. It is a talker then, and no forwarder: connections by which
  /// it carries another talker's picture are given up.
  void note_on_air(const PeerId& talker);
  bool is_on_air(const PeerId& talker) const;
  /// The connection that the talker calls `id`, or the latest one with the talker.
  std::optional<ConnectionKey> addressed(const PeerId& talker,
                                         std::optional<protocol::ConnectionId> id) const;
  /// Opens the one connection with this peer: an earlier one closes.
  ConnectionKey await_offer_of(const PeerId& peer);
  void recover(const ConnectionKey& key);
  void give_up(const ConnectionKey& key, std::string_view reason);
  /// True if a talker is on air to whom we have no connection.
  bool has_alternative() const;
  void forget(const PeerId& talker);

  // watch_moves.cpp: from the talker to the forwarder and back
  /// The talker whose picture this connection carries.
  const PeerId& talker_of(const ConnectionKey& key) const;
  /// A connection that carries the picture of this talker, other than `except`.
  std::optional<ConnectionKey> connection_of(const PeerId& talker,
                                             const std::optional<ConnectionKey>& except = {}) const;
  bool is_watched(const PeerId& talker) const { return connection_of(talker).has_value(); }
  std::size_t watched_talkers() const;
  void move_to(const PeerId& forwarder, const PeerId& talker);
  void come_back(const PeerId& talker);
  void make_room();
  ConnectionKey begin_move(const PeerId& peer, const PeerId& talker);
  void measure_moves();
  void finish_if_there(const ConnectionKey& key, const ReceivingReport& report);
  void finish_move(const ConnectionKey& key);
  void close_replaced(const ConnectionKey& key);
  /// Shows the picture of `to` where `from`'s is shown.
  void switch_stream(const ConnectionKey& from, const ConnectionKey& to);
  /// Goes back to the connection that `lost` replaced. False if that one is closed, or broken.
  bool take_back_replaced(const ConnectionKey& lost);
  /// Gives it up since no picture came, or no more.
  void fail_move(const ConnectionKey& key, std::string_view reason);
  void give_up_move(const ConnectionKey& key, std::string_view reason);
  void go_the_other_way(const PeerId& forwarder);
  IceConfiguration ice_with(const PeerId& peer) const;
  /// Gives up all connections with this forwarder. False where it is none of ours.
  bool leave_forwarder(const PeerId& forwarder, std::string_view reason);
  /// Closes the talker's connection, and the forwarder's that carries its picture. False if there
  /// are none.
  bool close_all_of(const PeerId& talker, std::string_view reason);
  /// Tells a talker that is on air, maybe with a new page, by what way we watch it.
  void confirm_forwarded(const PeerId& talker);
  /// The talker is gone, and may be loading its page: the forwarder's connection stays for a while.
  /// False where there is none.
  bool await_talker(const PeerId& talker);
  void take_media(const PeerId& talker, const protocol::ChatMedia& media);

  WatchOptions options_;
  std::size_t max_talkers_ = 1;  ///< watched at a time
  Backoff retry_;                ///< after failed connections
  Backoff full_retry_;           ///< while the talker is full
  unsigned failures_ = 0;        ///< in a row
  /// Picture state without a connection: waiting, requesting, ended, full or failed.
  WatchView::Picture absence_ = WatchView::Picture::waiting;
  std::vector<PeerId> on_air_;  ///< in order of their `talk_ready`, latest last
  /// Talkers whose offer may still arrive although we gave up waiting for it.
  std::set<PeerId> unwanted_;
  std::set<PeerId> by_turn_;  ///< forwarders that are reached by TURN alone, where there is one
  TokenBucket presses_;       ///< of Request
  WatchChat chat_;
  std::set<ConnectionKey> attached_;
  DeadlineTimer moves_at_;  ///< when to measure connections whose picture is awaited
  DeadlineTimer report_at_;
  WatchView shown_;
};

// Instantiated once, in watch_session.cpp, since a variant of events is slow to compile.
extern template class SessionBase<WatchSession, TalkerConnection, WatchInput, WatchOutput>;

}  // namespace onair::session
