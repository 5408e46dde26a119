// Times that depend on each other, with what must hold between them.
#pragma once

#include "rooms/time.hpp"

namespace onair::rooms {

/// Time that a member has to come back after its socket is lost or its process died.
inline constexpr Duration kGrace = std::chrono::seconds(15);

/// The life of a resume token, and the memory of who was removed.
inline constexpr std::chrono::hours kResumeLifetime{12};

/// Time to wait for the frames that another hub buffered for a peer; newer ones are held back.
inline constexpr Duration kHandOverTimeout = std::chrono::seconds(1);

/// Time that a hub keeps a peer that another has asked for, while frames from its socket or from a
/// third hub are yet to come.
inline constexpr Duration kLastFramesTimeout = std::chrono::milliseconds(500);
static_assert(kLastFramesTimeout < kHandOverTimeout, "or nobody waits for what is handed over");
static_assert(kHandOverTimeout < kGrace, "or a peer that is away is gone before its frames come");

/// The interval at which a peer that is back gets more of its buffered frames, where its queue does
/// not take all of them at once.
inline constexpr Duration kPace = std::chrono::milliseconds(20);

/// Between processes: the interval of signs of life, and the silence that means death.
inline constexpr Duration kHeartbeat = std::chrono::seconds(1);
inline constexpr Duration kDeadAfter = std::chrono::seconds(4);
static_assert(3 * kHeartbeat < kDeadAfter, "one lost sign of life is not a death");
static_assert(kDeadAfter < kGrace, "a death is found out before the members are given up");

/// The wait for the shares of other processes, for each of which one message must cross twice.
inline constexpr Duration kShareTimeout = std::chrono::milliseconds(300);

/// Retries of a frame to a peer that nobody has: a few soon, since it may be moving, and slow ones
/// while it is expected back.
inline constexpr int kTries = 4;
inline constexpr Duration kRetry = std::chrono::milliseconds(100);
inline constexpr Duration kSlowRetry = std::chrono::milliseconds(500);
static_assert(kTries * kRetry < kHandOverTimeout, "what arrives later is not waited for");
static_assert(kSlowRetry < kGrace, "or it is never sent again");
static_assert(kRetry < kHeartbeat, "an answer is back before its frame counts as delivered");

/// The longest time that a message for a peer's last process may be on its way.
inline constexpr Duration kMaxDelay = std::chrono::seconds(5);
static_assert(kMaxDelay > kHandOverTimeout, "the peer's new process has stopped waiting by then");

/// The memory of a process that was taken for dead.
inline constexpr Duration kDeadRemembered = std::chrono::minutes(10);
static_assert(kDeadRemembered > kDeadAfter, "a process that stood still is recognised");

/// The life of a lease on a talk slot that is not renewed, and the retry while the store is away.
inline constexpr std::chrono::seconds kLeaseLifetime{5};
inline constexpr Duration kLeaseRenewal = Duration(kLeaseLifetime) / 3;
inline constexpr Duration kLeaseRetry = std::chrono::seconds(1);
static_assert(2 * kLeaseRenewal < kLeaseLifetime, "one lost renewal does not cost the slot");
static_assert(kLeaseRetry < kLeaseLifetime - kLeaseRenewal, "an outage is tried again in time");
static_assert(kLeaseLifetime < kGrace, "a dead process's lease ends before its slot is given up");

}  // namespace onair::rooms
