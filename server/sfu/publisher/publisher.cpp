#include "sfu/publisher/publisher.hpp"

#include <utility>

namespace onair::sfu {
Publisher::Publisher(const TalkerMediaByKind& media, FeedbackOptions options, IncomingTrack& audio,
                     IncomingTrack& video, KeyFramePolicy& key_frames, TimePoint now)
    : media_(media),
      streams_(media),
      tracks_{&audio, &video},
      key_frames_(key_frames),
      feedback_(std::move(options), audio, video, key_frames, now) {
  for (IncomingTrack* track : tracks_) {
    const auto& of_kind = media_[static_cast<std::size_t>(track->kind())];
    // A kind that isn't agreed sends nothing, and what was of it before is over.
    track->begin_talker(of_kind ? of_kind->codec : Codec::opus, of_kind && of_kind->nack);
  }
  key_frames_.begin_talker();
}

std::optional<Publisher::Media> Publisher::receive_rtp(Bytes datagram, TimePoint now) {
  auto packet = parse_rtp(datagram);
  if (!packet) return std::nullopt;
  const auto stream = streams_.find(*packet, now);
  if (!stream) return std::nullopt;
  const TalkerMedia& media = media_of(stream->kind);
  IncomingTrack& track = track_of(stream->kind);
  if (media.transport_cc_id != 0) {
    const auto number = packet->extensions.find(media.transport_cc_id);
    if (number && number->size() == 2) {
      feedback_.receive_transport_sequence(read_u16(number->data()), now);
    }
  }
  if (stream->is_rtx) {
    // An RTX stream that nobody announced resends the only source that there is.
    const auto ssrc = stream->media_ssrc ? stream->media_ssrc : track.ssrc();
    packet = ssrc ? restore_rtx(*packet, *ssrc, media.payload_type) : std::nullopt;
    if (!packet) return std::nullopt;
  }
  const auto origin = stream->is_rtx ? IncomingTrack::Origin::resent : IncomingTrack::Origin::sent;
  const auto numbered = track.receive(*packet, origin, now);
  if (!numbered) return std::nullopt;
  if (numbered->begins_key_frame) key_frames_.key_frame_began();
  return Media{stream->kind, *packet, *numbered};
}

void Publisher::fill(const Media& media, MediaPacket& slot) const {
  track_of(media.kind).fill(media.packet, media.numbered, media_of(media.kind).forwarded_ids, slot);
}

void Publisher::receive_rtcp(Bytes datagram, TimePoint now) {
  for (const RtcpPacket& packet : RtcpCompound(datagram)) {
    if (const auto report = read_sender_report(packet)) {
      // Zero: the sender knows no time (RFC 3550, section 6.4.1).
      if (report->info.ntp == 0) continue;
      const SenderInfo& info = report->info;
      if (!ntp_shift_) ntp_shift_ = ntp_duration(now.time_since_epoch()) - info.ntp;
      for (IncomingTrack* track : tracks_) {
        track->receive_report(info.ssrc, info.ntp, info.timestamp, now);
      }
    } else if (const auto gone = read_bye(packet)) {
      for (const std::uint32_t ssrc : *gone) {
        for (IncomingTrack* track : tracks_) track->receive_bye(ssrc);
      }
    }
  }
}

std::optional<ClockReading> Publisher::sender_report(MediaKind kind) const {
  auto reading = track_of(kind).sender_report();
  if (reading) reading->ntp += ntp_shift_.value_or(0);
  return reading;
}

}  // namespace onair::sfu
