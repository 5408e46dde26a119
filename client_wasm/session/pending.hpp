// Candidates that must wait for a description.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "session/peer_connection.hpp"

namespace onair::session {

/// The most candidates that wait; a browser finds a dozen. What a peer sends beyond is dropped.
inline constexpr std::size_t kMaxPendingCandidates = 128;

inline void hold(std::vector<Candidate>& pending, Candidate candidate) {
  if (pending.size() < kMaxPendingCandidates) pending.push_back(std::move(candidate));
}

}  // namespace onair::session
