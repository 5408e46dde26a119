#include "sfu/publication/subscription.hpp"

#include <algorithm>

#include "sfu/base/sequence.hpp"
#include "sfu/rtp/rtp.hpp"

namespace onair::sfu {
namespace {

/// Above it a viewer's stream ends: one that wrapped would use its nonces again.
constexpr std::uint32_t kLastIndex = 0xffff'0000;
/// The first number of a stream is below it.
constexpr std::uint32_t kFirstNumbers = 1U << 14;
/// A stream that lost more begins anew: receivers misjudge the roll-over counter behind a gap of
/// 2^15, and have long given up on what was lost.
constexpr std::int32_t kLargestGap = 1 << 14;
/// More packets than any ring holds.
constexpr std::int32_t kFarBehind = 1 << 17;
constexpr std::uint8_t kHighestId = 14;  ///< of the one-byte form (RFC 8285, section 4.2)

std::uint8_t one_byte_id(std::uint8_t id) {
  return id <= kHighestId ? id : 0;
}

}  // namespace

const OutgoingFormat* OutgoingKind::find(CodecNumber codec) const {
  if (codec == 0) return nullptr;
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](auto& f) { return f.codec == codec; });
  return found == formats.end() ? nullptr : &*found;
}

bool OutgoingKind::has_formats() const {
  return std::any_of(formats.begin(), formats.end(), [](auto& f) { return f.codec != 0; });
}

bool OutgoingKind::has_plain_resends() const {
  return nack && std::any_of(formats.begin(), formats.end(),
                             [](auto& f) { return f.codec != 0 && !f.rtx_payload_type; });
}

void OutgoingStream::agree(const OutgoingKind& agreed, MediaKind kind) {
  nack_ = agreed.nack;
  absolute_send_time_id_ = one_byte_id(agreed.absolute_send_time_id);
  const auto wanted =
      static_cast<std::size_t>(kind == MediaKind::audio ? ForwardedExtension::audio_level
                                                        : ForwardedExtension::video_orientation);
  forwarded_ids_[wanted] = one_byte_id(agreed.forwarded_ids[wanted]);
}

void OutgoingStream::wait_for_key_frame() {
  if (state_ == State::running) state_ = State::waiting;
}

void OutgoingStream::use(const OutgoingFormat* format) {
  state_ = format != nullptr ? State::waiting : State::off;
  if (format == nullptr) return;
  payload_type_ = format->payload_type;
  has_rtx_ = format->rtx_payload_type.has_value();
  rtx_payload_type_ = format->rtx_payload_type.value_or(0);
}

bool OutgoingStream::was_given(std::uint32_t sequence) const {
  return state_ == State::running && distance(start_, sequence) >= 0;
}

bool OutgoingStream::admit(const MediaPacket& packet) {
  const bool is_behind_gap = distance(next_index_, packet.sequence - base_) > kLargestGap;
  if (state_ == State::running && is_behind_gap) state_ = State::waiting;
  if (state_ != State::waiting) return was_given(packet.sequence);
  if (packet.kind == MediaKind::video && !packet.begins_key_frame) return false;
  if (!numbered_) next_index_ = packet.sequence % kFirstNumbers;
  numbered_ = true;
  start_ = packet.sequence;
  base_ = packet.sequence - next_index_;
  state_ = State::running;
  return true;
}

void OutgoingStream::note_sent(std::uint32_t sequence) {
  next_index_ = std::max(next_index_, sequence - base_ + 1);
  // Keeps the start near enough to be compared with: numbers wrap after months.
  if (distance(start_, sequence) > kFarBehind) start_ = sequence - kFarBehind / 2;
}

PlainPacket OutgoingStream::write(const StoredPacket& packet, const StreamSsrcs& ssrcs,
                                  MutableBytes out) {
  const MediaPacket& media = packet.media;
  if (!admit(media)) return {};
  const std::uint32_t index = media.sequence - base_;
  if (index >= kLastIndex) {
    state_ = State::off;
    return {};
  }
  const std::size_t size =
      write_header(packet, payload_type_, ssrcs.media, index, packet.send_time, out);
  if (packet.padding != 0 && size != 0) out[0] |= kRtpPaddingBit;
  note_sent(media.sequence);
  ++packets_;
  octets_ += media.payload_size;
  return {size, packet.padded_payload(), index};
}

PlainPacket OutgoingStream::write_again(const StoredPacket& packet, const StreamSsrcs& ssrcs,
                                        std::uint32_t send_time, RtxPayload& memory,
                                        MutableBytes out) {
  const MediaPacket& media = packet.media;
  if (!nack_ || !was_given(media.sequence)) return {};
  const std::uint32_t index = media.sequence - base_;
  if (!has_rtx_) {
    const std::size_t size =
        write_header(packet, payload_type_, ssrcs.media, index, packet.send_time, out);
    if (packet.padding != 0 && size != 0) out[0] |= kRtpPaddingBit;
    note_sent(media.sequence);
    return {size, packet.padded_payload(), index};
  }
  if (next_rtx_ >= kLastIndex) return {};
  const std::size_t size =
      write_header(packet, rtx_payload_type_, ssrcs.rtx, next_rtx_, send_time, out);
  write_u16(memory.data(), static_cast<std::uint16_t>(index));
  std::copy_n(media.payload_bytes.begin(), media.payload_size, memory.begin() + 2);
  return {size, Bytes(memory).first(2U + media.payload_size), next_rtx_++};
}

std::size_t OutgoingStream::write_header(const StoredPacket& packet, std::uint8_t payload_type,
                                         std::uint32_t ssrc, std::uint32_t index,
                                         std::uint32_t send_time, MutableBytes out) const {
  const MediaPacket& media = packet.media;
  RtpWriter writer(out, {.marker = media.marker,
                         .payload_type = payload_type,
                         .sequence = static_cast<std::uint16_t>(index),
                         .timestamp = media.timestamp,
                         .ssrc = ssrc});
  if (absolute_send_time_id_ != 0) {
    std::array<std::uint8_t, 3> value;
    write_u24(value.data(), send_time);
    writer.extension(absolute_send_time_id_, value);
  }
  for (std::size_t i = 0; i < kForwardedExtensions; ++i) {
    const ExtensionValue& value = media.extensions[i];
    if (value.size == 0 || forwarded_ids_[i] == 0) continue;
    writer.extension(forwarded_ids_[i], Bytes(value.bytes).first(value.size));
  }
  return writer.size();
}

std::optional<std::uint32_t> OutgoingStream::sequence_of(std::uint16_t number) const {
  const std::uint32_t sequence = extend(number, next_index_) + base_;
  if (!was_given(sequence)) return std::nullopt;
  return sequence;
}

}  // namespace onair::sfu
