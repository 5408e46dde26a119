// How long the sessions wait for what, before they do something about it.
#pragma once

#include "session/time.hpp"

namespace onair::session {

/// An offer or an answer of the other end.
inline constexpr Duration kNegotiationTimeout{10'000};

/// A transport, after the descriptions were exchanged.
inline constexpr Duration kConnectTimeout{15'000};

/// A transport that is `disconnected` may mend itself for this long before the talker restarts ICE.
inline constexpr Duration kTalkerPatience{4'000};

/// The same before the watcher asks for a restart, so that the talker mostly comes first.
inline constexpr Duration kWatcherPatience{7'000};

/// Before the next look while the server is away: without it nothing can be negotiated.
inline constexpr Duration kSignalingPause{2'000};

/// The talker's tries to restart the ICE of one connection; after each it waits twice as long.
inline constexpr unsigned kMaxIceRestarts = 3;
inline constexpr Duration kFirstRestartTimeout{5'000};

/// The watcher's requests for a restart, before it asks for a fresh connection.
inline constexpr unsigned kMaxRestartRequests = 2;

/// Failed connections in a row, before the person is told. The watcher goes on trying.
inline constexpr unsigned kFailuresToTell = 2;

/// Between two looks at how a connection fares.
inline constexpr Duration kMeasureInterval{2'000};

}  // namespace onair::session
