// A source's reception, for receiver reports (RFC 3550, appendices A.3 and A.8).
#pragma once

#include <cstdint>
#include <optional>

#include "sfu/base/time.hpp"
#include "sfu/rtp/rtcp.hpp"

namespace onair::sfu {

class ReceptionStatistics {
 public:
  ReceptionStatistics(std::int64_t first_sequence, std::uint32_t clock_rate)
      : first_(first_sequence), highest_(first_sequence - 1), clock_rate_(clock_rate) {}

  /// A packet came on the source's own SSRC, with its unwrapped number. What came by RTX doesn't
  /// count: the figures are those of the way.
  void receive(std::int64_t sequence, std::uint32_t timestamp, TimePoint now);
  void receive_report(std::uint64_t ntp, TimePoint now);

  /// The figures for one report; the fraction lost is that since the last one.
  ReportBlock report(std::uint32_t ssrc, TimePoint now);

 private:
  struct LastReport {
    std::uint64_t ntp = 0;
    TimePoint arrived;
  };

  void update_jitter(std::uint32_t timestamp, TimePoint now);

  std::int64_t first_;
  std::int64_t highest_;
  std::uint32_t clock_rate_;
  std::int64_t received_ = 0;
  std::int64_t expected_before_ = 0;
  std::int64_t received_before_ = 0;
  std::optional<std::uint32_t> transit_;
  std::uint32_t jitter_ = 0;  ///< in 1/16 of the clock's units
  std::optional<LastReport> last_report_;
};

}  // namespace onair::sfu
