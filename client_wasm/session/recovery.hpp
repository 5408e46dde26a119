// Time-outs and retry limits of the sessions.
#pragma once

#include "session/time.hpp"

namespace onair::session {

/// Limit for the other end's offer or answer.
inline constexpr Duration kNegotiationTimeout{10'000};

/// Limit for the transport to connect, after the descriptions were exchanged.
inline constexpr Duration kConnectTimeout{15'000};

/// Delay before the talker restarts ICE: a `disconnected` transport often recovers by itself.
inline constexpr Duration kTalkerPatience{4'000};

/// Delay before the watcher requests a restart. Longer, so that the talker usually acts first.
inline constexpr Duration kWatcherPatience{7'000};

/// Delay before the next attempt without a server, since nothing can be negotiated.
inline constexpr Duration kSignalingPause{2'000};

/// ICE restarts that the talker attempts on one connection; the time-out doubles each time.
inline constexpr unsigned kMaxIceRestarts = 3;
inline constexpr Duration kFirstRestartTimeout{5'000};

/// Restarts that the watcher requests before it asks for a new connection.
inline constexpr unsigned kMaxRestartRequests = 2;

/// Failed connections in a row before the person gets a notice. The watcher keeps trying.
inline constexpr unsigned kFailuresBeforeNotice = 2;

/// Interval of getStats().
inline constexpr Duration kMeasureInterval{2'000};

}  // namespace onair::session
