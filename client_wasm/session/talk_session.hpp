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
    std::variant<Started, LeaveRequested, TimePassed, SocketOpened, SocketClosed, MessageReceived,
                 StartRequested, MediaReady, PreviewReady, MediaFailed, MediaEnded, OnAirRequested,
                 StopRequested, TextEntered, LocalDescriptionMade, RemoteDescriptionApplied,
                 CandidateAdded, TracksReplaced, StepFailed, CandidateFound, TransportChanged,
                 ChannelOpened, ChannelClosed, ChannelFailed, TextReceived>;

using TalkOutput =
    std::variant<OpenSocket, CloseSocket, SendMessage, AcquireMedia, UseMedia, ReleaseMedia,
                 CreateConnection, MakeLocalDescription, ApplyRemoteDescription, AddCandidate,
                 ReplaceTracks, CloseConnection, SendText, ViewChanged, ShowText, Trace>;

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
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
};

struct TalkOptions {
  std::string room;
  /// The most viewers at a time; a further one is declined with `full`.
  std::size_t max_viewers = 32;
  /// Where this page's connection ids start; at random, so that they differ from those of an
  /// earlier page.
  Generation first_generation = 1;
  BackoffOptions backoff = {};
  std::uint32_t backoff_seed = 1;
};

/// What the page shows.
struct TalkView {
  enum class Stage { idle, starting, on_air };
  LinkStatus link = LinkStatus::idle;
  Stage stage = Stage::idle;
  std::size_t viewers = 0;     ///< whose picture runs
  std::size_t connecting = 0;  ///< on their way
  std::uint32_t watching = 0;  ///< watchers in the room, as the server counts them
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
  void on(const LeaveRequested&, TimePoint now);
  void on(const MessageReceived& received, TimePoint now);
  void on(const StartRequested& start, TimePoint now);
  void on(const MediaReady& ready, TimePoint now);
  void on(const PreviewReady& ready, TimePoint now);
  void on(const MediaFailed& failed, TimePoint now);
  void on(const MediaEnded& ended, TimePoint now);
  void on(const OnAirRequested&, TimePoint now);
  void on(const StopRequested&, TimePoint now);
  void on(const LocalDescriptionMade& made, TimePoint now);
  void on(const RemoteDescriptionApplied& applied, TimePoint now);
  void on(const TracksReplaced&, TimePoint) {}
  void on(const StepFailed& failed, TimePoint now);
  void on(const CandidateFound& found, TimePoint now);
  void on(const TransportChanged& changed, TimePoint now);

  using SessionBase::said;
  void said(const protocol::Welcome& welcome, const PeerId& from);
  void said(const protocol::TalkRequest&, const PeerId& from);
  void said(const protocol::Answer& answer, const PeerId& from);
  void said(const protocol::Candidate& candidate, const PeerId& from);
  void said(const protocol::Bye&, const PeerId& from);
  void said(const protocol::UserDisconnected& gone, const PeerId& from);
  void said(const protocol::Audience& audience, const PeerId& from);

  void transition(State next, std::string_view reason);
  void announce();
  void stop(Notice why);
  void release_captures();
  void switch_to(OnAir& air, CaptureNumber next);
  void offer_to(const PeerId& viewer);
  void decline(const PeerId& viewer, protocol::DeclineReason reason);

  TalkOptions options_;
  State state_;
  CaptureNumber last_capture_ = 0;
  std::uint32_t watching_ = 0;
  TalkView shown_;
};

}  // namespace onair::session
