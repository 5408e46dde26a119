#include "session/talk/unreached_viewers.hpp"

#include <algorithm>

namespace onair::session {
namespace {

Duration pause_after(unsigned failures) {
  Duration pause = UnreachedViewers::kFirstPause;
  for (unsigned i = 1; i < failures && pause < UnreachedViewers::kLongestPause; ++i) pause *= 2;
  return std::min(pause, UnreachedViewers::kLongestPause);
}

}  // namespace

void UnreachedViewers::failed(const PeerId& viewer, TimePoint now) {
  if (viewers_.size() >= kMaxViewers && !viewers_.contains(viewer)) make_room();
  Viewer& failed = viewers_[viewer];
  ++failed.failures;
  failed.pauses_until = now + pause_after(failed.failures);
}

void UnreachedViewers::make_room() {
  viewers_.erase(std::min_element(
      viewers_.begin(), viewers_.end(),
      [](const auto& a, const auto& b) { return a.second.pauses_until < b.second.pauses_until; }));
}

unsigned UnreachedViewers::failures_of(const PeerId& viewer) const {
  const auto found = viewers_.find(viewer);
  return found == viewers_.end() ? 0 : found->second.failures;
}

std::optional<TimePoint> UnreachedViewers::pauses_until(const PeerId& viewer, TimePoint now) const {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end() || found->second.pauses_until <= now) return std::nullopt;
  return found->second.pauses_until;
}

}  // namespace onair::session
