#include "sfu/forwarded_room.hpp"

#include <algorithm>
#include <utility>

#include "sfu/agreement.hpp"
#include "sfu/base/random.hpp"

namespace onair::sfu {
namespace {

/// Four SSRCs next to each other, none of them 0.
LocalStreams make_streams() {
  const std::uint32_t first = (random_u32() & 0x7fffffff) | 1;
  LocalStreams streams;
  streams.sources[index_of(MediaKind::audio)] = {.ssrc = first, .rtx_ssrc = first + 1};
  streams.sources[index_of(MediaKind::video)] = {.ssrc = first + 2, .rtx_ssrc = first + 3};
  return streams;
}

PublicationNames names_of(const LocalStreams& streams) {
  PublicationNames names{.ssrcs = {}, .cname = streams.cname};
  for (const MediaKind kind : kEveryKind) {
    const StreamSource& source = streams.sources[index_of(kind)];
    names.ssrcs[index_of(kind)] = {.media = source.ssrc, .rtx = source.rtx_ssrc};
  }
  return names;
}

}  // namespace

ForwardedRoom::ForwardedRoom(std::string name)
    : name_(std::move(name)), streams_(make_streams()), publication_(names_of(streams_)) {}

bool ForwardedRoom::has_publication() const {
  return std::ranges::any_of(published_, [](const auto& kind) { return kind.has_value(); });
}

std::vector<ViewerId> ForwardedRoom::set_published(const Agreed& talker) {
  std::vector<ViewerId> stopped;
  published_ = published_by(talker);
  for (const MediaKind kind : kEveryKind) {
    const auto& format = published_[index_of(kind)];
    const CodecNumber number = format ? number_of(*format) : CodecNumber{};
    const auto these = publication_.set_codec(kind, number, clock_rate_of(kind));
    if (format) stopped.insert(stopped.end(), these.begin(), these.end());
  }
  return stopped;
}

void ForwardedRoom::begin_talker(const Agreed& talker, TimePoint now) {
  media_at_.reset();
  publisher_ = std::make_unique<Publisher>(talker_media_of(talker), feedback_options_of(talker),
                                           audio_, video_, key_frames_, now);
  publication_.begin_talker();
  note_key_frame_wishes();
}

void ForwardedRoom::end_talker() {
  publisher_.reset();
  media_at_.reset();
  has_media_ = false;  // its Gone says so, and the next talker's silence is its own
}

void ForwardedRoom::receive_rtp(Bytes datagram, TimePoint now) {
  if (!publisher_) return;
  ++packets_in_;
  bytes_in_ += datagram.size();
  const auto media = publisher_->receive_rtp(datagram, now);
  if (!media) return;
  media_at_ = now;
  MediaPacket* const slot = publication_.take(media->kind, media->numbered.sequence);
  if (slot == nullptr) return;
  publisher_->fill(*media, *slot);
  publication_.publish(media->kind, media->numbered.sequence, now);
}

void ForwardedRoom::receive_rtcp(Bytes datagram, TimePoint now) {
  if (!publisher_) return;
  publisher_->receive_rtcp(datagram, now);
  for (const MediaKind kind : kEveryKind) {
    const auto report = publisher_->sender_report(kind);
    if (report && report->at == now) publication_.set_clock(kind, *report);
  }
}

std::size_t ForwardedRoom::write_feedback(TimePoint now, MutableBytes out) {
  if (!publisher_) return 0;
  note_key_frame_wishes();
  const std::size_t size = publisher_->feedback().advance(now, out);
  note_key_frame_wishes();  // it may have given up a packet
  return size;
}

std::optional<bool> ForwardedRoom::take_media_change(TimePoint now) {
  if (media_at_ && now - *media_at_ >= kSilence) media_at_.reset();
  if (media_at_.has_value() == has_media_) return std::nullopt;
  has_media_ = media_at_.has_value();
  return has_media_;
}

ViewerId ForwardedRoom::add_viewer(const Agreed& viewer, const Path& path, SrtpSender& srtp,
                                   TimePoint now) {
  const ViewerId id = publication_.add(agreement_of(viewer, published_), path, srtp, now);
  note_key_frame_wishes();
  return id;
}

void ForwardedRoom::receive_viewer_rtcp(ViewerId id, Bytes datagram, TimePoint now,
                                        Outlet& outlet) {
  publication_.on_rtcp(id, datagram, now, outlet);
  note_key_frame_wishes();
}

std::optional<TimePoint> ForwardedRoom::next_deadline() const {
  TimePoint next = publication_.next_deadline();
  if (publisher_) next = std::min(next, publisher_->feedback().next_deadline());
  if (media_at_) next = std::min(next, *media_at_ + kSilence);
  if (next == TimePoint::max()) return std::nullopt;
  return next;
}

control::Traffic ForwardedRoom::traffic() const {
  const PublicationStatistics out = publication_.statistics();
  return {.viewers = publication_.viewers(),
          .slow_viewers = publication_.slow_viewers(),
          .packets_in = packets_in_,
          .packets_out = out.packets_out,
          .bytes_in = bytes_in_,
          .bytes_out = out.bytes_out,
          .key_frames_asked = key_frames_.asked()};
}

void ForwardedRoom::note_key_frame_wishes() {
  const bool is_broken = publication_.viewers() > 0 && video_.needs_key_frame();
  key_frames_.set_wanted(publication_.wants_key_frame() || is_broken);
}

}  // namespace onair::sfu
