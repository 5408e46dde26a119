// Sound or picture of a publication on its way in: from a talker's packets to MediaPackets.
//
// A track outlives its source. When the talker reloads, or its encoder begins anew under another
// SSRC, sequence numbers and timestamps of the publication go on where they were.
//
// For each decrypted packet:
//   1. receive(packet, origin, now): what becomes of it.
//   2. If it is media, take the slot of its sequence number, and fill(packet, numbered, ids, slot).
// Nothing allocates memory per packet. A packet that is missing is not waited for: those after it
// go on at once, and it goes on when it comes.
//
// The number of one that never comes stays free, since those after it have gone on by then, and a
// viewer can't decode what needs it. So the talker is asked for a key frame as soon as the packet
// is given up: a viewer waits for MissingPackets::kTimeout and a key frame at most. To send
// padding under the free number would be quicker where the packet was padding, which can't be
// known. Where it wasn't, an H264 decoder, which has only these numbers to tell what is missing,
// would go on and show a broken picture.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "sfu/base/codec.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/base/time.hpp"
#include "sfu/publisher/missing_packets.hpp"
#include "sfu/publisher/reception.hpp"
#include "sfu/rtp/rtp.hpp"
#include "sfu/rtp/sender_clock.hpp"
#include "sfu/rtp/sequence_map.hpp"

namespace onair::sfu {

/// The talker's ids of the extensions that are forwarded; 0: not agreed.
using ForwardedExtensionIds = std::array<std::uint8_t, kForwardedExtensions>;

/// The packet that an RTX packet holds (RFC 4588, section 4), in place. Nothing if it holds none:
/// browsers probe with padding alone.
std::optional<RtpPacket> restore_rtx(const RtpPacket& rtx, std::uint32_t media_ssrc,
                                     std::uint8_t media_payload_type);

struct TrackStatistics {
  std::uint64_t media = 0;       ///< packets that went on
  std::uint64_t bytes = 0;       ///< of their payload
  std::uint64_t duplicates = 0;  ///< with probes of old packets
  std::uint64_t padding = 0;     ///< packets of padding alone
  std::uint64_t refused = 0;     ///< too old, too long, or of a source that is gone
  std::uint64_t recovered = 0;   ///< went on after they were missing
};

class IncomingTrack {
 public:
  /// When the current SSRC has been silent for so long, the one before it counts again.
  static constexpr Duration kSilence = std::chrono::seconds(1);
  /// A greater step of a source's sequence numbers counts only if the next packet goes on from it
  /// (RFC 3550, appendix A.1).
  static constexpr std::int64_t kMaxStep = 3'000;
  /// Numbers that are left free where a source doesn't begin with a key frame: for packets that
  /// come late, and so that viewers see that something is missing.
  static constexpr std::int64_t kRoomBefore = 16;

  enum class Origin : std::uint8_t {
    sent,    ///< by the source's own SSRC; resent ones of those without RTX, too
    resent,  ///< out of an RTX packet
  };
  struct Numbered {
    std::uint32_t sequence = 0;
    std::uint32_t timestamp = 0;
    bool begins_key_frame = false;
  };

  explicit IncomingTrack(MediaKind kind, std::uint32_t first_sequence = 1'000)
      : kind_(kind), next_sequence_(first_sequence) {}

  /// The talker's connection is another one, or agreed to another codec: whatever comes next is of
  /// another source, even if its SSRC is the same. `nacks`: it answers to NACK.
  void begin_talker(Codec codec, bool nacks);

  /// Gives a packet its number in the publication. Nothing if it is not forwarded: a duplicate,
  /// padding, too old. A packet of another SSRC than before begins another source.
  std::optional<Numbered> receive(const RtpPacket& packet, Origin origin, TimePoint now);
  /// Fills the slot of `numbered.sequence`.
  void fill(const RtpPacket& packet, const Numbered& numbered, const ForwardedExtensionIds& ids,
            MediaPacket& slot) const;

  /// A sender report, or a BYE, of this SSRC came. Ignored if it is not the source's.
  void receive_report(std::uint32_t ssrc, std::uint64_t ntp, std::uint32_t timestamp,
                      TimePoint now);
  void receive_bye(std::uint32_t ssrc);
  /// The source's last sender report. Nothing before it sent one.
  const std::optional<ClockReading>& sender_report() const { return reading_; }

  /// The source's, while there is one.
  std::optional<std::uint32_t> ssrc() const;
  /// The figures for a receiver report, and what begins the next interval of them.
  std::optional<ReportBlock> report(TimePoint now);
  /// Packets that the talker should send again.
  MissingPackets& missing() { return missing_; }
  const MissingPackets& missing() const { return missing_; }
  /// True if a packet was given up since the last key frame began: only video is.
  bool needs_key_frame() const;

  MediaKind kind() const { return kind_; }
  const TrackStatistics& statistics() const { return statistics_; }

 private:
  struct Source {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp_offset = 0;  ///< from the source's to the publication's
    ReceptionStatistics reception;
  };
  struct Newest {
    std::uint32_t timestamp = 0;  ///< the publication's
    TimePoint arrived;
  };
  struct KeyFrame {
    std::uint32_t timestamp = 0;
    std::uint32_t sequence = 0;  ///< of the first packet that is known of it
    std::int64_t number = 0;     ///< the source's of the same
  };

  /// The packet's unwrapped number, or nothing if it is not of the source. Begins another source
  /// where it has to.
  std::optional<std::int64_t> find_number(const RtpPacket& packet, Origin origin, TimePoint now);
  void begin_source(const RtpPacket& packet, TimePoint now);
  std::optional<Numbered> assign_number(const RtpPacket& packet, std::int64_t number,
                                        TimePoint now);
  bool begins_key_frame(const RtpPacket& packet, const Numbered& numbered, std::int64_t number);
  void note_order(SequenceMap::Verdict verdict, std::int64_t before, std::int64_t number,
                  TimePoint now);

  MediaKind kind_;
  Codec codec_ = Codec::opus;
  bool nacks_ = false;
  std::uint32_t next_sequence_;
  std::optional<Source> source_;
  std::optional<std::uint32_t> last_ssrc_;  ///< the one before the source's, of the same talker
  std::optional<std::uint16_t> step_to_;    ///< what would confirm a great step
  std::optional<Newest> newest_;
  std::optional<KeyFrame> key_frame_;
  std::optional<ClockReading> reading_;
  SequenceMap map_;
  MissingPackets missing_;
  TrackStatistics statistics_;
};

}  // namespace onair::sfu
