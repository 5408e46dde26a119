// The broadcaster's side: one local stream, one connection per viewer. session_base.hpp has the
// contract. LocalStream, Roster, TalkChat and UplinkPlanner have the state that needs no
// connection; this class connects them to the server and to the viewers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/limits.hpp"
#include "session/pending.hpp"
#include "session/session_base.hpp"
#include "session/talk/forwarding.hpp"
#include "session/talk/local_media.hpp"
#include "session/talk/local_stream.hpp"
#include "session/talk/roster.hpp"
#include "session/talk/talk_chat.hpp"
#include "session/talk/unreached_viewers.hpp"
#include "session/talk/uplink_planner.hpp"
#include "session/talk/waiting_viewers.hpp"

namespace onair::session {

/// The person keeps the room direct, whatever the load, or lets it be forwarded.
struct DirectKept {
  bool direct;
};

using TalkInput =
    std::variant<Started, LeaveRequested, TimePassed, Woken, SocketOpened, SocketClosed,
                 MessageReceived, StartRequested, DevicesChanged, DevicesListed, PermissionGranted,
                 MediaChosen, MicrophoneSwitched, CameraSwitched, MediaReady, PreviewReady,
                 MediaFailed, MediaEnded, MediaMuted, OnAirRequested, StopRequested, LockSwitched,
                 DirectKept, RemovalRequested, RoomEndRequested, TextEntered, ChatEntered,
                 ChatRemovalRequested, MutingRequested, LocalDescriptionMade,
                 RemoteDescriptionApplied, CandidateAdded, TracksReplaced, SendingLimited,
                 SendingMeasured, StepFailed, CandidateFound, TransportChanged, ChannelOpened,
                 ChannelClosed, ChannelFailed, TextReceived, ChatOpened, ChatClosed, ChatReceived>;

using TalkOutput =
    std::variant<OpenSocket, CloseSocket, SendMessage, RememberToken, AcquireMedia, UseMedia,
                 ReleaseMedia, ListDevices, EnableTracks, CreateConnection, RestartIce,
                 MakeLocalDescription, ApplyRemoteDescription, AddCandidate, ReplaceTracks,
                 LimitSending, MeasureSending, CloseConnection, SendText, SendChat, ViewChanged,
                 ShowText, ShowChatLine, TakeChatLineAway, ClearChat, ShowChatRefused, Trace>;

/// State of a viewer's connection.
struct ViewerConnection {
  /// Our offer is being created. Local candidates wait until it is sent.
  struct Offering {
    std::vector<Candidate> found;
  };
  /// Candidates of the viewer that arrive before its answer wait for it.
  struct AwaitingAnswer {
    std::vector<Candidate> early;
  };
  struct ApplyingAnswer {
    std::vector<Candidate> early;
  };
  struct Negotiated {};
  using State = std::variant<Offering, AwaitingAnswer, ApplyingAnswer, Negotiated>;

  State state;
  TimePoint opened_at{};       ///< when the viewer's request was granted
  bool was_connected = false;  ///< a path existed, so an ICE restart may find another
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
  std::optional<SendingReport> measured = {};
  EncoderReport encoder = {};  ///< its last report
  TimePoint measured_at{};
  std::uint32_t bits_per_second = 0;
  std::optional<SendLimits> limits = {};  ///< last sent to the browser
  DeadlineTimer due = {};                 ///< of the next recovery step
  unsigned restarts = 0;                  ///< ICE restarts since it was last connected
  CandidateQuota candidates = {};         ///< of the negotiation
  SoundMode offered = SoundMode::speech;  ///< in the last offer
  bool keeps_old_tracks = false;          ///< replaceTrack() has failed
};

struct TalkOptions {
  std::string room;
  /// Maximum number of viewers, whatever the budget; further ones are declined with `full`.
  std::size_t max_viewers = 64;
  UplinkBudget uplink = {};
  /// First connection id of this page; random, so that ids differ from those of an earlier page.
  Generation first_generation = 1;
  BackoffOptions backoff = {};
  std::uint32_t backoff_seed = 1;
  /// Resume token kept from an earlier load of this page.
  std::optional<std::string> resume = {};
  /// Entry token, for operators who require one.
  std::optional<std::string> token = {};
};

/// Row of the talker's list of viewers.
struct ViewerView {
  enum class State { connecting, live, reconnecting };
  PeerId id = {};
  unsigned number = 0;    ///< in order of arrival
  std::string name = {};  ///< by its token, or its name in the chat; else empty
  State state = State::connecting;
  bool muted = false;
  /// Number of WHEP players behind the server's forwarder; empty for other viewers.
  std::optional<std::uint32_t> players = {};
  std::uint32_t bits_per_second = 0;
  std::optional<double> round_trip_ms = {};
  std::optional<double> loss = {};        ///< 0 to 1
  std::optional<double> latency_ms = {};  ///< of network and buffer, if the viewer reported it
  std::optional<Reception::Quality> quality = {};  ///< as far as known
  bool operator==(const ViewerView&) const = default;
};

std::string_view name_of(ViewerView::State state);

/// Numbers of viewers by how well they receive.
struct ReceptionSums {
  std::size_t good = 0;
  std::size_t fair = 0;
  std::size_t poor = 0;
  std::size_t unknown = 0;  ///< have a picture, and were not measured yet
  bool operator==(const ReceptionSums&) const = default;
};

/// State shown by the page.
struct TalkView {
  using Stage = LocalStream::Stage;
  LinkStatus link = LinkStatus::idle;
  std::string refusal = {};  ///< code of the `error` that rejected us; else empty
  Stage stage = Stage::idle;
  std::size_t viewers = 0;       ///< connected; of a forwarder, its players
  std::size_t connecting = 0;    ///< not connected yet
  std::uint32_t watching = 0;    ///< watchers in the room, counted by the server
  std::uint64_t uplink_bps = 0;  ///< maximum sent to all viewers together
  std::size_t capacity = 0;      ///< maximum number of viewers with a direct connection
  Forwarding::Stage forwarding = Forwarding::Stage::direct;
  std::size_t forwarded = 0;  ///< of the viewers, those that watch through the forwarder
  bool can_forward = false;   ///< the operator lets the talker use the forwarder
  bool keeps_direct = false;
  /// In order of arrival. Beyond kMostListed viewers only the worst: see `reception`.
  std::vector<ViewerView> audience;
  std::optional<ReceptionSums> reception = {};  ///< beyond kMostListed viewers
  std::optional<TimePoint> on_air_since = {};
  bool shares_screen = false;
  DeviceState picture = DeviceState::idle;     ///< what is sent of the camera or the screen
  DeviceState microphone = DeviceState::idle;  ///< what is sent of the microphone
  bool microphone_on = true;
  bool camera_on = true;
  bool locked = false;  ///< no further watchers are admitted
  std::vector<Device> devices;
  MediaChoice choice;
  Notice notice = Notice::none;
  bool operator==(const TalkView&) const = default;
};

class TalkSession : public SessionBase<TalkSession, ViewerConnection, TalkInput, TalkOutput> {
 public:
  /// Limit of remembered viewers, or twice as many as are here. Beyond it those that have no
  /// connection and wait for none are forgotten.
  static constexpr std::size_t kMaxViewers = 1'024;
  /// Viewers that the view lists one by one, and how many of them beyond that.
  static constexpr std::size_t kMostListed = 50;
  static constexpr std::size_t kWorstListed = protocol::kMaxWorst;

  explicit TalkSession(TalkOptions options);

  TalkView view() const;
  std::optional<TimePoint> next_deadline() const {
    return earlier(SessionBase::next_deadline(),
                   link_.joined() ? forwarding_.next_deadline() : std::nullopt);
  }
  bool on_air() const { return stream_.on_air(); }
  /// Captures that were requested and not released.
  std::vector<CaptureNumber> captures() const { return stream_.captures(); }
  /// Picture and sound as announced to viewers.
  protocol::ChatMedia sent_media() const { return stream_.sent(); }

 private:
  friend SessionBase;

  void settle();
  void on_session_ended() { stop(Notice::none); }
  void on_closing(const ConnectionKey& key);

  using SessionBase::carry_out;
  void carry_out(const OnAirReached&) { announce(); }
  void carry_out(const TracksChanged&);
  void carry_out(const StreamLost& lost) { stop(lost.why); }
  void carry_out(Notice notice) { notice_ = notice; }

  // talk_session.cpp: page, clock, server and chat
  using SessionBase::on;
  void on(const Started& started);
  void on(const LeaveRequested&);
  void on(const TimePassed& passed);
  void on(const StopRequested&) { stop(Notice::none); }
  void on(const LockSwitched& lock) { send(roster_.lock(lock.locked)); }
  void on(const DirectKept& kept) { forwarding_.keep_direct(kept.direct); }
  void on(const RemovalRequested& removal);
  void on(const RoomEndRequested&);
  void on(const MutingRequested& muting);
  void on(const ChatOpened& opened);
  void on(const ChatClosed& closed) { chat_.close(closed.key); }
  void on(const ChatReceived& received);
  template <OneOf<ChatEntered, ChatRemovalRequested> Event>
  void on(const Event& event) {
    emit_all(chat_.handle(event));
  }
  template <OneOf<StartRequested, DevicesChanged, DevicesListed, PermissionGranted, MediaChosen,
                  MicrophoneSwitched, CameraSwitched, MediaReady, PreviewReady, MediaFailed,
                  MediaEnded, MediaMuted, OnAirRequested>
                Event>
  void on(const Event& event) {
    emit_all(stream_.handle(event, now_));
  }

  using SessionBase::on_message;
  void on_message(const protocol::Welcome& welcome, const PeerId& from);
  void on_message(const protocol::Audience& audience, const PeerId&) {
    watching_ = audience.watching;
  }
  void on_message(const protocol::AudienceReception& reception, const PeerId&) {
    reported_ = reception;
  }
  void on_message(const protocol::Players& players, const PeerId& from) {
    roster_.set_players(from, players.players);
  }
  void on_message(const protocol::UserDisconnected& gone, const PeerId& from);
  void on_message(const protocol::ChatMessages& chat, const PeerId& from);
  /// Ignores the kinds without a meaning for a talker.
  template <OneOf<protocol::Enter, protocol::TalkReady, protocol::TalkDeclined, protocol::Offer,
                  protocol::EndTalk, protocol::LockRoom, protocol::RemovePeer, protocol::EndRoom,
                  protocol::Ping, protocol::UseForwarder, protocol::InviteWatchers,
                  protocol::Reception, protocol::Unknown>
                Kind>
  void on_message(const Kind&, const PeerId&) {}
  void announce();
  void stop(Notice why);

  // talk_viewers.cpp: the viewers' connections
  void on(const LocalDescriptionMade& made);
  void on(const RemoteDescriptionApplied& applied);
  void on(const TracksReplaced& replaced);
  void on(const SendingLimited&) {}
  void on(const SendingMeasured& measured);
  void on(const StepFailed& failed);
  void on(const CandidateFound& found);
  void on(const TransportChanged& changed);
  void on_message(const protocol::TalkRequest& request, const PeerId& from);
  void on_message(const protocol::Answer& answer, const PeerId& from);
  void on_message(const protocol::Candidate& candidate, const PeerId& from);
  void on_message(const protocol::Bye&, const PeerId& from);
  void on_message(const protocol::WatchingVia& via, const PeerId& from);
  bool is_forwarder(const PeerId& viewer) const { return roster_.players_of(viewer).has_value(); }
  /// Moves viewers to the forwarder and back, as the load asks for.
  void advance_forwarding();
  Forwarding::Load load() const;
  /// The viewers with a connection that is up, in the order in which they came.
  std::vector<PeerId> direct_viewers() const;
  /// The connection with this id, or the latest one for a message that names none.
  std::optional<ConnectionKey> addressed(const PeerId& viewer,
                                         std::optional<protocol::ConnectionId> id) const;
  std::uint64_t uplink_bps() const;
  /// Connections that the line and the processor carry, with one place kept for the forwarder's
  /// where that may come.
  std::size_t capacity() const;
  void share_uplink();
  /// Offers anew where the last offer had another kind of sound.
  void renegotiate_sound();
  /// Offers new connections to the viewers whose connection did not take other tracks.
  void replace_stuck();
  void offer_to(const PeerId& viewer);
  /// Offers to those whose turn for a new connection has come.
  void serve_waiting();
  /// See kLateAnswer.
  static std::optional<TimePoint> late_at(const ViewerConnection& connection);
  std::vector<ConnectionKey> late_connections() const;
  /// Places of others that give way count as free.
  std::size_t free_places() const;
  std::size_t free_places_for(const PeerId& viewer) const;
  bool is_full_for(const PeerId& viewer) const;
  void admit(const PeerId& viewer);
  /// Closes a connection that was given its time.
  void give_up(const ConnectionKey& key, std::string_view reason);
  /// Tells those who were declined as full that there is room.
  void invite_waiting();
  /// When there may be room for one of them.
  std::optional<TimePoint> next_room() const;
  /// Keeps the tables of viewers under their bound.
  void forget_absent();
  void recover(const ConnectionKey& key);
  void restart_ice(const ConnectionKey& key, ViewerConnection& viewer);
  void decline(const PeerId& viewer, protocol::DeclineReason reason);

  // talk_audience.cpp: the viewers as the page shows them
  void describe_audience(TalkView& view) const;
  std::vector<ViewerView> watching_viewers() const;
  ReceptionSums sums_of(const std::vector<ViewerView>& audience) const;

  TalkOptions options_;
  LocalStream stream_;
  Roster roster_;
  TalkChat chat_;
  UplinkPlanner planner_;
  PictureKind planned_;
  WaitingViewers waiting_;
  UnreachedViewers unreached_;
  Forwarding forwarding_;
  std::size_t forgets_at_ = kMaxViewers;  ///< so many viewers
  std::uint32_t watching_ = 0;
  protocol::AudienceReception reported_;  ///< of viewers that watch through the forwarder
  TalkView shown_;
};

// Instantiated once, in talk_session.cpp, since a variant of events is slow to compile.
extern template class SessionBase<TalkSession, ViewerConnection, TalkInput, TalkOutput>;

}  // namespace onair::session
