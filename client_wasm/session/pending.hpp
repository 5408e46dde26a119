// Bounds for the candidates of one negotiation.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "session/peer_connection.hpp"

namespace onair::session {

/// Limit of candidates of one negotiation, buffered or handed to the browser; a browser finds a
/// dozen, and with many networks about a hundred. Further ones are dropped.
inline constexpr std::size_t kMaxCandidates = 128;

/// Limit of their texts together, in bytes. One has about 150.
inline constexpr std::size_t kMaxCandidateBytes = 65'536;

/// Counts the other end's candidates of one negotiation, from its description to the next.
class CandidateQuota {
 public:
  /// False if the candidate must be dropped.
  bool take(const Candidate& candidate) {
    const auto size = [](const auto& text) { return text ? text->size() : 0; };
    const std::size_t bytes = size(candidate.candidate) + size(candidate.sdp_mid);
    if (count_ >= kMaxCandidates || bytes > kMaxCandidateBytes - bytes_) return false;
    ++count_;
    bytes_ += bytes;
    return true;
  }

 private:
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

/// Buffers a candidate until its description is there.
inline void buffer(std::vector<Candidate>& pending, Candidate candidate) {
  if (pending.size() < kMaxCandidates) pending.push_back(std::move(candidate));
}

}  // namespace onair::session
