// Feedback to a talker, and when it is due: receiver reports, transport-wide feedback, NACK,
// requests for key frames, and REMB for those that know no transport-wide feedback.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sfu/base/time.hpp"
#include "sfu/publisher/incoming_track.hpp"
#include "sfu/publisher/key_frame_policy.hpp"
#include "sfu/publisher/transport_feedback.hpp"
#include "sfu/rtp/rtcp.hpp"

namespace onair::sfu {

struct FeedbackOptions {
  std::uint32_t sender_ssrc = 1;    ///< ours; none of the talker's
  std::string cname = "onair";      ///< at most 255 bytes
  bool transport_cc = false;        ///< agreed
  bool fir = false;                 ///< ask for key frames by FIR, since PLI wasn't agreed
  bool asks_for_key_frames = true;  ///< false: neither was agreed
  bool reduced_size = false;        ///< RFC 5506 was agreed
  /// Bit rate to send by REMB each second, in bits per second; 0: none.
  std::uint64_t remb = 0;
};

/// For one connection of a talker's. The tracks and the policy are the publication's and outlive
/// it.
///
/// After packets were received, and no later than next_deadline(): advance() until it says 0.
class PublisherFeedback {
 public:
  static constexpr Duration kFirstReport = std::chrono::milliseconds(200);
  static constexpr Duration kReportInterval = std::chrono::seconds(1);
  /// No datagram is longer.
  static constexpr std::size_t kMaxDatagram = 1'200;
  /// How many packets one NACK names at most.
  static constexpr std::size_t kMaxNacked = 128;

  PublisherFeedback(FeedbackOptions options, IncomingTrack& audio, IncomingTrack& video,
                    KeyFramePolicy& key_frames, TimePoint now);

  /// A packet with this transport-wide number came, of whatever stream.
  void receive_transport_sequence(std::uint16_t sequence, TimePoint now);

  TimePoint next_deadline() const;
  /// Writes one datagram of what is due, in plain text. Its size; 0 if nothing is due. `out` has
  /// kMaxDatagram bytes or more.
  std::size_t advance(TimePoint now, MutableBytes out);

 private:
  void write_reports(RtcpWriter& out, TimePoint now);
  void write_nacks(RtcpWriter& out, IncomingTrack& track, TimePoint now);
  void write_key_frame_request(RtcpWriter& out, TimePoint now);
  bool can_ask_for_key_frames() const;

  FeedbackOptions options_;
  std::array<IncomingTrack*, kMediaKinds> tracks_;
  KeyFramePolicy& key_frames_;
  TransportFeedbackLog arrivals_;
  TimePoint next_report_;
  std::uint8_t fir_sequence_ = 0;
};

}  // namespace onair::sfu
