// A viewer's side: finds the talker who is on air and shows the picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "session/chat.hpp"
#include "session/page.hpp"
#include "session/peer_connection.hpp"
#include "session/reception.hpp"
#include "session/session_base.hpp"
#include "session/signaling.hpp"
#include "session/signaling_link.hpp"

namespace onair::session {

/// The person pressed Request.
struct RequestPressed {};

/// Show the stream that came over this connection.
struct ShowPicture {
  ConnectionKey key;
};

/// Take its picture off the page.
struct ClearPicture {
  ConnectionKey key;
};

/// getStats() of what is received. Ends in ReceivingMeasured, or in nothing.
struct MeasureReceiving {
  ConnectionKey key;
};

struct ReceivingMeasured {
  ConnectionKey key;
  ReceivingReport report;
};

/// A stream came (W3C webrtc-pc, the `track` event).
struct PictureArrived {
  ConnectionKey key;
};

using WatchInput =
    std::variant<Started, LeaveRequested, TimePassed, Woken, SocketOpened, SocketClosed,
                 MessageReceived, RequestPressed, TextEntered, ChatEntered, LocalDescriptionMade,
                 RemoteDescriptionApplied, CandidateAdded, StepFailed, CandidateFound,
                 TransportChanged, PictureArrived, ReceivingMeasured, ChannelOpened, ChannelClosed,
                 ChannelFailed, TextReceived, ChatOpened, ChatClosed, ChatReceived>;

using WatchOutput =
    std::variant<OpenSocket, CloseSocket, SendMessage, RememberToken, CreateConnection, RestartIce,
                 MakeLocalDescription, ApplyRemoteDescription, AddCandidate, MeasureReceiving,
                 CloseConnection, SendText, SendChat, ShowPicture, ClearPicture, ViewChanged,
                 ShowText, ShowChatLine, TakeChatLineAway, ClearChat, ShowChatRefused, Trace>;

/// What a talker's connection holds besides its key.
struct TalkerConnection {
  /// We asked, and the browser may get ready meanwhile. Candidates that outrun the offer wait for
  /// it.
  struct AwaitingOffer {
    std::vector<Candidate> early;
  };
  /// Candidates of the talker that outran its offer wait for it.
  struct ApplyingOffer {
    std::vector<Candidate> early;
  };
  /// Our answer is being made; our candidates that come before it is sent follow it.
  struct Answering {
    std::vector<Candidate> found;
  };
  struct Negotiated {};
  using State = std::variant<AwaitingOffer, ApplyingOffer, Answering, Negotiated>;

  State state;
  std::optional<protocol::ConnectionId> id;  ///< as the talker's offer named it
  bool was_connected = false;  ///< so that a way was there, and an ICE restart may find another
  TransportState transport = TransportState::fresh;
  bool channel_open = false;
  bool chat_open = false;
  bool chat_muted = false;
  ReceptionMeter meter = {};
  std::optional<Reception> reception = {};
  std::optional<TimePoint> due = {};  ///< when the next step of its recovery begins
  unsigned restarts = 0;              ///< of ICE, since it was last connected
};

struct WatchOptions {
  std::string room;
  /// The most talkers watched at a time, however many a room may have.
  std::size_t max_talkers = 9;
  BackoffOptions backoff = {};
  std::uint32_t backoff_seed = 1;
  /// The token that an earlier load of this page remembered.
  std::optional<std::string> resume = {};
  /// What lets us in where not everyone may.
  std::optional<std::string> token = {};
};

/// What the page shows.
struct WatchView {
  enum class Picture {
    waiting,     ///< nobody is on air
    requesting,  ///< asked for an offer
    connecting,  ///< the offer came
    live,
    reconnecting,  ///< the picture stands still while the way to the talker is mended
    ended,         ///< the talker stopped
    full,          ///< the talker takes no more viewers
  };
  LinkStatus link = LinkStatus::idle;
  std::string refusal = {};              ///< the code of the `error` that keeps us out; else empty
  std::optional<std::string> name = {};  ///< what our token calls us
  Picture picture = Picture::waiting;
  Notice notice = Notice::none;
  bool chat_open = false;
  bool chat_muted = false;                  ///< the talker lets us say nothing
  std::optional<Reception> reception = {};  ///< while it is live
  bool operator==(const WatchView&) const = default;
};

std::string_view name_of(WatchView::Picture picture);

class WatchSession : public SessionBase<WatchSession, TalkerConnection, WatchInput, WatchOutput> {
 public:
  explicit WatchSession(WatchOptions options);

  WatchView view() const;
  /// Whether something was shown and not cleared since.
  bool picture_shown() const { return !shown_pictures_.empty(); }

 private:
  friend SessionBase;

  void settle();
  void sent_away();

  using SessionBase::on;
  void on(const LeaveRequested&);
  void on(const TimePassed& passed);
  void on(const RequestPressed&);
  void on(const LocalDescriptionMade& made);
  void on(const RemoteDescriptionApplied& applied);
  void on(const StepFailed& failed);
  void on(const CandidateFound& found);
  void on(const TransportChanged& changed);
  void on(const PictureArrived& arrived);
  void on(const ReceivingMeasured& measured);
  void on(const ChatEntered& entered);
  void on(const ChatOpened& opened) { set_chat_open(opened.key, true); }
  void on(const ChatClosed& closed) { set_chat_open(closed.key, false); }
  void on(const ChatReceived& received);

  using SessionBase::said;
  void said(const protocol::Welcome& welcome, const PeerId& from);
  void said(const protocol::TalkReady&, const PeerId& from);
  void said(const protocol::TalkDeclined& declined, const PeerId& from);
  void said(const protocol::Offer& offer, const PeerId& from);
  void said(const protocol::Candidate& candidate, const PeerId& from);
  void said(const protocol::EndTalk&, const PeerId& from);
  void said(const protocol::UserDisconnected& gone, const PeerId& from);

  void heard(TalkerConnection& talker, const PeerId& host, const protocol::ChatBegins& begins);
  void heard(TalkerConnection& talker, const PeerId&, const protocol::ChatMuted& muted);
  void heard(TalkerConnection&, const PeerId& host, const ChatLine& line);
  void heard(TalkerConnection&, const PeerId& host, const protocol::ChatRemoved& removed);
  void heard(TalkerConnection&, const PeerId&, const ChatRefused& refused);
  void heard(TalkerConnection&, const PeerId&, const protocol::ChatSaid&) {}
  void set_chat_open(const ConnectionKey& key, bool open);

  WatchView::Picture picture() const;
  void stay_without(WatchView::Picture why, std::string_view reason);
  bool has_room() const { return connections_.size() < max_talkers_; }
  void ask_those_on_air();
  ConnectionKey await_offer_of(const PeerId& talker);
  void recover(const ConnectionKey& key);
  void give_up(const PeerId& talker, std::string_view reason);
  /// Is there somebody on air to whom we have no connection?
  bool has_alternative() const;
  void forget(const PeerId& talker);
  /// False where there was no connection.
  bool drop(const PeerId& talker, std::string_view reason);
  void drop_all(std::string_view reason);

  WatchOptions options_;
  std::size_t max_talkers_ = 1;  ///< watched at a time
  Backoff retry_;                ///< of connections that failed
  unsigned failures_ = 0;        ///< in a row
  /// What the person sees while there is no connection: waiting, requesting, ended or full.
  WatchView::Picture absence_ = WatchView::Picture::waiting;
  std::vector<PeerId> on_air_;  ///< who said it last comes last
  /// Those whose offer may still be on its way although we gave up waiting for it.
  std::set<PeerId> unwanted_;
  std::set<ConnectionKey> shown_pictures_;
  WatchView shown_;
};

}  // namespace onair::session
