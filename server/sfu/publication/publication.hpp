// A broadcast on its way out: its last packets, and its viewers.
//
// It outlives its talker. When another connection takes over, the way in goes on with sequence
// numbers and timestamps, and viewers notice a new picture and nothing else.
//
// The order of calls:
//   - set_codec() for each kind that the talker sends; begin_talker() for each connection of a
//     talker's. Whoever connects viewers calls add() when a viewer's SRTP keys are there.
//   - For each packet of the talker's: take(), fill the slot, publish().
//   - After each of these, and no later than next_deadline(): send_due(), which writes to the
//     outlet what is due. Then look at wants_key_frame().
//
// No call allocates memory, but for those that add or remove viewers, and set_codec(). A
// publication belongs to one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sfu/publication/frame_batch.hpp"
#include "sfu/publication/outlet.hpp"
#include "sfu/publication/rate_meter.hpp"
#include "sfu/publication/subscription.hpp"
#include "sfu/publication/subscription_history.hpp"
#include "sfu/publication/viewer_ids.hpp"
#include "sfu/rtp/packet_ring.hpp"
#include "sfu/rtp/sender_clock.hpp"

namespace onair::sfu {

/// Names of a publication in viewers' SDP. The same for its whole life.
struct PublicationNames {
  std::array<StreamSsrcs, kMediaKinds> ssrcs;  ///< four different ones, none 0
  std::string cname;                           ///< at most 255 bytes; of both kinds
};

struct PublicationStatistics {
  std::uint64_t packets_out = 0;  ///< with resends, without RTCP
  std::uint64_t bytes_out = 0;    ///< of UDP payload
  std::uint64_t overflowed = 0;   ///< packets that were not sent since too many were held
};

class Publication {
 public:
  /// About one second of video at 8 Mbit/s, and five of audio.
  static constexpr std::size_t kVideoRing = 1'024;
  static constexpr std::size_t kAudioRing = 256;
  static constexpr Duration kReportInterval = std::chrono::seconds(1);
  /// How many packets one NACK message may ask for; the rest is ignored.
  static constexpr std::size_t kMaxNacked = 512;

  explicit Publication(PublicationNames names);

  // From the talker.

  /// The talker sends this kind by this codec from now on; 0: not at all. Returns the viewers that
  /// got this kind until now and have not agreed to the codec: they get no more of it, until it
  /// becomes one that they know.
  std::vector<ViewerId> set_codec(MediaKind kind, CodecNumber codec, std::uint32_t clock_rate);
  /// Another connection of a talker's begins. Viewers get video from its first key frame on, and
  /// sender reports once it has sent some.
  void begin_talker();

  /// The slot to fill: see PacketRing::take().
  MediaPacket* take(MediaKind kind, std::uint32_t sequence);
  /// Hands over what was filled.
  void publish(MediaKind kind, std::uint32_t sequence, TimePoint now);
  /// A sender report of the talker's came.
  void set_clock(MediaKind kind, const ClockReading& reading);

  // Viewers.

  /// The viewer is connected. Audio begins at once, video at the next key frame. `srtp` is new:
  /// its streams are added here. It outlives the viewer.
  ViewerId add(const Agreement& agreement, const Path& path, SrtpSender& srtp, TimePoint now);
  /// Ids that were removed before are ignored, here and in the calls below.
  void remove(ViewerId id);
  void set_path(ViewerId id, const Path& path);
  /// A datagram of RTCP from a viewer, decrypted. What it asks for is written to the outlet.
  void on_rtcp(ViewerId id, Bytes datagram, TimePoint now, Outlet& outlet);

  OutgoingStream::State state(ViewerId id, MediaKind kind) const;
  /// nullptr for a viewer that was removed. Valid until one is added or removed.
  const ViewerStatistics* statistics(ViewerId id) const;
  std::size_t viewers() const { return ids_.size(); }
  /// Number of viewers whose path takes less, by their own estimate, than is sent.
  ///
  /// The talker is not told of it. It sends one layer for all, so the cap of one viewer would take
  /// the picture's quality from the others. Nor would a cap where all are slow be safe: an estimate
  /// grows to one and a half times of what comes, no further, so that a talker whose picture stood
  /// still would come up again in small steps alone.
  std::size_t slow_viewers() const;

  // To the viewers.

  /// When to call send_due(). TimePoint::max() if nothing waits.
  TimePoint next_deadline() const;
  void send_due(TimePoint now, Outlet& outlet);

  /// True while a viewer waits for a key frame or has asked for one since the last began, and none
  /// is about to be sent. How often the talker is asked is the way in's to bound.
  bool wants_key_frame() const { return wants_key_frame_ && !batch_.holds_key_frame(); }
  PublicationStatistics statistics() const;

 private:
  struct Stream {
    StreamSsrcs ssrcs;
    PacketRing ring;
    CodecNumber codec = 0;
    std::uint32_t clock_rate = 0;
    std::optional<ClockReading> clock;
  };
  /// Members that are needed seldom.
  struct Details {
    Agreement agreement;
    SubscriptionHistory history;
  };

  Stream& stream(MediaKind kind) { return streams_[static_cast<std::size_t>(kind)]; }
  bool want_key_frame_for(std::size_t viewer, TimePoint now);

  void fan_out(std::span<const StoredPacket* const> packets, TimePoint now, Outlet& outlet);
  void send_to(std::size_t viewer, std::span<const StoredPacket* const> packets, TimePoint now,
               Outlet& outlet);
  bool has_clock() const;
  void report_at(std::size_t viewer, TimePoint when);
  void send_due_reports(TimePoint now, Outlet& outlet);
  void send_reports(std::size_t viewer, TimePoint now, Outlet& outlet);

  void on_packet(std::size_t viewer, const RtcpPacket& packet, TimePoint now, Outlet& outlet);
  void on_report_blocks(std::size_t viewer, const ReportBlocks& blocks, TimePoint now);
  void on_nack(std::size_t viewer, const Nack& nack, TimePoint now, Outlet& outlet);
  bool resend(std::size_t viewer, MediaKind kind, std::uint16_t number, TimePoint now,
              RunWriter& run);
  void on_full_intra(std::size_t viewer, const FullIntraRequest& request, TimePoint now);
  std::optional<MediaKind> kind_of(std::uint32_t ssrc) const;

  std::string cname_;
  std::array<Stream, kMediaKinds> streams_;
  FrameBatch batch_;

  // By a viewer's index.
  ViewerIds ids_;
  std::vector<Subscription> subscriptions_;
  std::vector<TimePoint> reports_;  ///< when each gets its next sender reports
  std::vector<Details> details_;

  TimePoint next_report_check_ = TimePoint::max();
  bool wants_key_frame_ = false;
  PublicationStatistics statistics_;
  RateMeter rate_;
};

}  // namespace onair::sfu
