// Session descriptions as browsers, encoders and players write them (RFC 8866, RFC 8829).
//
// A description is parsed into what we use of it; the rest is skipped. Every text that is kept is
// free of control characters, so that it can be written into an answer. Everything that grows with
// the input has a bound below; what exceeds it is refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfu/sdp/candidate.hpp"
#include "sfu/sdp/fingerprint.hpp"
#include "sfu/sdp/sdp_error.hpp"

namespace onair::sfu {

inline constexpr std::size_t kMaxSdp = 32'768;   ///< bytes
inline constexpr std::size_t kMaxSections = 16;  ///< m-lines

/// Bounds of each section.
inline constexpr std::size_t kMaxFormats = 128;
inline constexpr std::size_t kMaxFeedback = 512;
inline constexpr std::size_t kMaxExtensionMaps = 64;
inline constexpr std::size_t kMaxSources = 64;
inline constexpr std::size_t kMaxSourceGroups = 32;
inline constexpr std::size_t kMaxRids = 16;
inline constexpr std::size_t kMaxCandidates = 256;
inline constexpr std::size_t kMaxFingerprints = 8;

/// Bounds of texts, in bytes.
inline constexpr std::size_t kMaxMid = 64;
inline constexpr std::size_t kMaxMediaWord = 64;  ///< of an m-line
inline constexpr std::size_t kMaxFormatParameters = 512;
inline constexpr std::size_t kMinUfrag = 4;  ///< RFC 8839 section 5.4
inline constexpr std::size_t kMaxUfrag = 256;
inline constexpr std::size_t kMinPwd = 22;
inline constexpr std::size_t kMaxPwd = 256;

enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

constexpr bool sends(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::sendonly;
}
constexpr bool receives(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::recvonly;
}

/// Role in the DTLS handshake (RFC 8842). `active` is DTLS's client.
enum class Setup : std::uint8_t { actpass, active, passive };

/// How to reach a peer, and how it proves itself.
struct RemoteTransport {
  std::string ufrag;
  std::string pwd;
  std::string ice_options;
  std::optional<Setup> setup;
  Fingerprints fingerprints;
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;
};

/// A payload type.
struct Format {
  std::uint8_t payload_type = 0;
  std::string codec;  ///< as written: `VP8`, `opus`, `rtx`; empty without an rtpmap
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string parameters;  ///< of `a=fmtp:`
};

struct FeedbackLine {
  std::optional<std::uint8_t> payload_type;  ///< nothing: `*`
  std::string text;                          ///< `nack pli`
};

/// A header extension (RFC 8285).
struct ExtensionMap {
  std::uint16_t id = 0;
  Direction direction = Direction::sendrecv;
  std::string uri;
};

/// RFC 5576.
struct Source {
  std::uint32_t ssrc = 0;
  std::string cname;
  std::string msid;
};

/// True for payload types that, with RTP's marker bit, look like RTCP: they may not be agreed to
/// (RFC 5761, section 4).
constexpr bool is_taken_for_rtcp(std::uint8_t payload_type) {
  return payload_type >= 64 && payload_type <= 95;
}

struct SourceGroup {
  std::string semantics;  ///< `FID`: a stream and its repair
  std::vector<std::uint32_t> ssrcs;
};

/// A stream's restriction (RFC 8851).
struct Rid {
  std::string id;
  bool sent = false;  ///< by the side that wrote the description
};

/// An m-line and what follows it.
struct Section {
  std::string media;  ///< `audio`, `video`, `application`
  std::uint16_t port = 0;
  std::string protocol;  ///< `UDP/TLS/RTP/SAVPF`
  std::string first_format;
  std::vector<Format> formats;  ///< of RTP, in the order of preference

  std::string mid;
  Direction direction = Direction::sendrecv;
  bool bundle_only = false;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  bool simulcast = false;              ///< layers are offered to be sent (RFC 8853)
  std::optional<std::uint32_t> ptime;  ///< milliseconds
  std::string msid;
  RemoteTransport transport;  ///< with what the session's level says for all
  std::vector<FeedbackLine> feedback;
  std::vector<ExtensionMap> extensions;
  std::vector<Source> sources;
  std::vector<SourceGroup> source_groups;
  std::vector<Rid> rids;

  /// False for what was rejected, or is no longer used (RFC 3264 section 6).
  bool in_use() const { return port != 0 || bundle_only; }
  /// True for RTP over DTLS, by any name that RFC 8829 section 5.1.2 lets an offer use.
  bool is_secure_rtp() const;
  const Format* find_format(std::uint8_t payload_type) const;
  /// The `rtx` of a payload type (RFC 4588).
  const Format* find_rtx_of(std::uint8_t payload_type) const;
  bool has_feedback(std::uint8_t payload_type, std::string_view text) const;
};

struct Sdp {
  std::string origin_user;  ///< of `o=`
  bool ice_lite = false;
  std::vector<std::vector<std::string>> bundles;  ///< the mids of each BUNDLE group
  std::vector<Section> sections;

  /// Lines may end in CRLF or LF. Lines and attributes that we don't use are skipped.
  static SdpResult<Sdp> parse(std::string_view text);

  /// The BUNDLE group with this mid, or nullptr.
  const std::vector<std::string>* find_bundle(std::string_view mid) const;
  const Section* find_section(std::string_view mid) const;
};

}  // namespace onair::sfu
