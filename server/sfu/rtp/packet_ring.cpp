#include "sfu/rtp/packet_ring.hpp"

#include <bit>
#include <cassert>

#include "sfu/base/sequence.hpp"

namespace onair::sfu {

PacketRing::PacketRing(std::size_t capacity) : capacity_(capacity) {
  assert(std::has_single_bit(capacity) && capacity <= 1U << 15);
}

MediaPacket* PacketRing::take(std::uint32_t sequence) {
  if (begun_ && distance(sequence, oldest_) > 0) return nullptr;
  if (slots_.empty()) slots_.resize(capacity_);
  StoredPacket& slot = slot_of(sequence);
  const bool published = slot.state != StoredPacket::State::empty;
  if (published && slot.media.sequence == sequence) return nullptr;
  slot.state = StoredPacket::State::empty;
  slot.padding = 0;
  slot.media.sequence = sequence;
  slot.media.payload_size = 0;
  return &slot.media;
}

StoredPacket* PacketRing::publish(std::uint32_t sequence) {
  if (slots_.empty()) return nullptr;
  StoredPacket& slot = slot_of(sequence);
  const MediaPacket& media = slot.media;
  if (slot.state != StoredPacket::State::empty || media.sequence != sequence) return nullptr;
  if (media.payload_size == 0 || media.payload_size > kMaxPayload) return nullptr;
  slot.state = StoredPacket::State::held;
  if (!begun_ || distance(highest_, sequence) > 0) highest_ = sequence;
  const std::uint32_t oldest = highest_ - static_cast<std::uint32_t>(capacity_) + 1;
  if (!begun_ || distance(oldest_, oldest) > 0) oldest_ = oldest;
  begun_ = true;
  return &slot;
}

const StoredPacket* PacketRing::find_sent(std::uint32_t sequence) const {
  if (slots_.empty()) return nullptr;
  const StoredPacket& slot = slots_[sequence & (capacity_ - 1)];
  if (slot.state != StoredPacket::State::sent || slot.media.sequence != sequence) return nullptr;
  return &slot;
}

void PacketRing::clear() {
  for (StoredPacket& slot : slots_) {
    slot.state = StoredPacket::State::empty;
    slot.media.payload_size = 0;  // publish() refuses what was taken before
  }
  if (begun_) oldest_ = highest_ + 1;
}

}  // namespace onair::sfu
