// The last packets of one kind of a publication, kept so that viewers can ask for what they lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sfu/base/packet.hpp"

namespace onair::sfu {

/// A packet in a ring, with what is decided once for all viewers, when it is sent the first time.
/// It never changes after that: a resend must be the same byte for byte, since SRTP encrypts it
/// under the same nonce (RFC 7714, section 8.4).
struct StoredPacket {
  enum class State : std::uint8_t {
    empty,
    held,  ///< published, and waits for the rest of its frame
    sent,  ///< may be resent
  };

  MediaPacket media;
  State state = State::empty;
  /// How many bytes of RTP padding stand behind the payload (RFC 3550, section 5.1).
  std::uint8_t padding = 0;
  /// When it was first sent, as abs-send-time has it: 24 bits, in 1/2^18 s.
  std::uint32_t send_time = 0;

  Bytes padded_payload() const {
    return {media.payload_bytes.data(), std::size_t{media.payload_size} + padding};
  }
};

/// Holds the packets whose sequence numbers lie within `capacity` of the highest. Memory is
/// allocated once, for the first packet: a talker that sends none costs none. A sequence number is
/// published once at most.
class PacketRing {
 public:
  /// A power of two, at most 2^15.
  explicit PacketRing(std::size_t capacity);

  /// The slot to fill for this sequence number: everything but `sequence`, which is set. Takes the
  /// slot of the packet that is `capacity` older. nullptr for a number that was published before
  /// or is too old.
  MediaPacket* take(std::uint32_t sequence);
  /// Publishes what take() gave. nullptr if it wasn't taken, or is without payload.
  StoredPacket* publish(std::uint32_t sequence);

  /// nullptr if it never came, is too old, or was not sent yet.
  const StoredPacket* find_sent(std::uint32_t sequence) const;

  /// Forgets all packets. Their numbers can't be published again.
  void clear();

 private:
  StoredPacket& slot_of(std::uint32_t sequence) { return slots_[sequence & (capacity_ - 1)]; }

  const std::size_t capacity_;
  std::vector<StoredPacket> slots_;  ///< `capacity_`, or none yet
  bool begun_ = false;
  std::uint32_t highest_ = 0;
  std::uint32_t oldest_ = 0;  ///< lower numbers are refused
};

}  // namespace onair::sfu
