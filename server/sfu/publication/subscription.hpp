// A viewer of a publication: its agreement, and how a packet is written for it.
//
// This is the state that each packet touches, a few cache lines a viewer: SubscriptionHistory holds
// what only reports and resends need.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "sfu/base/address.hpp"
#include "sfu/rtp/packet_ring.hpp"

namespace onair::sfu {

class SrtpSender;

/// Names a codec together with its parameters: packets of equal ones can be decoded by the same
/// viewers. The numbers are the caller's. 0: none.
using CodecNumber = std::uint32_t;

struct OutgoingFormat {
  CodecNumber codec = 0;
  std::uint8_t payload_type = 0;
  std::optional<std::uint8_t> rtx_payload_type;  ///< RFC 4588
};

/// A viewer's SDP about one kind. Ids of extensions are 1 to 14; others count as none.
struct OutgoingKind {
  /// As many as a viewer may agree to, and the profiles that these contain.
  static constexpr std::size_t kMaxFormats = 24;

  std::array<OutgoingFormat, kMaxFormats> formats{};  ///< unused ones are without codec
  bool nack = false;  ///< the viewer may ask for packets again (RFC 4585)
  std::uint8_t absolute_send_time_id = 0;
  std::array<std::uint8_t, kForwardedExtensions> forwarded_ids{};

  const OutgoingFormat* find(CodecNumber codec) const;
  bool has_formats() const;
  /// True if packets of some format are resent as they were, rather than by RTX.
  bool has_plain_resends() const;
};
using Agreement = std::array<OutgoingKind, kMediaKinds>;

/// The SSRCs of one kind of a publication, the same for all viewers: their keys differ.
struct StreamSsrcs {
  std::uint32_t media = 0;
  std::uint32_t rtx = 0;
};

/// A packet before SRTP: the header stands at the front of the memory that was given.
struct PlainPacket {
  std::size_t header_size = 0;  ///< 0: the viewer doesn't get this packet
  Bytes payload;                ///< elsewhere
  std::uint32_t index = 0;      ///< the sequence number extended by the roll-over counter
};

/// A publication's sound or picture, as one viewer gets it.
///
/// The viewer's sequence numbers are the publication's less a constant. The first is below 2^14, so
/// that a viewer that loses its first packets can't miss a roll-over (RFC 3711, section 3.3.1).
class OutgoingStream {
 public:
  enum class State : std::uint8_t {
    off,      ///< this kind, or its codec, was not agreed
    waiting,  ///< for a key frame; audio for its first packet
    running,
  };

  /// Room for the payload of an RTX packet: the original number, and the payload.
  using RtxPayload = std::array<std::uint8_t, 2 + kMaxPayload>;

  void agree(const OutgoingKind& agreed, MediaKind kind);
  /// Goes on with this format, from the next key frame on; nullptr: stops.
  void use(const OutgoingFormat* format);
  /// Sends nothing until then. The viewer's sequence numbers go on without a gap.
  void wait_for_key_frame();

  /// Writes a packet that was just released. A key frame, or audio, starts the stream.
  PlainPacket write(const StoredPacket& packet, const StreamSsrcs& ssrcs, MutableBytes out);
  /// Writes a packet once more, if the viewer may ask for that: by RTX (RFC 4588) where agreed,
  /// else the same as before.
  PlainPacket write_again(const StoredPacket& packet, const StreamSsrcs& ssrcs,
                          std::uint32_t send_time, RtxPayload& memory, MutableBytes out);

  /// The publication's number of what the viewer knows by this number. Nothing for what the viewer
  /// can't have been sent.
  std::optional<std::uint32_t> sequence_of(std::uint16_t number) const;

  State state() const { return state_; }
  /// Packets and bytes sent, without resends; payload without padding. Wraps (RFC 3550,
  /// section 6.4.1).
  std::uint32_t packets() const { return packets_; }
  std::uint32_t octets() const { return octets_; }

 private:
  bool admit(const MediaPacket& packet);
  bool was_given(std::uint32_t sequence) const;
  void note_sent(std::uint32_t sequence);
  std::size_t write_header(const StoredPacket& packet, std::uint8_t payload_type,
                           std::uint32_t ssrc, std::uint32_t index, std::uint32_t send_time,
                           MutableBytes out) const;

  std::uint32_t start_ = 0;       ///< the publication's number of the first packet
  std::uint32_t base_ = 0;        ///< what the publication's numbers are more than the viewer's
  std::uint32_t next_index_ = 0;  ///< above all that were sent
  std::uint32_t next_rtx_ = 1;
  std::uint32_t packets_ = 0;
  std::uint32_t octets_ = 0;
  State state_ = State::off;
  bool numbered_ = false;  ///< something was sent
  std::uint8_t payload_type_ = 0;
  std::uint8_t rtx_payload_type_ = 0;
  bool has_rtx_ = false;
  bool nack_ = false;
  std::uint8_t absolute_send_time_id_ = 0;
  std::array<std::uint8_t, kForwardedExtensions> forwarded_ids_{};
};

/// How much may be resent to one viewer, in bytes. Each byte of media earns it half a byte, 128 KiB
/// at most: in any second no more is resent than that, and half of what was sent in it.
class ResendCredit {
 public:
  static constexpr std::uint32_t kFirst = 64 * 1024;
  static constexpr std::uint32_t kMost = 128 * 1024;

  void earn(std::size_t sent) {
    bytes_ = static_cast<std::uint32_t>(std::min<std::size_t>(kMost, bytes_ + sent / 2));
  }
  bool spend(std::size_t size) {
    if (size > bytes_) return false;
    bytes_ -= static_cast<std::uint32_t>(size);
    return true;
  }

 private:
  std::uint32_t bytes_ = kFirst;
};

struct Subscription {
  Path path;
  SrtpSender* srtp = nullptr;  ///< the caller's; outlives the subscription, and serves no other
  std::array<OutgoingStream, kMediaKinds> streams;
  ResendCredit resend_credit;

  OutgoingStream& stream(MediaKind kind) { return streams[static_cast<std::size_t>(kind)]; }
  const OutgoingStream& stream(MediaKind kind) const {
    return streams[static_cast<std::size_t>(kind)];
  }
};

}  // namespace onair::sfu
