#include "sfu/publication/publication.hpp"

#include <algorithm>
#include <utility>

#include "sfu/rtp/rtcp.hpp"
#include "sfu/srtp/srtp.hpp"

namespace onair::sfu {
namespace {

using State = OutgoingStream::State;

/// How often viewers are looked through for those whose reports are due.
constexpr Duration kReportCheck = std::chrono::milliseconds(50);

void add_streams(const OutgoingKind& agreed, const StreamSsrcs& ssrcs, SrtpSender& srtp) {
  if (!agreed.has_formats()) return;
  srtp.add_stream(ssrcs.media, agreed.has_plain_resends() ? Resends::same_packet : Resends::none);
  srtp.add_stream(ssrcs.rtx, Resends::none);
}

/// Reports of viewers that came at once are spread over time.
Duration report_spread(std::size_t viewer) {
  return std::chrono::milliseconds(static_cast<int>(viewer * 37 % 200) - 100);
}

}  // namespace

Publication::Publication(PublicationNames names)
    : cname_(std::move(names.cname)),
      streams_{Stream{.ssrcs = names.ssrcs[0], .ring = PacketRing(kAudioRing), .clock = {}},
               Stream{.ssrcs = names.ssrcs[1], .ring = PacketRing(kVideoRing), .clock = {}}} {}

std::vector<ViewerId> Publication::set_codec(MediaKind kind, CodecNumber codec,
                                             std::uint32_t clock_rate) {
  Stream& changed = stream(kind);
  changed.clock_rate = clock_rate;
  if (changed.codec == codec) return {};
  changed.codec = codec;
  changed.clock.reset();
  // Packets of the old codec under the new payload type would be other packets of the same number.
  changed.ring.clear();
  std::vector<ViewerId> stopped;
  for (std::size_t viewer = 0; viewer < subscriptions_.size(); ++viewer) {
    OutgoingStream& out = subscriptions_[viewer].stream(kind);
    const bool was_off = out.state() == State::off;
    out.use(details_[viewer].agreement[static_cast<std::size_t>(kind)].find(codec));
    const bool is_off = out.state() == State::off;
    if (is_off && !was_off) stopped.push_back(ids_[viewer]);
    if (!is_off && kind == MediaKind::video) wants_key_frame_ = true;
  }
  return stopped;
}

void Publication::begin_talker() {
  for (Stream& each : streams_) each.clock.reset();
  for (Subscription& subscription : subscriptions_) {
    OutgoingStream& video = subscription.stream(MediaKind::video);
    video.wait_for_key_frame();
    if (video.state() == State::waiting) wants_key_frame_ = true;
  }
}

MediaPacket* Publication::take(MediaKind kind, std::uint32_t sequence) {
  MediaPacket* const slot = stream(kind).ring.take(sequence);
  if (slot != nullptr) slot->kind = kind;
  return slot;
}

void Publication::publish(MediaKind kind, std::uint32_t sequence, TimePoint now) {
  if (StoredPacket* const packet = stream(kind).ring.publish(sequence)) batch_.add(*packet, now);
}

void Publication::set_clock(MediaKind kind, const ClockReading& reading) {
  Stream& its_stream = stream(kind);
  const bool is_first = !its_stream.clock;
  its_stream.clock = reading;
  if (!is_first) return;
  for (std::size_t viewer = 0; viewer < reports_.size(); ++viewer) report_at(viewer, reading.at);
}

ViewerId Publication::add(const Agreement& agreement, const Path& path, SrtpSender& srtp,
                          TimePoint now) {
  Subscription& added = subscriptions_.emplace_back();
  added.path = path;
  added.srtp = &srtp;
  for (const MediaKind kind : kEveryKind) {
    const OutgoingKind& agreed = agreement[static_cast<std::size_t>(kind)];
    add_streams(agreed, stream(kind).ssrcs, srtp);
    added.stream(kind).agree(agreed, kind);
    added.stream(kind).use(agreed.find(stream(kind).codec));
  }
  if (added.stream(MediaKind::video).state() != State::off) wants_key_frame_ = true;
  details_.push_back({.agreement = agreement, .history = {}});
  reports_.push_back(TimePoint::max());
  report_at(reports_.size() - 1, now);
  return ids_.append();
}

void Publication::remove(ViewerId id) {
  const auto viewer = ids_.index_of(id);
  if (!viewer) return;
  const auto remove_from = [&](auto& array) {
    array[*viewer] = array.back();
    array.pop_back();
  };
  remove_from(subscriptions_);
  remove_from(reports_);
  remove_from(details_);
  ids_.remove(*viewer);
}

void Publication::set_path(ViewerId id, const Path& path) {
  if (const auto viewer = ids_.index_of(id)) subscriptions_[*viewer].path = path;
}

OutgoingStream::State Publication::state(ViewerId id, MediaKind kind) const {
  const auto viewer = ids_.index_of(id);
  return viewer ? subscriptions_[*viewer].stream(kind).state() : State::off;
}

const ViewerStatistics* Publication::statistics(ViewerId id) const {
  const auto viewer = ids_.index_of(id);
  return viewer ? &details_[*viewer].history.statistics : nullptr;
}

std::size_t Publication::slow_viewers() const {
  const auto is_slow = [&](const Details& details) {
    const auto& estimate = details.history.statistics.estimate;
    return estimate && *estimate < rate_.bits_per_second();
  };
  return static_cast<std::size_t>(std::count_if(details_.begin(), details_.end(), is_slow));
}

PublicationStatistics Publication::statistics() const {
  PublicationStatistics statistics = statistics_;
  statistics.overflowed = batch_.overflowed();
  return statistics;
}

TimePoint Publication::next_deadline() const {
  return std::min(batch_.next_deadline(), next_report_check_);
}

void Publication::send_due(TimePoint now, Outlet& outlet) {
  if (const auto packets = batch_.release(now); !packets.empty()) fan_out(packets, now, outlet);
  if (now >= next_report_check_) send_due_reports(now, outlet);
}

void Publication::fan_out(std::span<const StoredPacket* const> packets, TimePoint now,
                          Outlet& outlet) {
  std::size_t bytes = 0;
  for (const StoredPacket* const packet : packets) {
    if (packet->media.begins_key_frame) wants_key_frame_ = false;
    bytes += packet->padded_payload().size();
  }
  rate_.add(bytes, now);
  for (std::size_t viewer = 0; viewer < subscriptions_.size(); ++viewer) {
    send_to(viewer, packets, now, outlet);
  }
}

void Publication::send_to(std::size_t viewer, std::span<const StoredPacket* const> packets,
                          TimePoint now, Outlet& outlet) {
  Subscription& subscription = subscriptions_[viewer];
  RunWriter run(outlet, subscription.path, packets.size());
  std::size_t bytes = 0;
  bool begins = false;
  for (const StoredPacket* const packet : packets) {
    const MediaKind kind = packet->media.kind;
    OutgoingStream& out = subscription.stream(kind);
    const bool was_running = out.state() == State::running;
    const MutableBytes memory = run.next();
    const PlainPacket plain = out.write(*packet, stream(kind).ssrcs, memory);
    if (plain.header_size == 0) continue;
    const std::size_t size =
        subscription.srtp->protect_rtp(memory, plain.header_size, plain.payload, plain.index).size;
    run.add(size);
    bytes += size;
    statistics_.packets_out += size != 0 ? 1U : 0U;
    begins = begins || !was_running;
  }
  subscription.resend_credit.earn(bytes);
  statistics_.bytes_out += bytes;
  if (begins) report_at(viewer, now);
  const State video = subscription.stream(MediaKind::video).state();
  if (video == State::waiting) wants_key_frame_ = true;
}

bool Publication::has_clock() const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream& each) { return each.clock.has_value(); });
}

void Publication::report_at(std::size_t viewer, TimePoint when) {
  reports_[viewer] = when;
  next_report_check_ = std::min(next_report_check_, when);
}

void Publication::send_due_reports(TimePoint now, Outlet& outlet) {
  // Without a clock there is nothing to say until set_clock().
  const bool may_report = has_clock() && !reports_.empty();
  next_report_check_ = may_report ? now + kReportCheck : TimePoint::max();
  if (!may_report) return;
  for (std::size_t viewer = 0; viewer < reports_.size(); ++viewer) {
    if (now < reports_[viewer]) continue;
    send_reports(viewer, now, outlet);
    reports_[viewer] = now + kReportInterval + report_spread(viewer);
  }
}

void Publication::send_reports(std::size_t viewer, TimePoint now, Outlet& outlet) {
  Subscription& subscription = subscriptions_[viewer];
  // Sends a datagram for each kind: Firefox before late 2018 gave a datagram of RTCP to the first
  // report's receiver alone, and others may do so. The second one costs no further send, since both
  // have one size.
  RunWriter run(outlet, subscription.path, kMediaKinds);
  for (const MediaKind kind : kEveryKind) {
    const Stream& sent = stream(kind);
    const OutgoingStream& out = subscription.stream(kind);
    if (!sent.clock || out.state() != State::running) continue;
    const ClockReading reading = read_clock_at(*sent.clock, sent.clock_rate, now);
    const MutableBytes memory = run.next();
    RtcpWriter writer(memory);
    writer.sender_report({.ssrc = sent.ssrcs.media,
                          .ntp = reading.ntp,
                          .timestamp = reading.timestamp,
                          .packets = out.packets(),
                          .octets = out.octets()});
    writer.source_name(sent.ssrcs.media, cname_);
    run.add(subscription.srtp->protect_rtcp(memory, writer.size()).size);
    details_[viewer].history.note_sender_report(kind, reading.ntp, now);
  }
}

}  // namespace onair::sfu
