// Candidates and ICE restarts after the offer: `application/trickle-ice-sdpfrag` (RFC 8840), as
// WHIP and WHEP send them by PATCH (RFC 9725 section 4.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sfu/negotiation/negotiation.hpp"
#include "sfu/sdp/candidate.hpp"
#include "sfu/sdp/sdp_error.hpp"

namespace onair::sfu {

/// Contents of a fragment about the one transport that a peer has, in whichever of its m-lines.
struct IceFragment {
  std::string ufrag;  ///< empty where the fragment doesn't say it
  std::string pwd;
  std::vector<Candidate> candidates;  ///< at most kMaxCandidates
  bool end_of_candidates = false;

  static SdpResult<IceFragment> parse(std::string_view text);
};

enum class FragmentKind : std::uint8_t { trickle, restart };

/// A restart has a new ufrag and password; other clients than RFC 9725's tell it by nothing else.
/// `known` is the peer's last. Errors: no_ice, where one is new and the other one missing.
SdpResult<FragmentKind> kind_of(const IceFragment& fragment, const RemoteTransport& known);

/// Answers a restart: our new credentials and all our candidates.
std::string restart_answer(const LocalTransport& local, const Agreed& agreed);

}  // namespace onair::sfu
