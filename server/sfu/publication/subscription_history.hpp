// State of a viewer that packets don't need: its reports, and which packets were resent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/rate_limit.hpp"
#include "sfu/base/packet.hpp"
#include "sfu/base/time.hpp"
#include "sfu/rtp/rtcp.hpp"

namespace onair::sfu {

/// Bounds how often one packet is resent to one viewer. Remembers the last packets that were; one
/// that was pushed out counts from 0 again, and is still bounded by ResendCredit.
class ResendTable {
 public:
  static constexpr unsigned kMaxTimes = 8;
  /// A NACK that repeats one sooner says nothing of the resend that is under way.
  static constexpr Duration kMinInterval = std::chrono::milliseconds(10);

  /// False if this packet must not be resent now. True counts it as resent.
  bool allow(MediaKind kind, std::uint32_t sequence, TimePoint now);

 private:
  struct Entry {
    TimePoint at;
    std::uint32_t sequence = 0;
    MediaKind kind = MediaKind::audio;
    std::uint8_t times = 0;
  };
  std::array<Entry, 64> entries_{};
};

/// A viewer's receiver reports about one kind (RFC 3550, section 6.4.1).
struct ViewerReception {
  std::uint8_t fraction_lost = 0;  ///< between the last two reports, in 1/256
  std::int32_t lost = 0;           ///< packets in all
  std::uint32_t jitter = 0;        ///< in units of the RTP clock
  std::optional<Duration> round_trip;
};

struct ViewerStatistics {
  /// Capacity of the viewer's path, in bits per second, if the viewer reports it (REMB).
  std::optional<std::uint64_t> estimate;
  std::array<ViewerReception, kMediaKinds> kinds{};
  std::uint64_t nacked = 0;  ///< packets asked for, as often as asked for
  std::uint64_t resent = 0;
  std::uint64_t refused = 0;  ///< by the bounds on resends
};

/// Packets that one viewer's NACKs may name, resent or not.
inline constexpr base::Rate kNackedRate{std::chrono::microseconds(500), 1'024};
/// Key frames that one viewer may ask for by PLI or FIR: each of them costs all viewers bytes.
/// Browsers repeat a request while one is under way, which asks for no other one.
inline constexpr base::Rate kKeyFrameRequestRate{std::chrono::seconds(1), 5};

class SubscriptionHistory {
 public:
  ResendTable resends;
  ViewerStatistics statistics;
  base::RateLimit nacked;
  base::RateLimit key_frame_requests;

  /// A sender report with this NTP time was sent.
  void note_sender_report(MediaKind kind, std::uint64_t ntp, TimePoint now);
  void on_report_block(MediaKind kind, const ReportBlock& block, TimePoint now);
  /// False for a request that was obeyed: FIR is repeated until a key frame comes.
  bool is_new_full_intra(std::uint8_t sequence) const { return last_full_intra_ != sequence; }
  void note_full_intra(std::uint8_t sequence) { last_full_intra_ = sequence; }

 private:
  struct SentReport {
    std::uint32_t middle = 0;  ///< of its NTP time; 0: none was sent
    TimePoint at;
  };
  std::array<SentReport, kMediaKinds> sent_reports_{};
  std::optional<std::uint8_t> last_full_intra_;
};

}  // namespace onair::sfu
