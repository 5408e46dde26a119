#include "session/talk/waiting_viewers.hpp"

#include <algorithm>

#include "session/timeouts.hpp"

namespace onair::session {

void WaitingViewers::add(const PeerId& viewer) {
  insert(viewer, queue_.end());
}

void WaitingViewers::add_first(const PeerId& viewer) {
  insert(viewer, queue_.begin());
}

void WaitingViewers::insert(const PeerId& viewer, std::vector<PeerId>::iterator position) {
  if (queue_.size() >= kMaxWaiting) return;
  if (std::find(queue_.begin(), queue_.end(), viewer) == queue_.end()) {
    queue_.insert(position, viewer);
  }
}

bool WaitingViewers::remove(const PeerId& viewer) {
  std::erase(queue_, viewer);
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
  for (const PeerId& viewer : queue_) {
    if (invited_.size() >= room_for(viewer)) continue;
    invited_[viewer] = now + kNegotiationTimeout;
    next.push_back(viewer);
  }
  std::erase_if(queue_, [this](const PeerId& viewer) { return invited_.contains(viewer); });
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
