// The broadcaster's side: one local stream, one connection per viewer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "session/chat.hpp"
#include "session/link/signaling.hpp"
#include "session/link/signaling_link.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/session_base.hpp"
#include "session/talk/chat_host.hpp"
#include "session/talk/local_media.hpp"

namespace onair::session {

using TalkInput = std::variant<
    Started, LeaveRequested, TimePassed, Woken, SocketOpened, SocketClosed, MessageReceived,
    StartRequested, DevicesChanged, DevicesListed, MediaChosen, MicrophoneSwitched, CameraSwitched,
    MediaReady, PreviewReady, MediaFailed, MediaEnded, OnAirRequested, StopRequested, LockSwitched,
    RemovalRequested, RoomEndRequested, TextEntered, ChatEntered, ChatRemovalRequested,
    MutingRequested, LocalDescriptionMade, RemoteDescriptionApplied, CandidateAdded, TracksReplaced,
    SendingLimited, SendingMeasured, StepFailed, CandidateFound, TransportChanged, ChannelOpened,
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
  bool was_connected = false;  ///< a path existed, so an ICE restart may find another
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
  bool chat_open = false;
  std::optional<SendingReport> measured = {};
  TimePoint measured_at{};
  std::uint32_t bits_per_second = 0;
  std::optional<SendLimits> limits = {};  ///< last sent to the browser
  std::optional<TimePoint> due = {};      ///< deadline of the next recovery step
  unsigned restarts = 0;                  ///< ICE restarts since it was last connected
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
  PeerId id;
  unsigned number;   ///< in order of arrival
  std::string name;  ///< its name in the chat; else empty
  State state;
  bool muted;
  std::uint32_t bits_per_second = 0;
  std::optional<double> round_trip_ms = {};
  std::optional<double> loss = {};  ///< 0 to 1
  bool operator==(const ViewerView&) const = default;
};

std::string_view name_of(ViewerView::State state);

/// State shown by the page.
struct TalkView {
  enum class Stage { idle, starting, preview, on_air };
  LinkStatus link = LinkStatus::idle;
  std::string refusal = {};  ///< code of the `error` that rejected us; else empty
  Stage stage = Stage::idle;
  std::size_t viewers = 0;           ///< connected
  std::size_t connecting = 0;        ///< not connected yet
  std::uint32_t watching = 0;        ///< watchers in the room, counted by the server
  std::uint64_t uplink_bps = 0;      ///< maximum sent to all viewers together
  std::size_t capacity = 0;          ///< maximum number of viewers
  std::vector<ViewerView> audience;  ///< in order of arrival
  std::optional<TimePoint> on_air_since = {};
  bool shares_screen = false;
  bool microphone_on = true;
  bool camera_on = true;
  bool locked = false;  ///< no further watchers are admitted
  std::vector<Device> devices;
  MediaChoice choice;
  Notice notice = Notice::none;
  bool operator==(const TalkView&) const = default;
};

std::string_view name_of(TalkView::Stage stage);

class TalkSession : public SessionBase<TalkSession, ViewerConnection, TalkInput, TalkOutput> {
 public:
  explicit TalkSession(TalkOptions options);

  TalkView view() const;
  bool on_air() const { return std::holds_alternative<OnAir>(state_); }
  /// Captures that were requested and not released.
  std::vector<CaptureNumber> captures() const;

 private:
  friend SessionBase;

  struct Take {
    CaptureNumber capture;
    MediaSource source;
    bool chosen;  ///< requested by device id
  };
  struct Idle {};
  struct Acquiring {
    Take take;
    bool preview_only;
  };
  struct Previewing {
    Take take;
    bool preview_only;
    bool ready = false;  ///< the preview has its metadata
  };
  struct OnAir {
    Take take;
    TimePoint since;
    std::optional<Take> next = {};           ///< requested as a replacement
    std::optional<DeviceKind> lost = {};     ///< the device that has ended
    std::optional<MediaSource> before = {};  ///< the source that it replaced
  };
  using State = std::variant<Idle, Acquiring, Previewing, OnAir>;

  void settle();
  void on_session_ended() { stop(Notice::none); }

  using SessionBase::on;
  using SessionBase::on_message;

  // talk_session.cpp: the page, the clock, the socket, the chat
  void on(const Started& started);
  void on(const LeaveRequested&);
  void on(const TimePassed& passed);
  void on(const OnAirRequested&);
  void on(const StopRequested&);
  void on(const ChatEntered& entered);
  void on(const ChatRemovalRequested& removal);
  void on(const MutingRequested& muting);
  void on(const LockSwitched& lock);
  void on(const RemovalRequested& removal);
  void on(const RoomEndRequested&);
  void on(const ChatOpened& opened);
  void on(const ChatClosed& closed);
  void on(const ChatReceived& received);
  void on_message(const protocol::Welcome& welcome, const PeerId& from);
  void on_message(const protocol::Audience& audience, const PeerId& from);
  void announce();
  void stop(Notice why);
  void broadcast(const ChatMessage& message, const PeerId& author = {});
  void transition(State next, std::string_view reason);

  // talk_media.cpp: the local stream
  void on(const StartRequested& start);
  void on(const DevicesChanged&);
  void on(const DevicesListed& listed);
  void on(const MediaChosen& chosen);
  void on(const MicrophoneSwitched& switched);
  void on(const CameraSwitched& switched);
  void on(const MediaReady& ready);
  void on(const PreviewReady& ready);
  void on(const MediaFailed& failed);
  void on(const MediaEnded& ended);
  Take acquire(MediaSource source, const MediaChoice& choice);
  Take* awaited(CaptureNumber capture);
  void use(CaptureNumber capture);
  void replace(OnAir& air, MediaSource source);
  void switch_to_next(OnAir& air);
  void go_on_air(const Take& take);
  void release_captures();
  std::optional<MediaSource> source() const;

  // talk_viewers.cpp: the viewers' connections
  void on(const LocalDescriptionMade& made);
  void on(const RemoteDescriptionApplied& applied);
  void on(const TracksReplaced&) {}
  void on(const SendingLimited&) {}
  void on(const SendingMeasured& measured);
  void on(const StepFailed& failed);
  void on(const CandidateFound& found);
  void on(const TransportChanged& changed);
  void on_message(const protocol::TalkRequest& request, const PeerId& from);
  void on_message(const protocol::Answer& answer, const PeerId& from);
  void on_message(const protocol::Candidate& candidate, const PeerId& from);
  void on_message(const protocol::Bye&, const PeerId& from);
  void on_message(const protocol::UserDisconnected& gone, const PeerId& from);
  std::vector<ViewerView> audience() const;
  std::size_t capacity() const;
  void share_uplink();
  void offer_to(const PeerId& viewer);
  void recover(const ConnectionKey& key);
  void restart_ice(const ConnectionKey& key, ViewerConnection& viewer);
  void decline(const PeerId& viewer, protocol::DeclineReason reason);

  TalkOptions options_;
  State state_;
  UplinkPlanner planner_;
  ChatHost chat_;
  CaptureNumber last_capture_ = 0;
  std::vector<Device> devices_;
  MediaChoice choice_;
  bool microphone_on_ = true;
  bool camera_on_ = true;
  bool locked_ = false;
  std::vector<PeerId> removed_;  ///< resent after each welcome, for a restarted server
  std::uint32_t watching_ = 0;
  std::map<PeerId, unsigned> numbers_;  ///< of the viewers in the room
  unsigned last_number_ = 0;
  TalkView shown_;
};

}  // namespace onair::session
