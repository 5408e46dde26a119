// Time-outs and retry limits of the sessions, and the relations between them.
#pragma once

#include "protocol/times.hpp"
#include "session/link/backoff.hpp"
#include "session/time.hpp"
#include "session/token_bucket.hpp"

namespace onair::session {

// The link to the server.

/// Limit for a socket to open, and for the server to answer `enter`.
inline constexpr Duration kAnswerTimeout{10'000};

/// Interval of `ping`, which checks that the path works and brings fresh TURN credentials.
inline constexpr Duration kPingInterval{20'000};

/// Limit for the answer to `ping`; after it the socket counts as dead.
inline constexpr Duration kPongTimeout{5'000};

/// Delay before the next attempt after a temporary refusal, such as a full room.
inline constexpr Duration kRefusalPause{5'000};

// A connection between talker and watcher.

/// Limit for the other end's offer or answer.
inline constexpr Duration kNegotiationTimeout{10'000};

/// Limit for the transport to connect, after the descriptions were exchanged.
inline constexpr Duration kConnectTimeout{15'000};

/// Age at which a connection without an answer, or that has never connected, gives way to others
/// that wait.
inline constexpr Duration kLateAnswer{4'000};
inline constexpr Duration kLateConnection{8'000};
static_assert(kLateAnswer < kNegotiationTimeout && kLateConnection < kConnectTimeout);

/// Delay before the talker restarts ICE: a `disconnected` transport often recovers by itself.
inline constexpr Duration kTalkerDisconnectTimeout{4'000};

/// Delay before the watcher requests a restart.
inline constexpr Duration kWatcherDisconnectTimeout{7'000};

/// Delay before the next attempt without a server, since nothing can be negotiated.
inline constexpr Duration kSignalingPause{2'000};

/// ICE restarts that the talker attempts on one connection; the time-out doubles each time.
inline constexpr unsigned kMaxIceRestarts = 3;
inline constexpr Duration kFirstRestartTimeout{5'000};
constexpr Duration restart_timeout(unsigned restart) {
  return kFirstRestartTimeout * (1 << (restart - 1));
}

/// Restarts that the watcher requests before it asks for a new connection.
inline constexpr unsigned kMaxRestartRequests = 2;

/// Delays before the watcher asks for a new connection.
inline constexpr BackoffOptions kReconnectDelays{Duration(1'000), Duration(30'000)};

/// Delays before the watcher asks again a talker that is full. The talker tells those who wait as
/// soon as there is room, so this is a fallback, for a message that was lost and for older talkers.
inline constexpr BackoffOptions kFullDelays{Duration(15'000), Duration(120'000)};

/// Failed connections in a row before the person gets a notice. The watcher keeps trying.
inline constexpr unsigned kFailuresBeforeNotice = 2;

/// New connections with all peers together. A browser keeps closed ones until its garbage collector
/// runs, which may take a minute, and refuses to create more than about 500. A talker's rate lets
/// it stop and start three times with 64 viewers before any of them waits.
inline constexpr Rate kNewViewers{192, Duration(250)};
inline constexpr Rate kNewTalkers{32, Duration(1'000)};

/// Presses of Request that have an effect. Below what talkers accept from a viewer.
inline constexpr Rate kPresses{5, Duration(2'000)};

/// Limit for a picture's first frame. After it the broadcast goes on with the sound; the picture
/// joins when its first frame comes.
inline constexpr Duration kFirstFrameTimeout{5'000};

/// Interval of getStats().
inline constexpr Duration kMeasureInterval{2'000};

/// Interval of `reception`, in which a watcher tells the server how it receives.
inline constexpr Duration kReportInterval{7'000};

// Moving between the talker and the forwarder.

/// Limit for the first picture of the new connection; after it the watcher stays where it is.
inline constexpr Duration kMoveTimeout{8'000};

/// The talker counts a watcher as not moved that has not said by then that it has.
inline constexpr Duration kMoveReplyTimeout{10'000};

/// Interval of getStats() while a watcher waits for that picture.
inline constexpr Duration kMoveMeasureInterval{50};

/// The old connection stays open for so long after its stream was replaced, so that its sound does
/// not break off before the new one plays. A page's crossfade takes less (web/crossfade.mjs).
inline constexpr Duration kOverlap{400};

/// A watcher keeps the forwarder's connection for so long without the talker.
inline constexpr Duration kTalkerReturnTimeout = protocol::kTalkerReturnTimeout;

// Relations.

static_assert(kNewViewers.burst + std::chrono::minutes(1) / kNewViewers.pause < 500 &&
                  kNewTalkers.burst + std::chrono::minutes(1) / kNewTalkers.pause < 500,
              "a browser can create every connection of a minute without a garbage collection");

static_assert(kMoveTimeout < kMoveReplyTimeout, "a watcher that gives up does so first");
static_assert(kPongTimeout < kPingInterval, "a ping is answered or given up before the next one");
static_assert(kTalkerDisconnectTimeout < kWatcherDisconnectTimeout,
              "the talker restarts ICE first, and a watcher's request is only a fallback");
static_assert(kFirstRestartTimeout < kNegotiationTimeout,
              "the talker can restart again while the watcher waits for the first restart");
static_assert(kWatcherDisconnectTimeout + kMaxRestartRequests * kNegotiationTimeout <
                  kTalkerDisconnectTimeout + kFirstRestartTimeout * ((1 << kMaxIceRestarts) - 1),
              "the watcher asks for a new connection before the talker closes the old one");

}  // namespace onair::session
