// Buffer for candidates that arrive before their description.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "session/peer_connection.hpp"

namespace onair::session {

/// Limit of buffered candidates; a browser finds a dozen. Further ones are dropped.
inline constexpr std::size_t kMaxPendingCandidates = 128;

inline void hold(std::vector<Candidate>& pending, Candidate candidate) {
  if (pending.size() < kMaxPendingCandidates) pending.push_back(std::move(candidate));
}

}  // namespace onair::session
