// RTCP packets: read in place, written into memory of the caller's. RFC 3550 (section 6), RFC 4585
// (NACK, PLI), RFC 5104 (FIR), draft-alvestrand-rmcat-remb-03, and
// draft-holmer-rmcat-transport-wide-cc-extensions-01.
//
// A datagram holds one or more packets. Reduced-size ones, which don't begin with a report
// (RFC 5506), are read like others.
//
//   for (const RtcpPacket& packet : RtcpCompound(datagram)) {
//     if (const auto report = read_sender_report(packet)) …
//     else if (const auto nack = read_nack(packet)) …
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "sfu/base/bytes.hpp"

namespace onair::sfu {

enum class RtcpType : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  bye = 203,
  transport_feedback = 205,  ///< RFC 4585, section 6.2
  payload_feedback = 206,    ///< RFC 4585, section 6.3
};

struct RtcpPacket {
  RtcpType type{};         ///< may be one that isn't named above
  std::uint8_t count = 0;  ///< of reports or sources; in feedback, the format
  Bytes body;              ///< after the first four bytes, without padding
};

/// The packets of a datagram. One that runs beyond the end, or isn't of version 2, ends the list.
class RtcpCompound {
 public:
  class Iterator {
   public:
    using value_type = RtcpPacket;
    using difference_type = std::ptrdiff_t;

    const RtcpPacket& operator*() const { return current_; }
    const RtcpPacket* operator->() const { return &current_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    friend class RtcpCompound;
    explicit Iterator(Bytes rest) : rest_(rest) { advance(); }
    void advance();

    Bytes rest_;
    RtcpPacket current_;
    bool done_ = false;
  };

  explicit RtcpCompound(Bytes datagram) : datagram_(datagram) {}
  Iterator begin() const { return Iterator(datagram_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Bytes datagram_;
};

/// A list of entries of one size within a packet. The entries are read when they are asked for.
template <typename Entry, std::size_t kBytes, Entry (*read)(const std::uint8_t*)>
class RtcpEntries {
 public:
  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(const std::uint8_t* at) : at_(at) {}
    Entry operator*() const { return read(at_); }
    Iterator& operator++() {
      at_ += kBytes;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      at_ += kBytes;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const std::uint8_t* at_ = nullptr;
  };

  RtcpEntries() = default;
  /// Bytes that are no whole entry are left out.
  explicit RtcpEntries(Bytes bytes) : bytes_(bytes.first(bytes.size() / kBytes * kBytes)) {}

  std::size_t size() const { return bytes_.size() / kBytes; }
  bool empty() const { return bytes_.empty(); }
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  /// The caller has checked that there are so many.
  Entry operator[](std::size_t i) const { return read(bytes_.data() + i * kBytes); }

 private:
  Bytes bytes_;
};

using SsrcList = RtcpEntries<std::uint32_t, 4, read_u32>;

/// A receiver's report about one source (RFC 3550, section 6.4.1).
struct ReportBlock {
  std::uint32_t ssrc = 0;              ///< of the source
  std::uint8_t fraction_lost = 0;      ///< since the last report, in 1/256
  std::int32_t lost = 0;               ///< in all, -2^23 to 2^23 - 1; below 0 after repeats
  std::uint32_t highest_sequence = 0;  ///< extended by the count of its cycles
  std::uint32_t jitter = 0;            ///< in units of the RTP clock
  std::uint32_t last_report = 0;       ///< the middle half of its NTP time; 0: none came yet
  std::uint32_t delay = 0;             ///< since that report, in 1/65536 s

  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};
ReportBlock read_report_block(const std::uint8_t* at);
using ReportBlocks = RtcpEntries<ReportBlock, 24, read_report_block>;

/// When a sender sampled what it gives an RTP timestamp, and how much it has sent.
struct SenderInfo {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;        ///< seconds since 1900, in 1/2^32 s
  std::uint32_t timestamp = 0;  ///< the same instant by the RTP clock
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;  ///< of payload

  friend bool operator==(const SenderInfo&, const SenderInfo&) = default;
};

/// The middle half of an NTP time, as ReportBlock::last_report has it.
constexpr std::uint32_t middle_of(std::uint64_t ntp) {
  return static_cast<std::uint32_t>(ntp >> 16);
}

struct SenderReport {
  SenderInfo info;
  ReportBlocks blocks;
};
std::optional<SenderReport> read_sender_report(const RtcpPacket& packet);

struct ReceiverReport {
  std::uint32_t ssrc = 0;  ///< of the one who reports
  ReportBlocks blocks;
};
std::optional<ReceiverReport> read_receiver_report(const RtcpPacket& packet);

struct SourceName {
  std::uint32_t ssrc = 0;
  std::string_view cname;
};
/// The first source of a source description that has a CNAME (RFC 3550, section 6.5.1).
std::optional<SourceName> read_source_name(const RtcpPacket& packet);

/// The sources that leave (RFC 3550, section 6.6).
std::optional<SsrcList> read_bye(const RtcpPacket& packet);

/// A packet that was lost, and a bit for each of the sixteen after it, the lowest for the next.
struct NackItem {
  std::uint16_t sequence = 0;
  std::uint16_t following = 0;
};
NackItem read_nack_item(const std::uint8_t* at);
using NackItems = RtcpEntries<NackItem, 4, read_nack_item>;

/// The generic NACK (RFC 4585, section 6.2.1). A datagram can name over 6,000 packets: whoever
/// answers has to bound the answer.
struct Nack {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
  NackItems items;

  /// Calls with each sequence number, in the order of the packet, until one call says false.
  template <typename Call>
  void each(Call call) const {
    for (const NackItem item : items) {
      if (!call(item.sequence)) return;
      for (unsigned bits = item.following, i = 1; bits != 0; bits >>= 1, ++i) {
        if ((bits & 1) != 0 && !call(static_cast<std::uint16_t>(item.sequence + i))) return;
      }
    }
  }
};
std::optional<Nack> read_nack(const RtcpPacket& packet);

struct PictureLoss {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
};
std::optional<PictureLoss> read_pli(const RtcpPacket& packet);

/// A request of FIR (RFC 5104, section 4.3.1). The same request repeated has the same sequence.
struct FullIntraItem {
  std::uint32_t ssrc = 0;
  std::uint8_t sequence = 0;
};
FullIntraItem read_full_intra_item(const std::uint8_t* at);
using FullIntraItems = RtcpEntries<FullIntraItem, 8, read_full_intra_item>;

struct FullIntraRequest {
  std::uint32_t sender_ssrc = 0;
  FullIntraItems items;
};
std::optional<FullIntraRequest> read_fir(const RtcpPacket& packet);

/// A receiver's estimate of how much it can take (draft-alvestrand-rmcat-remb-03).
struct BitrateEstimate {
  std::uint32_t sender_ssrc = 0;
  std::uint64_t bits_per_second = 0;  ///< the greatest number where the packet's is greater
  SsrcList ssrcs;                     ///< those that share it
};
std::optional<BitrateEstimate> read_remb(const RtcpPacket& packet);

/// The fixed part of transport-wide feedback (draft-holmer, section 3.1).
struct TransportFeedbackInfo {
  std::uint32_t sender_ssrc = 0;
  std::uint32_t media_ssrc = 0;
  std::uint16_t base_sequence = 0;  ///< of the first packet that is spoken of
  std::uint16_t packets = 0;        ///< how many are spoken of
  std::int32_t reference_time = 0;  ///< in 64 ms, -2^23 to 2^23 - 1
  std::uint8_t feedback_count = 0;  ///< of messages, wraps

  friend bool operator==(const TransportFeedbackInfo&, const TransportFeedbackInfo&) = default;
};

/// Arrival of a few packets in a row (draft-holmer, section 3.1.2).
struct StatusChunk {
  static constexpr unsigned kMissing = 0;
  static constexpr unsigned kSmallDelta = 1;  ///< one byte, not below 0
  static constexpr unsigned kLargeDelta = 2;  ///< two bytes, with a sign

  std::uint16_t bits = 0;

  /// How many packets.
  std::size_t size() const {
    if ((bits & 0x8000) == 0) return bits & 0x1fff;
    return (bits & 0x4000) == 0 ? 14 : 7;
  }
  /// Gives one of the constants, or 3, which nobody may send.
  unsigned symbol(std::size_t i) const {
    if ((bits & 0x8000) == 0) return bits >> 13 & 3;
    if ((bits & 0x4000) == 0) return bits >> (13 - i) & 1;
    return bits >> (12 - 2 * i) & 3;
  }
};

struct TransportFeedback {
  TransportFeedbackInfo info;
  Bytes chunks_and_deltas;

  /// Calls with each sequence number and, if that packet was received, the time since the one
  /// before (for the first, since the reference time) in 250 µs. False if the message ends early.
  template <typename Call>
  bool each(Call call) const;

 private:
  static std::optional<std::int16_t> read_delta(unsigned symbol, Reader& deltas);
};
std::optional<TransportFeedback> read_transport_feedback(const RtcpPacket& packet);

/// Writes a datagram of packets, one after the other. A packet that has no room is left out as a
/// whole, and its call says false; nothing is ever written beyond the memory given.
class RtcpWriter {
 public:
  explicit RtcpWriter(MutableBytes out) : out_(out) {}

  /// At most 31 blocks.
  bool sender_report(const SenderInfo& info, std::span<const ReportBlock> blocks = {});
  bool receiver_report(std::uint32_t ssrc, std::span<const ReportBlock> blocks = {});
  /// A source with its CNAME, of at most 255 bytes.
  bool source_name(std::uint32_t ssrc, std::string_view cname);
  /// At most 31 sources.
  bool bye(std::span<const std::uint32_t> ssrcs);
  /// The lost packets in the order of their numbers. At least one.
  bool nack(std::uint32_t sender_ssrc, std::uint32_t media_ssrc,
            std::span<const std::uint16_t> lost);
  bool pli(std::uint32_t sender_ssrc, std::uint32_t media_ssrc);
  bool fir(std::uint32_t sender_ssrc, std::uint32_t media_ssrc, std::uint8_t sequence);
  /// At most 255 sources. The number is rounded down to 18 bits.
  bool remb(std::uint32_t sender_ssrc, std::uint64_t bits_per_second,
            std::span<const std::uint32_t> ssrcs);
  bool transport_feedback(const TransportFeedbackInfo& info, std::span<const std::uint16_t> chunks,
                          Bytes deltas);

  Bytes written() const { return out_.first(size_); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  /// Writes the first four bytes of a packet whose body has this size, a multiple of four. Where
  /// its body goes; nullptr if it has no room.
  std::uint8_t* begin(RtcpType type, std::size_t count, std::size_t body_size);
  std::uint8_t* begin_feedback(RtcpType type, std::size_t format, std::size_t item_bytes,
                               std::uint32_t sender_ssrc, std::uint32_t media_ssrc);

  MutableBytes out_;
  std::size_t size_ = 0;
};

template <typename Call>
bool TransportFeedback::each(Call call) const {
  // Deltas begin where the chunks end, which takes reading all chunks.
  Reader chunks(chunks_and_deltas);
  Reader deltas(chunks_and_deltas);
  for (std::size_t spoken = 0; spoken < info.packets;) {
    const auto chunk = deltas.u16();
    if (!chunk || StatusChunk{*chunk}.size() == 0) return false;
    spoken += StatusChunk{*chunk}.size();
  }
  for (std::size_t spoken = 0; spoken < info.packets;) {
    const auto word = chunks.u16();
    if (!word) return false;
    const StatusChunk chunk{*word};
    for (std::size_t i = 0; i < chunk.size() && spoken < info.packets; ++i, ++spoken) {
      const auto symbol = chunk.symbol(i);
      const auto delta = read_delta(symbol, deltas);
      if (symbol != StatusChunk::kMissing && !delta) return false;
      call(static_cast<std::uint16_t>(info.base_sequence + spoken), delta);
    }
  }
  return true;
}

}  // namespace onair::sfu
