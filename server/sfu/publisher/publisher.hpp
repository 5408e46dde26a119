// A talker's connection on its way in, after DTLS and SRTP: separates its streams, gives
// their packets to the tracks of the publication, and makes the feedback to send.
//
//   if (const auto media = publisher.receive_rtp(decrypted, now)) {
//     if (MediaPacket* slot = … media->numbered.sequence …) publisher.fill(*media, *slot);
//   }
//   …
//   while (const std::size_t size = publisher.feedback().advance(now, out)) … send it …
#pragma once

#include <cstdint>
#include <optional>

#include "sfu/publisher/incoming_track.hpp"
#include "sfu/publisher/key_frame_policy.hpp"
#include "sfu/publisher/publisher_feedback.hpp"
#include "sfu/publisher/stream_table.hpp"

namespace onair::sfu {

class Publisher {
 public:
  /// A packet that goes on to viewers. Points into the datagram that it came in.
  struct Media {
    MediaKind kind = MediaKind::audio;
    RtpPacket packet;
    IncomingTrack::Numbered numbered;
  };

  /// The tracks and the policy are the publication's, and outlive this. Another Publisher takes
  /// them over when it is made: this one receives nothing from then on.
  Publisher(const TalkerMediaByKind& media, FeedbackOptions options, IncomingTrack& audio,
            IncomingTrack& video, KeyFramePolicy& key_frames, TimePoint now);

  /// A datagram of RTP, decrypted. Nothing if nothing of it goes on.
  std::optional<Media> receive_rtp(Bytes datagram, TimePoint now);
  /// Fills the slot of `media.numbered.sequence`.
  void fill(const Media& media, MediaPacket& slot) const;
  /// A datagram of RTCP, decrypted.
  void receive_rtcp(Bytes datagram, TimePoint now);

  /// The last sender report of what is sent now. Its NTP time is by the clock of our `TimePoint`s,
  /// with the same shift for both kinds: lips stay in sync, and another talker's clock, which may
  /// be wrong by minutes, leads to no step. Nothing before the first report.
  std::optional<ClockReading> sender_report(MediaKind kind) const;

  PublisherFeedback& feedback() { return feedback_; }
  const PublisherFeedback& feedback() const { return feedback_; }

 private:
  /// The agreed media of a kind; the talker must send it.
  const TalkerMedia& media_of(MediaKind kind) const {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it has a value, since it is sent
    return *media_[static_cast<std::size_t>(kind)];
  }
  IncomingTrack& track_of(MediaKind kind) const { return *tracks_[static_cast<std::size_t>(kind)]; }

  TalkerMediaByKind media_;
  StreamTable streams_;
  std::array<IncomingTrack*, kMediaKinds> tracks_;
  KeyFramePolicy& key_frames_;
  PublisherFeedback feedback_;
  std::optional<std::uint64_t> ntp_shift_;  ///< from the talker's clock to ours, modulo 2^64
};

}  // namespace onair::sfu
