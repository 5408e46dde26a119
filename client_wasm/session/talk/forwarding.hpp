// Decides when a talker's viewers watch through the server's forwarder, and which of them move next
// (PROTOCOL.md, "Through the forwarder"). Knows no connections: the session tells it what happens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.hpp"
#include "session/peer_connection.hpp"
#include "session/time.hpp"

namespace onair::session {

/// The operator's choice, by `--forward`.
struct ForwardPolicy {
  enum class When { never, automatically, always, from_viewers };
  When when = When::never;
  std::size_t viewers = 0;  ///< for from_viewers

  /// From a `welcome`; one that is missing or unknown is never.
  static ForwardPolicy of(const std::optional<std::string>& text);
  bool operator==(const ForwardPolicy&) const = default;
};

class Forwarding {
 public:
  /// Viewers asked to move at first, and at most.
  static constexpr std::size_t kFirstBatch = 10;
  static constexpr std::size_t kMostAtOnce = 64;
  /// Between two `invite_watchers`.
  static constexpr Duration kInvitePause{200};
  /// Before the forwarder is asked for again, where it did not come.
  static constexpr Duration kAskPause{10'000};
  /// How long an encoder is limited by the processor before the viewers move.
  static constexpr Duration kOverloadTime{5'000};
  /// How long few viewers must watch before they move back.
  static constexpr Duration kQuietTime{60'000};
  /// Moves back and forth; after so many it stays forwarded.
  static constexpr unsigned kMostRounds = 2;
  /// Moves to the forwarder that fail; after so many the viewer stays direct, until the broadcast
  /// ends or the forwarder is lost. It makes the second one by TURN alone (watch_moves.cpp).
  static constexpr unsigned kMostFailures = 2;
  /// A failure so long after the one before is a new fault, such as another change of the network.
  static constexpr Duration kNewFault{600'000};
  /// Direct connections that never came up; after so many the viewer needs the forwarder, which is
  /// reached from behind any NAT.
  static constexpr unsigned kMostUnreached = 2;
  /// Limit of remembered viewers.
  static constexpr std::size_t kMaxViewers = 20'000;
  /// Up to so many viewers confirm together that they watch. Of more, whose answers may be lost,
  /// the silent ones are asked once more, some at a time.
  static constexpr std::size_t kMostUnconfirmed = 512;
  static constexpr std::size_t kAskedAtOnce = 128;
  /// How long one that is asked once more has to answer.
  static constexpr Duration kAnswerTime{5'000};

  enum class Stage {
    direct,     ///< every viewer has a connection with the talker
    asking,     ///< the forwarder was asked for
    forwarded,  ///< it has the picture: viewers move, and newcomers go there
    returning,  ///< viewers come back
  };

  struct Load {
    bool on_air = false;
    /// The forwarder whose connection with us is up, if there is one: of several the one in use.
    std::optional<PeerId> forwarder = {};
    std::size_t viewers = 0;       ///< direct, forwarded and waiting ones
    std::size_t capacity = 0;      ///< of direct ones
    bool short_of_uplink = false;  ///< a viewer's share is little
    bool any_waits = false;        ///< declined as full
  };

  /// Actions that the session takes now.
  struct Steps {
    std::optional<bool> use_forwarder = {};  ///< to tell the server
    std::vector<PeerId> invite = {};         ///< by the forwarder
    std::vector<PeerId> call_back = {};      ///< by the talker
    std::vector<PeerId> ask = {};            ///< by the talker, whether they watch
    std::vector<PeerId> gone = {};           ///< they watch no more, see await_confirmations()
  };

  Stage stage() const { return stage_; }
  const PeerId& forwarder() const { return forwarder_; }
  bool is_forwarded(const PeerId& viewer) const { return forwarded_.contains(viewer); }
  std::size_t forwarded() const { return forwarded_.size(); }
  bool keeps_direct() const { return keeps_direct_; }
  /// True once the server was told that a forwarder is needed. It is told again what holds where it
  /// may not know, since a message may be lost with a socket.
  bool has_asked() const { return has_asked_; }
  /// True where the operator lets the talker use a forwarder at all.
  bool is_possible() const { return policy_.when != ForwardPolicy::When::never; }

  void set_policy(ForwardPolicy policy) { policy_ = policy; }
  /// The person keeps the room direct.
  void keep_direct(bool direct) { keeps_direct_ = direct; }
  void encoder_reported(bool limited_by_cpu, TimePoint now);

  /// The forwarder's connection with us is gone.
  void forwarder_lost(const PeerId& forwarder);

  /// True where a viewer that asks for an offer gets the forwarder's instead, by Steps. One that
  /// the forwarder did not reach does only where `direct_is_full`, or no direct connection reaches
  /// it either.
  bool takes(const PeerId& viewer, const protocol::TalkRequest& request, bool direct_is_full,
             TimePoint now);
  /// True where takes() may be, if all direct connections are used.
  bool may_take(const PeerId& viewer) const;
  /// The viewer says that it watches through a forwarder.
  void moved(const PeerId& viewer, const protocol::WatchingVia& via);
  /// Viewers may have left the room while we were away, or the server was. Those who watch through
  /// the forwarder answer our `talk_ready`; by kTalkerReturnTimeout the others count as gone. In a
  /// crowd the others are asked first, by Steps.
  void await_confirmations(TimePoint now);
  /// The viewer has said `bye` to us: it wants no direct connection. One that watches through the
  /// forwarder goes on: it may refuse an offer of ours that crossed its `watching_via`. One that
  /// waits for the forwarder has waited in vain.
  void refused(const PeerId& viewer, TimePoint now);
  /// The viewer watches directly, or not at all any more.
  void left(const PeerId& viewer);
  /// A direct connection was negotiated and never came up, or is up.
  void unreached(const PeerId& viewer);
  void reached(const PeerId& viewer) { unreached_.erase(viewer); }
  /// The viewer has left the room.
  void forget(const PeerId& viewer);
  /// Off air, or a new peer: nobody watches.
  void reset();

  /// `direct` are the viewers with a connection that is up, in the order in which they came.
  Steps advance(const Load& load, const std::vector<PeerId>& direct, TimePoint now);
  std::optional<TimePoint> next_deadline() const;

 private:
  bool is_needed(const Load& load, TimePoint now) const;
  bool is_unreached(const PeerId& viewer) const;
  bool any_is_unreached() const;
  bool is_quiet(const Load& load) const;
  bool may_return(const Load& load, TimePoint now);
  void ask(const Load& load, Steps& steps, TimePoint now);
  void end_overdue(Steps& steps, TimePoint now);
  void begin_batch(const std::vector<PeerId>& direct, TimePoint now);
  std::size_t invite(const std::vector<PeerId>& direct, unsigned failures, TimePoint now);
  unsigned failures_of(const PeerId& viewer) const;
  void count_failure(const PeerId& viewer, TimePoint now);
  void abandon_newcomers();
  void end_stage();
  void call_back(Steps& steps, TimePoint now);
  void confirm(const PeerId& viewer);
  void end_unconfirmed(Steps& steps, TimePoint now);
  void cancel_move(const PeerId& viewer);
  void flush(Steps& steps, TimePoint now);

  ForwardPolicy policy_;
  bool keeps_direct_ = false;
  bool has_asked_ = false;
  Stage stage_ = Stage::direct;
  PeerId forwarder_;
  DeadlineTimer ask_at_;      ///< when to ask the server again
  DeadlineTimer invite_at_;   ///< when the next invitation may go out
  DeadlineTimer release_at_;  ///< when the forwarder is let go, which nobody needs any more
  std::optional<TimePoint> quiet_since_;
  std::optional<TimePoint> limited_since_;
  TimePoint limited_at_{};
  TimePoint moved_at_{};
  TimePoint advanced_at_{};
  unsigned rounds_ = 0;
  std::size_t batch_ = kFirstBatch;
  std::vector<PeerId> invited_;  ///< to send in the next invitation
  struct Move {
    TimePoint until;
    bool of_batch = false;  ///< it had a direct connection
  };
  std::map<PeerId, Move> moving_;
  std::set<PeerId> forwarded_;
  /// Of the forwarded ones, those that confirm_by_ ends, and of a crowd those that are asked then.
  std::set<PeerId> asked_;
  std::set<PeerId> unconfirmed_;
  DeadlineTimer confirm_by_;
  struct Failures {
    unsigned count = 0;
    TimePoint last{};
  };
  std::map<PeerId, Failures> failures_;   ///< of moves to the forwarder
  std::set<PeerId> called_;               ///< back, in this return
  std::set<PeerId> stuck_;                ///< at the forwarder, since they did not come back
  std::vector<PeerId> abandoned_;         ///< by the forwarder: to be called by us
  std::set<PeerId> capable_;              ///< by their `caps`
  std::map<PeerId, unsigned> unreached_;  ///< and how often
};

std::string_view name_of(Forwarding::Stage stage);

}  // namespace onair::session
