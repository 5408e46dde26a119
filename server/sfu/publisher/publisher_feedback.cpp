#include "sfu/publisher/publisher_feedback.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace onair::sfu {
namespace {

constexpr std::size_t kVideo = static_cast<std::size_t>(MediaKind::video);

}  // namespace

PublisherFeedback::PublisherFeedback(FeedbackOptions options, IncomingTrack& audio,
                                     IncomingTrack& video, KeyFramePolicy& key_frames,
                                     TimePoint now)
    : options_(std::move(options)),
      tracks_{&audio, &video},
      key_frames_(key_frames),
      next_report_(now + kFirstReport) {}

void PublisherFeedback::receive_transport_sequence(std::uint16_t sequence, TimePoint now) {
  if (options_.transport_cc) arrivals_.receive(sequence, now);
}

bool PublisherFeedback::can_ask_for_key_frames() const {
  return options_.asks_for_key_frames && tracks_[kVideo]->ssrc();
}

TimePoint PublisherFeedback::next_deadline() const {
  TimePoint next = std::min(next_report_, arrivals_.next_deadline());
  for (const IncomingTrack* track : tracks_) {
    next = std::min(next, track->missing().next_deadline());
  }
  if (can_ask_for_key_frames()) next = std::min(next, key_frames_.next_deadline());
  return next;
}

std::size_t PublisherFeedback::advance(TimePoint now, MutableBytes out) {
  if (now < next_deadline()) return 0;
  RtcpWriter writer(out.first(std::min(out.size(), kMaxDatagram)));
  std::size_t before = 0;
  if (now >= next_report_) {
    write_reports(writer, now);
    next_report_ = now + kReportInterval;
  } else if (!options_.reduced_size) {
    // A datagram begins with a report and the name of its sender (RFC 4585, section 3.1).
    writer.receiver_report(options_.sender_ssrc);
    writer.source_name(options_.sender_ssrc, options_.cname);
    before = writer.size();
  }
  for (IncomingTrack* track : tracks_) write_nacks(writer, *track, now);
  write_key_frame_request(writer, now);
  const std::uint32_t media_ssrc = tracks_[kVideo]->ssrc().value_or(tracks_[0]->ssrc().value_or(0));
  arrivals_.write(writer, options_.sender_ssrc, media_ssrc, now);
  return writer.size() > before ? writer.size() : 0;
}

void PublisherFeedback::write_reports(RtcpWriter& out, TimePoint now) {
  std::array<ReportBlock, kMediaKinds> blocks;
  std::array<std::uint32_t, kMediaKinds> ssrcs{};
  std::size_t sources = 0;
  for (IncomingTrack* track : tracks_) {
    const auto block = track->report(now);
    if (!block) continue;
    ssrcs[sources] = block->ssrc;
    blocks[sources++] = *block;
  }
  out.receiver_report(options_.sender_ssrc, std::span(blocks).first(sources));
  out.source_name(options_.sender_ssrc, options_.cname);
  if (options_.remb != 0 && sources > 0) {
    out.remb(options_.sender_ssrc, options_.remb, std::span(ssrcs).first(sources));
  }
}

void PublisherFeedback::write_nacks(RtcpWriter& out, IncomingTrack& track, TimePoint now) {
  if (now < track.missing().next_deadline()) return;
  const auto ssrc = track.ssrc();
  if (!ssrc) return;
  std::array<std::uint16_t, kMaxNacked> lost;
  const std::size_t asked = track.missing().write_requests(now, lost);
  if (asked > 0) out.nack(options_.sender_ssrc, *ssrc, std::span(lost).first(asked));
}

void PublisherFeedback::write_key_frame_request(RtcpWriter& out, TimePoint now) {
  const auto ssrc = tracks_[kVideo]->ssrc();
  if (!ssrc || !can_ask_for_key_frames() || !key_frames_.take_request(now)) return;
  if (options_.fir) {
    out.fir(options_.sender_ssrc, *ssrc, fir_sequence_++);
  } else {
    out.pli(options_.sender_ssrc, *ssrc);
  }
}

}  // namespace onair::sfu
