#include "session/connection_budget.hpp"

#include <algorithm>
#include <tuple>

namespace onair::session {

bool ConnectionBudget::try_open(const PeerId& peer, TimePoint now) {
  // With a full bucket nothing is scarce, so earlier connections no longer count.
  if (bucket_.full_at() <= now) {
    std::erase_if(peers_, [](const auto& entry) { return !entry.second.waits; });
  }
  const auto asking = find_or_add(peer);
  if (asking == peers_.end()) return false;
  asking->second.waits = true;
  return first_waiting() == asking && next(now).has_value();
}

std::optional<PeerId> ConnectionBudget::next(TimePoint now) {
  if (bucket_.next_token_at(rate_) > now) return std::nullopt;
  const auto first = first_waiting();
  if (first == peers_.end()) return std::nullopt;
  bucket_.take(rate_, now);
  ++first->second.granted;
  first->second.waits = false;
  return first->first;
}

std::optional<TimePoint> ConnectionBudget::next_deadline() const {
  const bool any = std::any_of(peers_.begin(), peers_.end(),
                               [](const auto& entry) { return entry.second.waits; });
  return any ? std::optional(bucket_.next_token_at(rate_)) : std::nullopt;
}

void ConnectionBudget::withdraw(const PeerId& peer) {
  if (const auto found = peers_.find(peer); found != peers_.end()) found->second.waits = false;
}

void ConnectionBudget::withdraw_all() {
  for (auto& [id, peer] : peers_) peer.waits = false;
}

/// The end if the table is full of peers that wait for their first connection.
ConnectionBudget::Peers::iterator ConnectionBudget::find_or_add(const PeerId& peer) {
  const auto found = peers_.find(peer);
  if (found != peers_.end()) return found;
  if (peers_.size() >= kMaxPeers) {
    const auto last =
        std::max_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
          const auto rank = [](const Peer& each) {
            return std::tuple(each.granted, !each.waits, each.position);
          };
          return rank(a.second) < rank(b.second);
        });
    if (last->second.granted == 0 && last->second.waits) return peers_.end();
    peers_.erase(last);
  }
  return peers_.emplace(peer, Peer{0, ++last_position_, false}).first;
}

/// The end if nobody waits.
ConnectionBudget::Peers::iterator ConnectionBudget::first_waiting() {
  auto first = peers_.end();
  const auto rank = [](const Peer& each) { return std::tuple(each.granted, each.position); };
  for (auto at = peers_.begin(); at != peers_.end(); ++at) {
    if (!at->second.waits) continue;
    if (first == peers_.end() || rank(at->second) < rank(first->second)) first = at;
  }
  return first;
}

}  // namespace onair::session
