#include "session/talk/waiting_viewers.hpp"

#include <algorithm>

#include "session/timeouts.hpp"

namespace onair::session {

void WaitingViewers::add(const PeerId& viewer, unsigned failures) {
  if (!make_room_for(viewer, failures)) return;
  const auto after = std::find_if(queue_.begin(), queue_.end(), [failures](const Waiting& waiting) {
    return waiting.failures > failures;
  });
  queue_.insert(after, Waiting{viewer, failures});
}

void WaitingViewers::add_first(const PeerId& viewer, unsigned failures) {
  if (!make_room_for(viewer, failures)) return;
  const auto after = std::find_if(queue_.begin(), queue_.end(), [failures](const Waiting& waiting) {
    return waiting.failures >= failures;
  });
  queue_.insert(after, Waiting{viewer, failures});
}

bool WaitingViewers::make_room_for(const PeerId& viewer, unsigned failures) {
  const auto is_viewer = [&viewer](const Waiting& waiting) { return waiting.viewer == viewer; };
  if (std::any_of(queue_.begin(), queue_.end(), is_viewer)) return false;
  if (queue_.size() < kMaxWaiting) return true;
  if (queue_.back().failures <= failures) return false;
  queue_.pop_back();
  return true;
}

bool WaitingViewers::remove(const PeerId& viewer) {
  std::erase_if(queue_, [&viewer](const Waiting& waiting) { return waiting.viewer == viewer; });
  return invited_.erase(viewer) > 0;
}

void WaitingViewers::clear() {
  queue_.clear();
  invited_.clear();
}

std::vector<PeerId> WaitingViewers::invite(
    const std::function<std::size_t(const PeerId&)>& room_for, TimePoint now) {
  std::erase_if(invited_, [now](const auto& invitation) { return invitation.second <= now; });
  std::vector<PeerId> next;
  for (const auto& [viewer, failures] : queue_) {
    if (invited_.size() >= room_for(viewer)) continue;
    invited_[viewer] = now + kNegotiationTimeout;
    next.push_back(viewer);
  }
  std::erase_if(queue_,
                [this](const Waiting& waiting) { return invited_.contains(waiting.viewer); });
  return next;
}

std::size_t WaitingViewers::invited(const std::function<bool(const PeerId&)>& counts,
                                    TimePoint now) const {
  return static_cast<std::size_t>(std::count_if(
      invited_.begin(), invited_.end(),
      [&](const auto& invitation) { return invitation.second > now && counts(invitation.first); }));
}

std::optional<TimePoint> WaitingViewers::next_deadline() const {
  std::optional<TimePoint> next;
  if (queue_.empty()) return next;
  for (const auto& [viewer, until] : invited_) next = earlier(next, until);
  return next;
}

}  // namespace onair::session
