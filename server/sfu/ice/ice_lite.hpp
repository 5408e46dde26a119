// The ICE agent of one peer, on our side: a lite one (RFC 8445, section 2.5), which answers
// connectivity checks and sends none. It learns from them where the peer is, and by their staying
// out that the peer is gone (RFC 7675).
//
// The owner finds the peer of a STUN request by local_ufrag(), and calls handle(). It sends the
// response back by the way that the request came. Everything else goes by path(), and to a peer
// that has none yet nothing is sent. What comes by other ways than STUN is the peer's whose agent
// last reported that path as proven.
//
// Amplification: whoever sends from a forged address can't make us send more than three times as
// many bytes there (kMaxAmplification). Only a STUN response may go to an unproven address, and its
// buffer is cut to that size. DTLS and media take a ProvenPath, which only a check with our
// password makes: whoever has it was given it by signaling. It does not prove that the address is
// the peer's: someone who reads the peer's packets on their way can repeat a check from elsewhere.
// The peer's own next check then brings the path back.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/rate_limit.hpp"
#include "sfu/base/address.hpp"
#include "sfu/base/bytes.hpp"
#include "sfu/base/time.hpp"
#include "sfu/ice/stun.hpp"

namespace onair::sfu {

/// A peer that sends no authentic check for so long no longer consents to what it gets (RFC 7675,
/// section 5.1).
inline constexpr Duration kConsentTimeout = std::chrono::seconds(30);

/// A path is stale after so long without a check. Checks come every 4 to 6 s (RFC 7675), from
/// browsers more often.
inline constexpr Duration kPathStale = std::chrono::seconds(8);

/// A peer's paths that are remembered; of more than these the one longest unchecked is forgotten.
inline constexpr std::size_t kMaxPaths = 8;

inline constexpr std::size_t kMaxAmplification = 3;

/// Checks that are answered. A browser with many addresses sends 20 to 50 a second until it has
/// chosen a path.
inline constexpr base::Rate kCheckRate{std::chrono::milliseconds(20), 100};
/// Refusals, apart from the checks: whoever knows a ufrag can ask for them, and can't use up a
/// peer's checks so.
inline constexpr base::Rate kRefusalRate{std::chrono::milliseconds(100), 20};

/// RFC 8839, section 5.4.
struct IceCredentials {
  std::string ufrag;
  std::string pwd;

  friend bool operator==(const IceCredentials&, const IceCredentials&) = default;
};

/// From the system's generator: 48 bits of ufrag, 144 of password. Throws std::runtime_error when
/// the generator fails.
IceCredentials make_ice_credentials();

/// The first part of a request's USERNAME, ours by which its peer is found; empty where there is
/// none. Refers to the packet.
std::string_view local_ufrag(const StunMessage& request);

/// A path by which an authentic check came. Only IceLite makes one: see above.
class ProvenPath {
 public:
  const Path& get() const { return path_; }
  operator const Path&() const { return path_; }  // NOLINT(google-explicit-constructor)

  friend bool operator==(const ProvenPath&, const ProvenPath&) = default;

 private:
  friend class IceLite;
  explicit ProvenPath(const Path& path) : path_(path) {}

  Path path_;
};

class IceLite {
 public:
  /// Result of a request.
  struct Outcome {
    Bytes response;  ///< to send back, in the buffer that was given; empty: nothing
    /// The request's path is the peer's: an authentic check came by it.
    bool is_proven = false;
    bool has_moved = false;          ///< path() has changed
    std::optional<Path> forgotten;   ///< no longer the peer's, unless another peer has proven it
    std::string retired_ufrag = {};  ///< no longer the peer's; empty: none
  };

  IceLite(IceCredentials local, TimePoint now) : local_(std::move(local)), checked_at_(now) {}

  /// Answers a request for this peer: with success, or with 400 without USERNAME or
  /// MESSAGE-INTEGRITY, 401 for a wrong password, 420 for unknown attributes, 487 to a peer that
  /// believes that it is controlled, since a lite agent always is. Indications, responses and other
  /// methods get nothing, nor do requests beyond kCheckRate and kRefusalRate.
  Outcome handle(const StunMessage& message, const Path& from, TimePoint now, MutableBytes buffer);

  /// Where to send: the path that the peer nominated last. Until it nominates one, the first that
  /// it checked. Of another path a check suffices when this one is stale, or when it is the first
  /// with the credentials of a restart: the peer has a new address.
  const std::optional<ProvenPath>& path() const { return path_; }

  /// Begins an ICE restart (RFC 8445, section 9). The path stays until a check with the new
  /// credentials comes; until then the old ones are still good. Returns the ufrag of an earlier
  /// restart that nobody has used, which is no longer the peer's; empty: none. It does not prolong
  /// consent.
  std::string restart(IceCredentials local);

  /// The credentials to announce: the newest.
  const IceCredentials& local() const { return restarted_ ? *restarted_ : local_; }

  /// A connection of ICE over TCP is closed (see Path::connection): its path is nobody's any more.
  /// Returns whether path() has changed: to the one checked last of the others, or to none.
  bool forget_connection(std::uint32_t connection);

  /// Media or RTCP of the peer's came, decrypted: it is there. GStreamer of before 1.24 sends no
  /// checks once it is connected (libnice without consent freshness).
  void note_received(TimePoint now) { received_at_ = now; }

  /// True where the peer is known to be at this path: within kPathStale an authentic check came by
  /// it, or media while it was path().
  bool is_at(const Path& path, TimePoint now) const;
  /// True where within kPathStale an authentic check came by this path.
  bool has_checked(const Path& path, TimePoint now) const;

  /// True where the peer has been without an authentic check or media for kConsentTimeout, or since
  /// it was made: nothing may be sent to it any more.
  bool is_silent(TimePoint now) const { return now >= next_deadline(); }
  TimePoint next_deadline() const { return std::max(checked_at_, received_at_) + kConsentTimeout; }

 private:
  struct KnownPath {
    Path path;
    TimePoint checked_at;
  };

  const IceCredentials* credentials_of(std::string_view ufrag) const;
  std::optional<StunError> fault_of(const StunMessage& request, const IceCredentials* used) const;
  std::optional<Path> remember(const Path& path, TimePoint now);
  KnownPath* find(const Path& path);
  KnownPath* begin() { return paths_.data(); }
  KnownPath* end() { return paths_.data() + path_count_; }

  IceCredentials local_;
  std::optional<IceCredentials> restarted_;  ///< of a restart, not used yet
  TimePoint checked_at_;
  TimePoint received_at_ = TimePoint::min();
  base::RateLimit checks_;
  base::RateLimit refusals_;
  std::optional<ProvenPath> path_;
  std::array<KnownPath, kMaxPaths> paths_{};
  std::size_t path_count_ = 0;
};

}  // namespace onair::sfu
