#include "session/talk/waiting_viewers.hpp"

#include <algorithm>

#include "session/timeouts.hpp"

namespace onair::session {

void WaitingViewers::add(const PeerId& viewer) {
  if (line_.size() >= kMaxWaiting) return;
  if (std::find(line_.begin(), line_.end(), viewer) == line_.end()) line_.push_back(viewer);
}

void WaitingViewers::remove(const PeerId& viewer) {
  std::erase(line_, viewer);
  invited_.erase(viewer);
}

void WaitingViewers::clear() {
  line_.clear();
  invited_.clear();
}

std::vector<PeerId> WaitingViewers::invite(std::size_t capacity, TimePoint now) {
  std::erase_if(invited_, [now](const auto& invitation) { return invitation.second <= now; });
  const std::size_t free = capacity - std::min(capacity, invited_.size());
  const auto end = line_.begin() + static_cast<std::ptrdiff_t>(std::min(free, line_.size()));
  std::vector<PeerId> next(line_.begin(), end);
  line_.erase(line_.begin(), end);
  for (const PeerId& viewer : next) invited_[viewer] = now + kNegotiationTimeout;
  return next;
}

std::optional<TimePoint> WaitingViewers::next_deadline() const {
  std::optional<TimePoint> next;
  if (line_.empty()) return next;
  for (const auto& [viewer, until] : invited_) next = earlier(next, until);
  return next;
}

}  // namespace onair::session
