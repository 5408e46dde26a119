#include "sfu/publisher/incoming_track.hpp"

#include <algorithm>

#include "sfu/base/sequence.hpp"
#include "sfu/rtp/key_frame.hpp"

namespace onair::sfu {
namespace {

/// A publication's timestamp goes on by no more: a step of half its range would lead backwards.
constexpr Duration kMaxPause = std::chrono::hours(1);

/// How far the RTP clock goes on while `passed`; at least one, so that no two frames are one.
std::uint32_t ticks_while(Duration passed, MediaKind kind) {
  const auto bounded = std::clamp(passed, Duration::zero(), kMaxPause);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(bounded).count();
  return std::max<std::uint32_t>(
      1, static_cast<std::uint32_t>(micros * clock_rate_of(kind) / 1'000'000));
}

}  // namespace

std::optional<RtpPacket> restore_rtx(const RtpPacket& rtx, std::uint32_t media_ssrc,
                                     std::uint8_t media_payload_type) {
  constexpr std::size_t kOriginalNumber = 2;
  if (rtx.payload.size() <= kOriginalNumber) return std::nullopt;
  RtpPacket packet = rtx;
  packet.sequence = read_u16(rtx.payload.data());
  packet.ssrc = media_ssrc;
  packet.payload_type = media_payload_type;
  packet.payload = rtx.payload.subspan(kOriginalNumber);
  return packet;
}

void IncomingTrack::begin_talker(Codec codec, bool nacks) {
  codec_ = codec;
  nacks_ = nacks;
  if (source_) next_sequence_ = map_.next_number();
  source_.reset();
  last_ssrc_.reset();
  step_to_.reset();
  reading_.reset();
  missing_.clear();
}

std::optional<IncomingTrack::Numbered> IncomingTrack::receive(const RtpPacket& packet,
                                                              Origin origin, TimePoint now) {
  const auto number = find_number(packet, origin, now);
  if (!number) {
    ++statistics_.refused;
    return std::nullopt;
  }
  if (origin == Origin::sent && source_) source_->reception.receive(*number, packet.timestamp, now);
  return assign_number(packet, *number, now);
}

std::optional<std::int64_t> IncomingTrack::find_number(const RtpPacket& packet, Origin origin,
                                                       TimePoint now) {
  const bool is_source = source_ && source_->ssrc == packet.ssrc;
  if (!is_source) {
    if (origin == Origin::resent || packet.payload.empty()) return std::nullopt;
    // Packets of before that were overtaken must not end the new source.
    const bool is_last = source_ && last_ssrc_ == packet.ssrc;
    if (is_last && newest_ && now - newest_->arrived < kSilence) return std::nullopt;
    begin_source(packet, now);
    return map_.highest() + 1;
  }
  const std::int64_t number = extend(packet.sequence, map_.highest());
  const std::int64_t step = number - map_.highest();
  if (step <= kMaxStep && step > -SequenceMap::kWindow) {
    if (origin == Origin::sent) step_to_.reset();
    return number;
  }
  if (origin == Origin::resent) return std::nullopt;
  if (step_to_ != packet.sequence) {
    step_to_ = static_cast<std::uint16_t>(packet.sequence + 1);
    return std::nullopt;
  }
  begin_source(packet, now);
  return map_.highest() + 1;
}

void IncomingTrack::begin_source(const RtpPacket& packet, TimePoint now) {
  if (source_) {
    next_sequence_ = map_.next_number();
    if (source_->ssrc != packet.ssrc) last_ssrc_ = source_->ssrc;
  }
  std::uint32_t offset = 0;
  if (newest_) {
    offset = newest_->timestamp + ticks_while(now - newest_->arrived, kind_) - packet.timestamp;
  }
  const bool whole = kind_ == MediaKind::audio || may_begin_key_frame(codec_, packet.payload);
  const std::int64_t earlier = whole ? 0 : kRoomBefore;
  map_.begin(packet.sequence, next_sequence_ + static_cast<std::uint32_t>(earlier), earlier);
  source_ = Source{packet.ssrc, offset, ReceptionStatistics(packet.sequence, clock_rate_of(kind_))};
  key_frame_.reset();
  reading_.reset();
  missing_.clear();
  step_to_.reset();
}

std::optional<IncomingTrack::Numbered> IncomingTrack::assign_number(const RtpPacket& packet,
                                                                    std::int64_t number,
                                                                    TimePoint now) {
  const std::int64_t before = map_.highest();
  if (packet.payload.empty()) {
    const auto verdict = map_.leave_out(number);
    note_order(verdict, before, number, now);
    // Its number is free. A viewer of H264 takes that for a loss; other codecs number their frames.
    if (verdict == SequenceMap::Verdict::late && codec_ == Codec::h264) missing_.give_up(number);
    ++statistics_.padding;
    return std::nullopt;
  }
  const auto [verdict, sequence] = map_.assign(number);
  note_order(verdict, before, number, now);
  if (verdict == SequenceMap::Verdict::duplicate) {
    ++statistics_.duplicates;
    return std::nullopt;
  }
  if (verdict == SequenceMap::Verdict::too_old || packet.payload.size() > kMaxPayload) {
    ++statistics_.refused;
    return std::nullopt;
  }
  Numbered numbered{.sequence = sequence,
                    .timestamp = packet.timestamp + source_->timestamp_offset};
  numbered.begins_key_frame = begins_key_frame(packet, numbered, number);
  if (verdict == SequenceMap::Verdict::next) {
    newest_ = {numbered.timestamp, now};
  } else {
    ++statistics_.recovered;
  }
  ++statistics_.media;
  statistics_.bytes += packet.payload.size();
  return numbered;
}

void IncomingTrack::note_order(SequenceMap::Verdict verdict, std::int64_t before,
                               std::int64_t number, TimePoint now) {
  if (verdict == SequenceMap::Verdict::next) {
    if (nacks_ && number > before + 1) missing_.add(before + 1, number - 1, now);
  } else {
    missing_.remove(number, now);
  }
}

bool IncomingTrack::needs_key_frame() const {
  const auto given_up = missing_.last_given_up();
  return kind_ == MediaKind::video && given_up && (!key_frame_ || *given_up > key_frame_->number);
}

bool IncomingTrack::begins_key_frame(const RtpPacket& packet, const Numbered& numbered,
                                     std::int64_t number) {
  if (kind_ == MediaKind::audio || !may_begin_key_frame(codec_, packet.payload)) return false;
  if (key_frame_ && key_frame_->timestamp == numbered.timestamp &&
      distance(key_frame_->sequence, numbered.sequence) >= 0) {
    return false;
  }
  key_frame_ = {numbered.timestamp, numbered.sequence, number};
  return true;
}

void IncomingTrack::fill(const RtpPacket& packet, const Numbered& numbered,
                         const ForwardedExtensionIds& ids, MediaPacket& slot) const {
  slot.sequence = numbered.sequence;
  slot.timestamp = numbered.timestamp;
  slot.kind = kind_;
  slot.marker = packet.marker;
  slot.begins_key_frame = numbered.begins_key_frame;
  slot.extensions = {};
  for (const RtpExtension& extension : packet.extensions) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ExtensionValue& value = slot.extensions[i];
      if (extension.id != ids[i] || extension.value.size() > value.bytes.size()) continue;
      value.size = static_cast<std::uint8_t>(extension.value.size());
      std::ranges::copy(extension.value, value.bytes.begin());
    }
  }
  // receive() has refused longer ones.
  const std::size_t size = std::min(packet.payload.size(), kMaxPayload);
  slot.payload_size = static_cast<std::uint16_t>(size);
  std::ranges::copy(packet.payload.first(size), slot.payload_bytes.begin());
}

void IncomingTrack::receive_report(std::uint32_t ssrc, std::uint64_t ntp, std::uint32_t timestamp,
                                   TimePoint now) {
  if (!source_ || source_->ssrc != ssrc) return;
  source_->reception.receive_report(ntp, now);
  reading_ = {ntp, timestamp + source_->timestamp_offset, now};
}

void IncomingTrack::receive_bye(std::uint32_t ssrc) {
  if (!source_ || source_->ssrc != ssrc) return;
  // Nobody will send again what it left out. A packet that was overtaken may still come.
  missing_.clear();
}

std::optional<std::uint32_t> IncomingTrack::ssrc() const {
  if (!source_) return std::nullopt;
  return source_->ssrc;
}

std::optional<ReportBlock> IncomingTrack::report(TimePoint now) {
  if (!source_) return std::nullopt;
  return source_->reception.report(source_->ssrc, now);
}

}  // namespace onair::sfu
