// Where farewells are kept for the process that comes next (see Farewell).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "sfu/base/farewell.hpp"
#include "sfu/base/time.hpp"

namespace onair::sfu {

/// A file beside the control socket, whose lock keeps other processes from it. Mode 0600: it has
/// the addresses of peers.
class FarewellFile {
 public:
  /// It is written at most so often.
  static constexpr Duration kInterval = std::chrono::seconds(1);
  static constexpr std::size_t kMost = 20'000;

  explicit FarewellFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Reads the farewells of a killed process, and deletes the file.
  std::vector<Farewell> take_left();

  /// Keeps what the core has, where that has changed. To be called no later than next_deadline().
  template <typename Core>
  void keep(const Core& core, TimePoint now) {
    if (core.farewell_changes() == kept_ || now < next_) return;
    kept_ = core.farewell_changes();
    next_ = now + kInterval;
    replace(core.farewells());
  }
  template <typename Core>
  std::optional<TimePoint> next_deadline(const Core& core) const {
    if (core.farewell_changes() == kept_) return std::nullopt;
    return next_;
  }

  /// Deletes the file after a clean stop.
  void remove();

 private:
  void replace(const std::vector<Farewell>& farewells);

  std::filesystem::path path_;
  std::uint64_t kept_ = 0;  ///< of the core's changes
  TimePoint next_ = TimePoint::min();
  bool has_failed_ = false;
};

}  // namespace onair::sfu
