// ICE candidates in text (RFC 8839 section 5.1, RFC 6544 section 4.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onair::sfu {

enum class CandidateTransport : std::uint8_t { udp, tcp };

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;
  CandidateTransport transport = CandidateTransport::udp;
  std::uint32_t priority = 0;
  std::string address;  ///< IPv4, IPv6 or a name (`….local`), as it was written
  std::uint16_t port = 0;
  std::string type;      ///< `host`, `srflx`, `prflx` or `relay`
  std::string tcp_type;  ///< `active`, `passive` or `so`; empty for UDP

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// Reads the value of `a=candidate:`. Nothing for one that is malformed or of another transport:
/// candidates are hints, and a peer may know kinds that we don't.
std::optional<Candidate> parse_candidate(std::string_view value);

/// Writes the value of `a=candidate:`.
std::string to_text(const Candidate& candidate);

/// A host candidate of ours. `rank` is its index among ours of the same transport, 0 for the
/// preferred one. TCP is passive, and below all UDP (RFC 6544 section 4.2).
Candidate host_candidate(CandidateTransport transport, std::string address, std::uint16_t port,
                         std::uint16_t rank);

}  // namespace onair::sfu
