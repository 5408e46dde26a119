// RTP packets (RFC 3550, section 5.1) and their header extensions (RFC 8285): read in place,
// written into memory of the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

// Bits of the first byte of every RTP and RTCP packet.
inline constexpr std::uint8_t kRtpVersion = 0x80;  ///< version 2, in the upper two bits
inline constexpr std::uint8_t kRtpPaddingBit = 0x20;

/// How the elements of a header extension are written. One-byte elements have ids 1 to 14 and 1 to
/// 16 bytes; two-byte elements have ids 1 to 255 and 0 to 255 bytes (RFC 8285, section 4).
enum class ExtensionForm : std::uint8_t { one_byte, two_byte };

struct RtpExtension {
  std::uint8_t id = 0;
  Bytes value;
};

/// The elements of a packet's header extension, in their order. An element that runs beyond the end
/// ends the list, as does id 15 of the one-byte form.
class RtpExtensions {
 public:
  class Iterator {
   public:
    using value_type = RtpExtension;
    using difference_type = std::ptrdiff_t;

    const RtpExtension& operator*() const { return current_; }
    const RtpExtension* operator->() const { return &current_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    friend class RtpExtensions;
    Iterator(Bytes rest, ExtensionForm form) : rest_(rest), form_(form) { advance(); }
    void advance();

    Bytes rest_;
    ExtensionForm form_;
    RtpExtension current_;
    bool done_ = false;
  };

  RtpExtensions() = default;
  RtpExtensions(Bytes elements, ExtensionForm form) : elements_(elements), form_(form) {}

  Iterator begin() const { return {elements_, form_}; }
  std::default_sentinel_t end() const { return {}; }
  ExtensionForm form() const { return form_; }
  /// The first element with this id.
  std::optional<Bytes> find(std::uint8_t id) const;

 private:
  Bytes elements_;
  ExtensionForm form_ = ExtensionForm::one_byte;
};

/// The fields of an RTP header that have a fixed offset.
struct RtpFields {
  bool marker = false;
  std::uint8_t payload_type = 0;  ///< 0 to 127
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;

  friend bool operator==(const RtpFields&, const RtpFields&) = default;
};

/// The part of an RTP packet that SRTP leaves in plain text. Points into the packet.
struct RtpHeader : RtpFields {
  Bytes csrcs;  ///< four bytes each
  RtpExtensions extensions;
  bool has_padding = false;
  std::size_t size = 0;  ///< bytes, with CSRCs and extension
};

/// A packet that is in plain text as a whole. Points into it.
struct RtpPacket : RtpHeader {
  Bytes payload;            ///< without padding
  std::size_t padding = 0;  ///< bytes, with the one that counts them
};

/// Fixed header, CSRCs and header extension, in bytes. 0 if they are not all there, or the version
/// is not 2.
std::size_t rtp_header_size(Bytes packet);

/// Reads the header of a packet that may be encrypted. Nothing if it isn't RTP of version 2 or ends
/// within its header.
std::optional<RtpHeader> parse_rtp_header(Bytes packet);

/// Reads a packet. Nothing if parse_rtp_header says so, or if its padding is none or more than it
/// has.
std::optional<RtpPacket> parse_rtp(Bytes packet);

/// Writes one RTP packet: extensions, then payload, then padding, each of which may be left out.
/// A part that has no room, can't be written in the chosen form or comes out of order fails the
/// packet as a whole. Nothing is ever written beyond the memory given.
class RtpWriter {
 public:
  RtpWriter(MutableBytes out, const RtpFields& fields,
            ExtensionForm form = ExtensionForm::one_byte);

  RtpWriter& extension(std::uint8_t id, Bytes value);
  /// May be memory that overlaps the packet's.
  RtpWriter& payload(Bytes payload);
  /// Adds this many bytes, 1 to 255, the last of which counts them.
  RtpWriter& padding(std::size_t size);
  /// The size of the packet so far, in bytes: before payload(), of its header. 0 if anything
  /// failed.
  std::size_t size() const { return failed_ ? 0 : size_; }

 private:
  enum class Stage : std::uint8_t { header, payload, padding };

  bool begin_extensions();
  bool reserve(std::size_t size);
  RtpWriter& fail();

  MutableBytes out_;
  std::size_t size_ = 0;
  std::size_t extensions_at_ = 0;   ///< where their four-byte header is; 0: there are none
  std::size_t extensions_end_ = 0;  ///< before they are filled up to a multiple of four
  ExtensionForm form_;
  Stage stage_ = Stage::header;
  bool failed_ = false;
};

}  // namespace onair::sfu
