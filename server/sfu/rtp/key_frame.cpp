#include "sfu/rtp/key_frame.hpp"

#include <cstddef>
#include <optional>

namespace onair::sfu {
namespace {

/// Skips a picture id of 7 or 15 bits, as VP8 and VP9 have it.
bool skip_picture_id(Reader& reader) {
  const auto first = reader.u8();
  return first && ((*first & 0x80) == 0 || reader.u8());
}

bool begins_vp8(Bytes payload) {
  constexpr std::uint8_t kExtended = 0x80, kStart = 0x10, kPartition = 0x07;
  constexpr std::uint8_t kPictureId = 0x80, kTl0PicIdx = 0x40, kTidOrKeyIdx = 0x30;
  constexpr std::uint8_t kInterFrame = 0x01;
  Reader reader(payload);
  const auto first = reader.u8();
  if (!first || (*first & kStart) == 0 || (*first & kPartition) != 0) return false;
  if ((*first & kExtended) != 0) {
    const auto present = reader.u8();
    if (!present) return false;
    if ((*present & kPictureId) != 0 && !skip_picture_id(reader)) return false;
    if ((*present & kTl0PicIdx) != 0 && !reader.u8()) return false;
    if ((*present & kTidOrKeyIdx) != 0 && !reader.u8()) return false;
  }
  const auto header = reader.u8();
  return header && (*header & kInterFrame) == 0;
}

bool begins_vp9(Bytes payload) {
  constexpr std::uint8_t kPictureId = 0x80, kInterPredicted = 0x40, kLayers = 0x20, kStart = 0x08;
  constexpr std::uint8_t kSpatialLayer = 0x0e;
  Reader reader(payload);
  const auto first = reader.u8();
  if (!first || (*first & kInterPredicted) != 0 || (*first & kStart) == 0) return false;
  if ((*first & kPictureId) != 0 && !skip_picture_id(reader)) return false;
  if ((*first & kLayers) == 0) return reader.size() > 0;
  // The higher layers of a key picture begin frames of their own.
  const auto layers = reader.u8();
  return layers && (*layers & kSpatialLayer) == 0;
}

bool begins_h264(Bytes payload) {
  constexpr std::uint8_t kIdrSlice = 5, kSequenceParameters = 7, kStapA = 24, kFuA = 28;
  constexpr std::uint8_t kStart = 0x80;
  const auto type_of = [](std::uint8_t header) { return header & 0x1f; };
  const auto begins = [](int type) { return type == kIdrSlice || type == kSequenceParameters; };
  Reader reader(payload);
  const auto first = reader.u8();
  if (!first) return false;
  if (type_of(*first) == kFuA) {
    const auto header = reader.u8();
    return header && (*header & kStart) != 0 && begins(type_of(*header));
  }
  if (type_of(*first) != kStapA) return begins(type_of(*first));
  while (const auto size = reader.u16()) {
    const auto unit = reader.take(*size);
    if (!unit || unit->empty()) return false;
    if (begins(type_of(unit->front()))) return true;
  }
  return false;
}

/// A number of up to eight bytes, seven bits each, the lowest first.
std::optional<std::uint64_t> read_leb128(Reader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 56; shift += 7) {
    const auto byte = reader.u8();
    if (!byte) return std::nullopt;
    value |= std::uint64_t{*byte & 0x7fu} << shift;
    if ((*byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

bool begins_av1(Bytes payload) {
  constexpr std::uint8_t kContinues = 0x80, kNewSequence = 0x08;
  constexpr int kSequenceHeader = 1;
  Reader reader(payload);
  const auto aggregation = reader.u8();
  if (!aggregation || (*aggregation & kContinues) != 0) return false;
  if ((*aggregation & kNewSequence) != 0) return reader.size() > 0;
  // Encoders that leave the bit out put the sequence's header before the frame all the same.
  const unsigned counted = *aggregation >> 4 & 3;
  for (unsigned i = 1; reader.size() > 0; ++i) {
    std::uint64_t size = reader.size();
    if (i != counted) {
      const auto length = read_leb128(reader);
      if (!length) return false;
      size = *length;
    }
    if (size > reader.size()) return false;
    const auto unit = reader.take(static_cast<std::size_t>(size));
    if (!unit) return false;
    if (!unit->empty() && (unit->front() >> 3 & 0x0f) == kSequenceHeader) return true;
  }
  return false;
}

}  // namespace

bool may_begin_key_frame(Codec codec, Bytes payload) {
  switch (codec) {
    case Codec::opus: return false;
    case Codec::vp8: return begins_vp8(payload);
    case Codec::vp9: return begins_vp9(payload);
    case Codec::h264: return begins_h264(payload);
    case Codec::av1: return begins_av1(payload);
  }
  return false;
}

}  // namespace onair::sfu
