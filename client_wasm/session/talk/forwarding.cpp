#include "session/talk/forwarding.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "session/timeouts.hpp"

namespace onair::session {
namespace {

// Shares of the capacity. Between the two nothing moves.
constexpr std::size_t kManyPercent = 75;
constexpr std::size_t kFewPercent = 40;

bool can_move(const std::vector<std::string>& caps) {
  return std::find(caps.begin(), caps.end(), protocol::kForwardedCap) != caps.end();
}

}  // namespace

ForwardPolicy ForwardPolicy::of(const std::optional<std::string>& text) {
  if (text == "auto") return {When::automatically};
  if (text == "always") return {When::always};
  std::size_t viewers = 0;
  if (!text) return {};
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), viewers);
  if (fault != std::errc() || end != text->data() + text->size() || viewers == 0) return {};
  return {When::from_viewers, viewers};
}

std::string_view name_of(Forwarding::Stage stage) {
  switch (stage) {
    case Forwarding::Stage::direct: return "direct";
    case Forwarding::Stage::asking: return "asking";
    case Forwarding::Stage::forwarded: return "forwarded";
    case Forwarding::Stage::returning: return "returning";
  }
  return "direct";
}

void Forwarding::encoder_reported(bool limited_by_cpu, TimePoint now) {
  // Several encoders report in turn, and one that is limited counts until the next round.
  if (now - limited_at_ > 2 * kMeasureInterval) limited_since_.reset();
  if (!limited_by_cpu) return;
  limited_at_ = now;
  if (!limited_since_) limited_since_ = now;
}

void Forwarding::forwarder_lost(const PeerId& forwarder) {
  if (forwarder != forwarder_) return;
  abandon_newcomers();
  // Whom it serves may watch on, where only its connection with us is made anew. Who has lost it
  // asks us.
  end_stage();
  // Viewers may have learned of it first, and asked for a direct connection: the fault is not
  // theirs.
  failures_.clear();
}

/// Those who wait for an invitation that does not come.
void Forwarding::abandon_newcomers() {
  for (const auto& [viewer, move] : moving_) {
    if (!move.of_batch) abandoned_.push_back(viewer);
  }
}

void Forwarding::end_stage() {
  stage_ = Stage::direct;
  forwarder_.clear();
  release_at_.cancel();
  invited_.clear();
  moving_.clear();
  stuck_.clear();
  called_.clear();
  batch_ = kFirstBatch;
}

bool Forwarding::takes(const PeerId& viewer, const protocol::TalkRequest& request,
                       bool direct_is_full, TimePoint now) {
  if (capable_.size() < kMaxViewers && can_move(request.caps)) capable_.insert(viewer);
  // A viewer that comes back keeps the forwarder's connection until the talker's is up, so it still
  // counts as forwarded.
  if (stage_ == Stage::returning) return false;
  const bool was_forwarded = forwarded_.erase(viewer) > 0;
  if (request.direct) {
    // The failure of a viewer that end_overdue() called back is counted already.
    const bool is_new = moving_.erase(viewer) > 0 || was_forwarded || failures_of(viewer) == 0;
    if (stage_ == Stage::forwarded && is_new) count_failure(viewer, now);
    return false;
  }
  if (keeps_direct_ && !direct_is_full) return false;
  if (!may_take(viewer)) return false;
  if (failures_of(viewer) > 0 && !direct_is_full && !is_unreached(viewer)) return false;
  if (std::find(invited_.begin(), invited_.end(), viewer) == invited_.end()) {
    invited_.push_back(viewer);
  }
  // Another client takes any offer, and says nothing of it.
  if (!capable_.contains(viewer)) return forwarded_.insert(viewer), true;
  moving_[viewer] = {now + kMoveReplyTimeout};
  return true;
}

bool Forwarding::may_take(const PeerId& viewer) const {
  return stage_ == Stage::forwarded && failures_of(viewer) < kMostFailures;
}

void Forwarding::moved(const PeerId& viewer, const protocol::WatchingVia& via) {
  if (forwarded_.size() >= kMaxViewers) return;
  if (stage_ == Stage::returning && called_.contains(viewer)) {
    // It has said bye, and stays at the forwarder; or repeats itself while it tries.
    if (!moving_.contains(viewer)) stuck_.insert(viewer);
  } else {
    moving_.erase(viewer);
    stuck_.erase(viewer);
  }
  if (can_move(via.caps)) capable_.insert(viewer);
  forwarded_.insert(viewer);
  confirm(viewer);
}

/// Another client, which says nothing of a forwarder, stays known until it leaves.
void Forwarding::await_confirmations(TimePoint now) {
  unconfirmed_.clear();
  asked_.clear();
  std::set_intersection(forwarded_.begin(), forwarded_.end(), capable_.begin(), capable_.end(),
                        std::inserter(unconfirmed_, unconfirmed_.end()));
  if (unconfirmed_.size() <= kMostUnconfirmed) asked_.swap(unconfirmed_);
  confirm_by_.cancel();
  if (!asked_.empty() || !unconfirmed_.empty()) confirm_by_.set(now + kTalkerReturnTimeout);
}

void Forwarding::confirm(const PeerId& viewer) {
  unconfirmed_.erase(viewer);
  asked_.erase(viewer);
}

/// Those who were asked and are silent count as gone, and the next are asked.
void Forwarding::end_unconfirmed(Steps& steps, TimePoint now) {
  if (!confirm_by_.is_due(now)) return;
  confirm_by_.cancel();
  for (const PeerId& viewer : std::exchange(asked_, {})) {
    if (!is_forwarded(viewer)) continue;
    left(viewer);
    steps.gone.push_back(viewer);
  }
  while (!unconfirmed_.empty() && asked_.size() < kAskedAtOnce) {
    asked_.insert(unconfirmed_.extract(unconfirmed_.begin()));
  }
  if (asked_.empty()) return;
  steps.ask.assign(asked_.begin(), asked_.end());
  confirm_by_.set(now + kAnswerTime);
}

/// One that gives up its wait for the forwarder would be sent there again, for ever; and one that
/// gives up its way back would be called again.
void Forwarding::refused(const PeerId& viewer, TimePoint now) {
  const auto move = moving_.find(viewer);
  const bool waits = move != moving_.end() && !move->second.of_batch;
  if (waits && stage_ == Stage::forwarded) count_failure(viewer, now);
  if (waits && stage_ == Stage::returning) stuck_.insert(viewer);
  cancel_move(viewer);
}

void Forwarding::cancel_move(const PeerId& viewer) {
  moving_.erase(viewer);
  std::erase(invited_, viewer);
}

void Forwarding::left(const PeerId& viewer) {
  cancel_move(viewer);
  forwarded_.erase(viewer);
  confirm(viewer);
}

void Forwarding::unreached(const PeerId& viewer) {
  if (unreached_.size() < kMaxViewers) ++unreached_[viewer];
}

bool Forwarding::is_unreached(const PeerId& viewer) const {
  const auto found = unreached_.find(viewer);
  return found != unreached_.end() && found->second >= kMostUnreached;
}

bool Forwarding::any_is_unreached() const {
  return std::any_of(unreached_.begin(), unreached_.end(),
                     [](const auto& entry) { return entry.second >= kMostUnreached; });
}

void Forwarding::forget(const PeerId& viewer) {
  left(viewer);
  failures_.erase(viewer);
  stuck_.erase(viewer);
  capable_.erase(viewer);
  called_.erase(viewer);
  unreached_.erase(viewer);
  std::erase(abandoned_, viewer);
}

void Forwarding::reset() {
  const ForwardPolicy policy = policy_;
  const bool direct = keeps_direct_;
  *this = Forwarding();
  policy_ = policy;
  keeps_direct_ = direct;
}

bool Forwarding::is_needed(const Load& load, TimePoint now) const {
  if (!load.on_air || keeps_direct_) return false;
  switch (policy_.when) {
    case ForwardPolicy::When::never: return false;
    case ForwardPolicy::When::always: return true;
    case ForwardPolicy::When::from_viewers:
      return any_is_unreached() || load.viewers >= policy_.viewers;
    case ForwardPolicy::When::automatically: break;
  }
  const bool overloaded = limited_since_ && now - *limited_since_ >= kOverloadTime &&
                          now - limited_at_ <= 2 * kMeasureInterval;  // and still
  const bool many = load.viewers * 100 >= load.capacity * kManyPercent;
  return any_is_unreached() ||
         (load.viewers > 0 && (many || load.any_waits || load.short_of_uplink || overloaded));
}

bool Forwarding::is_quiet(const Load& load) const {
  if (keeps_direct_) return true;
  if (policy_.when == ForwardPolicy::When::always || any_is_unreached()) return false;
  const std::size_t many = policy_.when == ForwardPolicy::When::from_viewers
                               ? std::min(policy_.viewers, load.capacity)
                               : load.capacity;
  return load.viewers * 100 <= many * kFewPercent;
}

Forwarding::Steps Forwarding::advance(const Load& load, const std::vector<PeerId>& direct,
                                      TimePoint now) {
  Steps steps;
  advanced_at_ = now;
  // After a restart of the server another one comes. Whom the first one serves may watch on.
  const bool is_served = stage_ == Stage::forwarded || stage_ == Stage::returning;
  if (is_served && load.forwarder && *load.forwarder != forwarder_)
    forwarder_lost(PeerId(forwarder_));
  end_unconfirmed(steps, now);
  end_overdue(steps, now);
  if (stage_ == Stage::direct || stage_ == Stage::asking) ask(load, steps, now);
  if (stage_ == Stage::forwarded && may_return(load, now)) {
    stage_ = Stage::returning;
    quiet_since_.reset();
    abandon_newcomers();
    moving_.clear();
    invited_.clear();
    called_.clear();
  }
  if (stage_ == Stage::forwarded && !keeps_direct_) begin_batch(direct, now);
  if (stage_ == Stage::returning) call_back(steps, now);
  steps.call_back.insert(steps.call_back.end(), abandoned_.begin(), abandoned_.end());
  abandoned_.clear();
  flush(steps, now);
  has_asked_ = has_asked_ || steps.use_forwarder == true;
  return steps;
}

/// Asks for the forwarder until its connection is up.
void Forwarding::ask(const Load& load, Steps& steps, TimePoint now) {
  // Some watch through it already where this page was loaded anew: then it is here. A viewer that
  // says so alone brings nobody there.
  const bool has_viewers = load.forwarder && !forwarded_.empty();
  const bool wanted = load.on_air && !keeps_direct_ && (is_needed(load, now) || has_viewers);
  if (!wanted) {
    if (std::exchange(stage_, Stage::direct) == Stage::asking) steps.use_forwarder = false;
    return;
  }
  if (load.forwarder) {
    // Tells a forwarder that came for players that pages need it too.
    if (stage_ == Stage::direct) steps.use_forwarder = true;
    stage_ = Stage::forwarded;
    forwarder_ = *load.forwarder;
    moved_at_ = now;
    return;
  }
  if (std::exchange(stage_, Stage::asking) == Stage::direct) ask_at_.set(now);
  if (!ask_at_.is_due(now)) return;
  steps.use_forwarder = true;
  ask_at_.set(now + kAskPause);
}

/// Few watch, and have for long; and each of them can.
bool Forwarding::may_return(const Load& load, TimePoint now) {
  if (!is_quiet(load)) quiet_since_.reset();
  if (!is_quiet(load)) return false;
  if (!quiet_since_) quiet_since_ = now;
  const bool all_can =
      std::all_of(forwarded_.begin(), forwarded_.end(),
                  [this](const auto& viewer) { return capable_.contains(viewer); });
  const bool long_enough = now - std::max(*quiet_since_, moved_at_) >= kQuietTime;
  return all_can && (keeps_direct_ || (long_enough && rounds_ < kMostRounds));
}

/// A viewer that has no connection, and whom the forwarder did not get, gets one with the talker.
void Forwarding::end_overdue(Steps& steps, TimePoint now) {
  for (auto at = moving_.begin(); at != moving_.end();) {
    if (at->second.until > now) {
      ++at;
      continue;
    }
    if (stage_ == Stage::returning) {
      stuck_.insert(at->first);
    } else {
      count_failure(at->first, now);
    }
    if (stage_ == Stage::forwarded && !at->second.of_batch) steps.call_back.push_back(at->first);
    batch_ = kFirstBatch;
    at = moving_.erase(at);
  }
}

/// The next viewers move when all before them have, or have failed to. Those that have failed are
/// invited again when nobody else is left, since they may keep a batch waiting. Batches grow while
/// none fails.
void Forwarding::begin_batch(const std::vector<PeerId>& direct, TimePoint now) {
  const auto is_of_batch = [](const auto& entry) { return entry.second.of_batch; };
  if (std::any_of(moving_.begin(), moving_.end(), is_of_batch)) return;
  for (unsigned failures = 0; failures < kMostFailures; ++failures) {
    const std::size_t count = invite(direct, failures, now);
    if (count == batch_) batch_ = std::min(2 * batch_, kMostAtOnce);
    if (count > 0) return;
  }
}

/// Invites a batch of those that have failed so often. Returns how many.
std::size_t Forwarding::invite(const std::vector<PeerId>& direct, unsigned failures,
                               TimePoint now) {
  std::size_t count = 0;
  for (const PeerId& viewer : direct) {
    if (viewer == forwarder_ || !capable_.contains(viewer)) continue;
    if (failures_of(viewer) != failures) continue;
    moving_[viewer] = {now + kMoveReplyTimeout, /*of_batch=*/true};
    invited_.push_back(viewer);
    if (++count == batch_) break;
  }
  return count;
}

unsigned Forwarding::failures_of(const PeerId& viewer) const {
  const auto found = failures_.find(viewer);
  return found == failures_.end() ? 0 : found->second.count;
}

void Forwarding::count_failure(const PeerId& viewer, TimePoint now) {
  Failures& failures = failures_[viewer];
  failures.count = now - failures.last < kNewFault ? failures.count + 1 : 1;
  failures.last = now;
}

/// Calls viewers back from the forwarder, some at a time. When none is left there, tells the server
/// that the forwarder is needed no more. If one fails to come back, all stay forwarded: they are
/// called back again in this broadcast only if the person keeps the room direct.
void Forwarding::call_back(Steps& steps, TimePoint now) {
  if (!forwarded_.empty()) release_at_.cancel();
  const bool failed = std::any_of(forwarded_.begin(), forwarded_.end(),
                                  [&](const auto& viewer) { return stuck_.contains(viewer); });
  if (failed && !keeps_direct_) {
    stuck_.clear();
    called_.clear();
    stage_ = Stage::forwarded;
    rounds_ = kMostRounds;
    return;
  }
  if (forwarded_.empty()) {
    // The last ones are connected, and show the forwarder's picture until ours was decoded.
    if (!release_at_.at()) release_at_.set(now + kMoveReplyTimeout);
    if (!release_at_.is_due(now)) return;
    end_stage();
    ++rounds_;
    steps.use_forwarder = false;
    return;
  }
  if (!moving_.empty()) return;
  for (const PeerId& viewer : forwarded_) {
    if (stuck_.contains(viewer)) continue;
    moving_[viewer] = {now + kMoveReplyTimeout};
    called_.insert(viewer);
    steps.call_back.push_back(viewer);
    if (moving_.size() == kFirstBatch) break;
  }
}

void Forwarding::flush(Steps& steps, TimePoint now) {
  if (invited_.empty() || stage_ != Stage::forwarded) return invite_at_.cancel();
  if (invite_at_.at() && !invite_at_.is_due(now)) return;
  const std::size_t count = std::min(invited_.size(), kMostAtOnce);
  const auto end = invited_.begin() + static_cast<std::ptrdiff_t>(count);
  steps.invite.assign(invited_.begin(), end);
  invited_.erase(invited_.begin(), end);
  invite_at_.set(now + kInvitePause);
}

std::optional<TimePoint> Forwarding::next_deadline() const {
  std::optional<TimePoint> next;
  // Deadlines up to the last advance() are done, or wait for another event.
  const auto consider = [&](std::optional<TimePoint> at) {
    if (at && *at > advanced_at_) next = earlier(next, at);
  };
  if (stage_ == Stage::asking) consider(ask_at_.at());
  if (stage_ == Stage::returning) consider(release_at_.at());
  if (!invited_.empty()) consider(invite_at_.at());
  consider(confirm_by_.at());
  if (stage_ == Stage::forwarded && quiet_since_) {
    consider(std::max(*quiet_since_, moved_at_) + kQuietTime);
  }
  if (stage_ == Stage::direct && limited_since_) consider(*limited_since_ + kOverloadTime);
  for (const auto& [viewer, move] : moving_) consider(move.until);
  return next;
}

}  // namespace onair::session
