// Which kind of media a talker's packet carries (RFC 8843, section 9.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sfu/base/codec.hpp"
#include "sfu/base/time.hpp"
#include "sfu/rtp/rtp.hpp"

namespace onair::sfu {

/// Agreement by SDP about the talker's media of one kind.
struct TalkerMedia {
  struct Source {
    std::uint32_t ssrc = 0;
    std::uint32_t rtx_ssrc = 0;  ///< 0: none
  };

  Codec codec = Codec::opus;
  std::uint8_t payload_type = 0;
  std::optional<std::uint8_t> rtx_payload_type{};
  std::string mid{};              ///< empty: none
  std::vector<Source> sources{};  ///< as announced; may be empty
  bool nack = false;
  bool pli = false;
  bool fir = false;
  std::uint8_t mid_id = 0;  ///< of its header extensions; 0: not agreed
  std::uint8_t transport_cc_id = 0;
  std::array<std::uint8_t, kForwardedExtensions> forwarded_ids{};
};

using TalkerMediaByKind = std::array<std::optional<TalkerMedia>, kMediaKinds>;

/// The streams of one talker's connection. Their SSRCs are known from SDP, or are learned from the
/// MID of a packet, or from its payload type.
class StreamTable {
 public:
  /// How many SSRCs are remembered. The one that was silent for longest is forgotten for another.
  static constexpr std::size_t kMaxStreams = 16;

  struct Found {
    MediaKind kind = MediaKind::audio;
    bool is_rtx = false;
    std::optional<std::uint32_t> media_ssrc;  ///< of an RTX stream: whose packets it resends
  };

  explicit StreamTable(const TalkerMediaByKind& media);

  /// Nothing for a packet of a media or a payload type that wasn't agreed.
  std::optional<Found> find(const RtpPacket& packet, TimePoint now);

  std::size_t size() const { return streams_.size(); }

 private:
  struct Stream {
    std::uint32_t ssrc = 0;
    MediaKind kind = MediaKind::audio;
    std::optional<std::uint32_t> media_ssrc{};
    TimePoint last_received{};
  };

  std::optional<MediaKind> learn_kind(const RtpPacket& packet) const;
  Stream& add(const Stream& stream);

  const TalkerMediaByKind media_;
  std::vector<Stream> streams_;
};

}  // namespace onair::sfu
