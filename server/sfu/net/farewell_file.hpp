// Where farewells are kept for the process that comes next (see Farewell).
#pragma once

#include <array>
#include <cstddef>
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

  /// What a killed process left.
  struct Left {
    LocalAddresses local;  ///< as it counted them
    std::vector<Farewell> farewells;
  };
  /// Reads it, and deletes the file.
  Left take_left();

  /// Keeps what the core has, where that has changed. To be called no later than next_deadline().
  template <typename Core>
  void keep(const Core& core, const LocalAddresses& local, TimePoint now) {
    if (core.farewell_changes() == kept_ || now < next_) return;
    kept_ = core.farewell_changes();
    next_ = now + kInterval;
    replace(local, core.farewells());
  }
  template <typename Core>
  std::optional<TimePoint> next_deadline(const Core& core) const {
    if (core.farewell_changes() == kept_) return std::nullopt;
    return next_;
  }

  /// Deletes the file after a clean stop.
  void remove();

 private:
  void replace(const LocalAddresses& local, const std::vector<Farewell>& farewells);

  std::filesystem::path path_;
  std::uint64_t kept_ = 0;  ///< of the core's changes
  TimePoint next_ = TimePoint::min();
  bool has_failed_ = false;
};

/// Farewells on their way. Each is sent several times, since a datagram may be lost; DTLS ignores
/// the others.
class FarewellRounds {
 public:
  static constexpr std::array<Duration, 3> kTimes{Duration(0), std::chrono::milliseconds(200),
                                                  std::chrono::seconds(1)};

  FarewellRounds() = default;
  FarewellRounds(std::vector<Farewell> farewells, TimePoint now)
      : farewells_(std::move(farewells)), began_(now) {}

  /// Gives each farewell that is due to `send(const Farewell&)`.
  template <typename Send>
  void advance(TimePoint now, Send send) {
    while (!farewells_.empty() && began_ + kTimes.at(rounds_) <= now) {
      for (const Farewell& each : farewells_) send(each);
      if (++rounds_ == kTimes.size()) farewells_.clear();
    }
  }
  std::optional<TimePoint> next_deadline() const {
    if (farewells_.empty()) return std::nullopt;
    return began_ + kTimes.at(rounds_);
  }

 private:
  std::vector<Farewell> farewells_;
  TimePoint began_{};
  std::size_t rounds_ = 0;  ///< that were sent
};

}  // namespace onair::sfu
