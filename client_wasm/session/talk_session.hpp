// The broadcaster's side: one local stream, one connection for each viewer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "session/local_media.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/session_base.hpp"
#include "session/signaling.hpp"
#include "session/signaling_link.hpp"

namespace onair::session {

using TalkInput =
    std::variant<Started, LeaveRequested, TimePassed, Woken, SocketOpened, SocketClosed,
                 MessageReceived, StartRequested, MediaReady, PreviewReady, MediaFailed, MediaEnded,
                 OnAirRequested, StopRequested, TextEntered, LocalDescriptionMade,
                 RemoteDescriptionApplied, CandidateAdded, TracksReplaced, SendingLimited,
                 SendingMeasured, StepFailed, CandidateFound, TransportChanged, ChannelOpened,
                 ChannelClosed, ChannelFailed, TextReceived>;

using TalkOutput =
    std::variant<OpenSocket, CloseSocket, SendMessage, RememberToken, AcquireMedia, UseMedia,
                 ReleaseMedia, CreateConnection, RestartIce, MakeLocalDescription,
                 ApplyRemoteDescription, AddCandidate, ReplaceTracks, LimitSending, MeasureSending,
                 CloseConnection, SendText, ViewChanged, ShowText, Trace>;

/// What a viewer's connection holds besides its key.
struct ViewerConnection {
  /// Our offer is being made; candidates that come before it is sent follow it.
  struct Offering {
    std::vector<Candidate> found;
  };
  /// Candidates of the viewer that outran its answer wait for it.
  struct AwaitingAnswer {
    std::vector<Candidate> early;
  };
  struct ApplyingAnswer {
    std::vector<Candidate> early;
  };
  struct Negotiated {};
  using State = std::variant<Offering, AwaitingAnswer, ApplyingAnswer, Negotiated>;

  State state;
  bool was_connected = false;  ///< so that a way was there, and an ICE restart may find another
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
  std::optional<SendLimits> limits = {};  ///< as the browser was last told
  std::optional<TimePoint> due = {};      ///< when the next step of its recovery begins
  unsigned restarts = 0;                  ///< of ICE, since it was last connected
};

struct TalkOptions {
  std::string room;
  /// The most viewers at a time, however large the budget; a further one is declined with `full`.
  std::size_t max_viewers = 64;
  UplinkBudget uplink = {};
  /// Where this page's connection ids start; at random, so that they differ from those of an
  /// earlier page.
  Generation first_generation = 1;
  BackoffOptions backoff = {};
  std::uint32_t backoff_seed = 1;
  /// The token that an earlier load of this page remembered.
  std::optional<std::string> resume = {};
};

/// What the page shows.
struct TalkView {
  enum class Stage { idle, starting, on_air };
  LinkStatus link = LinkStatus::idle;
  Stage stage = Stage::idle;
  std::size_t viewers = 0;       ///< whose picture runs
  std::size_t connecting = 0;    ///< on their way
  std::uint32_t watching = 0;    ///< watchers in the room, as the server counts them
  std::uint64_t uplink_bps = 0;  ///< the most that is sent to all viewers together
  std::size_t capacity = 0;      ///< how many viewers are taken at the most
  Notice notice = Notice::none;
  bool operator==(const TalkView&) const = default;
};

std::string_view name_of(TalkView::Stage stage);

class TalkSession : public SessionBase<ViewerConnection, TalkOutput> {
 public:
  explicit TalkSession(TalkOptions options);

  /// Takes one event and says what to do, in this order. Never fails; an event that is late or that
  /// makes no sense now changes nothing.
  std::vector<TalkOutput> handle(const TalkInput& input, TimePoint now);

  TalkView view() const;
  bool on_air() const { return std::holds_alternative<OnAir>(state_); }
  /// The captures that were asked for and not released.
  std::vector<CaptureNumber> captures() const;

 private:
  struct Idle {};
  struct Acquiring {
    CaptureNumber capture;
  };
  struct Previewing {
    CaptureNumber capture;
  };
  struct OnAir {
    CaptureNumber capture;
    std::optional<CaptureNumber> next;  ///< asked for, to take its place
  };
  using State = std::variant<Idle, Acquiring, Previewing, OnAir>;

  using SessionBase::on;
  void on(const LeaveRequested&);
  void on(const TimePassed& passed);
  void on(const MessageReceived& received);
  void on(const StartRequested& start);
  void on(const MediaReady& ready);
  void on(const PreviewReady& ready);
  void on(const MediaFailed& failed);
  void on(const MediaEnded& ended);
  void on(const OnAirRequested&);
  void on(const StopRequested&);
  void on(const LocalDescriptionMade& made);
  void on(const RemoteDescriptionApplied& applied);
  void on(const TracksReplaced&) {}
  void on(const SendingLimited&) {}
  void on(const SendingMeasured& measured);
  void on(const StepFailed& failed);
  void on(const CandidateFound& found);
  void on(const TransportChanged& changed);

  using SessionBase::said;
  void said(const protocol::Welcome& welcome, const PeerId& from);
  void said(const protocol::TalkRequest& request, const PeerId& from);
  void said(const protocol::Answer& answer, const PeerId& from);
  void said(const protocol::Candidate& candidate, const PeerId& from);
  void said(const protocol::Bye&, const PeerId& from);
  void said(const protocol::UserDisconnected& gone, const PeerId& from);
  void said(const protocol::Audience& audience, const PeerId& from);

  void transition(State next, std::string_view reason);
  void announce();
  std::size_t capacity() const;
  void share_uplink();
  void stop(Notice why);
  void release_captures();
  void switch_to(OnAir& air, CaptureNumber next);
  void offer_to(const PeerId& viewer);
  void recover(const ConnectionKey& key);
  void restart_ice(const ConnectionKey& key, ViewerConnection& viewer);
  void decline(const PeerId& viewer, protocol::DeclineReason reason);

  TalkOptions options_;
  State state_;
  UplinkPlanner planner_;
  CaptureNumber last_capture_ = 0;
  std::uint32_t watching_ = 0;
  TalkView shown_;
};

}  // namespace onair::session
